--- A login store in this Lua state's memory, for several clients with the same credentials outside of nginx: they log in once together, and
-- all of them know of a refusal.
--
--    local logins = require("vkyc.stores.login").new()
--    local one, two = vkyc.new { …, shared = logins }, vkyc.new { …, shared = logins }
-- @module vkyc.stores.login

local core = require "vkyc.core"

local M = {}
M.__index = M

---@class vkyc.MemoryLogins: vkyc.LoginStore
---@return vkyc.MemoryLogins
function M.new()
  return setmetatable({ values = {}, ends = {} }, M)
end

function M:get(key)
  local ends = self.ends[key]
  if ends and core.monotonic() >= ends then
    self:delete(key)
  end
  return self.values[key]
end

function M:set(key, value, seconds)
  self.values[key], self.ends[key] = value, seconds and core.monotonic() + seconds
  return true
end

function M:add(key, value, seconds)
  return self:get(key) == nil and self:set(key, value, seconds) or nil
end

function M:delete(key)
  self.values[key], self.ends[key] = nil, nil
end

function M:ttl(key)
  return self:get(key) ~= nil and (self.ends[key] or 0) - (self.ends[key] and core.monotonic() or 0) or nil
end

function M.__tostring()
  return "vkyc.MemoryLogins"
end

return M
