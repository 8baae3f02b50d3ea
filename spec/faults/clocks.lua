--- A time of day that jumps during a call, for a process of its own: libfaketime reads a file, again and again.

local nginx = require("spec.support.nginx")

local M = {}

local LIBRARY

-- Where the library is; nil where it is not.
local function library()
  if LIBRARY == nil then
    local _, output = nginx.shell("ls /usr/lib/*/faketime/libfaketimeMT.so.1")
    LIBRARY = output:match("/[^\n]*libfaketimeMT%.so%.1\n") and output:match("(/[^\n]*)\n") or false
  end
  return LIBRARY or nil
end

--- How a process is started whose clock can be set.
---@return string|nil prefix
---@return string environment, or why it cannot be had
function M.surroundings()
  if (os.getenv("LD_PRELOAD") or "") ~= "" or os.getenv("VKYC_NGINX_ENV") then
    return nil, "libfaketime does not go together with a sanitizer's library"
  elseif not library() then
    return nil, "needs faketime"
  end
  local file = os.tmpname()
  return "", ("LD_PRELOAD=%s DONT_FAKE_MONOTONIC=1 FAKETIME_NO_CACHE=1 FAKETIME_TIMESTAMP_FILE=%s"):format(library(), file)
end

--- In that process: nginx is started with the same clock.
function M.tell_nginx(clock)
  if clock then
    M.nginx_environment = ("LD_PRELOAD=%s DONT_FAKE_MONOTONIC=1 FAKETIME_NO_CACHE=1 FAKETIME_TIMESTAMP_FILE=%s"):format(library(),
      os.getenv("FAKETIME_TIMESTAMP_FILE"))
  end
end

--- Sets the clock right, and lets it jump after some seconds.
---@param by string such as "+1d"
---@param seconds number
function M.jump(by, seconds)
  local file = os.getenv("FAKETIME_TIMESTAMP_FILE")
  os.execute(("echo +0 >%s; { sleep %g; echo %s >%s; } >/dev/null 2>&1 </dev/null &"):format(file, seconds, by, file))
end

return M
