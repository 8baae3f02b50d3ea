--- Checks a provider's table as a whole and compiles its schemas. docs/providers.md teaches the table.

local core = require "vkyc.core"
local shape = require "vkyc.providers.shape"
local STATES = require("vkyc.states").STATES

local ERROR_KINDS = { auth = true, forbidden = true, not_found = true, conflict = true, bad_request = true, rate_limited = true, server = true }

-- The reply of an operation: the envelope around its fields, or just them.
local function reply_fields(envelope, operation)
  if not envelope or operation.envelope == false then
    return operation.response
  end
  local fields = {}
  for _, names in ipairs { envelope.code, envelope.message or {} } do
    for _, name in ipairs(names) do
      fields[#fields + 1] = { name = name, type = "any" }
    end
  end
  fields[#fields + 1] = { name = envelope.payload, type = "object", fields = operation.response }
  return fields
end

local function by_name(fields)
  local names = {}
  for _, field in ipairs(fields) do
    if type(field) == "table" and type(field.name) == "string" then
      names[field.name] = field
    end
  end
  return names
end

-- Faults of one table, collected with their paths.
local Checker = {}
Checker.__index = Checker

function Checker:fault(path, message)
  self.faults[#self.faults + 1] = { path = path, message = message }
end

function Checker:check(good, path, message)
  if not good then
    self:fault(path, message)
  end
  return good
end

function Checker:shape(schema, value, path)
  local violations = core.check(schema, value)
  for _, violation in ipairs(violations or {}) do
    self:fault(path .. violation.path, violation.message)
  end
  return violations == nil
end

function Checker:fields(fields, path)
  local schema, faults = core.schema(fields)
  for _, fault in ipairs(faults or {}) do
    self:fault(path .. (fault.path:find("^%[") and "" or ".") .. fault.path, fault.message)
  end
  return schema
end

-- `name` must be an option of the provider (nil is left to the shape).
function Checker:option(name, path)
  if name ~= nil then
    self:check(self.options[name], path, "must name an option of this provider")
  end
end

function Checker:states(map, path)
  for word, row in pairs(map or {}) do
    local at = path .. "." .. tostring(word)
    self:check(STATES[type(row) == "table" and row.state or row], at, "must be a state")
    if type(row) == "table" and row.after ~= nil and self:check(type(row.after) == "table", at .. ".after", "must be a table") then
      self:states(row.after, at .. ".after")
    end
  end
end

function Checker:environments(environments)
  for name, environment in pairs(environments) do
    local path = "environments." .. tostring(name)
    if self:check(type(environment) == "table" and name ~= "simulator", path, "must be a table, and not named simulator") then
      for _, key in ipairs { "base_url", "token_url" } do
        local parts, fault
        if type(environment[key]) == "string" then
          parts, fault = core.url(environment[key])
        end
        self:check(environment[key] == nil or parts, path .. "." .. key, fault or "must be a URL")
      end
    end
  end
end

function Checker:auth(parts, token)
  for i, part in ipairs(parts) do
    local path = "auth[" .. i .. "]"
    for header, option in pairs(part.headers or {}) do
      self:option(option, path .. ".headers." .. tostring(header))
    end
    for _, key in ipairs { "token", "id", "key" } do
      self:option(part[key], path .. "." .. key)
    end
    local complete = part.part == "headers" and part.headers
      or part.part == "bearer" and part.token
      or part.part == "rsa_oaep_timestamp" and part.header and part.id and part.key
      or part.part == "oauth_password" and token
    self:check(complete, path, "lacks what its part needs: headers; token; header, id and key; or the provider's `token`")
  end
  for _, name in ipairs(token and token.basic or {}) do
    self:option(name, "token.basic")
  end
  for i, field in ipairs(token and token.form or {}) do
    self:check(field.value or self.options[field.option], "token.form[" .. i .. "]", "must have a value, or the name of an option")
  end
end

function Checker:path(operation, path, names)
  if operation.path_option then
    self:option(operation.path_option, path .. ".path_option")
    return
  end
  if not self:check((operation.path or ""):find("^/"), path .. ".path", "must begin with a slash") then
    return
  end
  for segment in operation.path:gmatch("[^/]+") do
    local name = segment:match("^{(.*)}$")
    if name then
      self:check(names[name], path .. ".path", "names {" .. name .. "}, which is no request field")
    else
      self:check(segment:find("^[%w%-._~]+$") and not segment:find("^%.%.?$"), path .. ".path", "has a segment that is not plain")
    end
  end
end

-- Names of the fields that say whom a call is about.
local function ids_of(fields)
  local ids = {}
  for _, field in ipairs(fields) do
    if type(field) == "table" and (field.type == "id" or field.type == "int64") then
      ids[#ids + 1] = field.name
    end
  end
  return ids
end

function Checker:operation(name, operation, provider)
  local path = "operations." .. tostring(name)
  if
    not self:check(type(name) == "string" and name:find("^[%a_][%w_]*$"), path, "must be named like a method")
    or not self:check(type(operation) == "table", path, "must be a table")
    or not self:shape(shape.operation, operation, path .. ".")
  then
    return nil
  end
  local names = by_name(operation.request)
  self:path(operation, path, names)
  self:option(operation.repeats_option, path .. ".repeats_option")
  local key = operation.key
  self:check(key == nil or names[key], path .. ".key", "must name a request field")
  self:check(key or operation.repeats ~= "keyed", path .. ".key", "is required: the field that makes a repeat recognisable")
  for _, reader in ipairs { "read_back", "check" } do
    local read = operation[reader] and provider.operations[operation[reader]]
    self:check(operation[reader] == nil or (type(read) == "table" and read.repeats == "safe"), path .. "." .. reader, "must name a safe operation")
  end
  for field, option in pairs(operation.fill or {}) do
    self:check(names[field], path .. ".fill." .. tostring(field), "is no request field")
    self:option(option, path .. ".fill." .. tostring(field))
  end
  local spellings = { key }
  local also = key and names[key] and names[key].also
  for _, other in ipairs(type(also) == "table" and also or {}) do
    spellings[#spellings + 1] = other
  end
  return {
    name = name,
    spec = operation,
    request = self:fields(operation.request, path .. ".request"),
    reply = self:fields(reply_fields(provider.envelope, operation), path .. ".response"),
    key_spellings = spellings,
    ids = ids_of(operation.request),
  }
end

---@param provider table
---@return table|nil compiled { name, spec, options, operations, error_reply, event }
---@return table[] faults of { path, message }, all of them
return function(provider)
  local self = setmetatable({ faults = {}, options = by_name(type(provider.options) == "table" and provider.options or {}) }, Checker)
  local compiled = { name = provider.name, spec = provider, options = self.options, operations = {} }
  if self:shape(shape.provider, provider, "") then
    self:environments(provider.environments)
    self:auth(provider.auth, provider.token)
    self:states((provider.states or {}).table, "states.table")
    self:states((provider.states or {}).events, "states.events")
    self:option((provider.webhook or {}).secret, "webhook.secret")
    for key, row in pairs(provider.errors.map or {}) do
      local kind = type(row) == "table" and row.kind or row
      self:check(ERROR_KINDS[kind], "errors.map." .. tostring(key), "must be one of auth, forbidden, not_found, conflict, bad_request, rate_limited, server")
    end
    self:check(next(provider.operations), "operations", "must have at least one")
    for name, operation in pairs(provider.operations) do
      compiled.operations[name] = self:operation(name, operation, provider)
    end
    for alias, name in pairs(provider.aliases or {}) do
      self:check(provider.operations[name] and not provider.operations[alias], "aliases." .. tostring(alias), "must name an operation, and not be one")
    end
    local errors = {}
    for _, names in ipairs { provider.errors.type or {}, provider.errors.code or {}, provider.errors.message or {} } do
      for _, name in ipairs(names) do
        errors[name] = { name = name, type = "any" }
      end
    end
    local error_fields = {}
    for _, field in pairs(errors) do
      error_fields[#error_fields + 1] = field
    end
    compiled.error_reply = self:fields(error_fields, "errors")
    if provider.webhook then
      compiled.event = self:fields({
        { name = provider.webhook.type, type = "string", strict = true },
        { name = provider.webhook.data, type = "object", fields = provider.webhook.fields },
      }, "webhook.fields")
    end
  end
  table.sort(self.faults, function(a, b)
    return a.path < b.path
  end)
  return #self.faults == 0 and compiled or nil, self.faults
end
