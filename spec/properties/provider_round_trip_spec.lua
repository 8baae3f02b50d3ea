-- Any table that an operation of a shipped provider takes comes back equal after it was written: read by our own reader and by lua-cjson (whose
-- numbers lose digits, so that 64-bit ids are compared with ours only). The same for what the operation answers, nulls and fields
-- that nobody knows included. Values are made from the provider's table, at its bounds and inside.

local cjson = require("cjson").new()
local core = require "vkyc.core"
local provider = require "vkyc.provider"
local seed = require "spec.properties.seed"

local ROUNDS = 60

local LETTERS = { "a", "Z", "0", " ", "\"", "\\", "/", "\n", "\t", "\1", "\127", "é", "र", "€", "\226\128\168", "😀", "\239\191\191", "%", "<" }
local OF_CHARSET = {
  id = "abcXYZ019.-_", digits = "0123456789", alphanumeric = "abcXYZ0189", printable = " !\"#$%&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~",
}

local draw

local function letters_of(charset)
  local all, letters = OF_CHARSET[charset], {}
  for i = 1, all and #all or 0 do
    letters[i] = all:sub(i, i)
  end
  return all and letters or LETTERS
end

-- A text within the field's bounds, often at one of them.
local function text_of(field, letters, least, most)
  local min, max = field.min or least, field.max or math.max(most, field.min or 0)
  local length = draw.pick { min, max, draw(min, max), math.min(max, min + 3) }
  local parts = {}
  for i = 1, math.min(length, 300) do
    parts[i] = draw.pick(letters)
  end
  return table.concat(parts)
end

local function number_of(field, make)
  local value
  repeat
    value = draw.chance(4) and (field.min or field.max) or make()
  until (not field.min or value >= field.min) and (not field.max or value <= field.max)
  return value
end

local function integer()
  return draw.pick { 0, 1, -1, 9007199254740991, -9007199254740991, draw(-2147483, 2147483), draw(0, 67108863) * 67108864 + draw(0, 67108863) }
end

local function double()
  return draw.chance(3) and draw(0, 100000) / 100 or (draw(1, 2147483646) * 2 ^ 22 + draw(0, 4194303)) * 2 ^ draw(-300, 300) * draw.pick { 1, -1 }
end

local function free(depth)
  local kind = draw(1, depth > 2 and 3 or 5)
  if kind == 1 then
    return text_of({}, LETTERS, 0, 20)
  elseif kind == 2 then
    return draw(-1000, 1000)
  elseif kind == 3 then
    return draw.chance(2)
  end
  local value = {}
  for i = 1, draw(1, 4) do
    value[kind == 4 and i or "k" .. i] = free(depth + 1)
  end
  return value
end

-- Stands for a number that lua-cjson cannot hold.
local LOST = {}

local function digits()
  local value = draw.pick { "0", "-1", "9223372036854775807", "-9223372036854775808", "9007199254740993" }
  return draw.chance(2) and value or tostring(draw(1, 9)) .. ("%09d"):format(draw(0, 999999999)):rep(draw(0, 1))
end

local make_object

-- What goes in, what must come out of our reader, and of lua-cjson.
local function make(field)
  local kind = field.type
  if kind == "array" then
    local given, ours, other = {}, {}, {}
    local min = field.min or 0
    for i = 1, draw(min, math.min(field.max or min + 3, min + 3)) do
      if field.items then
        given[i], ours[i], other[i] = make(field.items)
      else
        given[i] = free(1)
        ours[i], other[i] = given[i], given[i]
      end
    end
    if field.sequence then -- 1 to n in any order
      for i = 1, #given do
        local at = draw(1, i)
        for _, list in ipairs { given, ours, other } do
          list[i], list[at] = list[at], list[i]
        end
      end
      for i = 1, #given do
        given[i][field.sequence], ours[i][field.sequence], other[i][field.sequence] = i, i, i
      end
    end
    return given, ours, other
  elseif kind == "object" and field.fields then
    return make_object(field.fields)
  elseif kind == "int64" then
    local value = digits()
    return value, value, LOST
  end
  local value
  if field.values then
    value = draw.pick(field.values)
  elseif kind == "id" then
    value = text_of(field, letters_of("id"), 1, 50)
  elseif kind == "int" then
    value = number_of(field, integer)
  elseif kind == "number" then
    value = number_of(field, double)
  elseif kind == "boolean" then
    value = draw.chance(2)
  elseif kind == "date" then
    value = draw.pick { "2026-06-03", "03-06-2026", "2024-02-29" }
  elseif kind == "datetime" then
    value = draw.pick { "2026-06-03", "2025-05-30T00:00:00.000Z", "2025-05-05T18:01:05+05:30" }
  elseif kind == "url" then
    value = "https://a.example/" .. text_of({}, letters_of("id"), 0, 30) .. draw.pick { "", "?x=1&y=é", "#f" }
  elseif kind == "phone" then
    value = text_of({ min = 10, max = 10 }, letters_of("digits"))
  elseif kind == "enum_model" then
    local text = ("EnumModel(name=%s, label=é, description=)"):format(text_of({}, letters_of("id"), 1, 9))
    value = draw.chance(2) and text or { name = text_of({}, LETTERS, 1, 9) }
  elseif kind == "any" or kind == "object" then
    value = kind == "object" and { a = free(1) } or free(1)
  elseif field.number_too and draw.chance(3) then
    value, draw.mismatch = draw(0, 99999), true -- as an answer it would be another type than documented
  else
    value = text_of(field, letters_of(field.charset), 0, 60)
  end
  return value, value, value
end

function make_object(fields)
  local given, ours, other = {}, {}, {}
  for _, field in ipairs(fields) do
    if field.required or draw.chance(2) then
      local name = field.also and draw.chance(2) and draw.pick(field.also) or field.name
      given[name], ours[field.name], other[field.name] = make(field)
    end
  end
  return given, ours, other
end

-- Where two values differ, or nil.
local function difference(expected, got, path)
  if expected == LOST then
    return type(got) ~= "number" and path or nil
  elseif type(expected) ~= "table" or type(got) ~= "table" then
    return expected ~= got and path or nil
  end
  for key, value in pairs(expected) do
    local found = difference(value, got[key], path .. "." .. tostring(key))
    if found then
      return found
    end
  end
  for key in pairs(got) do
    if expected[key] == nil then
      return path .. "." .. tostring(key) .. " came in addition"
    end
  end
end

local function check_equal(expected, got, reader, body)
  local found = difference(expected, got, "")
  assert(not found, ("%s: %s reads %s differently in %s"):format(draw.name, reader, tostring(found), body))
end

local function written(schema, params)
  local request, violations = core.request("POST", "https://a.example", "/x", schema, params)
  assert(request, draw.name .. ": refused " .. (violations and violations[1].path .. " " .. violations[1].rule or ""))
  return request:export().body
end

-- The JSON of an answer: that of the table, with nulls for some fields that are not there, and fields that nobody knows.
local function embellished(body, fields, present)
  local parts = {}
  for _, field in ipairs(fields) do
    if present[field.name] == nil and draw.chance(2) then
      parts[#parts + 1] = ("%q:null"):format(field.name)
    end
  end
  local inner = body:sub(2, -2)
  parts[#parts + 1] = inner ~= "" and inner or nil
  parts[#parts + 1] = '"unknown_field":{"a":[1,"\\u00e9",true],"null":null}'
  return "{" .. table.concat(parts, draw.pick { ",", " ,\n\t", ", " }) .. "}"
end

for _, name in ipairs { "cashfree_ppi", "cashfree_secure_id", "enkash" } do
  describe("any table of " .. name, function()
    local compiled = assert(provider.load(name))
    local names = {}
    for operation in pairs(compiled.operations) do
      names[#names + 1] = operation
    end
    table.sort(names)

    for at, operation in ipairs(names) do
      local spec = compiled.operations[operation].spec

      it(operation .. ": its request comes back equal", function()
        local schema = compiled.operations[operation].request
        for round = 1, ROUNDS do
          draw = seed.new(at * 1000 + round)
          local given, ours, other = make_object(spec.request)
          local violations = core.check(schema, given)
          assert(not violations, violations and draw.name .. ": refused " .. violations[1].path .. " " .. violations[1].rule)
          local body = written(schema, given)
          local result, mismatches = schema:decode(body)
          assert(not mismatches or draw.mismatch, draw.name)
          check_equal(ours, result, "our reader", body)
          check_equal(other, cjson.decode(body), "lua-cjson", body)
          check_equal(ours, (schema:decode(written(schema, result))), "a second round", body)
        end
      end)

      it(operation .. ": its answer comes back equal", function()
        local schema = assert(core.schema(spec.response))
        for round = 1, ROUNDS do
          draw = seed.new(500000 + at * 1000 + round)
          local given, ours, other = make_object(spec.response)
          local body = embellished(written(schema, given), spec.response, ours)
          local result, mismatches = schema:decode(body)
          assert.is_table(result, draw.name)
          assert.is_nil(mismatches, draw.name)
          ours.unknown_field = { a = { 1, "é", true } }
          check_equal(ours, result, "our reader", body)
          local decoded = cjson.decode(body)
          decoded.unknown_field = nil
          for key, value in pairs(decoded) do
            if value == cjson.null then
              decoded[key] = nil
            end
          end
          other.unknown_field = nil
          check_equal(other, decoded, "lua-cjson", body)
        end
      end)
    end
  end)
end
