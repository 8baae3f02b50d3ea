--- What several clients know of a login together - in nginx those of all workers, over reloads too: the token, a refusal, and who is
-- logging in. It lies in a store (docs/hosts.md), under a digest of the credentials: other credentials are another login.

local core = require "vkyc.core"
local secrets = require "vkyc.secrets"

local M = {}
M.__index = M

---@class vkyc.LoginStore what an ngx.shared dictionary can; its methods may yield, but not raise
---@field get fun(self, key: string): string|nil
---@field set fun(self, key: string, value: string, seconds?: number) without seconds for ever
---@field add fun(self, key: string, value: string, seconds: number): boolean|nil true when there was none, atomically
---@field delete fun(self, key: string)
---@field ttl fun(self, key: string): number|nil seconds that are left

---@param dict vkyc.LoginStore
---@param url string of the login
---@param credentials table name -> string or secret
---@return table
function M.new(dict, url, credentials)
  return setmetatable({ dict = dict, url = url, credentials = credentials }, M)
end

-- The digest of all credentials. A secret takes part as a keyed hash, and together with the others: none can be guessed by itself.
local function digest(url, credentials)
  local parts = {}
  for name, value in pairs(credentials) do
    if secrets.is(value) then
      local key = core.webhook_key(value)
      parts[#parts + 1] = name .. "=" .. (key and key:sign("vkyc login", url) or "")
      if key then
        key:close()
      end
    elseif type(value) == "string" then
      parts[#parts + 1] = name .. "=" .. value
    end
  end
  table.sort(parts)
  return core.sha256(url .. "\0" .. table.concat(parts, "\0"))
end

--- The name under which these credentials are known. It is asked for once and then passed on, because a secret may be replaced at any time.
---@param generation integer of the secrets
---@return string
function M:key(generation)
  if self.generation ~= generation then
    self.generation = generation
    self.name = "vkyc:" .. digest(self.url, self.credentials)
  end
  return self.name
end

---@return string|nil id of the token
---@return string|nil token
---@return number|nil seconds for which it is good
---@return number|nil fetched_at Unix seconds
function M:token(key)
  local value = self.dict:get(key .. ":token")
  local left = value and self.dict:ttl(key .. ":token")
  if left then
    return value:sub(1, 16), value:sub(29), left, tonumber(value:sub(17, 28))
  end
  return nil
end

---@return string id
function M:remember(key, token, seconds, unix_s)
  local id = core.random_hex(8)
  self.dict:set(key .. ":token", id .. string.format("%012.0f", unix_s) .. token, seconds)
  return id
end

--- For ever: only other credentials are tried again.
function M:refuse(key, unix_s)
  self.dict:set(key .. ":refused", string.format("%.0f", unix_s))
end

---@return number|nil since Unix seconds
function M:refused_since(key)
  return tonumber(self.dict:get(key .. ":refused"))
end

--- Takes the right to log in.
---@param seconds number after which others may, should this worker die
---@return string|nil owner nil when somebody has it
function M:lock(key, seconds)
  local owner = core.random_hex(8)
  return self.dict:add(key .. ":lock", owner, seconds) and owner or nil
end

function M:unlock(key, owner)
  if self.dict:get(key .. ":lock") == owner then
    self.dict:delete(key .. ":lock")
  end
end

return M
