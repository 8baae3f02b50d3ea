--- The options of vkyc.new: checked, completed, copied.

local core = require "vkyc.core"
local errors = require "vkyc.errors"
local secrets = require "vkyc.secrets"

local M = {}

-- name -> type. What a provider adds is in its own table.
local COMMON = {
  provider = "any",
  environment = "string",
  name = "string",
  base_url = "string",
  token_url = "string",
  ca_file = "path",
  crl_file = "path",
  client_cert = "path",
  client_key = "path",
  proxy = "string",
  connect_timeout_s = "seconds",
  attempt_timeout_s = "seconds",
  deadline_s = "seconds",
  max_attempts = "count",
  max_body_bytes = "count",
  statuses = "table",
  hooks = "table",
  operations = "table",
  shared = "any",
  host = "table",
  simulator = "any",
  allow_http_loopback = "boolean",
  keep_raw = "boolean",
}

M.COMMON = COMMON

local DEFAULTS = {
  connect_timeout_s = 3,
  attempt_timeout_s = 10,
  deadline_s = 30,
  max_attempts = 3,
  max_body_bytes = 1048576,
  allow_http_loopback = false,
  keep_raw = false,
}

local HOOKS = { on_request = true, on_response = true, on_retry = true, on_error = true }
local HOST = { "send", "sleep", "now", "wall", "random" }

local function positive(limit, message)
  return function(value)
    return type(value) == "number" and value > 0 and value <= limit, message
  end
end

-- type -> good?, what it must be
local CHECKS = {
  any = function()
    return true
  end,
  string = function(value)
    return type(value) == "string" and value ~= "" and not value:find("%c"), "must be a string without control characters"
  end,
  path = function(value)
    return type(value) == "string" and value ~= "" and not value:find("%z"), "must be a path"
  end,
  date = function(value)
    local good = type(value) == "string" and value:find("^%d%d%d%d%-%d%d%-%d%d$") and core.timestamp(value)
    return good and true or false, "must be a date, YYYY-MM-DD"
  end,
  boolean = function(value)
    return type(value) == "boolean", "must be true or false"
  end,
  table = function(value)
    return type(value) == "table", "must be a table"
  end,
  seconds = positive(86400, "must be seconds, above 0 and at most 86400"),
  count = function(value)
    return type(value) == "number" and value >= 1 and value <= 1073741824 and value % 1 == 0, "must be a whole number, at least 1"
  end,
  secret = function(value)
    return type(value) == "string" or secrets.is(value), "must be a string or a secret (vkyc.secret.env, .file, .string)"
  end,
  secrets = function(value)
    return type(value) == "table" or type(value) == "function" or secrets.is(value) or type(value) == "string",
      "must be an array of secrets, or a function that returns one"
  end,
}

-- Unknown names raise: they are mistakes of the script, not of its data.
local function check_names(options, provider, level)
  local fields = {}
  for name in pairs(COMMON) do
    fields[#fields + 1] = { name = name, type = "any" }
  end
  for name in pairs(provider.options) do
    if not COMMON[name] then
      fields[#fields + 1] = { name = name, type = "any" }
    end
  end
  for name in pairs(options) do
    if type(name) ~= "string" or not (COMMON[name] or provider.options[name]) then
      local near = type(name) == "string" and core.schema(fields):suggest(name)
      error("vkyc.new: unknown option " .. tostring(name) .. (near and ", did you mean " .. near .. "?" or " for provider " .. provider.name), level + 1)
    end
  end
end

local function copy(value)
  if type(value) ~= "table" then
    return value
  end
  local result = {}
  for k, v in pairs(value) do
    result[k] = v
  end
  return result
end

local function secret_of(value)
  return type(value) == "string" and secrets.string(value) or value
end

local function check_provider_options(options, provider, add)
  local resolved = {}
  local defaults = provider.spec.defaults or {}
  for name, spec in pairs(provider.options) do
    local value = options[name]
    if value == nil then
      value = spec.default
    end
    if value == nil then
      value = defaults[name]
    end
    if value == nil then
      if spec.required then
        add(name, "is required")
      end
    else
      local good, message = CHECKS[spec.type](value)
      if not good then
        add(name, message)
      elseif spec.type == "secret" then
        value = secret_of(value)
        local fault = secrets.fault(value)
        if fault then
          add(name, fault)
        end
      end
      if good and spec.values then
        local found = false
        for _, each in ipairs(spec.values) do
          found = found or each == value
        end
        if not found then
          add(name, "must be one of " .. table.concat(spec.values, ", "))
        end
      end
      resolved[name] = copy(value)
    end
  end
  return resolved
end

local function check_url(add, name, value, allow_http)
  if value == nil then
    return
  end
  local parts, fault = core.url(value)
  if not parts then
    add(name, fault)
  elseif parts.scheme ~= "https" and not (allow_http and parts.loopback) then
    add(name, "must be https; http is only for loopback with allow_http_loopback = true")
  end
end

local function check_environment(options, provider, add)
  local environments = provider.spec.environments
  local name = options.environment
  if name == "simulator" then
    return { base_url = "https://simulator.invalid", token_url = "https://simulator.invalid/oauth/token" }, true
  end
  local environment = environments[name]
  if not environment then
    local names = {}
    for each in pairs(environments) do
      names[#names + 1] = each
    end
    table.sort(names)
    names[#names + 1] = "simulator"
    add("environment", (name and "must be one of " or "is required: one of ") .. table.concat(names, ", "))
  end
  return environment or {}, environment ~= nil
end

-- An option that stands for a path comes right after the host's name: "@evil.example" must not.
local function check_paths(credentials, provider, add)
  local names = {}
  for _, operation in pairs(provider.operations) do
    names[operation.spec.path_option or ""] = true
  end
  for name in pairs(names) do
    local path = credentials[name]
    if type(path) == "string" and (not path:find("^/[%w%-._~/]*$") or path:find("//", 1, true) or (path .. "/"):find("/%.%.?/")) then
      add(name, "must be a path of letters, digits and -._~, beginning with a slash")
    end
  end
end

local function check_tables(options, provider, add)
  for name, hook in pairs(options.hooks or {}) do
    if not HOOKS[name] or type(hook) ~= "function" then
      add("hooks." .. tostring(name), "must be a function named on_request, on_response, on_retry or on_error")
    end
  end
  local simulator = options.simulator
  if simulator ~= nil and options.environment ~= "simulator" then
    add("simulator", "is only for environment = \"simulator\"")
  elseif simulator ~= nil and not (type(simulator) == "table" and type(simulator.handle) == "function" and type(simulator.now) == "function") then
    add("simulator", "must be made by vkyc.simulator.new")
  elseif options.environment == "simulator" and simulator == nil and not options.host and not provider.shipped then
    add("simulator", "is required: this provider's table comes with no behaviour (vkyc.simulator.new{ behaviour = … })")
  end
  if options.host then
    for _, name in ipairs(HOST) do
      if type(options.host[name]) ~= "function" then
        add("host." .. name, "must be a function (docs/hosts.md)")
      end
    end
  end
end

--- Checks the options of a client.
---@param options table as given to vkyc.new
---@param provider table compiled
---@param level integer for errors of misuse
---@return table|nil options a copy, completed with defaults; `credentials` holds the provider's own
---@return vkyc.Error|nil err of kind config, with every violation
function M.check(options, provider, level)
  check_names(options, provider, level + 1)
  local violations = {}
  local function add(path, message)
    violations[#violations + 1] = { path = path, rule = "config", message = message }
  end
  local checked = {}
  for name, kind in pairs(COMMON) do
    local value = options[name]
    if value == nil then
      value = DEFAULTS[name]
    end
    if value ~= nil then
      local good, message = CHECKS[kind](value)
      if good then
        checked[name] = kind == "table" and name ~= "host" and copy(value) or value
      else
        add(name, message)
      end
    end
  end
  checked.credentials = check_provider_options(options, provider, add)
  local environment, known = check_environment(checked, provider, add)
  checked.base_url = (checked.base_url or environment.base_url or ""):gsub("/+$", "")
  checked.base_url = checked.base_url ~= "" and checked.base_url or nil
  checked.token_url = checked.token_url or environment.token_url
  check_url(add, "base_url", checked.base_url, checked.allow_http_loopback)
  check_url(add, "token_url", checked.token_url, checked.allow_http_loopback)
  if known and checked.base_url == nil then
    add("base_url", "is required: this environment's host is not documented")
  end
  if known and provider.spec.token and checked.token_url == nil then
    add("token_url", "is required: this environment's token host is not documented")
  end
  if (checked.client_cert == nil) ~= (checked.client_key == nil) then
    add(checked.client_cert and "client_key" or "client_cert", "is required: a client certificate has two files")
  end
  check_paths(checked.credentials, provider, add)
  check_tables(checked, provider, add)
  for _, name in ipairs(checked.operations or {}) do
    if name ~= "call" and not provider.operations[name] and not (provider.spec.aliases or {})[name] then
      add("operations", "has a name that is no operation of this provider: " .. tostring(name))
    end
  end
  if #violations > 0 then
    table.sort(violations, function(a, b)
      return a.path < b.path
    end)
    return nil, errors.violations("config", violations, { provider = provider.name })
  end
  return checked
end

return M
