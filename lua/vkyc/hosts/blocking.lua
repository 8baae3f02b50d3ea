--- The host of a plain Lua script: libcurl on the calling thread.
-- A call blocks until it has its answer or its time is over.
-- @module vkyc.hosts.blocking

local core = require("vkyc.core").uncompiled()

local blocking = {
  name = "blocking",
  --- Waits for a number of seconds.
  sleep = core.sleep,
  --- Seconds of the monotonic clock.
  now = core.monotonic,
  --- Seconds since 1970.
  wall = core.wall,
  --- A random number of at least 0 and below 1.
  random = core.random,
}

--- The module vkyc.curl. It is loaded here and not before, so that hosts without libcurl can load this file.
---@return table|nil curl
---@return table|nil failure of kind config or memory
function blocking.library()
  local loaded, curl = pcall(core.require, "vkyc.curl")
  if loaded then
    return curl
  end
  local reason = "The module vkyc.curl cannot be loaded; it needs libcurl and must be of the version of vkyc.core."
  return nil, { kind = tostring(curl):find("not enough memory", 1, true) and "memory" or "config", reason = reason, sent = false, cause = curl }
end

--- Makes a transport: connections that share an identity.
---@param options table ca_file, crl_file, client_cert, client_key, proxy (strings), allow_http_loopback (boolean)
---@return userdata|nil transport has a method `close`
---@return table|nil failure kind, reason, sent; kind is "config" when a file cannot be used or libcurl is missing
function blocking.open(options)
  local curl, failure = blocking.library()
  if curl then
    return curl.new(options)
  end
  return nil, failure
end

--- Sends a request and reads its response.
---@param transport userdata of `open`
---@param request userdata of vkyc.core
---@param response userdata of vkyc.core; filled
---@param limits table timeout_s and connect_timeout_s (seconds), max_idle_s (seconds, or nil for any kept connection)
---@return integer|nil status the HTTP status, 200-599
---@return table|nil failure kind, phase, reason, sent
function blocking.send(transport, request, response, limits)
  return transport:perform(request, response, limits.timeout_s, limits.connect_timeout_s, limits.max_idle_s)
end

return blocking
