--- A host of one's own, as the author of an engine would write it: LuaSocket and LuaSec behind the option `host` of vkyc.new (docs/hosts.md).
--
--    local host = socket_host.new{ ca_file = "ca.pem" }
--    vkyc.new{ …, host = host }
--
-- It opens a connection for each request, verifies certificate and name, follows nothing and sends nothing twice. What it reads wrongly, it
-- leaves to the module to refuse: framing, status and sizes are checked there again.

local core = require("vkyc.core")
local socket = require("socket")
local ssl = require("ssl")

local M = {}

local MAX_HEAD = 64 * 1024
local MAX_INTERIM = 32

local Stream = {}
Stream.__index = Stream

local function failed(kind, phase, sent, reason)
  return nil, { kind = kind, phase = phase, sent = sent, reason = reason }
end

--- More bytes of the answer, whatever came. nil and "closed", "timeout" or another word.
function Stream:more()
  while not self.broken do
    local data, err, part = self.socket:receive(16384)
    data = data or part
    -- After a connection broke, LuaSec must not be asked again: it would never come back.
    self.broken = err ~= "timeout" and err ~= "wantread" and err ~= "wantwrite" and err or nil
    if data and #data > 0 then
      self.buffer = self.buffer .. data
      return true
    elseif not self.broken then
      local left = self.ends - core.monotonic()
      if left <= 0 then
        return nil, "timeout"
      end
      socket.select({ self.socket }, nil, left)
    end
  end
  return nil, self.broken
end

function Stream:line()
  while true do
    local at = self.buffer:find("\n", 1, true)
    if at then
      local line = self.buffer:sub(1, at - 1):gsub("\r$", "")
      self.buffer = self.buffer:sub(at + 1)
      self.head = self.head + at
      return line
    elseif self.head + #self.buffer > MAX_HEAD then
      return nil, "large"
    end
    local good, err = self:more()
    if not good then
      return nil, err
    end
  end
end

function Stream:take(size)
  local pieces, have = {}, 0
  while true do
    have = have + #self.buffer
    if have >= size then
      local over = have - size
      pieces[#pieces + 1] = self.buffer:sub(1, #self.buffer - over)
      self.buffer = over > 0 and self.buffer:sub(-over) or ""
      return table.concat(pieces)
    end
    pieces[#pieces + 1], self.buffer = self.buffer, ""
    local good, err = self:more()
    if not good then
      return nil, err, table.concat(pieces)
    end
  end
end

local function lost(err)
  if err == "timeout" then
    return failed("timeout", "response", true, "The server did not answer in time.")
  elseif err == "large" then
    return failed("too_large", "response", true, "The head of the answer has no end.")
  elseif err ~= "closed" and err:find("alert", 1, true) then
    return failed("tls", "response", true, "The server ended the TLS connection with an alert.")
  end
  return failed("network", "response", true, "The connection broke before the answer was complete.")
end

local function malformed(reason)
  return failed("protocol", "response", true, reason)
end

-- The status and the headers of one answer; values of a name are an array.
local function read_head(stream)
  local line, err = stream:line()
  if not line then
    return lost(err)
  end
  local status = line:match("^HTTP/1%.[01] (%d%d%d) ?")
  if not status then
    return malformed("The answer does not begin with a status line.")
  end
  local headers = {}
  while true do
    line, err = stream:line()
    if not line then
      return lost(err)
    elseif line == "" then
      return tonumber(status), headers
    end
    local name, value = line:match("^([^%s:]+):[ \t]*(.-)[ \t]*$")
    if not name then
      return malformed("A header line of the answer is malformed.")
    end
    name = name:lower()
    headers[name] = headers[name] or {}
    headers[name][#headers[name] + 1] = value
  end
end

local function read_chunks(stream, max)
  local pieces, total = {}, 0
  while true do
    local line, err = stream:line()
    if not line then
      return lost(err)
    end
    local digits = line:match("^(%x+)%s*$") or line:match("^(%x+)%s*;")
    if not digits or #digits > 8 then
      return malformed("A chunk has no size.")
    end
    local size = tonumber(digits, 16)
    total = total + size
    if total > max then
      return failed("too_large", "response", true, "The body has no end.")
    elseif size == 0 then
      repeat -- trailers
        line, err = stream:line()
      until not line or line == ""
      if not line then
        return lost(err)
      end
      return table.concat(pieces)
    end
    local piece
    piece, err = stream:take(size)
    if not piece then
      return lost(err)
    end
    pieces[#pieces + 1] = piece
    stream.head = 0
    line, err = stream:line()
    if not line then
      return lost(err)
    elseif line ~= "" then
      return malformed("A chunk is longer than it says.")
    end
  end
end

local function read_body(stream, headers, max)
  if headers["transfer-encoding"] and headers["transfer-encoding"][1]:lower() == "chunked" and not headers["content-length"] then
    return read_chunks(stream, max)
  end
  local length = headers["content-length"]
  if headers["transfer-encoding"] or headers["content-encoding"] or length and (#length > 1 or not length[1]:find("^%d+$")) then
    return "" -- nobody knows where it ends: the module refuses it for its headers
  elseif length then
    local size = tonumber(length[1])
    if size > max then
      return failed("too_large", "response", true, "The body is longer than was allowed.")
    end
    local body, err = stream:take(size)
    if not body then
      return lost(err)
    end
    return body
  end
  local body, err, part = stream:take(max + 1)
  if body then
    return failed("too_large", "response", true, "The body has no end.")
  elseif err ~= "closed" then
    return lost(err)
  end
  return part
end

local function read_answer(stream, max)
  for _ = 1, MAX_INTERIM do
    local status, headers = read_head(stream)
    if not status then
      return nil, headers
    elseif status >= 200 or status < 100 or status == 101 then
      local body, failure = "", nil
      if status >= 200 and status ~= 204 and status ~= 304 then
        body, failure = read_body(stream, headers, max)
      end
      return body and { status = status, headers = headers, body = body }, failure
    end
  end
  return failed("too_large", "response", true, "The server sends interim answers without end.")
end

-- Whether a certificate is for a name or an address. LuaSec looks at neither.
local function is_for(certificate, host)
  local names = (certificate:extensions()["2.5.29.17"] or {})
  for _, list in ipairs({ names.dNSName or {}, names.iPAddress or {} }) do
    for _, name in ipairs(list) do
      if name:lower() == host:lower() then
        return true
      end
    end
  end
  return false
end

local function handshake(options, plain, host, ends)
  local connection = assert(ssl.wrap(plain, {
    mode = "client", protocol = "any", options = { "all", "no_sslv2", "no_sslv3", "no_tlsv1", "no_tlsv1_1" }, verify = { "peer" },
    cafile = options.ca_file, verifyext = options.crl and { "crl_check" } or nil, certificate = options.client_cert, key = options.client_key,
  }))
  if not host:find("^[%d.]+$") then
    connection:sni(host)
  end
  connection:settimeout(math.max(0.001, ends - core.monotonic()), "t")
  local good, err = connection:dohandshake()
  if not good then
    connection:close()
    if err == "wantread" or err == "timeout" then
      return failed("timeout", "tls", false, "The server did not finish the TLS handshake in time.")
    elseif err == "closed" or err:find("reset", 1, true) or err:find("System error", 1, true) or err:find("unexpected eof", 1, true) then
      return failed("network", "tls", false, "The connection broke during the TLS handshake.")
    end
    return failed("tls", "tls", false, "The TLS handshake failed: " .. err:gsub("%s+", " ") .. ".")
  elseif not is_for(connection:getpeercertificate(), host) then
    connection:close()
    return failed("tls", "tls", false, "The certificate is for another host.")
  end
  return connection
end

local function connect(options, scheme, host, port, ends)
  local plain = assert(socket.tcp())
  plain:settimeout(math.max(0.001, ends - core.monotonic()))
  -- RFC 6761 6.3; a bare container has no file that says so.
  local good, err = plain:connect(host == "localhost" and "127.0.0.1" or host, port)
  if not good then
    plain:close()
    if err == "timeout" then
      return failed("timeout", "connect", false, "The server did not accept a connection in time.")
    elseif err:find("refused", 1, true) or err:find("unreachable", 1, true) or err:find("route", 1, true) or err:find("Invalid argument", 1, true) then
      return failed("connect", "connect", false, "The server could not be reached.")
    end
    return failed("dns", "dns", false, "The name of the server could not be resolved.")
  end
  plain:setoption("tcp-nodelay", true)
  if scheme == "https" then
    return handshake(options, plain, host, ends)
  end
  return plain
end

local function write(connection, bytes, ends)
  connection:settimeout(math.max(0.001, ends - core.monotonic()), "t")
  local from = 1
  while from <= #bytes do
    local last, err, part = connection:send(bytes, from)
    if not last then
      if err ~= "wantwrite" and err ~= "wantread" or core.monotonic() >= ends then
        return nil, err
      end
      last = part or from - 1
    end
    from = last + 1
  end
  return true
end

local function write_request(request, authority)
  local lines = { request.method .. " " .. (request.url:match("^%a+://[^/]*(/.*)$") or "/") .. " HTTP/1.1", "Host: " .. authority, "Connection: close" }
  for name, value in pairs(request.headers) do
    lines[#lines + 1] = name .. ": " .. value
  end
  if request.body then
    lines[#lines + 1] = "Content-Length: " .. #request.body
  end
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. (request.body or "")
end

--- Makes a host.
---@param options table ca_file, client_cert, client_key: paths; crl: whether ca_file also holds revocation lists, to be asked
---@return table host
function M.new(options)
  local function send(request, limits)
    local ends = core.monotonic() + limits.timeout_s
    local scheme, authority = request.url:match("^(%a+)://([^/]*)")
    local host, port = authority:match("^%[?(.-)%]?:(%d+)$")
    host = host or authority
    local connection, failure = connect(options, scheme, host, tonumber(port or (scheme == "https" and 443 or 80)),
      math.min(ends, core.monotonic() + limits.connect_timeout_s))
    if not connection then
      return nil, failure
    end
    local answer
    local good, err = write(connection, write_request(request, authority), ends)
    if good then
      connection:settimeout(0)
      answer, failure = read_answer(setmetatable({ socket = connection, buffer = "", head = 0, ends = ends }, Stream), limits.max_body_bytes)
    elseif err == "timeout" or err == "wantwrite" then
      answer, failure = failed("timeout", "send", true, "The server did not take the request in time.")
    else
      answer, failure = failed("network", "send", true, "The connection broke while the request was sent.")
    end
    connection:close()
    return answer, failure
  end
  return { name = "socket", send = send, sleep = core.sleep, now = core.monotonic, wall = core.wall, random = core.random }
end

return M
