--- Secrets: values that print as [REDACTED] and live in C memory that is wiped.
-- A secret that cannot be read is made all the same, empty: `vkyc.new` then says which option lacks what, in one place.

local core = require "vkyc.core"

local M = {}

-- Why a secret is empty, for vkyc.new's message.
local reasons = setmetatable({}, { __mode = "k" })

---@class vkyc.Secret
---@field replace fun(self, text: string): true sets the value for everybody who holds this secret, from the next attempt on
---@field reload fun(self): true|nil, string|nil a secret from a file reads its file again
---@field close fun(self) wipes it

local function empty(reason)
  local secret = core.secret("-")
  secret:close()
  reasons[secret] = reason
  return secret
end

--- A secret from a text that the script already has. Prefer env or file: a Lua string cannot be wiped.
---@param text string at most 16 KiB
---@return vkyc.Secret
function M.string(text)
  if type(text) ~= "string" then
    error("vkyc.secret.string: a string is expected", 2)
  end
  return core.secret(text) or empty("the secret is empty or larger than 16 KiB")
end

--- A secret from an environment variable, read once, now. In nginx the variable must be kept by an `env` directive.
---@param name string
---@return vkyc.Secret
function M.env(name)
  if type(name) ~= "string" or name == "" or name:find("%z") then
    error("vkyc.secret.env: the name of a variable is expected", 2)
  end
  local secret = core.secret_env(name)
  return secret or empty("the environment variable " .. name .. " is not set or empty")
end

local FILE_REASONS = {
  missing = "does not exist",
  unreadable = "cannot be read",
  empty = "is empty",
  too_large = "is larger than 16 KiB",
}

--- A secret from a file; one newline at its end is cut. It is read again when the provider refuses it.
---@param path string
---@return vkyc.Secret
function M.file(path)
  if type(path) ~= "string" or path == "" or path:find("%z") then
    error("vkyc.secret.file: a path is expected", 2)
  end
  local secret, reason = core.secret_file(path)
  return secret or empty("the secret's file " .. (FILE_REASONS[reason] or "cannot be read"))
end

---@param value any
---@return boolean
function M.is(value)
  return type(value) == "userdata" and tostring(value) == "[REDACTED]"
end

--- Why the secret cannot be used, or nil.
---@param secret vkyc.Secret
---@return string|nil
function M.fault(secret)
  local _, reason = secret:reload()
  return reason == "closed" and (reasons[secret] or "the secret is closed") or nil
end

return M
