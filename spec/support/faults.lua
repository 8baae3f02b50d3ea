--- Starts the fault server (faultd.c) with certificates of its own, tells it what to do, and asks what it saw.
--
--   local faults = require("spec.support.faults")
--   local server = assert(faults.start())
--   local url, id = server:case{ listener = "tls", steps = { { "send", faults.response{ body = "{}" } }, { "rst" } } }
--   server:count(id); server:requests(id); server:stop()
--
-- Steps are those of faultd.c: { "send", bytes }, { "slow", ms, bytes }, { "repeat", n, bytes }, { "loop", bytes }, { "pause", ms }, { "half" },
-- { "close" }, { "cut" }, { "rst" }, { "hang" }, { "rekey" }; { "headonly" } answers before the body was read; { "when", bytes } keeps an answer for requests
-- whose head holds them. A connection is kept after the last step.
-- The server ends with its control connection, so also when the specs die, and in any case after `seconds`.

local socket = require("socket")

local faults = {}
local Server = {}
Server.__index = Server

local root = debug.getinfo(1, "S").source:match("^@(.*)spec/support/faults%.lua$") or ""

local function exists(path)
  local file = io.open(path, "rb")
  if file then
    file:close()
  end
  return file ~= nil
end

--- Where faultd is: VKYC_FAULTD, or beside the modules that are under test.
local function find_server()
  local named = os.getenv("VKYC_FAULTD")
  if named then
    return named
  end
  for template in package.cpath:gmatch("[^;]+") do
    local build = template:match("^(.*)lib/%?%.so$")
    if build and exists(build .. "tests/faultd") then
      return build .. "tests/faultd"
    end
  end
end

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

--- Tools run without what a sanitizer preloads into this process.
local function run(command)
  local pipe = assert(io.popen("LD_PRELOAD= " .. command .. " 2>&1; printf '\\n%d\\n' $?"))
  local output = pipe:read("*a")
  pipe:close()
  return output:match("\n(%d+)\n$") == "0", output
end

local function to_hex(bytes)
  return (bytes:gsub(".", function(c)
    return ("%02x"):format(c:byte())
  end))
end

local function from_hex(text)
  return (text:gsub("%x%x", function(pair)
    return string.char(tonumber(pair, 16))
  end))
end

--- Starts a server.
---@param seconds number|nil its longest life, 300 by default
---@return table|nil server
---@return string|nil reason
function faults.start(seconds)
  local program = find_server()
  if not program then
    return nil, "faultd is not built (cmake -DVKYC_TESTS=ON)"
  end
  local made = assert(io.popen("mktemp -d"))
  local directory = made:read("*l")
  made:close()
  local fine, output = run(quote(root .. "scripts/make-pki") .. " " .. quote(directory))
  if not fine then
    return nil, "make-pki: " .. output
  end
  local pipe = assert(io.popen(("LD_PRELOAD= exec %s %s %d"):format(quote(program), quote(directory), seconds or 300)))
  local ports = {}
  for line in pipe:lines() do
    local name, port = line:match("^(%S+) (%d+)$")
    if not name then
      break
    end
    ports[name] = tonumber(port)
  end
  local control, reason = socket.connect("127.0.0.1", ports.control or 0)
  if not control then
    return nil, "faultd did not start: " .. tostring(reason)
  end
  control:settimeout(10)
  control:setoption("tcp-nodelay", true)
  return setmetatable({ pipe = pipe, control = control, ports = ports, directory = directory, cases = 0 }, Server)
end

--- The bytes of a response, with the right Content-Length unless `headers` is given as text.
---@param options table status ("200 OK"), headers (text of whole lines, or nil), body
---@return string bytes
function faults.response(options)
  local body = options.body or ""
  local headers = options.headers or ("Content-Type: application/json\r\nContent-Length: " .. #body .. "\r\n")
  return "HTTP/1.1 " .. (options.status or "200 OK") .. "\r\n" .. headers .. "\r\n" .. body
end

function Server:ask(question)
  assert(self.control:send(question .. "\n"))
  return assert(self.control:receive("*l"))
end

--- The path of a file of the certificates: ca.pem, crl.pem, client.pem, client.key, expired.pem, …
function Server:file(name)
  return self.directory .. "/" .. name
end

--- The URL of a listener: "http", "http2", or "https" for those with TLS.
---@param listener string name of faultd.c's table
---@param host string|nil 127.0.0.1 by default
function Server:base(listener, host)
  local scheme = listener:find("^http") and "http" or "https"
  return ("%s://%s:%d"):format(scheme, host or "127.0.0.1", self.ports[listener])
end

--- Defines what requests get.
---@param case table id (made up when nil), listener ("http"), host, steps (for every request) or answers (a list of steps; the last repeats)
---@return string url its path begins with the id; more may be appended
---@return string id
function Server:case(case)
  self.cases = self.cases + 1
  local id = case.id or ("case" .. self.cases)
  local lines = { "case " .. id }
  for _, steps in ipairs(case.answers or { case.steps or {} }) do
    lines[#lines + 1] = "answer"
    for _, step in ipairs(steps) do
      local words = { step[1] }
      for i = 2, #step do
        words[i] = type(step[i]) == "string" and to_hex(step[i]) or ("%d"):format(step[i])
      end
      lines[#lines + 1] = table.concat(words, " ")
    end
  end
  lines[#lines + 1] = "end"
  assert(self:ask(table.concat(lines, "\n")) == "ok")
  return self:base(case.listener or "http", case.host) .. "/" .. id, id
end

--- Begins a case anew: its first answer is next, and nothing is counted yet.
function Server:again(id)
  assert(self:ask("again " .. id) == "ok")
end

--- The protocols that the last TLS client offered (ALPN), as the bytes of its list; nil for none.
function Server:alpn()
  local answer = self:ask("alpn")
  return answer ~= "none" and from_hex(answer) or nil
end

--- How many requests a case had.
function Server:count(id)
  return tonumber(self:ask("count " .. id))
end

--- How many requests arrived at all.
function Server:total()
  return tonumber(self:ask("total"))
end

--- The requests of a case, as the bytes that arrived; at most 64 of 64 KiB.
function Server:requests(id)
  local list = {}
  for i = 1, tonumber(self:ask("requests " .. id)) do
    list[i] = from_hex(assert(self.control:receive("*l")))
  end
  return list
end

--- What a listener saw: accepted connections, and bytes of requests (after decryption).
function Server:listener(name)
  local connections, bytes = self:ask("listener " .. name):match("^(%d+) (%d+)$")
  return tonumber(connections), tonumber(bytes)
end

--- Ends the server and removes the certificates. May be called twice.
function Server:stop()
  if self.control then
    self.control:close()
    self.control = nil
    self.pipe:close()
    run("rm -rf " .. quote(self.directory))
  end
end

return faults
