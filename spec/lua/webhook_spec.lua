local core = require "vkyc.core"

local SECRET = "cs_test_0123456789"
local STAMP = "1746427759733"
local BODY = '{"event_type":"VKYC_USER_LINK_GENERATED","data":{"amount":1.10}}'
local SIGNATURE = "PaGMqj/RlwuOkR3HH/m64nMNzFf/Y1/Hl1zXGRHSRac="

describe("core.webhook_key", function()
  it("signs (K01)", function()
    for _, secret in ipairs { SECRET, core.secret(SECRET) } do
      local key = assert(core.webhook_key(secret))
      assert.equal(SIGNATURE, key:sign(STAMP, BODY))
      assert.equal(SIGNATURE, key:sign(STAMP, BODY))
      assert.not_equal(SIGNATURE, key:sign("1746427759734", BODY))
      assert.not_equal(SIGNATURE, key:sign(STAMP, BODY .. "\0"))
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
    assert.equal(SIGNATURE, key:sign(STAMP, BODY))
    assert.not_equal(SIGNATURE, core.webhook_key(secret):sign(STAMP, BODY))
    secret:close()
    assert.equal(SIGNATURE, key:sign(STAMP, BODY))
  end)

  it("signs nothing once closed", function()
    local key = core.webhook_key(SECRET)
    key:close()
    key:close()
    assert.same({ nil, "closed" }, { key:sign(STAMP, BODY) })
  end)

  it("takes strings only: a number is not what was signed", function()
    local key = core.webhook_key(SECRET)
    assert.has_error(function() key:sign(1746427759733, BODY) end)
    assert.has_error(function() key:sign(STAMP) end)
    assert.has_error(function() key:sign(nil, BODY) end)
    assert.has_error(function() key.sign(core.secret("x"), STAMP, BODY) end)
  end)
end)

describe("core.webhook_verifier", function()
  local NAMES = { signature_header = "x-sign", timestamp_header = "x-at", attempt_header = "x-try", version_header = "x-version", timestamp_unit = "ms" }
  local NOW = 1746427759

  local function headers(more)
    local all = { ["X-Sign"] = SIGNATURE, ["x-AT"] = { STAMP }, ["x-try"] = "2", ["x-version"] = "v1", [1] = "odd" }
    for name, value in pairs(more or {}) do
      all[name] = value or nil
    end
    return all
  end

  it("says which secret it was, and what else the headers say", function()
    local verifier = core.webhook_verifier(NAMES)
    assert.same({ 1, 2, "v1" }, { verifier:verify({ SECRET }, headers(), BODY, NOW, 300) })
    assert.same({ 2, 2, "v1" }, { verifier:verify({ "another", core.secret(SECRET), SECRET }, headers(), BODY, NOW, 300) })
    for _, value in ipairs { "many", "-1", "1234567", "", { "1", "2" }, 5 } do
      assert.same({ 1, nil, nil }, { verifier:verify({ SECRET }, headers { ["x-try"] = value, ["x-version"] = { "a", "b" } }, BODY, NOW, 300) })
    end
    local few = core.webhook_verifier { signature_header = "x-sign", timestamp_header = "x-at", timestamp_unit = "ms" }
    assert.same({ 1, nil, nil }, { few:verify({ SECRET }, headers(), BODY, NOW, 300) })
  end)

  it("says why not", function()
    local verifier = core.webhook_verifier(NAMES)
    local function reason(secrets, more, body, now)
      local index, word, sentence = verifier:verify(secrets, headers(more), body or BODY, now or NOW, 300)
      assert.is_nil(index)
      assert.is_string(sentence)
      return word
    end
    local seventeen = {}
    for i = 1, 17 do
      seventeen[i] = SECRET
    end
    for _, secrets in ipairs { {}, { "" }, { SECRET, 5 }, { {} }, { io.stdout }, seventeen } do
      assert.equal("config", reason(secrets))
    end
    assert.equal("header", reason({ SECRET }, { ["X-Sign"] = false }))
    assert.equal("header", reason({ SECRET }, { ["x-sign"] = SIGNATURE }))
    assert.equal("header", reason({ SECRET }, { ["x-AT"] = {} }))
    assert.equal("timestamp", reason({ SECRET }, nil, nil, NOW + 1000))
    assert.equal("timestamp", reason({ SECRET }, nil, nil, 0 / 0))
    assert.equal("signature", reason({ "another" }))
    assert.equal("signature", reason({ SECRET }, nil, BODY .. " "))
  end)

  it("renews what it keeps of a secret when the secret changes", function()
    local verifier, secret = core.webhook_verifier(NAMES), core.secret("another")
    local list = { secret }
    local function verify()
      return (verifier:verify(list, headers(), BODY, NOW, 300))
    end
    assert.is_nil(verify())
    secret:replace(SECRET)
    assert.equal(1, verify())
    secret:close()
    assert.is_nil(verify())
    secret:replace(SECRET)
    assert.equal(1, verify())
    list[1] = "another"
    assert.is_nil(verify())
    list[1] = core.secret(SECRET)
    assert.equal(1, verify())
    list[1] = core.secret("another") -- of the same generation
    assert.is_nil(verify())
    list[1] = SECRET
    assert.equal(1, verify())
    verifier:close()
    verifier:close()
    assert.equal(1, verify())
  end)

  it("takes what it is made for", function()
    local verifier = core.webhook_verifier(NAMES)
    for _, fn in ipairs {
      function() core.webhook_verifier() end,
      function() core.webhook_verifier {} end,
      function() core.webhook_verifier { signature_header = "a", timestamp_header = "b" } end,
      function() core.webhook_verifier { signature_header = "a", timestamp_header = "b", timestamp_unit = "h" } end,
      function() core.webhook_verifier { signature_header = 5, timestamp_header = "b", timestamp_unit = "s" } end,
      function() verifier:verify(SECRET, headers(), BODY, NOW, 300) end,
      function() verifier:verify({ SECRET }, "x", BODY, NOW, 300) end,
      function() verifier:verify({ SECRET }, headers(), 5, NOW, 300) end,
      function() verifier:verify({ SECRET }, headers(), BODY, nil, 300) end,
      function() verifier:verify({ SECRET }, headers(), BODY, NOW) end,
      function() verifier.verify(core.secret("x"), { SECRET }, headers(), BODY, NOW, 300) end,
    } do
      assert.has_error(fn)
    end
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
