--- Checks a provider's table as a whole and compiles its schemas. docs/providers.md teaches the table.

local core = require "vkyc.core"
local COMMON = require("vkyc.options").COMMON
local shape = require "vkyc.providers.shape"
local STATES = require("vkyc.states").STATES

local ERROR_KINDS = { auth = true, forbidden = true, not_found = true, conflict = true, bad_request = true, rate_limited = true, server = true }
-- Methods of every client, which no operation may replace: `webhook` is the one that verifies.
local RESERVED = { call = true, close = true, next_open = true, stats = true, webhook = true }
-- Fields of a message that belong to the transport, or that the client sets itself.
local OWN_HEADERS = {
  ["content-length"] = true, ["transfer-encoding"] = true, host = true, connection = true,
  ["content-type"] = true, accept = true, ["accept-encoding"] = true, ["user-agent"] = true,
}
local IN_URL = { array = true, object = true, any = true, enum_model = true }

local unpack = rawget(_G, "unpack") or rawget(table, "unpack")

local function by_name(fields)
  local names = {}
  for _, field in ipairs(type(fields) == "table" and fields or {}) do
    if type(field) == "table" and type(field.name) == "string" then
      names[field.name] = field
    end
  end
  return names
end

local function each(list)
  return ipairs(type(list) == "table" and list or {})
end

local function map(value)
  return pairs(type(value) == "table" and value or {})
end

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

-- A set of the codes in one or two lists.
local function set_of(list, more)
  local set = {}
  for _, codes in each { list or {}, more or {} } do
    for _, code in each(codes) do
      set[code] = true
    end
  end
  return set
end

-- What a log may show of fields, by their names: true for those that are sensitive, "id" for those that say whom a call is about.
local function add_sensitive(names, fields, key)
  for _, field in each(fields) do
    if type(field) == "table" then
      local is_id = field.type == "id" or field.type == "int64" or field.name == key
      for _, name in each { field.name, unpack(type(field.also) == "table" and field.also or {}) } do
        if type(name) == "string" then
          names[name] = field.sensitive and true or names[name] or is_id and "id" or nil
        end
      end
      add_sensitive(names, field.fields, key)
      add_sensitive(names, type(field.items) == "table" and field.items.fields or nil, key)
    end
  end
end

-- Faults of one table, collected with their paths.
local Checker = {}
Checker.__index = Checker

function Checker:fault(path, message)
  self.faults[#self.faults + 1] = { path = path, rule = "config", message = message }
end

function Checker:check(good, path, message)
  if not good then
    self:fault(path, message)
  end
  return good
end

-- Checks a shape. Returns for each key: true when it is there and well-formed, false when it is faulty, nil when it is not there.
function Checker:shape(schema, value, path)
  local good = {}
  for name in pairs(value) do
    good[name] = true
  end
  for _, violation in ipairs(core.check(schema, value) or {}) do
    local message = violation.message:gsub("a field of this operation; `extra` sends it as it is", "a key of this table")
    message = message:gsub("a field of this operation", "a key of this table")
    self:fault(path .. violation.path, message)
    good[violation.path:match("^[^.%[]*")] = false
  end
  return good
end

function Checker:fields(fields, path)
  local schema, faults = core.schema(fields)
  for _, fault in ipairs(faults or {}) do
    self:fault(path .. ((fault.path == "" or fault.path:find("^%[")) and "" or ".") .. fault.path, fault.message)
  end
  return schema
end

-- `name` must be an option of the provider, of one of `types`.
function Checker:option(name, path, types)
  local option = self.options[name]
  if self:check(option, path, "must name an option of this provider") and types and type(option.type) == "string" then
    self:check(types:find(option.type, 1, true), path, "must name an option of type " .. types)
  end
end

function Checker:states(rows, path, operations)
  for word, row in map(rows) do
    local at = path .. "." .. tostring(word)
    self:check(type(word) == "string" and not word:find("/.*/"), at, "must be \"STATUS/SUB_STATUS\" or \"STATUS\"")
    self:check(STATES[type(row) == "table" and row.state or row], at, "must be a state")
    if type(row) == "table" then
      self:shape(shape.state, row, at .. ".")
      for operation, state in map(row.after) do
        self:check(operations[operation], at .. ".after." .. tostring(operation), "must name an operation")
        self:check(STATES[state], at .. ".after." .. tostring(operation), "must be a state")
      end
    end
  end
end

-- Returns the words that name one, in order.
function Checker:environments(environments)
  local names = {}
  for name, environment in map(environments) do
    names[#names + 1] = tostring(name)
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
  table.sort(names)
  names[#names + 1] = "simulator"
  return names
end

function Checker:auth(parts, token)
  for i, part in each(parts) do
    local path = "auth[" .. i .. "]"
    for header, option in map(part.headers) do
      local at = path .. ".headers." .. (type(header) == "string" and header:gsub("[^%w_-]", "?") or "?")
      self:check(type(header) == "string" and header:find("^[%w!#$%%&'*+%-.^_`|~]+$"), at, "is not a header's name")
      self:check(not OWN_HEADERS[tostring(header):lower()], at, "is a header that the client sets itself")
      self:option(option, at, "string, secret, date")
    end
    if part.part == "headers" then
      self:check(part.headers, path .. ".headers", "is required: header name to option")
    elseif part.part == "bearer" then
      self:option(part.token, path .. ".token", "string, secret")
    elseif part.part == "rsa_oaep_timestamp" then
      self:check(part.header, path .. ".header", "is required")
      self:option(part.id, path .. ".id", "string")
      self:option(part.key, path .. ".key", "path")
    elseif part.part == "oauth_password" then
      self:check(token, path, "needs the provider's `token`: how to log in")
    end
  end
end

function Checker:token(token)
  for i, name in each(token.basic) do
    self:option(name, "token.basic[" .. i .. "]", "string, secret")
  end
  for i, field in each(token.form) do
    local path = "token.form[" .. i .. "]"
    if self:check((field.value == nil) ~= (field.option == nil), path, "must have either a value, or the name of an option") and field.option then
      self:option(field.option, path .. ".option", "string, secret")
    end
  end
end

function Checker:path(operation, path, names)
  if operation.path_option then
    self:check(operation.path == nil, path .. ".path", "must not be given beside path_option")
    self:option(operation.path_option, path .. ".path_option", "string")
    return
  end
  if not self:check((operation.path or ""):find("^/"), path .. ".path", "must begin with a slash") then
    return
  end
  for segment in operation.path:gmatch("[^/]+") do
    local name = segment:match("^{(.*)}$")
    if name then
      self:check(names[name], path .. ".path", "names {" .. name .. "}, which is no request field")
      self:check(not names[name] or not IN_URL[names[name].type], path .. ".path", "names {" .. name .. "}, whose type does not fit into a path")
    else
      self:check(segment:find("^[%w%-._~]+$") and not segment:find("^%.%.?$"), path .. ".path", "has a segment that is not plain")
    end
  end
end

function Checker:operation(name, operation, provider, envelope)
  local path = "operations." .. tostring(name)
  self:check(type(name) == "string" and name:find("^%a[%w_]*$") and not RESERVED[name], path, "must be named like a method that clients do not have already")
  if not self:check(type(operation) == "table", path, "must be a table") then
    return nil
  end
  local good = self:shape(shape.operation, operation, path .. ".")
  if good.path ~= false and good.path_option ~= false then
    self:path(operation, path, by_name(operation.request))
  end
  local request = good.request and self:fields(operation.request, path .. ".request") or nil
  local reply = good.response and self:fields(operation.response, path .. ".response") or nil
  if not (request and reply) then
    return nil
  end
  local names = by_name(operation.request)
  if operation.method == "GET" or operation.method == "DELETE" then
    for field, spec in pairs(names) do
      self:check(not IN_URL[spec.type], path .. ".request." .. field, "has a type that does not fit into a query")
    end
  end
  if good.repeats_option then
    self:option(operation.repeats_option, path .. ".repeats_option", "boolean")
  end
  local key = operation.key
  self:check(key == nil or names[key], path .. ".key", "must name a request field")
  self:check(key or operation.repeats ~= "keyed", path .. ".key", "is required: the field that makes a repeat recognisable")
  for _, reader in ipairs { "read_back", "check" } do
    local read = operation[reader] and provider.operations[operation[reader]]
    local safe = self:check(operation[reader] == nil or (type(read) == "table" and read.repeats == "safe"), path .. "." .. reader, "must name a safe operation")
    if reader == "read_back" and safe and read and key then
      self:check(by_name(read.request)[key], path .. ".read_back", "must name an operation that takes the key field " .. tostring(key))
    end
  end
  for i, field in each(good.one_of and operation.one_of or nil) do
    self:check(names[field], path .. ".one_of[" .. i .. "]", "is no request field")
  end
  for field, option in map(operation.fill) do
    self:check(names[field], path .. ".fill." .. tostring(field), "is no request field")
    self:option(option, path .. ".fill." .. tostring(field), "string")
  end
  local reader = provider.operations[operation.read_back or false]
  local spellings = { key }
  for _, other in each(key and names[key] and names[key].also) do
    spellings[#spellings + 1] = other
  end
  return {
    name = name,
    spec = operation,
    request = request,
    reply = envelope and core.schema(reply_fields(envelope, operation)) or reply,
    key_spellings = spellings,
    exists = set_of(operation.exists),
    missing = set_of(operation.missing, type(reader) == "table" and reader.missing or nil), -- of this operation, or of the one that reads it back
    ids = ids_of(operation.request),
  }
end

-- Fields that states speak of must be fields of some answer, or nothing would ever be read from them.
function Checker:state_fields(states, provider)
  local known = by_name(type(provider.webhook) == "table" and provider.webhook.fields)
  for _, operation in map(provider.operations) do
    for field in pairs(by_name(type(operation) == "table" and operation.response)) do
      known[field] = true
    end
  end
  if next(known) == nil then
    return -- nothing is described
  end
  for _, list in ipairs { "status", "sub_status" } do
    for i, field in each(states[list]) do
      self:check(known[field], "states." .. list .. "[" .. i .. "]", "is no field of any answer")
    end
  end
  for _, name in ipairs { "expires_at", "expires_in_days", "terms" } do
    self:check(states[name] == nil or known[states[name]], "states." .. name, "is no field of any answer")
  end
end

function Checker:webhook(webhook)
  if webhook.secret then
    self:option(webhook.secret, "webhook.secret", "secret")
  end
  local described = by_name(webhook.fields)
  for i, field in each(webhook.fields and webhook.identifies or nil) do
    self:check(described[field], "webhook.identifies[" .. i .. "]", "is not in webhook.fields")
  end
  self:fields(webhook.fields or {}, "webhook.fields")
end

function Checker:errors(errors)
  for key, row in map(errors.map) do
    local path = "errors.map." .. tostring(key)
    self:check(type(key) == "string", path, "must be a code, or an HTTP status as a string: [\"404\"]")
    self:check(ERROR_KINDS[type(row) == "table" and row.kind or row], path,
      "must be auth, forbidden, not_found, conflict, bad_request, rate_limited or server, or { kind = …, hint = … }")
    self:check(type(row) ~= "table" or row.hint == nil or type(row.hint) == "string", path .. ".hint", "must be a sentence")
  end
end

-- The reply of a login: every spelling, at the root and inside of the payload.
local function token_reply(spec)
  local fields = {}
  for _, name in ipairs(spec.access_token) do
    fields[#fields + 1] = { name = name, type = "string", strict = true, sensitive = true }
  end
  for _, name in ipairs(spec.expires_in_s) do
    fields[#fields + 1] = { name = name, type = "number" }
  end
  if spec.payload then
    local inner = {}
    for i, field in ipairs(fields) do
      inner[i] = field
    end
    fields[#fields + 1] = { name = spec.payload, type = "object", fields = inner }
  end
  return core.schema(fields)
end

-- What to do after a refused login: names the options that it is made of.
local function token_hint(spec)
  local names, seen = {}, {}
  local function add(name)
    if name and not seen[name] then
      names[#names + 1], seen[name] = name, true
    end
  end
  for _, name in ipairs(spec.basic or {}) do
    add(name)
  end
  for _, field in ipairs(spec.form) do
    add(field.option)
  end
  local last = table.remove(names) or "the credentials"
  return "Correct " .. (#names > 0 and table.concat(names, ", ") .. " or " or "") .. last .. " (secret:replace sets a new one)"
    .. (spec.locks_out and "; it is not tried again by itself, because a few refused logins lock the account." or ".")
end

local function scalar_fields(lists)
  local names, fields = {}, {}
  for _, list in ipairs(lists) do
    for _, name in ipairs(list) do
      if not names[name] then
        names[name] = true
        fields[#fields + 1] = { name = name, type = "any" }
      end
    end
  end
  return fields
end

---@param provider table
---@return table|nil compiled { name, spec, options, operations, token, error_reply, event, sensitive, path_options, environments }
---@return table[] faults of { path, message }, all of them
return function(provider)
  local self = setmetatable({ faults = {}, options = by_name(provider.options) }, Checker)
  local compiled = { name = provider.name, spec = provider, options = self.options, operations = {}, sensitive = {}, path_options = {} }
  local good = self:shape(shape.provider, provider, "")
  self:check(not good.name or provider.name:find("^[%w_]+$"), "name", "may only have letters, digits and _")
  local seen = {}
  for i, option in each(good.options and provider.options or nil) do
    local path = "options[" .. i .. "].name"
    self:check(option.name:find("^%a[%w_]*$") and not COMMON[option.name], path, "must be a name that vkyc.new has not already")
    self:check(not seen[option.name], path, "is the name of an earlier option")
    seen[option.name] = true
  end
  for name in map(provider.defaults) do
    self:check(self.options[name], "defaults." .. tostring(name), "must name an option of this provider")
  end
  compiled.environments = self:environments(provider.environments)
  local token = good.token and provider.token or nil
  if good.auth then
    self:auth(provider.auth, provider.token)
  end
  if token then
    self:token(token)
  end
  local hours = good.hours and provider.hours or nil
  self:check(not hours or hours.open_h < hours.close_h, "hours.close_h", "must be later than open_h")
  if good.operations then
    self:check(next(provider.operations), "operations", "must have at least one")
    for name, operation in pairs(provider.operations) do
      compiled.operations[name] = self:operation(name, operation, provider, good.envelope and provider.envelope or nil)
      compiled.path_options[type(operation) == "table" and operation.path_option or false] = true
      local key = type(operation) == "table" and operation.key or nil
      add_sensitive(compiled.sensitive, type(operation) == "table" and operation.request, key)
      add_sensitive(compiled.sensitive, type(operation) == "table" and operation.response, key)
    end
    for alias, name in map(provider.aliases) do
      local path = "aliases." .. tostring(alias)
      self:check(type(alias) == "string" and alias:find("^%a[%w_]*$") and not RESERVED[alias], path, "must be a method's name that clients do not have already")
      self:check(provider.operations[name] and not provider.operations[alias], path, "must name an operation, and not be one")
    end
    if good.states then
      self:states(provider.states.table, "states.table", provider.operations)
      self:states(provider.states.events, "states.events", provider.operations)
      self:state_fields(provider.states, provider)
    end
  end
  if good.errors then
    self:errors(provider.errors)
    compiled.error_reply = core.schema(scalar_fields { provider.errors.type or {}, provider.errors.code or {}, provider.errors.message or {} })
  end
  if good.webhook then
    local webhook = provider.webhook
    self:webhook(webhook)
    add_sensitive(compiled.sensitive, webhook.fields)
    compiled.event = core.schema {
      { name = webhook.type, type = "string", strict = true },
      { name = webhook.data, type = "object", fields = webhook.fields },
    }
  end
  if token and #self.faults == 0 then
    compiled.token = { reply = token_reply(token), hint = token_hint(token) }
  end
  table.sort(self.faults, function(a, b)
    return a.path < b.path
  end)
  return #self.faults == 0 and compiled or nil, self.faults
end
