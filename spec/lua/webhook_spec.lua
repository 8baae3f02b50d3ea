local core = require "vkyc.core"

local SECRET = "cs_test_0123456789"
local STAMP = "1746427759733"
local BODY = '{"event_type":"VKYC_USER_LINK_GENERATED","data":{"amount":1.10}}'
local SIGNATURE = "PaGMqj/RlwuOkR3HH/m64nMNzFf/Y1/Hl1zXGRHSRac="

describe("core.webhook_key", function()
  it("signs and verifies (K01)", function()
    for _, secret in ipairs { SECRET, core.secret(SECRET) } do
      local key = assert(core.webhook_key(secret))
      assert.equal(SIGNATURE, key:sign(STAMP, BODY))
      assert.is_true(key:verify(STAMP, BODY, SIGNATURE))
      assert.is_true(key:verify(STAMP, BODY, SIGNATURE))
    end
  end)

  it("tells a wrong signature from none (K02, K03, K04, K08, K12)", function()
    local key = core.webhook_key(SECRET)
    local function outcome(...)
      return { key:verify(...) }
    end
    assert.same({ false, "mismatch" }, outcome(STAMP, BODY, "dfd31d99ykC2WhMdwdWwUZeklsdBi5Bg53nC1R/qpdw="))
    assert.same({ false, "mismatch" }, outcome(STAMP, (BODY:gsub("1%.10", "1.1")), SIGNATURE))
    assert.same({ false, "mismatch" }, outcome("1746427759734", BODY, SIGNATURE))
    assert.same({ false, "mismatch" }, outcome(STAMP, BODY .. "\0", SIGNATURE))
    for _, signature in ipairs {
      "", "x", SIGNATURE:sub(1, 40), SIGNATURE .. "=", " " .. SIGNATURE, (SIGNATURE:gsub("=", " ")), ("ab"):rep(32),
      ("A"):rep(2 ^ 20),
    } do
      assert.same({ false, "format" }, outcome(STAMP, BODY, signature))
    end
  end)

  it("refuses the empty secret (K11)", function()
    assert.same({ nil, "empty" }, { core.webhook_key("") })
    local closed = core.secret("x")
    closed:close()
    assert.same({ nil, "closed" }, { core.webhook_key(closed) })
    assert.has_error(function() core.webhook_key() end)
    assert.has_error(function() core.webhook_key(12) end)
    assert.has_error(function() core.webhook_key({}) end)
  end)

  it("keeps the old secret until it is made again", function()
    local secret = core.secret(SECRET)
    local key = core.webhook_key(secret)
    secret:replace("another")
    assert.is_true(key:verify(STAMP, BODY, SIGNATURE))
    assert.same({ false, "mismatch" }, { core.webhook_key(secret):verify(STAMP, BODY, SIGNATURE) })
    secret:close()
    assert.is_true(key:verify(STAMP, BODY, SIGNATURE))
  end)

  it("verifies nothing once closed", function()
    local key = core.webhook_key(SECRET)
    key:close()
    key:close()
    assert.same({ false, "closed" }, { key:verify(STAMP, BODY, SIGNATURE) })
    assert.same({ nil, "closed" }, { key:sign(STAMP, BODY) })
  end)

  it("takes strings only: a number is not what was signed", function()
    local key = core.webhook_key(SECRET)
    assert.has_error(function() key:sign(1746427759733, BODY) end)
    assert.has_error(function() key:sign(STAMP) end)
    assert.has_error(function() key:verify(STAMP, BODY) end)
    assert.has_error(function() key:verify(STAMP, BODY, 1) end)
    assert.has_error(function() key:verify(STAMP, nil, SIGNATURE) end)
    assert.has_error(function() key.verify(core.secret("x"), STAMP, BODY, SIGNATURE) end)
  end)
end)

describe("core.webhook_timestamp (K06)", function()
  it("reads digits and nothing else", function()
    assert.equal(1746427759733, core.webhook_timestamp("1746427759733"))
    assert.equal(0, core.webhook_timestamp("0"))
    assert.equal(999999999999999999, core.webhook_timestamp("999999999999999999"))
    for _, text in ipairs { "", "-1", "+1", " 1", "1 ", "1.5", "1e3", "0x1", "1000000000000000000", "banana", "1\0" } do
      assert.is_nil(core.webhook_timestamp(text))
    end
    assert.has_error(function() core.webhook_timestamp(1746427759733) end)
  end)
end)

describe("core.sha256", function()
  it("gives lower-case hexadecimal", function()
    assert.equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", core.sha256(""))
    assert.equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", core.sha256("abc"))
    assert.not_equal(core.sha256("a\0b"), core.sha256("a\0c"))
    assert.has_error(function() core.sha256() end)
  end)
end)
