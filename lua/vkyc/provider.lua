--- Loads a provider, by name or as a table of the user's.

local M = {}

local core = require "vkyc.core"
local shipped_names = require "vkyc.providers.shipped"
local SHIPPED = {}
for _, name in ipairs(shipped_names) do
  SHIPPED[name] = true
end
local MESSAGE = "must be " .. table.concat(shipped_names, ", ") .. ", or a provider table"

-- provider table -> what it compiled to; the tables are data that nobody changes.
local loaded = setmetatable({}, { __mode = "k" })

--- Loads a provider by its name, or checks and compiles a table of the user's.
---@param provider string|table
---@return table|nil compiled { name, spec, options, operations, token, error_reply, event, path_options, environments, shipped }
---@return table[]|nil faults of { path, message }, all of them
function M.load(provider)
  local shipped = type(provider) == "string" and SHIPPED[provider] or nil
  if shipped then
    provider = core.require("vkyc.providers." .. provider)
  elseif type(provider) ~= "table" then
    return nil, { { path = "provider", message = MESSAGE } }
  end
  local compiled, faults = loaded[provider], nil
  if not compiled then
    compiled, faults = core.require "vkyc.providers.compile"(provider)
    loaded[provider] = compiled
    -- What checks a table is a fifth of the module's heap, and seldom needed twice.
    package.loaded["vkyc.providers.compile"], package.loaded["vkyc.providers.shape"] = nil, nil
  end
  if compiled and shipped then
    compiled.shipped = true -- its behaviour in a simulator ships too
  end
  return compiled, faults
end

--- What a log may show of a field of that name, in any provider that is in use.
---@param name string
---@return true|"id"|nil true: sensitive; "id": it says whom a call is about
function M.sensitivity(name)
  local found
  for _, compiled in pairs(loaded) do
    local kind = compiled.sensitive[name]
    if kind == true then
      return true
    end
    found = found or kind
  end
  return found
end

return M
