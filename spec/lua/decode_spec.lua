-- From the bytes of an answer to a table: the documented bodies exactly, and every body that is not what it should be (faults I01-I14).

local core = require "vkyc.core"
local cjson = require("cjson").new()
local ppi = require "vkyc.providers.cashfree_ppi"
local enkash = require "vkyc.providers.enkash"

local function schema(fields)
  return assert(core.schema(fields))
end

local function one(field)
  field.name = "v"
  return schema { field }
end

local ANY = schema {}
local STRICT = schema {
  { name = "verification_id", type = "id", strict = true },
  { name = "cf_verification_id", type = "int64", strict = true },
  { name = "status", type = "string", strict = true },
  { name = "vkyc_link", type = "url", strict = true, sensitive = true },
  { name = "level", type = "int", strict = true },
  { name = "model", type = "enum_model", strict = true },
  { name = "link_expiry", type = "datetime" },
  { name = "remarks", type = "string" },
  { name = "modes", type = "array", items = { type = "string" } },
  { name = "cases", type = "array", items = { type = "object", fields = { { name = "id", type = "id", strict = true }, { name = "note", type = "string" } } } },
}

--- Exact comparison: the same type and the same text on every VM.
local function written(value)
  return type(value) .. " " .. tostring(value)
end

local function failure(compiled, body)
  local value, err = compiled:decode(body)
  assert.is_nil(value)
  assert.equal("table", type(err))
  assert.equal("string", type(err.kind))
  assert.equal("string", type(err.reason))
  return err
end

local function not_json(body)
  local err = failure(STRICT, body)
  assert.equal("decode", err.kind)
  assert.equal("number", type(err.offset))
  assert.is_true(err.offset >= 0 and err.offset <= #body)
  assert.is_nil(err.path)
  return err
end

local function wrong_type(body)
  local err = failure(STRICT, body)
  assert.equal("schema", err.kind)
  return err.path
end

describe("documented bodies", function()
  it("of PPI come back exactly", function()
    local answer = schema(ppi.operations.initiate.response)
    local body = [[{
      "verification_id": "TestVkycVerification", "cf_verification_id": "8901234567890123458", "user_id": "USER827364",
      "status": "RECEIVED", "sub_status": "LINK_GENERATED", "vkyc_link": "https://forms.cashfree.com/verification/abc",
      "link_expiry": "2026-06-03", "notification_modes": ["SMS", "WHATSAPP"],
      "security_questions": [{"order": 1, "question": "Colour?", "answer": "Blue"}],
      "meeting_schedule": null, "auditor_remarks": null, "agent_remarks": null }]]
    local result, mismatches = answer:decode(body)
    assert.is_nil(mismatches)
    assert.same({
      verification_id = "TestVkycVerification", cf_verification_id = "8901234567890123458", user_id = "USER827364",
      status = "RECEIVED", sub_status = "LINK_GENERATED", vkyc_link = "https://forms.cashfree.com/verification/abc",
      link_expiry = "2026-06-03", notification_modes = { "SMS", "WHATSAPP" },
      security_questions = { { order = 1, question = "Colour?", answer = "Blue" } },
    }, result)
    assert.equal("number 1", written(result.security_questions[1].order))
    assert.is_nil(rawget(result, "meeting_schedule"))
    assert.is_nil(getmetatable(result))
  end)

  it("have identifiers as digits, however they were written", function()
    local compiled = schema { { name = "reference_id", type = "int64", strict = true } }
    for _, digits in ipairs { "1358", "0", "-7", "9007199254740993", "8901234567890123458", "9223372036854775807", "9223372036854775808",
      "12345678901234567890",
      "123456789012345678901234567890" } do
      assert.equal("string " .. digits, written(compiled:decode('{"reference_id":' .. digits .. "}").reference_id))
      assert.equal("string " .. digits, written(compiled:decode('{"reference_id":"' .. digits .. '"}').reference_id))
    end
    for _, bad in ipairs { "1.0", "1e3", "true", "[]", "{}", '"1\\u0030"' } do
      assert.equal("reference_id", failure(compiled, '{"reference_id":' .. bad .. "}").path)
    end
  end)

  it("of Enkash keep their EnumModel and integers", function()
    local answer = schema(enkash.operations.vkyc_link.response)
    local result, mismatches = answer:decode('{"enkashCardId":"C1","kycStatus":"EnumModel(name=MIN_KYC_VERIFIED, label=Min KYC, description=)",'
      .. '"kycSubStatus":{"name":"VKYC_IN_PROGRESS","label":"x"},"kycLink":"https://a/b","kycExpiryDays":1,"new":[]}')
    assert.is_nil(mismatches)
    assert.equal("EnumModel(name=MIN_KYC_VERIFIED, label=Min KYC, description=)", result.kycStatus)
    assert.same({ name = "VKYC_IN_PROGRESS", label = "x" }, result.kycSubStatus)
    assert.equal("number 1", written(result.kycExpiryDays))
    assert.same({}, result.new)
    assert.equal("kycStatus", failure(answer, '{"kycStatus":5}').path)
    assert.equal("kycStatus", failure(answer, '{"kycStatus":["x"]}').path)
    assert.equal("kycStatus", failure(answer, '{"kycStatus":"a\\u0000"}').path)
  end)

  it("of unwrapped envelopes keep what no schema knows", function()
    local result = assert(ANY:decode('{"response_code":0,"payload":{"a":[1,"2",true,null,{"b":{}}]},"unknown":"kept"}'))
    assert.equal("number 0", written(result.response_code))
    assert.equal("kept", result.unknown)
    assert.equal("2", result.payload.a[2])
    assert.is_true(result.payload.a[3])
    assert.is_nil(result.payload.a[4])
    assert.same({ b = {} }, result.payload.a[5])
  end)
end)

describe("numbers", function()
  it("that a schema knows as int are integers on every VM", function()
    local int = one { type = "int" }
    for text, expected in pairs {
      ["1358"] = "number 1358", ["0"] = "number 0", ["-0"] = "number 0", ["-1"] = "number -1", ["9007199254740991"] = "number 9007199254740991",
      ["-9007199254740991"] = "number -9007199254740991",
    } do
      local value, mismatches = int:decode('{"v":' .. text .. "}")
      assert.is_nil(mismatches)
      if math.type then
        assert.equal("integer", math.type(value.v))
        assert.equal(expected, written(value.v))
      else
        assert.equal(tonumber(text), value.v)
        assert.equal(("%d"):format(tonumber(text)):gsub("^%-0$", "0"), (("%.0f"):format(value.v):gsub("^%-0$", "0")))
      end
    end
    for _, text in ipairs { "1.0", "1e0", "1.5", '"1"', "true", "[]", "9007199254740992", "9007199254740993", "12345678901234567890" } do
      local _, mismatches = int:decode('{"v":' .. text .. "}")
      assert.same({ "v" }, mismatches)
    end
  end)

  it("without a schema are exact, as a number or as digits (I06)", function()
    local function free(text)
      return written(ANY:decode('{"v":' .. text .. "}").v)
    end
    assert.equal("number 1", free("1"))
    assert.equal("number -17", free("-17"))
    assert.equal("number 123456789", free("123456789"))
    assert.equal("string 9007199254740992", free("9007199254740992"))
    assert.equal("string 9007199254740993", free("9007199254740993"))
    assert.equal("string -9007199254740993", free("-9007199254740993"))
    assert.equal("string 12345678901234567890", free("12345678901234567890"))
    assert.equal("number 0.5", free("0.5"))
    assert.equal("number 1.1", free("1.10"))
    assert.equal("number -2.5", free("-25e-1"))
    for _, text in ipairs { "0.1", "170.25", "1e-7", "5e-324", "1.7976931348623157e308", "0.30000000000000004", "123456789.123456789123456789", "1e22", "1e23",
      "8.5e-310", "2.2250738585072011e-308" } do
      assert.equal(tonumber(text), ANY:decode('{"v":' .. text .. "}").v)
      assert.equal(tonumber(text), one({ type = "number" }):decode('{"v":' .. text .. "}").v)
    end
    assert.equal(9007199254740991, ANY:decode('{"v":9007199254740991}').v)
    assert.equal("number 5", written(one({ type = "number" }):decode('{"v":5}').v))
    -- A field that is a number stays one, with what a double holds of it.
    for text, expected in pairs { ["9007199254740993"] = 9007199254740992, ["12345678901234567890"] = 12345678901234567168, ["-9007199254740992"] = -2 ^ 53 } do
      local value, mismatches = one({ type = "number" }):decode('{"v":' .. text .. "}")
      assert.is_nil(mismatches)
      assert.equal("number", type(value.v))
      assert.is_true(value.v == expected + 0.0)
    end
  end)

  it("that are none are refused (I07, I08)", function()
    for _, text in ipairs { "1e400", "-1e400", "1" .. ("0"):rep(127) .. "e300", "NaN", "nan", "Infinity", "-Infinity", "0x1F", "0123", "+1", "1.",
      ".5", "-", "1e", "1e+",
      "--1", "1_0", "01", "-01", "1.e5", "1" .. ("1"):rep(128) } do
      not_json('{"v":' .. text .. "}")
      not_json('{"v":[' .. text .. "]}")
      not_json('{"cf_verification_id":' .. text .. "}")
    end
    assert.equal("number 0", (written(ANY:decode('{"v":1e-400}').v):gsub("%.0$", "")))
  end)
end)

describe("what is not JSON", function()
  it("is a decode failure that shows no byte of it", function()
    for name, body in pairs {
      ["I02 HTML"] = "<html><body>Sign in to ABCPE1234F</body></html>",
      ["I03 UTF-8"] = '{"status":"ABCPE1234F\255"}',
      ["I03 overlong"] = '{"status":"\192\175"}',
      ["I03 surrogate"] = '{"status":"\237\160\128"}',
      ["I03 key"] = '{"\255":1}',
      ["I05 twice"] = '{"status":"VALID","status":"INVALID"}',
      ["I05 escaped"] = '{"status":"VALID","st\\u0061tus":"INVALID"}',
      ["I05 unknown"] = '{"x":1,"y":2,"x":3}',
      ["I05 deep"] = '{"a":{"b":[{"c":1,"c":2}]}}',
      ["I10 NUL in a string"] = '{"status":"a\0b"}',
      ["I10 NUL behind"] = '{"status":"a"}\0{"status":"b"}',
      ["I10 NUL"] = "\0",
      ["I10 BOM"] = "\239\187\191{}",
      ["I10 UTF-16"] = "{\0}\0",
      ["I10 junk"] = '{"status":"a"}x',
      ["I10 two"] = "{}{}",
      ["I10 comma"] = '{"status":"a",}',
      ["I10 comma in array"] = '{"modes":["a",]}',
      ["newline"] = '{"status":"a\nb"}',
      ["tab"] = '{"status":"a\tb"}',
      ["escape"] = '{"status":"\\x41"}',
      ["half a pair"] = '{"status":"\\ud83d"}',
      ["other half"] = '{"status":"\\ude00"}',
      ["single quotes"] = "{'status':'a'}",
      ["bare key"] = '{status:"a"}',
      ["comment"] = '{"status":"a"}//',
      ["no colon"] = '{"status" "a"}',
      ["no value"] = '{"status":}',
      ["number key"] = "{1:2}",
      ["word"] = '{"status":True}',
      ["cut word"] = '{"status":tru',
      ["cut string"] = '{"status":"a',
      ["cut key"] = '{"status',
      ["cut array"] = '{"modes":["a"',
      ["cut object"] = '{"status":"a"',
      ["open"] = "{",
      ["close"] = "}",
      ["mixed"] = '{"modes":["a"}',
      ["space"] = " ",
      ["top level junk"] = '"a" "b"',
      ["top level cut"] = '["a"',
      ["long key"] = '{"' .. ("k"):rep(257) .. '":1}',
    } do
      local err = not_json(body)
      for _, shown in ipairs { "ABCPE", "Sign", "VALID", "status" } do
        assert.is_nil(err.reason:find(shown, 1, true), name)
      end
    end
  end)

  it("tells where it stops to be", function()
    assert.equal(0, not_json("<html>").offset)
    assert.equal("14", tostring(not_json('{"status":"a"}x').offset)) -- an integer where Lua has them
    assert.equal(14, not_json('{"status":"a"}x').offset)
    assert.equal(14, not_json('{"status":"a",}').offset)
    assert.equal(12, not_json('{"status":"a\nb"}').offset)
  end)

  it("cut anywhere is refused", function()
    local body = '{"verification_id":"V1","cf_verification_id":12345,"modes":["a","b"],"cases":[{"id":"x","n":1.5e3}],'
      .. '"o":{"k":[true,false,null]},"e":"\\u00e9\\ud83d\\ude00é"}'
    assert(STRICT:decode(body))
    for size = 1, #body - 1 do
      not_json(body:sub(1, size))
    end
  end)
end)

describe("what is JSON but not an object", function()
  it("is a schema failure (I11, H13)", function()
    for _, body in ipairs { '"text"', "[]", '[{"status":"a"}]', "null", "true", "false", "0", "-1.5", " [1] ", "12345678901234567890" } do
      local err = failure(STRICT, body)
      assert.equal("schema", err.kind)
      assert.equal("the answer is JSON, but not an object", err.reason)
    end
    local err = failure(STRICT, "")
    assert.equal("schema", err.kind)
    assert.equal("the answer is empty where a body is due", err.reason)
    assert.same({}, (STRICT:decode(" \t\r\n{ } \n")))
  end)
end)

describe("values of another type than documented (I12)", function()
  it("end the answer in strict fields, with the path and never the value", function()
    for field, bad in pairs {
      verification_id = { "5", "true", "{}", "[]", '"a\\u0000b"' },
      cf_verification_id = { "1.5", "true", "{}", "[]" },
      status = { "5", "false", '{"name":"ABCPE1234F"}', '["ABCPE1234F"]', '"ABCPE1234F\\u0000"', '"\\u0000"' },
      vkyc_link = { "{}", "1", '"https://a/\\u0000b"' },
      level = { '"1"', "1.0", "9007199254740993", "{}" },
      model = { "5", "[]", "true" },
    } do
      for _, value in ipairs(bad) do
        local err = failure(STRICT, ('{"remarks":"x","%s":%s,"z":1}'):format(field, value))
        assert.same({ kind = "schema", reason = "a field of the answer has another type than documented", path = field }, err)
      end
    end
    assert.equal("cases[2].id", wrong_type('{"cases":[{"id":"a"},{"id":5}]}'))
    assert.equal("status", wrong_type('{"st\\u0061tus":5}'))
  end)

  it("are kept and listed in other fields", function()
    local result, mismatches = STRICT:decode('{"link_expiry":5,"remarks":{"a":[1]},"modes":["a",2,"c"],"cases":[{"id":"a","note":true},"x"],"status":"S"}')
    assert.same({ link_expiry = 5, remarks = { a = { 1 } }, modes = { "a", 2, "c" }, cases = { { id = "a", note = true }, "x" }, status = "S" }, result)
    assert.same({ "link_expiry", "remarks", "modes[2]", "cases[1].note", "cases[2]" }, mismatches)
    local kept, listed = STRICT:decode('{"modes":{"a":1},"cases":"none"}')
    assert.same({ modes = { a = 1 }, cases = "none" }, kept)
    assert.same({ "modes", "cases" }, listed)
    -- The format of a text is the provider's affair.
    assert.is_nil(select(2, STRICT:decode('{"link_expiry":"soon","verification_id":"with space","vkyc_link":"nowhere"}')))
  end)

  it("are listed to 64", function()
    local items = {}
    for i = 1, 100 do
      items[i] = tostring(i)
    end
    local result, mismatches = STRICT:decode('{"modes":[' .. table.concat(items, ",") .. "]}")
    assert.equal(100, #result.modes)
    assert.equal(64, #mismatches)
    assert.equal("modes[64]", mismatches[64])
  end)

  it("may be null, which is nil", function()
    local result, mismatches = STRICT:decode('{"status":null,"cf_verification_id":null,"link_expiry":null,"modes":null,"level":null,"model":null,"other":null}')
    assert.is_nil(mismatches)
    assert.is_nil(next(result))
  end)

  it("do not hide that the rest is not JSON", function()
    assert.equal("decode", failure(STRICT, '{"remarks":[1,}').kind)
    assert.equal("decode", failure(STRICT, '{"remarks":{"a":').kind)
    assert.equal("decode", failure(STRICT, '{"remarks":5}}').kind)
    assert.equal("decode", failure(STRICT, '{"modes":[5,,]}').kind)
  end)
end)

describe("texts", function()
  it("keep NUL where no identifier is meant (I09)", function()
    local result = assert(STRICT:decode('{"remarks":"a\\u0000b","n\\u0000m":"\\u0000","modes":["\\u0000"]}'))
    assert.equal("a\0b", result.remarks)
    assert.equal("\0", result["n\0m"])
    assert.equal("\0", result.modes[1])
  end)

  it("are unescaped, of any length", function()
    local result = assert(STRICT:decode('{"remarks":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u20ac\\ud83d\\ude00","status":"\\u0041"}'))
    assert.equal("\"\\/\b\f\n\r\té€😀", result.remarks)
    assert.equal("A", result.status)
    for _, size in ipairs { 100, 511, 512, 513, 100000 } do
      assert.equal(("é"):rep(size) .. "\n", ANY:decode('{"v":"' .. ("\\u00e9"):rep(size) .. '\\n"}').v)
      assert.equal(("x"):rep(size), ANY:decode('{"v":"' .. ("x"):rep(size) .. '"}').v)
    end
  end)

  it("may be keys written with escapes", function()
    local result = assert(STRICT:decode('{"\\u0073tatus":"S","\\ud83d\\ude00":1}'))
    assert.equal("S", result.status)
    assert.equal(1, result["😀"])
    assert.equal("", next(ANY:decode('{"":1}')))
  end)
end)

describe("arrays", function()
  it("stay arrays when they are written again", function()
    for _, compiled in ipairs { ANY, one { type = "array" }, one { type = "array", items = { type = "string" } }, one { type = "any" } } do
      for _, body in ipairs { '{"v":[]}', '{"v":["a"]}' } do
        local value = assert(compiled:decode(body)).v
        assert.equal(body, core.raw_request("POST", "https://a", "/x", nil, { v = value }):export().body)
      end
    end
    local nested = assert(ANY:decode('{"v":[[],{},[[]]]}')).v
    assert.equal('{"v":[[],{},[[]]]}', core.raw_request("POST", "https://a", "/x", nil, { v = nested }):export().body)
    -- Of nothing but nulls, an array is empty.
    local nulls = assert(ANY:decode('{"v":[null]}')).v
    assert.equal('{"v":[]}', core.raw_request("POST", "https://a", "/x", nil, { v = nulls }):export().body)
  end)
end)

describe("depth (I04)", function()
  local function nested(levels)
    local opening, closing = {}, {}
    for i = 1, levels - 1 do
      opening[i] = i % 2 == 0 and "[" or '{"a":'
      closing[levels - i] = i % 2 == 0 and "]" or "}"
    end
    return '{"v":' .. table.concat(opening) .. "1" .. table.concat(closing) .. "}"
  end

  it("is at most 32", function()
    for _, compiled in ipairs { ANY, one { type = "any" }, one { type = "array" } } do
      assert(compiled:decode(nested(32)))
      assert.equal("decode", failure(compiled, nested(33)).kind)
    end
    for _, levels in ipairs { 1001, 100000 } do
      assert.equal("decode", failure(ANY, nested(levels)).kind)
      assert.equal("decode", failure(ANY, ("["):rep(levels)).kind)
      assert.equal("decode", failure(ANY, ('{"a":'):rep(levels)).kind)
    end
  end)
end)

describe("memory (I14)", function()
  local function growth(body)
    collectgarbage()
    collectgarbage()
    local before = collectgarbage("count")
    collectgarbage("stop")
    local value, err = ANY:decode(body)
    local grown = collectgarbage("count") - before
    collectgarbage("restart")
    return grown / 1024, value, err
  end

  it("of 1 MiB of empty arrays stays below 40 MiB", function()
    local body = '{"v":[' .. ("[],"):rep(349520) .. "[]]}"
    assert.is_true(#body <= 1024 * 1024 and #body > 1024 * 1024 - 100)
    local grown, value = growth(body)
    assert.equal(349521, #value.v)
    assert.is_true(grown < 40, grown .. " MiB")
  end)

  it("of other bodies of 1 MiB does, too", function()
    for _, piece in ipairs { "{},", "1,", "null,", '"",', "[[]],", '{"a":1},', "1.5," } do
      local count = math.floor((1024 * 1024 - 20) / #piece)
      local grown = growth('{"v":[' .. piece:rep(count) .. "1]}")
      assert.is_true(grown < 64, piece .. grown .. " MiB")
    end
    local keys = {}
    for i = 1, 1000 do
      keys[i] = ('"k%d":1'):format(i)
    end
    assert(ANY:decode("{" .. table.concat(keys, ",") .. "}"))
    for i = 1001, 2000 do
      keys[i] = ('"k%d":1'):format(i)
    end
    assert.equal("decode", failure(ANY, "{" .. table.concat(keys, ",") .. "}").kind)
  end)
end)

describe("decode", function()
  it("takes a text or a response, and nothing else", function()
    local response = core.response()
    response:fill(200, { ["Content-Type"] = "application/json" }, '{"status":"S"}')
    assert.same({ status = "S" }, (STRICT:decode(response)))
    response:close()
    assert.equal("schema", failure(STRICT, response).kind)
    for _, bad in ipairs { true, {}, print, io.stdout, core.null } do
      assert.has_error(function()
        STRICT:decode(bad)
      end)
    end
    assert.has_error(function()
      STRICT:decode()
    end)
    assert.has_error(function()
      STRICT.decode({}, "{}")
    end)
  end)

  it("leaves the answers of others alone", function()
    local first = assert(ANY:decode('{"v":[]}'))
    local second = assert(ANY:decode('{"v":[]}'))
    first.v[1] = "x"
    assert.same({}, second.v)
    assert.equal(cjson.encode({ v = { "x" } }), cjson.encode(first))
  end)
end)
