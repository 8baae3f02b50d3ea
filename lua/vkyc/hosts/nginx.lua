--- The host inside nginx: cosockets move the bytes, the core writes requests and reads answers.
-- A call never blocks the worker. libcurl is not loaded: a second TLS library in nginx is a known way to crash it.
-- @module vkyc.hosts.nginx

local core = require "vkyc.core"
local failures = require "vkyc.hosts.nginx_failures"

local ngx = rawget(_G, "ngx")

local M = {
  name = "nginx",
  --- Waits without blocking the worker.
  ---@param seconds number
  sleep = function(seconds)
    ngx.sleep(math.max(seconds, 0.001))
  end,
  --- Runs a function apart from the request that asks for it, so that its end is not the function's.
  ---@param fn fun(cancelled: boolean) with true when the worker is about to exit
  ---@return boolean|nil started
  background = function(fn)
    return ngx.timer.at(0, fn)
  end,
  now = core.monotonic,
  wall = core.wall,
  random = core.random,
}

local CHUNK = 65536
local SMALL = 16384 -- fits into every socket's buffer, so that sending it does not wait
local SPARES = 512 -- readers of answers that a transport keeps
local GRACE_S = 0.05 -- lets the socket's own timeout tell that the name was resolved

local function read(path)
  local file = io.open(path, "rb")
  local text = file and file:read(1048576)
  if file then
    file:close()
  end
  return text or ""
end

--- Makes a transport. The client's certificate and key are read once, now: made in init_by_lua, that is before nginx gives up root.
---@param options table client_cert, client_key: paths, or nil
---@return table|nil transport
---@return table|nil failure of kind config
function M.open(options)
  local transport = { spare = {}, identity = "" }
  if options.client_cert then
    local ssl = require "ngx.ssl"
    local cert, key = read(options.client_cert), read(options.client_key)
    transport.cert = ssl.parse_pem_cert(cert)
    if not transport.cert then
      return failures.config("The file of client_cert cannot be read, or holds no certificate in PEM form.")
    end
    -- OpenSSL would ask for a passphrase on the terminal.
    transport.key = not key:find("ENCRYPTED", 1, true) and ssl.parse_pem_priv_key(key) or nil
    if not transport.key then
      return failures.config("The file of client_key cannot be read, or holds no private key in PEM form without a passphrase.")
    end
    transport.identity = core.sha256(cert)
  end
  return transport
end

local function alarm(seconds)
  ngx.sleep(seconds)
  return alarm
end

local function invoke(socket, method, ...)
  return socket[method](socket, ...)
end

-- Calls a method of a cosocket in a light thread, for at most `seconds`: no timeout of a cosocket covers the resolver, nor a peer that takes
-- a byte now and then. Returns what it returns; or nil, "timeout", true when the time was over.
local function within(seconds, socket, method, ...)
  local thread = ngx.thread.spawn(invoke, socket, method, ...)
  if coroutine.status(thread) == "zombie" then -- it is over already, as with a kept connection
    return select(2, ngx.thread.wait(thread))
  end
  local clock = ngx.thread.spawn(alarm, seconds)
  local _, value, err = ngx.thread.wait(thread, clock)
  if value == alarm then
    ngx.thread.kill(thread)
    return nil, "timeout", true
  end
  ngx.thread.kill(clock)
  return value, err
end

-- connect_s: to connect; seconds: to send, and to wait for a piece.
local function set_timeouts(socket, connect_s, seconds)
  local ms = math.max(1, math.ceil(seconds * 1000)) -- nginx takes 0 for its default
  socket:settimeouts(math.max(1, math.ceil(connect_s * 1000)), ms, ms)
end

-- A server and all that says who it is and who we are: the name of its connections' pool. Connections of calls that must not meet a dead
-- one have a pool of their own, in which they live no longer than those calls allow.
local function peer_of(transport, host, port, https, max_idle_s)
  local peer = transport.last
  if peer and peer.port == port and peer.host == host and peer.https == https and peer.max_idle_s == max_idle_s then
    return peer
  end
  local ipv6 = host:find(":", 1, true)
  peer = { host = host, port = port, https = https, max_idle_s = max_idle_s, address = ipv6 and "[" .. host .. "]" or host }
  peer.is_name = not ipv6 and not host:find("^[%d.]+$")
  local key = (https and "https|" or "http|") .. host .. "|" .. port .. (max_idle_s and "|" .. max_idle_s or "")
  peer.kept = { pool = "vkyc|" .. key .. "|sni=" .. (https and host or "") .. "|verify=" .. tostring(https) .. "|cert=" .. transport.identity }
  transport.last = peer
  return peer
end

-- A socket whose timeouts allow what is left of limits.timeout_s, which begins now.
local function connect(transport, peer, limits)
  local socket = ngx.socket.tcp()
  local left = math.min(limits.connect_timeout_s, limits.timeout_s)
  set_timeouts(socket, left, limits.timeout_s)
  -- Without a host all it can do is to take a kept connection, at once: that needs no watch.
  if socket:connect("", peer.port, peer.kept) then
    return socket
  end
  local began = M.now()
  local good, err, late = within(left + GRACE_S, socket, "connect", peer.address, peer.port, peer.kept)
  if not good then
    return failures.connect(err, late and peer.is_name)
  end
  if peer.https and socket:getreusedtimes() == 0 then
    if transport.cert then
      socket:setclientcert(transport.cert, transport.key)
    end
    set_timeouts(socket, left, began + left - M.now())
    good, err = socket:sslhandshake(false, peer.host, true)
    -- resty.core 0.1.25 calls a handshake that ends at once a success, whatever the certificate; but the socket is closed then.
    if not good or not socket:getreusedtimes() then
      socket:close()
      return failures.handshake(err)
    end
  end
  set_timeouts(socket, left, began + limits.timeout_s - M.now())
  return socket
end

-- Feeds each piece to the core as it comes. The third result says whether the connection may be used again.
local function receive(socket, http, response, https, ends)
  while true do
    local piece, err = socket:receiveany(CHUNK)
    if not piece and err ~= "closed" then
      return failures.receive(err, https)
    elseif not piece then
      local status, failure = http:finish(response)
      return status, failure or nil
    end
    local status, more = http:feed(response, piece)
    if status then
      -- A piece that filled nginx's buffer may have left bytes inside of OpenSSL, where the pool does not look for them.
      return status, nil, more and not (https and #piece % 512 == 0)
    elseif more then
      return nil, more
    end
    local left = ends - M.now()
    if left <= 0 then
      return failures.receive("timeout", https)
    end
    set_timeouts(socket, left, left)
  end
end

--- Sends a request and reads its response.
---@param transport table of `open`
---@param request userdata of vkyc.core
---@param response userdata of vkyc.core; filled
---@param limits table timeout_s and connect_timeout_s (seconds), max_idle_s (seconds, or nil for any kept connection)
---@return integer|nil status the HTTP status, 200-599
---@return table|nil failure kind, phase, reason, sent, hint
function M.send(transport, request, response, limits)
  local ends = M.now() + limits.timeout_s
  local http, bytes, host, port, https = core.http(request, table.remove(transport.spare))
  if not http then
    return nil, bytes
  end
  ngx.update_time() -- timers count from nginx's clock, which stood still while a script computed
  local socket, failure = connect(transport, peer_of(transport, host, port, https, limits.max_idle_s), limits)
  if not socket then
    return nil, failure
  end
  local sent, err
  if #bytes <= SMALL then
    sent, err = socket:send(bytes)
  else
    sent, err = within(math.max(ends - M.now(), 0), socket, "send", bytes)
  end
  if not sent then
    socket:close()
    return failures.send(err)
  end
  local status, reusable
  status, failure, reusable = receive(socket, http, response, https, ends)
  if #transport.spare < SPARES then
    table.insert(transport.spare, http)
  end
  if not reusable or not socket:setkeepalive(limits.max_idle_s and limits.max_idle_s * 1000) then
    socket:close()
  end
  return status, failure
end

return M
