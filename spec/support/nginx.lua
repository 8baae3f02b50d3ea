--- Starts a real nginx for a spec, on a free port of loopback, and runs Lua inside of it.
--
--   local nginx = require("spec.support.nginx")
--   local server = assert(nginx.start{ http = "lua_shared_dict vkyc 1m;", workers = 2 })
--   server:run("return { phase = ngx.get_phase() }")      -- what the code returns, through JSON
--   server:request{ path = "/hook", method = "POST", body = "…" }
--   server:reload(); server:stop()
--
-- It ends by itself after `seconds`, and stop ends only what start began.

local cjson = require("cjson").new()
local socket = require("socket")

local nginx = {}
local Server = {}
Server.__index = Server

local root = debug.getinfo(1, "S").source:match("^@(.*)spec/support/nginx%.lua$") or ""

local function shell(command)
  local pipe = assert(io.popen("LD_PRELOAD= ; export LD_PRELOAD; { " .. command .. "; } 2>&1; printf '\\n%d\\n' $?"))
  local output, status = pipe:read("*a"):match("^(.*)\n(%d+)\n$")
  pipe:close()
  return status == "0", output
end
nginx.shell = shell

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function exists(path)
  local file = io.open(path, "rb")
  if file then
    file:close()
  end
  return file ~= nil
end

local function absolute(path)
  local fine, output = shell("cd " .. quote(path == "" and "." or path) .. " && pwd")
  return fine and output:match("[^\n]+") or path
end

-- The module for LuaJIT: VKYC_CPATH, or the build beside the one under test.
local function module_path()
  local named = os.getenv("VKYC_CPATH")
  if named then
    return named
  end
  for template in (package.cpath .. ";" .. root .. "build/luajit/lib/?.so"):gmatch("[^;]+") do
    local build = template:match("^(.*)/[^/]+/lib/%?%.so$")
    if build and exists(build .. "/luajit/lib/vkyc/core.so") then
      return absolute(build .. "/luajit/lib") .. "/?.so"
    end
  end
end

nginx.module_path = module_path

local function free_port()
  local listener = assert(socket.bind("127.0.0.1", 0))
  local _, port = listener:getsockname()
  listener:close()
  return tonumber(port)
end

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

local function read(path)
  local file = io.open(path, "rb")
  local text = file and file:read("*a") or ""
  if file then
    file:close()
  end
  return text
end
nginx.read = read

local function wait_for(seconds, condition)
  local ends = socket.gettime() + seconds
  while socket.gettime() < ends do
    local value = condition()
    if value then
      return value
    end
    socket.sleep(0.01)
  end
  return nil
end
nginx.wait_for = wait_for

local function load_modules()
  local _, text = shell("PATH=$PATH:/usr/sbin nginx -V")
  local path = text:match("%-%-modules%-path=(%S+)")
  local lines = {}
  for _, name in ipairs({ "ndk_http_module.so", "ngx_http_lua_module.so" }) do
    if path and exists(path .. "/" .. name) then
      lines[#lines + 1] = ('load_module "%s/%s";'):format(path, name)
    end
  end
  return table.concat(lines, "\n")
end

local TEMPLATE = [[
%(modules)
daemon off;
%(user)
worker_processes %(workers);
pid "%(directory)/nginx.pid";
error_log "%(directory)/error.log" %(level);
%(main)
events { worker_connections %(connections); }
http {
  access_log off;
  client_body_temp_path "%(directory)/tmp";
  proxy_temp_path "%(directory)/tmp";
  fastcgi_temp_path "%(directory)/tmp";
  uwsgi_temp_path "%(directory)/tmp";
  scgi_temp_path "%(directory)/tmp";
  lua_package_path "%(root)/lua/?.lua;%(root)/?.lua;;";
  lua_package_cpath "%(cpath);;";
  lua_socket_log_errors off;
  %(http)
  server {
    listen 127.0.0.1:%(port) %(listen);
    client_max_body_size 64m;
    client_body_buffer_size 16k; # larger bodies go through a file
    location = /run { content_by_lua_block { require("spec.support.nginx_run")() } }
    %(server)
  }
}
]]

-- What LUA_INIT does for an interpreter (scripts/coverage counts lines so), done inside of nginx.
local function with_lua_init(configuration)
  local code = os.getenv("LUA_INIT") or ""
  local text, found = configuration:gsub("init_by_lua_block {", function(start)
    return start .. " " .. code .. "\n"
  end)
  return (found > 0 or code == "") and text or configuration:gsub("http {", function(start)
    return start .. " init_by_lua_block { " .. code .. " }\n"
  end)
end

-- The longest a process of ours lives, whatever happens to the spec.
local function background(command, seconds, log)
  local line = "LD_PRELOAD= ; export LD_PRELOAD; setsid timeout -k 2 %d %s </dev/null >%s 2>&1 & echo $!"
  local pipe = assert(io.popen(line:format(seconds, command, quote(log))))
  local pid = pipe:read("*l")
  pipe:close()
  return pid
end

--- Whether nginx with its Lua module and our module for LuaJIT are here.
---@return string|nil reason why not
function nginx.missing()
  local fine = shell("PATH=$PATH:/usr/sbin command -v nginx")
  if not fine or not load_modules():find("lua", 1, true) then
    return "needs nginx with its Lua module"
  end
  return not module_path() and "needs the module built for LuaJIT" or nil
end

--- Starts a server. `main`, `http` and `server` are directives for these places; %(port), %(tls_port) (another free one), %(directory)
-- and %(root) are filled in.
---@param options table main, http, server (text), workers (1), connections (256 of each worker), seconds (120), level ("notice"),
--- env ("NAME=value …", VKYC_NGINX_ENV: a sanitizer's library)
---@return table|nil server
---@return string|nil reason
function nginx.start(options)
  local _, made = shell("mktemp -d")
  local directory = made:match("[^\n]+")
  local self = setmetatable({ directory = directory, port = free_port(), tls_port = free_port() }, Server)
  shell("mkdir " .. quote(directory .. "/tmp"))
  local _, user = shell("id -u")
  local values = {
    modules = load_modules(), user = user:find("^0") and "user root;" or "", workers = options.workers or 1, directory = directory,
    root = absolute(root), cpath = module_path(), port = self.port, tls_port = self.tls_port, level = options.level or "notice",
    connections = options.connections or 256, main = options.main or "", http = options.http or "", server = options.server or "",
    listen = (options.workers or 1) > 1 and "reuseport" or "",
  }
  local text = TEMPLATE
  for _ = 1, 2 do -- what was filled in may name values too
    text = text:gsub("%%%(([%w_]+)%)", values)
  end
  write(directory .. "/nginx.conf", with_lua_init(text))
  local command = ("PATH=$PATH:/usr/sbin exec env %s nginx -p '%s/' -e '%s/error.log' -c '%s/nginx.conf'"):format(
    options.env or os.getenv("VKYC_NGINX_ENV") or "", directory, directory, directory)
  self.guard = background("sh -c " .. quote(command), options.seconds or 120, directory .. "/output.log")
  if not wait_for(10, function()
    return self:master() and self:answers()
  end) then
    local reason = self:log() .. read(directory .. "/output.log")
    self:stop()
    return nil, reason
  end
  return self
end

function Server:answers()
  local client = socket.connect("127.0.0.1", self.port)
  if client then
    client:close()
  end
  return client ~= nil
end

--- The master's process id, or nil.
function Server:master()
  local pid = read(self.directory .. "/nginx.pid"):match("%d+")
  return pid and exists("/proc/" .. pid .. "/stat") and pid or nil
end

--- Process ids of workers that are not about to exit.
function Server:workers()
  local list = {}
  local master = self:master()
  local _, output = shell("ps -o pid=,args= --ppid " .. (master or 0))
  for pid, line in output:gmatch("(%d+) ([^\n]+)") do
    if line:find("worker process$") then
      list[#list + 1] = pid
    end
  end
  return list
end

function Server:signal(name, pid)
  return shell(("kill -%s %s"):format(name, pid or self:master() or ""))
end

--- Reloads and waits until new workers serve.
function Server:reload()
  local old = {}
  for _, pid in ipairs(self:workers()) do
    old[pid] = true
  end
  self:signal("HUP")
  return wait_for(10, function()
    local workers = self:workers()
    for _, pid in ipairs(workers) do
      if old[pid] then
        return nil
      end
    end
    return #workers > 0
  end)
end

function Server:log()
  return read(self.directory .. "/error.log")
end

--- Sends a request and leaves the answer to be read: several may wait at once.
---@param options table method ("GET"), path ("/"), headers (name -> text), body, timeout_s (30)
---@return table client
function Server:begin(options)
  local client = assert(socket.connect("127.0.0.1", self.port))
  client:settimeout(options.timeout_s or 30)
  local lines = { (options.method or "GET") .. " " .. (options.path or "/") .. " HTTP/1.0", "Host: localhost" }
  for name, value in pairs(options.headers or {}) do
    lines[#lines + 1] = name .. ": " .. value
  end
  if options.body then
    lines[#lines + 1] = "Content-Length: " .. #options.body
  end
  client:send(table.concat(lines, "\r\n") .. "\r\n\r\n" .. (options.body or ""))
  return client
end

--- Reads the answer to what begin has sent.
---@return integer|nil status
---@return string|nil body or reason
function Server.finish(_, client)
  local answer, reason, part = client:receive("*a")
  client:close()
  answer = answer or part or ""
  local status, body = answer:match("^HTTP/1%.%d (%d%d%d).-\r\n\r\n(.*)$")
  return tonumber(status), body or reason
end

--- Sends a request, reads the whole answer. The connection is closed after it.
---@return integer|nil status
---@return string|nil body or reason
function Server:request(options)
  return self:finish(self:begin(options))
end

--- Sends the same request many times at once.
---@return table bodies body -> how often
function Server:many(count, options)
  local clients, bodies = {}, {}
  for i = 1, count do
    clients[i] = self:begin(options)
  end
  for i = 1, count do
    local status, body = self:finish(clients[i])
    body = status == 200 and body or tostring(status) .. ": " .. tostring(body)
    bodies[body] = (bodies[body] or 0) + 1
  end
  return bodies
end

--- Runs Lua in a content handler. The code gets `args`; it returns a value that JSON can hold.
---@param code string
---@param args table|nil
---@param path string|nil another location that runs spec.support.nginx_run
---@return any value
function Server:run(code, args, path)
  local status, body = self:request({ method = "POST", path = path or "/run", body = cjson.encode({ code = code, args = args or {} }) })
  local fine, answer = pcall(cjson.decode, body or "")
  if status ~= 200 or not fine then
    error("nginx answered " .. tostring(status) .. ": " .. tostring(body) .. "\n" .. self:log():sub(-2000), 2)
  end
  if answer.raised then
    error("inside nginx: " .. answer.raised, 2)
  end
  return answer.value
end

--- Ends it: TERM by default. Returns whether all of its processes went within ten seconds.
function Server:stop(signal)
  local master = self:master()
  if master then
    self:signal(signal or "TERM", master)
  elseif self.guard then
    shell("kill -TERM " .. self.guard)
  end
  local gone = wait_for(10, function()
    return not exists("/proc/" .. self.guard .. "/stat") or read("/proc/" .. self.guard .. "/stat"):find("%) Z")
  end)
  if self.directory then
    self.last_log = self:log()
    shell("rm -rf " .. quote(self.directory))
  end
  return gone ~= nil
end

--- Starts a name server that knows localhost and *.test as 127.0.0.1, two names of a network that is not there (namespace.lua), and nothing else.
-- Also bounded.
---@return table|nil dns port, stop()
---@return string|nil reason
function nginx.dns(seconds)
  if not shell("PATH=$PATH:/usr/sbin command -v dnsmasq") then
    return nil, "needs dnsmasq"
  end
  local port = free_port()
  local guard = background(
    ("sh -c 'PATH=$PATH:/usr/sbin exec dnsmasq -k -C /dev/null -p %d --no-resolv --no-hosts --listen-address=127.0.0.1 --bind-interfaces"
      .. " --address=/lost.test/10.77.0.9 --address=/unroutable.test/10.78.0.1"
      .. " --address=/localhost/127.0.0.1 --address=/test/127.0.0.1 --address=/invalid/ --pid-file= --user=$(id -un)'"):format(port),
    seconds or 300, "/dev/null")
  local probe = "\18\52\1\0\0\1\0\0\0\0\0\0\9localhost\0\0\1\0\1"
  local answered = wait_for(5, function()
    local udp = socket.udp()
    udp:settimeout(0.1)
    udp:setpeername("127.0.0.1", port)
    udp:send(probe)
    local answer = udp:receive()
    udp:close()
    return answer
  end)
  local dns = {
    port = port,
    stop = function()
      shell("kill -TERM " .. guard)
    end,
  }
  if not answered then
    dns.stop()
    return nil, "dnsmasq did not start"
  end
  return dns
end

return nginx
