--- The options of vkyc.new: checked, completed, copied.

local core = require "vkyc.core"
local errors = require "vkyc.errors"
local secrets = require "vkyc.secrets"

local M = {}

-- name -> kind (core.option_fault knows them). What a provider adds is in its own table.
local COMMON = {
  provider = "any",
  environment = "string",
  name = "string",
  base_url = "url",
  token_url = "url",
  ca_file = "ca_file",
  crl_file = "crl_file",
  client_cert = "path",
  client_key = "path",
  proxy = "proxy",
  connect_timeout_s = "seconds",
  attempt_timeout_s = "seconds",
  deadline_s = "seconds",
  max_attempts = "count",
  max_body_bytes = "count",
  statuses = "table",
  hooks = "table",
  response_headers = "table",
  operations = "table",
  shared = "table",
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
  max_body_bytes = core.max_body,
  allow_http_loopback = false,
  keep_raw = false,
}

local SIMULATOR = { base_url = "https://simulator.invalid", token_url = "https://simulator.invalid/oauth/token" }
local HOOKS = { on_request = true, on_response = true, on_retry = true, on_error = true }
local MAX_HEADERS = 16
-- What a user's own object can do.
local OBJECTS = { host = { "send", "sleep", "now", "wall", "random" }, shared = { "get", "set", "add", "delete", "ttl" } }
-- A host of the user's own would pass these over in silence.
local TLS = { ca_file = true, crl_file = true, client_cert = true, client_key = true, proxy = true }
local MAX_SECRETS = 16

local function copy(value)
  local result = {}
  for k, v in pairs(value) do
    result[k] = v
  end
  return result
end

local function secret_of(value, add, path)
  if type(value) ~= "string" and not secrets.is(value) then
    return add(path, "must be a string or a secret (vkyc.secret.env, .file, .string)")
  end
  local secret = type(value) == "string" and secrets.string(value) or value
  local fault = secrets.fault(secret)
  return fault and add(path, fault) or secret
end

-- Kinds of which a client keeps another value than it was given.
local KEEP = {
  table = copy,
  secret = secret_of,
  secrets = function(value, add, path)
    if type(value) == "function" then -- asked for each delivery, and checked then
      return value
    elseif type(value) == "string" or secrets.is(value) then
      return { secret_of(value, add, path) }
    elseif type(value) ~= "table" or #value == 0 or #value > MAX_SECRETS then
      return add(path, "must be an array of 1 to 16 secrets, or a function that returns one")
    end
    local list = {}
    for i = 1, #value do
      list[i] = secret_of(value[i], add, path .. "[" .. i .. "]")
    end
    return list
  end,
}

local function check_tables(options, provider, add)
  for name, hook in pairs(options.hooks or {}) do
    if not HOOKS[name] or type(hook) ~= "function" then
      add("hooks." .. tostring(name), "must be a function named on_request, on_response, on_retry or on_error")
    end
  end
  for i, name in pairs(options.response_headers or {}) do
    if type(i) ~= "number" or i > MAX_HEADERS or type(name) ~= "string" or #name > 64 or not name:find("^[%l%d_-]+$") or name:find("cookie", 1, true) then
      add("response_headers", "must be an array of at most 16 header names in lower case, without cookies")
      break
    end
  end
  for _, name in ipairs(options.operations or {}) do
    if name ~= "call" and not provider.operations[name] and not (provider.spec.aliases or {})[name] then
      add("operations", "has a name that is no operation of this provider: " .. tostring(name))
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
  for option, names in pairs(OBJECTS) do
    for _, name in ipairs(options[option] and names or {}) do
      if type(options[option][name]) ~= "function" then
        add(option .. "." .. name, "must be a function (docs/hosts.md)")
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
  local known = copy(COMMON)
  for name in pairs(provider.options) do
    known[name] = true
  end
  errors.refuse_unknown(options, known, "vkyc.new", level + 1, " for provider " .. provider.name)
  local violations = {}
  local function add(path, message)
    violations[#violations + 1] = { path = path, rule = "config", message = message }
  end
  local function take(into, name, kind, default, detail)
    local value = options[name]
    if value == nil then
      value = default
    end
    if kind == "url" and type(value) == "string" then
      value = value:gsub("(.)/+$", "%1")
    end
    local fault = value ~= nil and (TLS[name] and options.host ~= nil and "is not for a host of your own: it has its own TLS options"
      or core.option_fault(kind, value, detail))
    if fault then
      add(name, fault)
    elseif KEEP[kind] and value ~= nil then
      into[name] = KEEP[kind](value, add, name)
    else
      into[name] = value
    end
    return value
  end
  local environments, named = provider.environments, options.environment
  local environment = named == "simulator" and SIMULATOR or named ~= nil and provider.spec.environments[named] or nil
  local checked, credentials = {}, {}
  for name, kind in pairs(COMMON) do
    local default = DEFAULTS[name]
    if kind == "url" then
      default = environment and environment[name]
    end
    take(checked, name, kind, default, name == "environment" and environments or kind == "url" and options.allow_http_loopback == true)
  end
  checked.host, checked.shared = checked.host and options.host, checked.shared and options.shared -- themselves, no copies
  checked.credentials = credentials
  local defaults, paths = provider.spec.defaults or {}, provider.path_options
  for name, spec in pairs(provider.options) do
    local default = spec.default
    if default == nil then
      default = defaults[name]
    end
    local value = take(credentials, name, spec.type, default, spec.values)
    local fault = paths[name] and credentials[name] and core.option_fault("url_path", value) or value == nil and spec.required and "is required"
    if fault then
      add(name, fault)
    end
  end
  if options.environment == nil then
    add("environment", "is required: one of " .. table.concat(environments, ", "))
  end
  for _, name in ipairs(environment and { "base_url", provider.spec.token and "token_url" } or {}) do
    if options[name] == nil and environment[name] == nil then
      add(name, "is required: this environment's host for it is not documented")
    end
  end
  if (options.client_cert == nil) ~= (options.client_key == nil) and not options.host then
    add(options.client_cert and "client_key" or "client_cert", "is required: a client certificate has two files")
  end
  check_tables(checked, provider, add)
  if #violations > 0 then
    table.sort(violations, function(a, b)
      return a.path < b.path
    end)
    return nil, errors.violations("config", violations, { provider = provider.name })
  end
  return checked
end

return M
