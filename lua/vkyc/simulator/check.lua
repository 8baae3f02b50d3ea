--- Checks the fields of a request against the provider's table, as strictly as the documentation reads.

local json = require "vkyc.simulator.json"

local M = {}

local function length(text)
  return select(2, text:gsub("[^\128-\191]", ""))
end

local function one_of(values, value)
  for _, allowed in ipairs(values) do
    if allowed == value then
      return true
    end
  end
  return false
end

-- Each answers whether the value is of the type, and else the rule that is broken.
local TYPES = {}

function TYPES.string(value, field)
  return type(value) == "string" or (field.number_too and type(value) == "number")
end

function TYPES.id(value, field)
  if type(value) ~= "string" then
    return false
  end
  if length(value) > (field.max or 50) then
    return false, "too_long"
  end
  return value:find("^[%w._-]+$") ~= nil, "value"
end

function TYPES.int(value, _, in_query)
  return json.integer(value, in_query) ~= nil
end
TYPES.int64 = TYPES.int

function TYPES.number(value, _, in_query)
  return type(value) == "number" or json.integer(value) ~= nil or (in_query and tonumber(value) ~= nil)
end

function TYPES.boolean(value)
  return type(value) == "boolean"
end

function TYPES.date(value)
  return type(value) == "string", "value"
end
TYPES.datetime = TYPES.date

function TYPES.url(value)
  return type(value) == "string" and value:find("^https?://%S+$") ~= nil, "value"
end

function TYPES.phone(value)
  if type(value) ~= "string" then
    return false
  end
  return value:find("^%d%d%d%d%d%d%d%d%d%d$") ~= nil, "value"
end

function TYPES.enum(value, field)
  if type(value) ~= "string" then
    return false
  end
  return one_of(field.values, value), "value"
end

function TYPES.array(value)
  return type(value) == "table" and (#value > 0 or next(value) == nil)
end

function TYPES.object(value)
  return type(value) == "table" and #value == 0
end

function TYPES.any()
  return true
end

local check_fields

-- Values of the sequence field must be exactly 1..n, in any position.
local function in_sequence(items, name)
  local seen = {}
  for _, item in ipairs(items) do
    local order = type(item) == "table" and json.integer(item[name])
    if not order or seen[order] then
      return false
    end
    seen[order] = true
  end
  for i = 1, #items do
    if not seen[string.format("%d", i)] then
      return false
    end
  end
  return true
end

local function check_value(field, value, path, found, options)
  local function add(rule)
    found[#found + 1] = { path = path, name = field.name, rule = rule }
  end
  local fits, rule = (TYPES[field.type] or TYPES.any)(value, field, options.in_query)
  if not fits then
    return add(rule or "type")
  end
  local size = type(value) == "string" and length(value) or field.type == "array" and #value or type(value) == "number" and value or nil
  if size and field.min and size < field.min then
    return add(size == 0 and "missing" or "too_short")
  elseif size and field.max and size > field.max then
    return add("too_long")
  elseif field.required and value == "" then
    return add("missing")
  end
  if field.type == "object" and field.fields then
    check_fields(field.fields, value, path .. ".", found, options)
  elseif field.type == "array" and field.items then
    for i = 1, #value do
      check_value(field.items, value[i], path .. "[" .. i .. "]", found, options)
    end
    if field.sequence and not in_sequence(value, field.sequence) then
      add("sequence")
    end
  end
end

function check_fields(fields, values, prefix, found, options)
  local known = {}
  for _, field in ipairs(fields) do
    known[field.name] = true
    local value = values[field.name]
    if value == nil or value == json.null then
      if field.required then
        found[#found + 1] = { path = prefix .. field.name, name = field.name, rule = "missing" }
      end
    else
      check_value(field, value, prefix .. field.name, found, options)
    end
  end
  if not options.accept_unknown then
    for name in pairs(values) do
      if not known[name] then
        found[#found + 1] = { path = prefix .. tostring(name), name = tostring(name), rule = "unknown" }
      end
    end
  end
end

--- Checks what came.
---@param operation table the provider's operation
---@param values table what was read from body or query
---@param options { in_query: boolean, accept_unknown: boolean }
---@return table[] violations { path, name, rule }: missing, type, value, too_short, too_long, sequence, unknown, one_of
function M.request(operation, values, options)
  local found = {}
  check_fields(operation.request or {}, values, "", found, options)
  if operation.one_of then
    local given = false
    for _, name in ipairs(operation.one_of) do
      given = given or (values[name] ~= nil and values[name] ~= json.null and values[name] ~= "")
    end
    if not given then
      found[#found + 1] = { path = table.concat(operation.one_of, "|"), name = operation.one_of[1], rule = "one_of" }
    end
  end
  return found
end

return M
