--- What fuzz/schema_fuzz.c does with the bytes of an input: they choose a schema (the shipped providers' too), and then an answer to decode,
-- a table to encode, or a refusal to describe. What is returned raises when a promise is broken:
--   what is decoded has the types of its schema, or says where it has not; every digit is kept; written and read again, it is the same
--   what is encoded is read back equal; core.check and core.request agree; a URL is printable and begins with its base
--   no violation, failure or error holds a value of the input
local core = require "vkyc.core"

local BASE = "https://api.example.com/v1"
-- In nearly every text of an input; no schema and no sentence of ours holds it.
local CANARY = "k3yC4n4ry"
local TYPES = {
  "string", "id", "int", "int64", "number", "boolean", "date", "datetime", "url", "phone", "enum", "enum_model", "array", "object", "any",
}
local NAMES = { "user_id", "order", "a", "b", "amount", "Name", "x-y", "items", "reference_id", "status", "link", "q" }
local WORDS = { "SMS", "WHATSAPP", "verified", "0" }

local Bytes = {}
Bytes.__index = Bytes

-- The next byte, 0 behind the end.
function Bytes:next()
  self.at = self.at + 1
  return self.data:byte(self.at) or 0
end

function Bytes:pick(list)
  return list[self:next() % #list + 1]
end

-- True in one of n.
function Bytes:one_in(n)
  return self:next() % n == n - 1
end

function Bytes:text()
  local size = self:next() % 24
  local text = self.data:sub(self.at + 1, self.at + size)
  self.at = self.at + size
  return text
end

local make_fields

local function make_field(bytes, depth)
  local kind = depth > 4 and "string" or bytes:pick(TYPES)
  local field = { type = kind }
  local flags = bytes:next()
  field.required = flags % 2 == 1 or nil
  field.sensitive = flags % 4 >= 2 or nil
  field.strict = flags % 8 >= 4 or nil
  if flags >= 128 then
    field.min = bytes:next() % 12
    field.max = flags % 128 >= 64 and field.min + bytes:next() or nil
  end
  if kind == "enum" or (kind == "string" and flags % 64 >= 48) then
    field.values = { bytes:pick(WORDS), bytes:pick(WORDS) }
  end
  if kind == "string" and flags % 32 >= 24 then
    field.charset = bytes:pick { "id", "digits", "alphanumeric", "printable" }
    field.number_too = flags % 64 >= 32 or nil
  end
  if kind == "array" and flags % 32 >= 8 then
    field.items = make_field(bytes, depth + 1)
    local first = type(field.items.fields) == "table" and field.items.fields[1]
    if first and first.type == "int" then
      field.sequence = first.name
    end
  elseif kind == "object" and flags % 32 >= 8 then
    field.fields = make_fields(bytes, depth + 1)
  end
  if flags % 16 == 15 then -- a schema with a fault
    field[bytes:pick { "min", "also", "fields", "name", "sequence", "other" }] = bytes:pick { -1, "SMS", true, {}, 0 / 0 }
  end
  return field
end

function make_fields(bytes, depth)
  local fields, used = {}, {}
  for _ = 1, bytes:next() % 6 do
    local field = make_field(bytes, depth)
    local name = bytes:pick(NAMES)
    if not used[name] or bytes:one_in(64) then
      used[name] = true
      field.name = field.name or name
      field.also = field.also or (bytes:one_in(8) and { name .. "Too", "Z" .. name } or nil)
      fields[#fields + 1] = field
    end
  end
  return fields
end

-- An answer, or a value of a request, is made twice: as the text of JSON, and as a table.

local NUMBERS = {
  "0", "-0", "1", "2", "3", "-1", "1.5", "1e3", "1E-7", "9007199254740991", "9007199254740992", "9007199254740993", "-9007199254740993",
  "12345678901234567890", "18446744073709551616", "0.1", "1e22", "1e-320", "123456789.123456789", "1e308", "1e400", "5e-324",
}

local function quote(bytes, text)
  local escape = bytes:one_in(8)
  return '"' .. text:gsub('[%c"\\]', function(c)
    return ("\\u%04x"):format(c:byte())
  end):gsub("^%a", function(c)
    return escape and ("\\u%04X"):format(c:byte()) or c
  end) .. '"'
end

local function text_of(bytes, kind, values)
  if kind == "enum" or values then
    return bytes:one_in(8) and CANARY or bytes:pick(values or WORDS)
  elseif kind == "id" then
    return CANARY .. bytes:next()
  elseif kind == "date" then
    return bytes:pick { "2026-06-08", "08-06-2026", "2026-02-29", CANARY }
  elseif kind == "datetime" then
    return bytes:pick { "2026-06-08T10:00:00Z", "2026-06-08 10:00:00", "2026-06-08T10:00:00.123+05:30", CANARY }
  elseif kind == "url" then
    return bytes:pick { "https://" .. CANARY .. ".example/x?y=z", "http://h", "javascript:" .. CANARY }
  elseif kind == "phone" then
    return bytes:pick { "9988776655", "+919988776655", CANARY }
  elseif kind == "enum_model" then
    return "EnumModel(name=" .. CANARY .. ", label=null, description=" .. bytes:text() .. ")"
  end
  return CANARY .. bytes:text()
end

local TEXTS = { string = true, id = true, date = true, datetime = true, url = true, phone = true, enum = true, enum_model = true }

local json_of

local function json_object(bytes, fields, depth)
  local members = {}
  for _, field in ipairs(fields) do
    if not bytes:one_in(6) then
      members[#members + 1] = quote(bytes, field.name) .. ":" .. json_of(bytes, field, depth + 1)
    end
  end
  if bytes:one_in(4) then
    members[#members + 1] = quote(bytes, "more" .. bytes:text()) .. ":" .. json_of(bytes, { type = "any" }, depth + 1)
  end
  return "{" .. table.concat(members, ",") .. "}"
end

function json_of(bytes, field, depth)
  local kind = field.type
  if kind == "any" or bytes:one_in(12) then
    kind = bytes:pick { "null", "string", "number", "boolean", "array", "object", "deep" }
  end
  if kind == "null" then
    return "null"
  elseif kind == "boolean" then
    return bytes:one_in(2) and "true" or "false"
  elseif kind == "int" or kind == "number" or kind == "int64" then
    return kind == "int64" and bytes:one_in(2) and '"1234567890123456789"' or bytes:pick(NUMBERS)
  elseif kind == "array" then
    local items = {}
    for i = 1, depth < 8 and bytes:next() % 20 or 0 do
      items[i] = json_of(bytes, field.items or { type = "any" }, depth + 1)
    end
    return "[" .. table.concat(items, ", ") .. "]"
  elseif kind == "object" then
    return json_object(bytes, field.fields or {}, depth)
  elseif kind == "deep" then
    local levels = bytes:next() % 36
    return ("["):rep(levels) .. "1" .. ("]"):rep(levels)
  end
  return quote(bytes, text_of(bytes, kind, field.values))
end

local value_of

local function object_of(bytes, fields, depth)
  local object = {}
  for _, field in ipairs(fields) do
    if not bytes:one_in(8) then
      object[field.also and bytes:one_in(2) and field.also[1] or field.name] = value_of(bytes, field, depth + 1)
    end
  end
  if bytes:one_in(16) then
    object[bytes:pick { "usr_id", "nothing", CANARY, 1, true, bytes:text() }] = value_of(bytes, { type = "any" }, depth + 1)
  end
  return object
end

local SCALARS = { core.null, 0, 1, -5, 0.1, 2 ^ 53, 2 ^ 53 - 1, 1e22, 1e-7, 1 / 0, 0 / 0, true, false, core.array {}, print, CANARY .. "\0" }

function value_of(bytes, field, depth)
  local kind = field.type
  if kind == "any" or bytes:one_in(12) then
    kind = bytes:pick { "scalar", "string", "int", "array", "object", "deep" }
  end
  if kind == "scalar" then
    return bytes:pick(SCALARS)
  elseif kind == "boolean" then
    return bytes:one_in(2)
  elseif kind == "int" or kind == "number" then
    return (bytes:next() - 100) / (kind == "number" and 7 or 1)
  elseif kind == "int64" then
    return bytes:pick { "1234567890123456789", "-1", "007", CANARY, 12, 2 ^ 53 - 1 }
  elseif kind == "array" then
    local items = core.array {}
    for i = 1, depth < 8 and bytes:next() % 50 or 0 do
      local item = value_of(bytes, field.items or { type = "any" }, depth + 1)
      if field.sequence and type(item) == "table" and not bytes:one_in(8) then
        item[field.sequence] = i
      end
      items[i] = item
    end
    return items
  elseif kind == "object" then
    return object_of(bytes, field.fields or {}, depth)
  elseif kind == "deep" then
    local value = 1
    for _ = 1, bytes:next() % 36 do
      value = { value }
    end
    return value
  end
  return text_of(bytes, kind, field.values)
end

-- Whether a table that was written is what was read: null is nil, integers may have become their digits, and a field may have been given
-- under another spelling.
local function equal(written, read, field)
  if written == core.null then
    return read == nil
  elseif type(written) == "number" then
    return tonumber(read) == written
  elseif type(written) ~= "table" or type(read) ~= "table" then
    return written == read
  end
  local inner = {}
  for _, each in ipairs(field and field.fields or {}) do
    inner[each.name] = each
    for _, other in ipairs(each.also or {}) do
      inner[other] = each
    end
  end
  local left = 0
  for key, value in pairs(written) do
    local known = inner[key] or (type(key) == "number" and field and field.items) or nil
    local name = inner[key] and known.name or key
    if not equal(value, read[name], known) then
      return false
    end
    left = left + (value == core.null and 0 or 1)
  end
  for _ in pairs(read) do
    left = left - 1
  end
  return left == 0
end

local function clean(text, what)
  assert(type(text) == "string", what)
  assert(not text:lower():find(CANARY:lower(), 1, true), what)
end

local RIGHT = {
  int = function(value)
    return type(value) == "number" and value % 1 == 0
  end,
  int64 = function(value)
    return type(value) == "string"
  end,
  number = function(value)
    return type(value) == "number"
  end,
  boolean = function(value)
    return type(value) == "boolean"
  end,
  array = function(value)
    return type(value) == "table"
  end,
  enum_model = function(value)
    return type(value) == "string" or type(value) == "table"
  end,
  any = function()
    return true
  end,
}
RIGHT.object = RIGHT.array

-- The value has the type of its field, or its path is one of `mismatched`; and so on below it.
local function conforms(field, value, path, mismatched)
  local right = TEXTS[field.type] and type(value) == "string"
  if RIGHT[field.type] then
    right = RIGHT[field.type](value)
  end
  assert(right or (mismatched[path] and not field.strict), "a field of the wrong type, unnoticed")
  if not right or type(value) ~= "table" then
    return
  end
  for _, inner in ipairs(field.fields or {}) do
    if value[inner.name] ~= nil then
      conforms(inner, value[inner.name], path .. (path ~= "" and "." or "") .. inner.name, mismatched)
    end
  end
  for i = 1, field.items and 20 or 0 do
    if value[i] ~= nil then
      conforms(field.items, value[i], path .. "[" .. i .. "]", mismatched)
    end
  end
end

-- No integer is beyond what every VM holds: those are texts of digits.
local function exact(value)
  if type(value) == "table" then
    for _, each in pairs(value) do
      exact(each)
    end
  elseif type(value) == "number" and rawget(math, "type") and rawget(math, "type")(value) == "integer" then
    assert(value > -2 ^ 53 and value < 2 ^ 53, "an integer that LuaJIT would not hold")
  end
end

local function check_violations(violations)
  assert(type(violations) == "table" and #violations >= 1 and #violations <= 64, "violations")
  for _, violation in ipairs(violations) do
    clean(violation.path, "a violation's path")
    clean(violation.rule, "a violation's rule")
    clean(violation.message, "a violation's message")
  end
end

local function decode(schema, fields, text)
  local result, other = schema:decode(text)
  if not result then
    assert(other.kind == "decode" or other.kind == "schema", "a failure's kind")
    clean(other.reason, "a failure's reason")
    clean(other.path or "", "a failure's path")
    assert(other.offset == nil or (other.offset >= 0 and other.offset <= #text), "a failure's offset")
    return nil, other
  end
  exact(result)
  local mismatched, count = {}, 0
  for _, path in ipairs(other or {}) do
    clean(path, "a mismatch's path")
    mismatched[path] = true
    count = count + 1
  end
  if count < 64 then
    conforms({ type = "object", fields = fields }, result, "", mismatched)
  end
  return result
end

-- Writes what was read as it is, and reads it again.
local function again(schema, fields, text, result)
  local request, violations = core.raw_request("POST", BASE, "/x", nil, result)
  if not request then
    -- Holes that null left in arrays, and NUL, cannot be written.
    assert(text:find("null", 1, true) or text:find("\\u0000", 1, true) or #text > 4096, violations[1].message)
    return
  end
  local body = request:export().body
  local second = decode(schema, fields, body)
  assert(second and equal(result, second), "an answer that is written and read again is another")
end

local function do_decode(bytes, schema, fields)
  local text = bytes:one_in(8) and bytes.data:sub(bytes.at + 1) or json_object(bytes, fields, 0)
  if bytes:one_in(16) then -- damaged
    local at = bytes:next() % (#text + 1)
    text = text:sub(1, at) .. bytes:text() .. text:sub(at + 1 + bytes:next() % 3)
  end
  local result = decode(schema, fields, text)
  if result then
    again(schema, fields, text, result)
  end
end

local function do_encode(bytes, schema, fields)
  local params = object_of(bytes, fields, 0)
  local extra = bytes:one_in(8) and object_of(bytes, bytes:one_in(2) and fields or {}, 0) or nil
  local violations = core.check(schema, params)
  local request, found = core.request("POST", BASE, "/x", schema, params, extra)
  if violations then
    check_violations(violations)
  end
  assert(extra or (violations == nil) == (request ~= nil), "core.check and core.request disagree")
  assert(not violations or not request, "a request with violations")
  if not request then
    check_violations(found)
  elseif not extra then
    local body = request:export().body
    local result, failure = decode(schema, fields, body)
    -- A number where a text is strict can be sent, but not come back.
    assert(result or (failure.kind == "schema" and failure.path), "an encoded request cannot be read")
    assert(not result or equal(params, result, { fields = fields }), "an encoded request is read as another")
  end
  local first = fields[1] and fields[1].name or nil
  for _, method in ipairs { "GET", "PUT" } do
    local path = first and bytes:one_in(2) and "/x/{" .. first .. "}/y" or "/x"
    request, found = core.request(method, BASE, path, schema, params, extra)
    if request then
      local url = request:export().url
      assert(url:find(BASE .. "/x", 1, true) == 1 and not url:find("[^%w%-._~:/?&=%%!$'()*+,;@]") and not url:find("/../", 1, true), "a URL")
    else
      check_violations(found)
    end
  end
  for _, value in ipairs(schema:sensitive(params, { secret = core.secret(CANARY) }, bytes:text())) do
    assert(type(value) == "string" or type(value) == "userdata", "a sensitive value")
  end
end

local function do_refuse(bytes, schema, fields, spec)
  local response = core.response(4096)
  local body = json_object(bytes, fields, 0)
  local headers = {
    ["content-type"] = bytes:pick { "application/json", "text/" .. CANARY, CANARY },
    ["x-request-id"] = bytes:pick { "req-1", CANARY, bytes:text() },
    ["retry-after"] = bytes:pick { "5", "Sun, 06 Nov 1994 08:49:37 GMT", bytes:text() },
    [bytes:pick { "x-a", "", CANARY, bytes:text() }] = bytes:pick { bytes:text(), { "1", CANARY }, true, 5 },
  }
  local status, failure = response:fill(bytes:pick { 200, 201, 302, 400, 401, 404, 409, 422, 429, 500, 503, 99, 100, 200.5, 600 }, headers, body)
  if not status then
    clean(failure.reason, "a failure's reason")
    return
  end
  local result, fault = schema:decode(response)
  local sensitive = schema:sensitive({}, nil, CANARY)
  local said = bytes:text() .. CANARY:upper() .. bytes:text()
  local told
  if fault and not result then
    told = core.unreadable(response, sensitive, fault)
  else
    for _, names in ipairs { "code", "type", "message" } do
      for _, name in ipairs(spec.errors and spec.errors[names] or {}) do
        result[name] = bytes:pick { said, CANARY, "NOT_FOUND", 404, 1e22, true, {} }
      end
    end
    told = core.refusal(response, sensitive, spec, result, bytes:pick { 0, 1780857000, 1e18, -1e18, 0 / 0 }, bytes:one_in(4) and said or nil)
  end
  for key, value in pairs(told) do
    clean(key, "a key of an error")
    if type(value) == "string" then
      clean(value, "a field of an error")
    end
    assert(type(value) ~= "table", "a table in an error")
  end
  local facts = { core.facts(response, spec.rate_limit, sensitive) }
  clean(facts[2] or "", "a request id")
end

-- The schemas that do not come from the input.
local function fixed()
  local every, list = {}, {}
  for i, kind in ipairs(TYPES) do
    every[i] = { name = NAMES[i] or "field" .. i, type = kind, values = kind == "enum" and WORDS or nil, sensitive = i % 2 == 0 }
  end
  local item = { type = "object", fields = { { name = "order", type = "int", required = true }, { name = "answer", type = "string", min = 1 } } }
  every[#every + 1] = { name = "questions", type = "array", min = 1, max = 60, sequence = "order", items = item }
  every[#every + 1] = { name = "inner", type = "object", fields = { { name = "link", type = "url", strict = true, sensitive = true } } }
  list[1] = every
  for _, name in ipairs(require "vkyc.providers.shipped") do
    local spec = require("vkyc.providers." .. name)
    local names = {}
    for operation in pairs(spec.operations) do
      names[#names + 1] = operation
    end
    table.sort(names)
    for _, operation in ipairs(names) do
      list[#list + 1] = spec.operations[operation].request
      list[#list + 1] = spec.operations[operation].response
    end
    list.specs = list.specs or {}
    list.specs[#list.specs + 1] = spec
  end
  return list
end

local FIXED = fixed()
local COMPILED = {}
for i, fields in ipairs(FIXED) do
  COMPILED[i] = assert(core.schema(fields))
end

local function run(data)
  local bytes = setmetatable({ data = data, at = 0 }, Bytes)
  local which = bytes:next()
  local fields, schema = FIXED[which - 127], COMPILED[which - 127]
  if not schema then
    fields = make_fields(bytes, 0)
    local faults
    schema, faults = core.schema(fields)
    if not schema then
      assert(#faults >= 1)
      for _, fault in ipairs(faults) do
        clean(fault.path, "a fault's path")
        clean(fault.message, "a fault's message")
      end
      return
    end
  end
  assert(#schema:names() == #fields)
  local action = bytes:next() % 4
  if action == 0 then
    do_refuse(bytes, schema, fields, bytes:pick(FIXED.specs))
  elseif action == 1 then
    do_decode(bytes, schema, fields)
  else
    do_encode(bytes, schema, fields)
  end
end

return function(data)
  local ok, trace = xpcall(run, debug.traceback, data)
  if not ok then
    error(trace, 0)
  end
end
