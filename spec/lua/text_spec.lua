local core = require "vkyc.core"
local seed = require "spec.properties.seed"

describe("core.redact", function()
  it("replaces shapes", function()
    assert.equal("", core.redact(""))
    assert.equal("nothing here", core.redact("nothing here"))
    assert.equal("[AADHAAR] [PAN] [PHONE] [EMAIL] [TOKEN] [LINK]",
      core.redact("2345 6789 0124 ABCDE1234F +919876543210 a@b.co eyJa.b.c https://x/y"))
    assert.equal("cf_234567890124 ABC-234567890124", core.redact("cf_234567890124 ABC-234567890124"))
    assert.equal("\0[PHONE]\0", core.redact("\0009876543210\0"))
    assert.equal(("[EMAIL] "):rep(1000), core.redact(("a@b "):rep(1000)))
    assert.has_error(function() core.redact(9876543210) end)
    assert.has_error(function() core.redact() end)
  end)
end)

describe("core.scrub", function()
  it("removes values, then shapes, then what is too long", function()
    assert.equal("user [REDACTED] has [PHONE]", core.scrub("user Ravi Kumar has 9876543210", { "ravi kumar" }))
    local values = { "ravi", "Ravi Kumar", core.secret("xyz-1") }
    assert.equal("[REDACTED] and [REDACTED]", core.scrub("Ravi Kumar and xyz-1", values))
    assert.equal("abc", core.scrub("abcdef", {}, 3))
    assert.equal("abc", core.scrub("abcdef", nil, 3))
    assert.equal("", core.scrub("abcdef", {}, 0))
    assert.equal("", core.scrub("", { "abc" }))
    assert.equal(("x"):rep(200), core.scrub(("x"):rep(300), {}))
    assert.equal("call ", core.scrub("call 9876543210 now", {}, 8))
    assert.equal("a", core.scrub("a\226\130\185", {}, 3))
  end)

  it("leaves one line without orders to a terminal", function()
    assert.equal("a b  [31m c   d", core.scrub("a\nb\r\27[31m\tc\194\155\0d", {}))
    assert.equal("x [PHONE]", core.scrub("x\n98765\n43210", {}))
  end)

  it("finds values that span lines", function()
    assert.equal("at [REDACTED]", core.scrub("at 12 Main Road\nPune", { "12 main road\npune" }))
  end)

  it("passes over what is no text, and calls no metamethod", function()
    local closed = core.secret("abc")
    closed:close()
    assert.equal("abc [REDACTED]", core.scrub("abc def", { 1, {}, closed, true, "def", print }))
    local hostile = setmetatable({ "abc" }, { __index = error, __len = error })
    assert.equal("[REDACTED] def", core.scrub("abc def", hostile))
    assert.has_error(function() core.scrub("x", "y") end)
    assert.has_error(function() core.scrub("x", {}, -1) end)
    assert.has_error(function() core.scrub("x", {}, 0 / 0) end)
    assert.has_error(function() core.scrub({}, {}) end)
  end)
end)

describe("core.json_string", function()
  it("writes a text as a JSON string, whatever its bytes are", function()
    for text, written in pairs {
      [""] = '""', ["U1"] = '"U1"', ['a"b\\c/'] = [["a\"b\\c/"]], ["\0\1\b\f\n\r\t\31\127"] = '"\\u0000\\u0001\\b\\f\\n\\r\\t\\u001f\127"',
      ["\208\182\226\128\168\240\159\152\128"] = '"\208\182\226\128\168\240\159\152\128"',
      ["a\255b"] = '"a?b"', ["\208"] = '"?"', ["\226\128"] = '"??"', ["\208\182\128"] = '"\208\182?"', ["\192\175"] = '"??"', ["\237\160\128"] = '"???"',
      ["\244\144\128\128"] = '"????"', ['\226"\255\n'] = [["?\"?\n"]],
    } do
      assert.equal(written, core.json_string(text))
    end
    assert.equal('"' .. ("\\u0001"):rep(5000) .. '"', core.json_string(("\1"):rep(5000)))
    assert.equal('"' .. ("?"):rep(5000) .. '"', core.json_string(("\255"):rep(5000)))
    assert.has_error(function() core.json_string(5) end)
    assert.has_error(function() core.json_string() end)
  end)

  it("is what another reader reads back", function()
    local decode = require("cjson").new().decode
    local function ascii(text)
      return (text:gsub("[\128-\255]", "?"))
    end
    for number = 1, 1000 do
      local draw, bytes = seed.new(number), {}
      for i = 1, draw(1, 20) do
        bytes[i] = draw.pick { "é", "€", "😀", string.char(draw(0, 255)), string.char(draw(0, 127)) }
      end
      local text = table.concat(bytes)
      local read = decode("[" .. core.json_string(text) .. "]")[1]
      assert.equal(ascii(text), ascii(read), draw.name)
      assert.equal(core.json_string(text), core.json_string(read), draw.name)
    end
  end)
end)

describe("core.enum_model", function()
  it("takes the text apart", function()
    assert.same({ "APPROVED", "Approved, at last", "ok" },
      { core.enum_model("EnumModel(name=APPROVED, label=Approved, at last, description=ok)") })
    local name, label, description = core.enum_model("EnumModel(name=APPROVED, label=null, description=null)")
    assert.equal("APPROVED", name)
    assert.is_nil(label)
    assert.is_nil(description)
    assert.equal(0, select("#", core.enum_model("APPROVED")))
    assert.equal(3, select("#", core.enum_model("EnumModel(name=A, label=null, description=null)")))
    assert.has_error(function() core.enum_model({}) end)
  end)
end)

describe("core.url", function()
  it("takes a base URL apart", function()
    assert.same({ scheme = "https", host = "api.example.com", port = 443, path = "/v", loopback = false, ipv6 = false },
      core.url("https://api.example.com/v/"))
    assert.same({ scheme = "http", host = "::1", port = 8080, path = "", loopback = true, ipv6 = true },
      core.url("http://[::1]:8080"))
  end)

  it("says what is wrong (J02-J10)", function()
    local function fault(text)
      local url, why = core.url(text)
      assert.is_nil(url)
      return why
    end
    assert.equal("must begin with https:// or http://", fault("file:///etc/passwd"))
    assert.equal("must not hold a user name or password", fault("https://good@evil"))
    assert.equal("must not hold a fragment (#)", fault("https://evil#@good"))
    assert.equal("must not hold a query (?)", fault("https://good?x"))
    assert.truthy(fault("https://good\\@evil"):find("backslashes", 1, true))
    assert.truthy(fault("https://good\0"):find("control", 1, true))
    assert.truthy(fault("http:///ok"):find("host", 1, true))
    assert.truthy(fault("http://2130706433"):find("host", 1, true))
    assert.truthy(fault("http://[::ffff:127.0.0.1]"):find("host", 1, true))
    assert.truthy(fault("https://good:0"):find("port", 1, true))
    assert.truthy(fault("https://good/../x"):find("path", 1, true))
    assert.truthy(fault("https://good/" .. ("x"):rep(9000)):find("too long", 1, true))
    assert.has_error(function() core.url() end)
  end)
end)

describe("core.timestamp", function()
  it("reads times", function()
    assert.same({ 1748563200, false, true }, { core.timestamp("2025-05-30T00:00:00.000Z") })
    assert.same({ 1748563200, true, false }, { core.timestamp("2025-05-30") })
    assert.same({ nil }, { core.timestamp("yesterday") })
    assert.has_error(function() core.timestamp(1) end)
  end)
end)
