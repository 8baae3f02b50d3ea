-- From a script's tables to the bytes of a body: every violation at once, nothing of the caller's code run, every digit kept (J11, J13).

local core = require "vkyc.core"
local cjson = require("cjson").new()
local ppi = require "vkyc.providers.cashfree_ppi"
local enkash = require "vkyc.providers.enkash"

local BASE = "https://api.example.com"
local MIB = 1024 * 1024

local function schema(fields)
  return assert(core.schema(fields))
end

--- The body of a POST, or nil and the violations.
local function encode(compiled, params, extra, max_body)
  local request, violations = core.request("POST", BASE, "/x", compiled, params, extra, max_body)
  if not request then
    return nil, violations
  end
  local body = request:export().body
  request:close()
  return body
end

--- Violations as lines "path: rule", sorted.
local function broken(compiled, params, extra)
  local body, violations = encode(compiled, params, extra)
  assert.is_nil(body, body)
  local lines = {}
  for i, violation in ipairs(violations) do
    assert.equal("string", type(violation.message))
    lines[i] = violation.path .. ": " .. violation.rule
  end
  table.sort(lines)
  return lines
end

local function message(compiled, params, extra)
  local _, violations = encode(compiled, params, extra)
  assert.equal(1, #violations)
  return violations[1].message
end

local function one(field)
  field.name = "v"
  return schema { field }
end

local function is_float_vm()
  return math.type == nil
end

describe("a documented request", function()
  local initiate = schema(ppi.operations.initiate.request)

  it("is written in the order of the schema", function()
    local questions = { { answer = "Blue", order = 1, question = "Colour?" } }
    for _ = 1, 5 do
      assert.equal('{"user_id":"USER827364","verification_id":"TestVkycVerification","notification_modes":["SMS","WHATSAPP"],'
        .. '"security_questions":[{"order":1,"question":"Colour?","answer":"Blue"}]}',
        encode(initiate, {
          security_questions = questions,
          verification_id = "TestVkycVerification",
          notification_modes = { "SMS", "WHATSAPP" },
          user_id = "USER827364",
        }))
    end
  end)

  it("is the same bytes whatever the order of the script's keys", function()
    local fields, names = {}, {}
    for i = 1, 60 do
      names[i] = ("field_%02d"):format(i)
      fields[i] = { name = names[i], type = "int" }
    end
    local wide = schema(fields)
    local expected = {}
    for i = 1, 60 do
      expected[i] = ('"%s":%d'):format(names[i], i)
    end
    expected = "{" .. table.concat(expected, ",") .. "}"
    for step = 1, 59, 7 do
      local params = {}
      for i = 0, 59 do
        local at = (i * step * 2 + i) % 60 + 1
        params[names[at]] = at
      end
      for i = 1, 60 do
        params[names[i]] = i
      end
      assert.equal(expected, encode(wide, params))
    end
  end)

  it("tells everything that is wrong, with its path", function()
    local lines = broken(initiate, {
      user_id = "has space",
      notification_modes = { "SMS", "PIGEON", 5 },
      security_questions = { { order = 1, question = "q" }, { order = "2", question = "q", answer = 7 }, "three" },
      verificaton_id = "x",
    })
    assert.same({
      "notification_modes[2]: value",
      "notification_modes[3]: type",
      "security_questions[1].answer: required",
      "security_questions[2].answer: type",
      "security_questions[2].order: type",
      "security_questions[3]: type",
      "user_id: charset",
      "verification_id: required",
      "verificaton_id: unknown",
    }, lines)
    assert.is_nil(core.check(initiate, { user_id = "a", verification_id = "b" }))
    assert.equal("verification_id", core.check(initiate, { user_id = "a" })[1].path)
  end)

  it("never shows a value", function()
    local secret = "ABCPE1234F <secret>"
    local compiled = schema {
      { name = "a", type = "id" }, { name = "b", type = "enum", values = { "x" } }, { name = "c", type = "int64" },
      { name = "d", type = "phone" }, { name = "e", type = "string", max = 3 }, { name = "f", type = "date" }, { name = "g", type = "url" },
    }
    local params = { [secret] = 1 }
    for _, name in ipairs { "a", "b", "c", "d", "e", "f", "g" } do
      params[name] = secret
    end
    local _, violations = encode(compiled, params, { [secret] = print })
    assert.equal(9, #violations)
    for _, violation in ipairs(violations) do
      assert.is_nil((violation.path .. violation.message):find("ABCPE", 1, true))
    end
  end)
end)

describe("violations", function()
  it("are listed to 64 and counted beyond", function()
    local list = one { type = "array", items = { type = "string" } }
    local function bad(count)
      local items = {}
      for i = 1, count do
        items[i] = i
      end
      return select(2, encode(list, { v = items }))
    end
    assert.equal(64, #bad(64))
    assert.is_nil(bad(64).more)
    assert.equal(64, #bad(65))
    assert.equal(1, bad(65).more)
    assert.equal(936, bad(1000).more)
    assert.equal("v[64]", bad(1000)[64].path)
  end)

  it("have paths that are cut and not overrun", function()
    local fields = { { name = "leaf", type = "int" } }
    for _ = 1, 20 do
      fields = { { name = ("n"):rep(40), type = "object", fields = fields } }
    end
    local params = { leaf = "x" }
    for _ = 1, 20 do
      params = { [("n"):rep(40)] = params }
    end
    local _, violations = encode(schema(fields), params)
    assert.equal(255, #violations[1].path)
  end)

  it("suggest the nearest name", function()
    local compiled = schema { { name = "user_id", type = "id" }, { name = "phone", type = "phone" } }
    assert.equal("is not a field of this operation; did you mean user_id?", message(compiled, { userid = "x" }))
    assert.equal("is not a field of this operation; `extra` sends it as it is", message(compiled, { colour = "x" }))
    assert.equal("has a key that is not a string", message(compiled, { "x" }))
    local long = schema { { name = ("n"):rep(64), type = "id" } }
    assert.equal("is not a field of this operation; did you mean " .. ("n"):rep(64) .. "?", message(long, { [("n"):rep(63)] = "x" }))
    assert.same({ "?: unknown" }, broken(compiled, { [("user_id"):rep(10000)] = 1 }))
    assert.same({ "?: unknown" }, broken(compiled, { ["user_id\0"] = 1 }))
    assert.same({ "?: unknown" }, broken(compiled, { ["a\r\nb"] = 1 }))
    assert.same({ "?: unknown" }, broken(compiled, { [{}] = 1 }))
    assert.same({ "?: unknown", "?: unknown" }, broken(compiled, { [1.5] = 1, [true] = 1 }))
  end)
end)

describe("other spellings", function()
  local compiled = schema { { name = "enKashCardId", type = "string", required = true, min = 1, also = { "enkashCardId", "card" } }, { name = "n",
    type = "int" } }

  it("are sent under the documented name", function()
    for _, name in ipairs { "enKashCardId", "enkashCardId", "card" } do
      assert.equal('{"enKashCardId":"X"}', encode(compiled, { [name] = "X" }))
    end
    assert.equal('{"enKashCardId":"X"}', encode(schema(enkash.operations.vkyc_link.request), { enkashCardId = "X" }))
  end)

  it("may not be given twice", function()
    assert.same({ "enkashCardId: twice" }, broken(compiled, { enKashCardId = "X", enkashCardId = "X" }))
    assert.same({ "card: twice" }, broken(compiled, { enkashCardId = "X", card = "X" }))
    assert.same({ "card: twice", "enkashCardId: twice" }, broken(compiled, { enKashCardId = "X", enkashCardId = "X", card = "Y" }))
    assert.same({ "card: twice", "typo: unknown" }, broken(compiled, { enkashCardId = "X", card = "X", typo = 1 }))
  end)

  it("count for required fields and have the documented path", function()
    assert.same({ "enKashCardId: required" }, broken(compiled, { n = 1 }))
    assert.same({ "enKashCardId: too_short" }, broken(compiled, { card = "" }))
  end)
end)

describe("extra", function()
  local compiled = schema { { name = "a", type = "string", also = { "A" } } }

  it("is sent as given, behind the fields", function()
    assert.equal('{"a":"x","more":{"deep":[1,true,"y"]}}', encode(compiled, { a = "x" }, { more = { deep = { 1, true, "y" } } }))
    assert.equal('{"only":null}', encode(compiled, {}, { only = core.null }))
    assert.equal("{}", encode(compiled, {}, {}))
    assert.equal("{}", encode(compiled, {}))
  end)

  it("may not name a field, nor hold what JSON cannot", function()
    assert.same({ "extra.a: twice" }, broken(compiled, {}, { a = "x" }))
    assert.same({ "extra.A: twice" }, broken(compiled, {}, { A = "x" }))
    assert.same({ "extra.?: unknown" }, broken(compiled, {}, { "x" }))
    assert.same({ "extra.?: nul" }, broken(compiled, {}, { ["b\0"] = 1 }))
    assert.same({ "extra.?: utf8" }, broken(compiled, {}, { ["b\255"] = 1 }))
    assert.same({ "extra.b.c: type" }, broken(compiled, {}, { b = { c = print } }))
    assert.same({ "extra.b[2]: nul" }, broken(compiled, {}, { b = { "x", "\0" } }))
    assert.same({ "extra.b: range" }, broken(compiled, {}, { b = 0 / 0 }))
    assert.same({ "extra: type" }, broken(compiled, {}, "b=1"))
    assert.same({ "extra: type" }, broken(compiled, {}, false))
  end)
end)

describe("numbers", function()
  it("of type int are integers within 2^53", function()
    local int = one { type = "int" }
    assert.equal('{"v":1358}', encode(int, { v = 1358 }))
    assert.equal('{"v":1}', encode(int, { v = 1.0 }))
    assert.equal('{"v":0}', encode(int, { v = -0.0 }))
    assert.equal('{"v":9007199254740991}', encode(int, { v = 9007199254740991 }))
    assert.equal('{"v":-9007199254740991}', encode(int, { v = -9007199254740991 }))
    for _, value in ipairs { 1.5, 9007199254740992, 2 ^ 53 + 2, -2 ^ 53, 1e300, 0 / 0, 1 / 0, -1 / 0 } do
      assert.same({ "v: format" }, broken(int, { v = value }))
    end
    assert.same({ "v: type" }, broken(int, { v = "1" }))
    assert.same({ "v: type" }, broken(int, { v = true }))
    local bounded = one { type = "int", min = 1, max = 7 }
    assert.same({ "v: range" }, broken(bounded, { v = 0 }))
    assert.same({ "v: range" }, broken(bounded, { v = 8 }))
    assert.equal('{"v":7}', encode(bounded, { v = 7 }))
  end)

  it("of type int64 keep every digit", function()
    local int64 = one { type = "int64" }
    for _, digits in ipairs { "0", "1358", "-1", "8901234567890123458", "9007199254740993", "9223372036854775807", "-9223372036854775808" } do
      assert.equal('{"v":' .. digits .. "}", encode(int64, { v = digits }))
    end
    for _, text in ipairs { "", "-", "-0", "007", "1.0", "1e3", " 1", "1 ", "0x10", "9223372036854775808", "12345678901234567890", "1\0", "1,2", "1}" } do
      assert.same({ "v: format" }, broken(int64, { v = text }))
    end
    assert.equal('{"v":1358}', encode(int64, { v = 1358 }))
    assert.equal('{"v":-9007199254740991}', encode(int64, { v = -9007199254740991 }))
    -- A float that may have been another integer is refused: 2^53 + 1 is 2^53 as a float.
    for _, value in ipairs { 2 ^ 53, 2 ^ 53 + 1, 2 ^ 53 + 2, -2 ^ 53, 2 ^ 63, 1.5, 0 / 0, 1 / 0 } do
      assert.same({ "v: format" }, broken(int64, { v = value }))
    end
    if is_float_vm() then
      assert.same({ "v: format" }, broken(int64, { v = 9007199254740993 }))
    else
      assert.equal('{"v":9007199254740993}', encode(int64, { v = 9007199254740993 }))
      assert.equal('{"v":9223372036854775807}', encode(int64, { v = math.maxinteger }))
      assert.equal('{"v":-9223372036854775808}', encode(int64, { v = math.mininteger }))
    end
  end)

  it("of type number are the shortest that read back the same", function()
    local number = one { type = "number" }
    for _, case in ipairs {
      { 170, "170" }, { 170.0, "170" }, { 0.1, "0.1" }, { 1.10, "1.1" }, { -0.5, "-0.5" }, { 1e15, "1000000000000000" },
      { 0.1 + 0.2, "0.30000000000000004" }, { 5e-324, "5e-324" }, { 1.7976931348623157e308, "1.7976931348623157e+308" }, { 123456789012345, "123456789012345" },
    } do
      assert.equal('{"v":' .. case[2] .. "}", encode(number, { v = case[1] }))
      assert.equal(case[1], cjson.decode(encode(number, { v = case[1] })).v)
    end
    for _, value in ipairs { 0 / 0, 1 / 0, -1 / 0 } do
      assert.same({ "v: range" }, broken(number, { v = value }))
      assert.same({ "v: range" }, broken(one { type = "any" }, { v = value }))
      assert.same({ "v[1]: range" }, broken(one { type = "array" }, { v = { value } }))
    end
    local bounded = one { type = "number", min = 0.01, max = 10 }
    assert.same({ "v: range" }, broken(bounded, { v = 0 }))
    assert.same({ "v: range" }, broken(bounded, { v = 10.5 }))
    assert.same({ "v: range" }, broken(bounded, { v = 1 / 0 }))
    assert.same({ "v: type" }, broken(number, { v = "1" }))
  end)

  it("may stand in for a text where the schema says so", function()
    local text = one { type = "string", number_too = true }
    assert.equal('{"v":12}', encode(text, { v = 12 }))
    assert.equal('{"v":"12"}', encode(text, { v = "12" }))
    assert.same({ "v: range" }, broken(text, { v = 0 / 0 }))
    assert.same({ "v: type" }, broken(one { type = "string" }, { v = 12 }))
    assert.equal("must be a string or a number", message(text, { v = {} }))
  end)
end)

describe("texts", function()
  it("keep their bytes", function()
    local text = one { type = "string" }
    for _, value in ipairs { "", "plain", "\"\\/\b\f\n\r\t\1\31\127", "\224\164\176\224\164\181\224\164\191", "\240\159\152\128", "</script>",
      "\226\128\168", ("x"):rep(5000) } do
      local body = encode(text, { v = value })
      assert.equal(value, cjson.decode(body).v)
      assert.equal(value, text:decode(body).v)
    end
    assert.equal('{"v":"a\\r\\nb"}', encode(text, { v = "a\r\nb" }))
  end)

  it("may hold neither NUL nor bytes that are not UTF-8", function()
    for _, field in ipairs { { type = "string" }, { type = "enum_model" }, { type = "any" }, { type = "string", number_too = true } } do
      local compiled = one(field)
      assert.same({ "v: nul" }, broken(compiled, { v = "a\0b" }))
      assert.same({ "v: nul" }, broken(compiled, { v = "\0" }))
      for _, bad in ipairs { "\255", "\195", "a\192\175", "\237\160\128", "\244\144\128\128" } do
        assert.same({ "v: utf8" }, broken(compiled, { v = bad }))
      end
    end
    assert.same({ "v.?: nul" }, broken(one { type = "object" }, { v = { ["k\0"] = 1 } }))
    assert.same({ "v.?: utf8" }, broken(one { type = "object" }, { v = { ["k\255"] = 1 } }))
    assert.same({ "v.k: nul" }, broken(one { type = "enum_model" }, { v = { k = "\0" } }))
  end)

  it("keep to their bounds in characters", function()
    local text = one { type = "string", min = 2, max = 3 }
    assert.equal('{"v":"éé"}', encode(text, { v = "éé" }))
    assert.same({ "v: too_short" }, broken(text, { v = "é" }))
    assert.same({ "v: too_long" }, broken(text, { v = "abcd" }))
    assert.equal("must have 2 to 3 characters", message(text, { v = "a" }))
    local id = one { type = "id" }
    assert.same({ "v: too_short" }, broken(id, { v = "" }))
    assert.same({ "v: too_long" }, broken(id, { v = ("a"):rep(51) }))
    assert.equal(('{"v":"%s"}'):format(("a"):rep(50)), encode(id, { v = ("a"):rep(50) }))
    for _, bad in ipairs { "a/b", "../x", "a b", "a?", "a#", "a%2f", "a\r\nb", "é" } do
      assert.same({ "v: charset" }, broken(id, { v = bad }))
    end
  end)

  it("of 10 MB are refused without being sent (J13)", function()
    local huge = ("x"):rep(10 * MIB)
    assert.same({ "v: too_long" }, broken(one { type = "id" }, { v = huge }))
    assert.same({ "v: format" }, broken(one { type = "phone" }, { v = huge }))
    assert.same({ "v: format" }, broken(one { type = "int64" }, { v = ("1"):rep(10 * MIB) }))
    assert.same({ ": too_long" }, broken(one { type = "string" }, { v = huge }))
    assert.same({ ": too_long" }, broken(one { type = "any" }, { v = { { { huge } } } }))
    assert.same({ ": too_long" }, broken(one { type = "any" }, {}, { [huge] = 1 }))
    assert.same({ "?: unknown" }, broken(one { type = "any" }, { [huge] = 1 }))
    assert.same({ "v: value" }, broken(one { type = "enum", values = { "a" } }, { v = huge }))
  end)

  it("and other scalars are of their type", function()
    for _, type_name in ipairs { "string", "id", "date", "datetime", "url", "phone" } do
      for _, value in ipairs { 5, true, {}, print, io.stdout, coroutine.create(print) } do
        assert.same({ "v: type" }, broken(one { type = type_name }, { v = value }))
      end
    end
    assert.equal('{"v":true}', encode(one { type = "boolean" }, { v = true }))
    assert.equal('{"v":false}', encode(one { type = "boolean" }, { v = false }))
    assert.same({ "v: type" }, broken(one { type = "boolean" }, { v = "true" }))
    assert.same({ "v: type" }, broken(one { type = "boolean" }, { v = 1 }))
    assert.same({ "v: format" }, broken(one { type = "date" }, { v = "2026-02-30" }))
    assert.same({ "v: format" }, broken(one { type = "url" }, { v = "javascript:x" }))
    assert.same({ "v: type" }, broken(one { type = "object" }, { v = "x" }))
    assert.same({ "v: type" }, broken(one { type = "object", fields = {} }, { v = "x" }))
    assert.same({ "v: type" }, broken(one { type = "any" }, { v = print }))
    assert.same({ "v: type" }, broken(one { type = "any" }, { v = io.stdout }))
    assert.same({ "v: type" }, broken(one { type = "enum_model" }, { v = 5 }))
    assert.equal('{"v":{"name":"A"}}', encode(one { type = "enum_model" }, { v = { name = "A" } }))
    assert.equal('{"v":"EnumModel(name=A, label=, description=)"}', encode(one { type = "enum_model" }, { v = "EnumModel(name=A, label=, description=)" }))
  end)
end)

describe("null", function()
  it("is one value, whoever made it", function()
    assert.equal(cjson.null, core.null)
    assert.equal('{"v":null}', encode(one { type = "string" }, { v = core.null }))
    assert.equal('{"v":null}', encode(one { type = "array", min = 1 }, { v = cjson.null }))
    assert.equal('{"v":[null,1]}', encode(one { type = "array" }, { v = { core.null, 1 } }))
    assert.equal('{"v":[null]}', encode(one { type = "array", items = { type = "string" } }, { v = { core.null } }))
    assert.equal('{"v":{"a":null}}', encode(one { type = "any" }, { v = { a = core.null } }))
    assert.same({ "v: required" }, broken(one { type = "string", required = true }, { v = core.null }))
    assert.same({ "v[1]: required" }, broken(one { type = "array", items = { type = "string", required = true } }, { v = { core.null } }))
  end)
end)

describe("arrays", function()
  local strings = one { type = "array", items = { type = "string" } }

  it("are lists without holes", function()
    assert.equal('{"v":[]}', encode(strings, { v = {} }))
    assert.equal('{"v":["a","b"]}', encode(strings, { v = { "a", "b" } }))
    for _, value in ipairs {
      { "a", nil, "c" }, { [1] = "a", [3] = "c" }, { [2] = "b" }, { [0] = "z", "a" }, { "a", n = 1 }, { a = "a" }, { [1.5] = "x" }, { "a", [true] = 1 },
      { [1] = "a", [2 ^ 53] = "b" }, { [-1] = "a" },
    } do
      assert.same({ "v: type" }, broken(strings, { v = value }))
      assert.equal("must be an array: keys 1 to n without a hole", message(strings, { v = value }))
    end
    assert.same({ "v: type" }, broken(strings, { v = "a" }))
    assert.same({ "v: type" }, broken(strings, { v = 5 }))
    -- Keys that are whole floats are those of the list.
    local floats = {}
    floats[1.0], floats[2.0] = "a", "b"
    assert.equal('{"v":["a","b"]}', encode(strings, { v = floats }))
  end)

  it("have bounds in items", function()
    local bounded = one { type = "array", min = 1, max = 2, items = { type = "string" } }
    assert.same({ "v: too_short" }, broken(bounded, { v = {} }))
    assert.same({ "v: too_long" }, broken(bounded, { v = { "a", "b", "c" } }))
    assert.equal("must have 1 to 2 items", message(bounded, { v = {} }))
    assert.same({ "v: too_long", "v[2]: type" }, broken(bounded, { v = { "a", 2, "c" } }))
  end)

  it("that are empty and have no schema need a mark", function()
    local any = one { type = "any" }
    assert.equal('{"v":{}}', encode(any, { v = {} }))
    assert.equal('{"v":[]}', encode(any, { v = core.array {} }))
    assert.equal('{"v":["a"]}', encode(any, { v = core.array { "a" } }))
    assert.equal('{"v":[[],{}]}', encode(any, { v = { core.array {}, {} } }))
    assert.same({ "v: type" }, broken(any, { v = core.array { a = 1 } }))
    assert.has_error(function()
      core.array(setmetatable({}, {}))
    end)
    assert.has_error(function()
      core.array("x")
    end)
  end)

  it("know the marks of cjson where it has them", function()
    local any = one { type = "any" }
    local loaded = package.loaded.cjson
    -- OpenResty's fork has these three; Debian's has none, so they are lent for the test. A light userdata of Lua's own is an upvalue's id.
    local kept = { loaded.empty_array, loaded.empty_array_mt, loaded.array_mt }
    local light, other = kept[1] or debug.upvalueid(one, 1), debug.upvalueid(encode, 1)
    loaded.empty_array = light
    local empty_array_mt, array_mt = kept[2] or {}, kept[3] or {}
    loaded.empty_array_mt, loaded.array_mt = empty_array_mt, array_mt
    local results = {
      encode(any, { v = setmetatable({}, empty_array_mt) }),
      encode(any, { v = setmetatable({}, array_mt) }),
      encode(any, { v = setmetatable({ 1 }, array_mt) }),
      encode(any, { v = setmetatable({}, {}) }),
      encode(any, { v = light }),
      encode(strings, { v = light }),
    }
    local refused = { (encode(any, { v = other })), (encode(strings, { v = other })) }
    loaded.empty_array, loaded.empty_array_mt, loaded.array_mt = kept[1], kept[2], kept[3]
    assert.same({ '{"v":[]}', '{"v":[]}', '{"v":[1]}', '{"v":{}}', '{"v":[]}', '{"v":[]}' }, results)
    assert.same({}, refused)
    -- Without the loaded module the marks mean nothing.
    package.loaded.cjson = nil
    local without = { encode(any, { v = setmetatable({}, empty_array_mt) }), (encode(any, { v = light })) }
    package.loaded.cjson = loaded
    assert.same({ '{"v":{}}' }, without)
  end)
end)

describe("a sequence", function()
  local compiled = one { type = "array", sequence = "order", items = { type = "object", fields = { { name = "order", type = "int", required = true,
    also = { "position" } } } } }

  local function orders(...)
    local items = {}
    for i, order in ipairs { ... } do
      items[i] = { order = order }
    end
    return { v = items }
  end

  it("has exactly the values 1 to n, in any position", function()
    assert.truthy(encode(compiled, orders(1)))
    assert.truthy(encode(compiled, orders(3, 1, 2)))
    assert.truthy(encode(compiled, { v = {} }))
    assert.same({ "v[1].order: sequence" }, broken(compiled, orders(0)))
    assert.same({ "v[1].order: sequence" }, broken(compiled, orders(2)))
    assert.same({ "v[2].order: sequence" }, broken(compiled, orders(1, 1)))
    assert.same({ "v[2].order: sequence" }, broken(compiled, orders(1, 3)))
    assert.same({ "v[1].order: sequence", "v[3].order: sequence" }, broken(compiled, orders(-1, 2, 2)))
    assert.same({ "v[1].order: sequence" }, broken(compiled, orders(9007199254740991)))
    assert.equal("must have the values 1 to n of order, each once", message(compiled, orders(2)))
  end)

  it("does not hide other violations, nor repeat them", function()
    assert.same({ "v[2].order: type" }, broken(compiled, orders(1, "2")))
    assert.same({ "v[1].order: required" }, broken(compiled, { v = { {} } }))
    assert.same({ "v[1]: type" }, broken(compiled, { v = { "x" } }))
    assert.same({ "v[1].order: format" }, broken(compiled, orders(1.5)))
  end)

  it("is found under another spelling", function()
    assert.truthy(encode(compiled, { v = { { position = 2 }, { order = 1 } } }))
    assert.same({ "v[2].order: sequence" }, broken(compiled, { v = { { position = 1 }, { order = 1 } } }))
  end)

  it("may be long", function()
    local items = {}
    for i = 1, 200 do
      items[i] = { order = 201 - i }
    end
    assert.truthy(encode(compiled, { v = items }))
    items[200].order = 200
    assert.same({ "v[200].order: sequence" }, broken(compiled, { v = items }))
    items[200].order = 201
    assert.same({ "v[200].order: sequence" }, broken(compiled, { v = items }))
  end)
end)

describe("nesting", function()
  local any = one { type = "any" }

  local function nested(levels, leaf)
    local value = leaf
    for i = 1, levels do
      value = i % 2 == 0 and { value } or { k = value }
    end
    return value
  end

  it("goes to 32 levels, both ways", function()
    for _, leaf in ipairs { 1, "x", true, core.null, core.array {} } do
      local levels = type(leaf) == "table" and 30 or 31
      local body = assert(encode(any, { v = nested(levels, leaf) }))
      assert(any:decode(body))
      assert.equal("type", select(2, encode(any, { v = nested(levels + 1, leaf) }))[1].rule)
    end
    local list = one { type = "array" }
    assert(list:decode(encode(list, { v = { nested(30, 1) } })))
    assert.is_nil(encode(list, { v = { nested(31, 1) } }))
    local object = one { type = "object" }
    assert(object:decode(encode(object, { v = { a = nested(30, 1) } })))
    assert.is_nil(encode(object, { v = { a = nested(31, 1) } }))
    local extra = { e = nested(31, 1) }
    assert(any:decode(encode(any, {}, extra)))
    assert.is_nil(encode(any, {}, { e = nested(32, 1) }))
  end)

  it("goes no further under a schema that does", function()
    local objects, lists = { name = "a", type = "object", fields = {} }, { name = "a", type = "array", items = { type = "array" } }
    local value, list = {}, {}
    for _ = 1, 31 do
      objects, value = { name = "a", type = "object", fields = { objects } }, { a = value }
    end
    for _ = 1, 30 do
      lists, list = { name = "a", type = "array", items = lists }, { list }
    end
    assert(encode(schema { objects.fields[1] }, value))
    assert.equal("is nested too deep", message(schema { objects }, { a = value }))
    assert.equal("{}", assert(encode(schema { objects }, {})))
    lists.items.name = nil
    assert.truthy(message(schema { lists }, { a = { list } }):find("too deep", 1, true))
  end)

  it("ends at tables that hold themselves", function()
    local once = {}
    once.self = once
    assert.equal("is nested too deep, or contains itself", message(any, { v = once }))
    local list = {}
    list[1] = list
    assert.equal("is nested too deep, or contains itself", message(any, { v = list }))
    local twice = {}
    for i = 1, 10 do
      twice[i] = twice
    end
    local started = os.clock()
    assert.is_nil(encode(any, { v = twice }))
    local object = {}
    for i = 1, 10 do
      object["k" .. i] = object
    end
    assert.is_nil(encode(any, { v = object }))
    assert.is_true(os.clock() - started < 10)
    local fields = { { name = "a", type = "object", fields = { { name = "a", type = "object" } } } }
    local params = {}
    params.a = params
    assert.is_nil(encode(schema(fields), params))
  end)
end)

describe("hostile tables (J13)", function()
  local called

  -- With `finalizer`, the table must be kept alive by the test.
  local function hostile(t, finalizer)
    local function trap()
      called = called + 1
      error("a metamethod ran")
    end
    return setmetatable(t, {
      __index = trap, __newindex = trap, __len = trap, __pairs = trap, __ipairs = trap, __tostring = trap, __call = trap, __eq = trap,
      __concat = trap, __metatable = "none", __gc = finalizer and trap or nil, __lt = trap, __unm = trap,
    })
  end

  before_each(function()
    called = 0
  end)

  it("are read raw: no metamethod of theirs runs", function()
    local compiled = schema {
      { name = "s", type = "string", also = { "S" } },
      { name = "list", type = "array", sequence = "order", items = { type = "object", fields = { { name = "order", type = "int" } } } },
      { name = "any", type = "any" },
      { name = "model", type = "enum_model" },
    }
    local kept = {
      hostile { s = "x", list = hostile { hostile { order = 1 } }, any = hostile { a = hostile { 1, 2 }, b = hostile {} },
        model = hostile({ name = "x" }, true) },
      hostile({ more = hostile { 1 } }, true),
    }
    assert.equal('{"s":"x","list":[{"order":1}]', (encode(compiled, kept[1]):sub(1, 29)))
    assert.truthy(encode(compiled, kept[1], kept[2]))
    assert.is_nil(core.check(compiled, kept[1]))
    assert.same({ "list: type", "s: type" }, broken(compiled, hostile { s = hostile {}, list = "x" }))
    assert.same({ "?: unknown" }, broken(compiled, hostile { [hostile {}] = 1 }))
    assert.same({ "any: type" }, broken(compiled, { any = io.stdout }))
    compiled:sensitive(kept[1])
    assert(core.raw_request("POST", BASE, "/x", hostile { q = "x" }, hostile { b = hostile { 1 } }))
    collectgarbage()
    assert.equal(0, called)
    assert.equal("table", type(kept[1]))
  end)

  it("do not lend values through __index", function()
    local compiled = schema { { name = "user_id", type = "id", required = true } }
    assert.same({ "user_id: required" }, broken(compiled, setmetatable({}, { __index = { user_id = "U1" } })))
  end)
end)

describe("the limit of a body", function()
  it("is kept to the byte", function()
    local text = one { type = "string" }
    assert.equal(20, #encode(text, { v = ("x"):rep(12) }, nil, 20))
    assert.is_nil(encode(text, { v = ("x"):rep(13) }, nil, 20))
    assert.is_nil(encode(text, {}, nil, 1))
    assert.equal("{}", encode(text, {}, nil, 2))
    local _, violations = encode(text, { v = ("x"):rep(13) }, nil, 20)
    assert.same({ { path = "", rule = "too_long", message = "the whole request is larger than max_body_bytes, or its URL than 8 KiB" } }, violations)
    for _, bad in ipairs { 0, -1, 0 / 0, 1 / 0, 2 ^ 31, "x", {} } do
      assert.has_error(function()
        core.request("POST", BASE, "/x", text, {}, nil, bad)
      end)
    end
  end)
end)
