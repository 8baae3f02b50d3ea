-- What is known of a result beside its fields.

local vkyc = require "vkyc"
local canaries = require "spec.support.canaries"
local results = require "vkyc.results"
local scripted = require "spec.support.scripted_host"

local IDS = { user_id = "U1", verification_id = "V1" }

describe("a result", function()
  after_each(canaries.check_hooks)

  it("holds the provider's fields and nothing else, and null is nil", function()
    local client = scripted.client("cashfree_ppi", scripted.new { scripted.reply(200, '{"status":"NEW","meeting_schedule":null,"future":{"a":[]},"n":1.5}') })
    local res = assert(client:status(IDS))
    assert.same({ status = "NEW", future = { a = {} }, n = 1.5 }, res)
    assert.is_nil(getmetatable(res))
  end)

  it("has its facts in meta", function()
    local host = scripted.new({ scripted.reply(503), scripted.reply(201, '{"link_expiry":5,"auditor_remarks":[1],"security_questions":{}}',
      { ["x-request-id"] = "abc-1" }) })
    local client = scripted.client("cashfree_ppi", host)
    local res = assert(client:status(IDS))
    local meta = vkyc.meta(res)
    assert.same({ 2, 201, "abc-1", { "link_expiry", "auditor_remarks" }, { "reading again is safe" } },
      { meta.attempts, meta.status, meta.request_id, meta.mismatches, meta.retries })
    assert.equal(5, res.link_expiry)
    assert.near(host.sleeps[1], meta.elapsed_s, 1e-9)
    assert.truthy(meta.call_id:find("^%x%x%x%x%x%x%x%x%-1$"))
    assert.is_nil(meta.reconciled)
    meta.attempts = 99
    assert.equal(2, vkyc.meta(res).attempts)
  end)

  it("keeps id and status strict: another type is a schema error, its path told and not its value", function()
    for body, path in pairs { ['{"status":5}'] = "status", ['{"vkyc_link":{}}'] = "vkyc_link", ['{"cf_verification_id":1.5}'] = "cf_verification_id",
      ['{"cf_verification_id":[]}'] = "cf_verification_id", ['{"verification_id":true}'] = "verification_id", ['{"user_id":"a\\u0000b"}'] = "user_id" } do
      local client = scripted.client("cashfree_ppi", scripted.new { scripted.reply(200, body) })
      local _, err = client:status(IDS)
      assert.same({ "schema", path }, { err.kind, err.path })
    end
  end)

  it("goes with its facts", function()
    local watch = setmetatable({}, { __mode = "k" })
    local facts = {}
    watch[facts] = true
    results.remember({}, facts)
    facts = nil -- luacheck: ignore
    collectgarbage()
    collectgarbage()
    assert.is_nil(next(watch))
  end)

  it("of elsewhere has none", function()
    assert.is_nil(vkyc.meta {})
    assert.is_nil(vkyc.raw {})
  end)
end)
