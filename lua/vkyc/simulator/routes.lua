--- Which operation a request means, by method and path.

local text = require "vkyc.simulator.text"

local M = {}

--- Every path of every generation that the provider's table names.
---@param provider table
---@param paths table<string, string> option name -> a further path
---@return table<string, table<string, string>> path -> method -> operation, or "token"
function M.new(provider, paths)
  local options = {}
  for _, option in ipairs(provider.options or {}) do
    options[option.name] = option
  end
  local routes = {}
  local function add(path, method, name)
    routes[path] = routes[path] or {}
    routes[path][method] = name
  end
  for name, operation in pairs(provider.operations) do
    local option = options[operation.path_option]
    for _, path in ipairs(option and (option.values or { option.default }) or { operation.path }) do
      add(path, operation.method, name)
    end
    if option and paths[option.name] then
      add(paths[option.name], operation.method, name)
    end
  end
  if provider.token then
    add("/oauth/token", "POST", "token")
    for _, environment in pairs(provider.environments or {}) do
      if environment.token_url then
        add(text.path_of(environment.token_url), "POST", "token")
      end
    end
  end
  return routes
end

--- What may stand before a path: the one given, and the path of any base URL.
---@param provider table
---@param given string|nil
---@return string[]
function M.prefixes(provider, given)
  local prefixes = { given }
  for _, environment in pairs(provider.environments or {}) do
    local path = text.path_of(environment.base_url or "")
    if path ~= "" then
      prefixes[#prefixes + 1] = path
    end
  end
  return prefixes
end

--- Finds the operation.
---@param routes table
---@param prefixes string[]
---@param method string
---@param path string
---@return string|nil name
---@return string path without its prefix
---@return boolean known the path exists, if with another method
function M.find(routes, prefixes, method, path)
  for _, prefix in ipairs(prefixes) do
    if path:sub(1, #prefix + 1) == prefix .. "/" then
      path = path:sub(#prefix + 1)
      break
    end
  end
  local methods = routes[path]
  return methods and methods[method], path, methods ~= nil
end

return M
