-- Webhooks: verified before they are read, from the raw bytes; every row of the table of webhook faults.

local vkyc = require "vkyc"
local canaries = require "spec.support.canaries"
local scripted = require "spec.support.scripted_host"

local KEY = "cs_test_0123456789"
local STAMP = "1746427759733"
local NOW = 1746427759.733
local BODY = '{"event_type":"VKYC_USER_LINK_GENERATED","data":{"amount":1.10}}'
local SIGNATURE = "PaGMqj/RlwuOkR3HH/m64nMNzFf/Y1/Hl1zXGRHSRac="

local function headers(more)
  local all = { ["x-webhook-signature"] = SIGNATURE, ["x-webhook-timestamp"] = STAMP }
  for name, value in pairs(more or {}) do
    all[name] = value or nil
  end
  return all
end

local function verify(more)
  local options = { provider = "cashfree_ppi", secrets = { KEY }, headers = headers(), body = BODY, now = NOW }
  for name, value in pairs(more or {}) do
    options[name] = value
  end
  return vkyc.webhook.verify(options)
end

local function refused(reason, more, kind)
  local event, err = verify(more)
  assert.is_nil(event)
  canaries.check_error(err, kind or "webhook")
  assert.equal(reason, err.reason)
  assert.equal(kind == "config" and "not_sent" or "refused", err.outcome)
  return err
end

-- Signed with the given key, now.
local function signed(body, more)
  local options = { provider = "cashfree_ppi", secret = KEY, body = body, now = NOW }
  for name, value in pairs(more or {}) do
    options[name] = value
  end
  return assert(vkyc.webhook.sign(options))
end

describe("a webhook", function()
  after_each(canaries.check_hooks)

  it("is accepted with the right signature (K01)", function()
    local event = assert(verify())
    assert.same({ "VKYC_USER_LINK_GENERATED", 1, 1.1 }, { event.type, event.secret_index, event.data.amount })
    assert.equal("created", (vkyc.state(event)))
    event = assert(verify { secrets = { "cfsk_test_0123456789" },
      headers = headers { ["x-webhook-signature"] = "+zULrdmmKPNIeNaFATFNb3VSDl5idu6Oe/w7XP2orXo=" },
      body = '{"event_type":"VKYC_USER_LINK_GENERATED","event_time":"2025-05-22T03:51:14Z","data":{"verification_id":"test333","amount":170.00}}' })
    assert.same({ "test333", "2025-05-22T03:51:14Z" }, { event.data.verification_id, event.time })
  end)

  it("is refused with a dot between timestamp and body (K02)", function()
    refused("signature", { headers = headers { ["x-webhook-signature"] = "dfd31d99ykC2WhMdwdWwUZeklsdBi5Bg53nC1R/qpdw=" } })
  end)

  it("is refused with one bit changed (K03, K04)", function()
    for at = 1, #BODY, 7 do
      refused("signature", { body = BODY:sub(1, at - 1) .. string.char((BODY:byte(at) + 1) % 256) .. BODY:sub(at + 1) })
    end
    refused("signature", { headers = headers { ["x-webhook-timestamp"] = "1746427759732" } })
    refused("signature", { headers = headers { ["x-webhook-timestamp"] = "01746427759733" } })
    for at = 1, #SIGNATURE - 2 do
      local c = SIGNATURE:sub(at, at)
      refused("signature", { headers = headers { ["x-webhook-signature"] = SIGNATURE:sub(1, at - 1) .. (c == "A" and "B" or "A") .. SIGNATURE:sub(at + 1) } })
    end
    for _, body in ipairs { (BODY:gsub("1%.10", "1.1")), (BODY:gsub(":", ": ")), BODY .. "\n", BODY .. " ", "",
      '{"data":{"amount":1.10},"event_type":"VKYC_USER_LINK_GENERATED"}',
      BODY .. "\0" } do
      refused("signature", { body = body })
    end
  end)

  it("is refused too long before or after its time, to the millisecond (K05)", function()
    for _, seconds in ipairs { 301, -301, 300.002, -300.002, 1e9, -1e9 } do
      refused("timestamp", { now = NOW + seconds })
    end
    for _, seconds in ipairs { 0, 299.9, -299.9 } do
      assert(verify { now = NOW + seconds })
    end
    local headers_of = signed(BODY, { timestamp = "1746427759000" })
    for _, now in ipairs { 1746427759 + 300, 1746427759 - 300 } do
      assert(verify { headers = headers_of, now = now })
    end
    assert(verify { now = NOW + 86399, tolerance_s = 86400 })
    refused("timestamp", { now = NOW + 86401, tolerance_s = 86400 })
    refused("timestamp", { headers = headers_of, now = 1746427759.001, tolerance_s = 0 })
    assert(verify { headers = headers_of, now = 1746427759, tolerance_s = 0 })
  end)

  it("is refused with a timestamp that is none (K06)", function()
    for _, stamp in ipairs { "1746427759", "soon", "", "99999999999999999999", "999999999999999999", "-1746427759733", "1746427759733.0", "1e12",
      " 1746427759733", "0",
      "1746427759733\n", "0x196a0a0b0b5" } do
      -- Signed well: only the time is wrong.
      local key = stamp ~= "" and signed(BODY, { timestamp = stamp })["x-webhook-signature"] or SIGNATURE
      refused("timestamp", { headers = headers { ["x-webhook-timestamp"] = stamp, ["x-webhook-signature"] = key } })
    end
  end)

  it("is marked when it came before, if the caller can tell (K07)", function()
    local known = {}
    local function seen(id) return known[id] end
    local event = assert(verify { seen = seen })
    assert.is_false(event.duplicate)
    assert.is_false(assert(verify { seen = seen }).duplicate) -- it could not be kept, and came again
    known[event.id] = "what was done"
    assert.is_true(assert(verify { seen = seen }).duplicate)
    assert.is_nil(assert(verify()).duplicate)
    -- What is not authentic is never asked for.
    refused("signature", { body = "{}", seen = function() error("asked") end })
  end)

  it("is refused with headers that are not one (K08)", function()
    for _, name in ipairs { "x-webhook-signature", "x-webhook-timestamp" } do
      refused("header", { headers = headers { [name] = false } })
      refused("header", { headers = headers { [name] = { SIGNATURE, SIGNATURE } } })
      refused("header", { headers = headers { [name] = {} } })
      refused("header", { headers = headers { [name:upper()] = SIGNATURE } })
      refused("header", { headers = headers { [name] = ("A"):rep(2 ^ 20) } })
      refused("header", { headers = headers { [name] = 5 } })
    end
    for _, signature in ipairs { "", "not base64 at all, is it?", SIGNATURE:sub(1, 10) .. " " .. SIGNATURE:sub(12), " " .. SIGNATURE, SIGNATURE .. "\n",
      ("0123456789abcdef"):rep(4), SIGNATURE .. "=", SIGNATURE:gsub("=", ""), SIGNATURE:gsub("/", "_") } do
      refused("header", { headers = headers { ["x-webhook-signature"] = signature } })
    end
  end)

  it("takes header names in any case, and a list of one", function()
    assert(verify { headers = { ["X-Webhook-Signature"] = { SIGNATURE }, ["X-WEBHOOK-TIMESTAMP"] = STAMP, [1] = "odd", ["x-webhook-attempt"] = "3",
      ["X-Webhook-Version"] = "2025-01-01" } })
    local event = assert(verify { headers = headers { ["x-webhook-attempt"] = "3", ["x-webhook-version"] = "2025-01-01" } })
    assert.same({ 3, "2025-01-01" }, { event.attempt, event.version })
    for _, attempt in ipairs { "many", "-1", "1e3", "99999999999", { "1", "2" } } do
      assert.is_nil(assert(verify { headers = headers { ["x-webhook-attempt"] = attempt } }).attempt)
    end
  end)

  it("tells which of several secrets signed it (K09, K10, K13)", function()
    assert.equal(2, assert(verify { secrets = { "another", KEY } }).secret_index)
    assert.equal(3, assert(verify { secrets = { "a", "b", vkyc.secret.string(KEY), KEY } }).secret_index)
    refused("signature", { secrets = { "another", "and one more" } })
    assert.equal(1, assert(verify { secrets = KEY }).secret_index)
    assert.equal(1, assert(verify { secrets = vkyc.secret.string(KEY) }).secret_index)
  end)

  it("is never verified by an empty secret (K11)", function()
    local closed = vkyc.secret.string("x")
    closed:close()
    local seventeen = {}
    for i = 1, 17 do
      seventeen[i] = KEY
    end
    for _, secrets in ipairs { {}, { "" }, { KEY, "" }, { 5 }, { {} }, { closed }, seventeen, "", function() end, function() return {} end,
      function() return "" end,
      function() error("no") end, function() return { "" } end } do
      refused(nil, { secrets = secrets }, "config")
    end
    refused(nil, { secrets = { vkyc.secret.env("VKYC_NO_SUCH_VARIABLE") } }, "config")
    local _, err = vkyc.webhook.verify { provider = "cashfree_ppi", headers = headers(), body = BODY }
    canaries.check_error(err, "config")
  end)

  it("asks a function for its secrets each time", function()
    local list, asked = { "another" }, 0
    local function secrets()
      asked = asked + 1
      return list
    end
    refused("signature", { secrets = secrets })
    list = { KEY }
    assert(verify { secrets = secrets })
    assert.equal(2, asked)
  end)

  it("is refused with a part of the right signature (K12)", function()
    for size = 1, #SIGNATURE - 1 do
      refused("header", { headers = headers { ["x-webhook-signature"] = SIGNATURE:sub(1, size) } })
    end
  end)

  it("is verified before it is read (K14)", function()
    for body, kind in pairs { ["not JSON"] = "decode", [""] = "schema", ["[]"] = "schema", ["5"] = "schema", ['{"event_type":5}'] = "schema",
      ['{"a":1,"a":2}'] = "decode",
      ['{"data":1e999}'] = "decode", ["\239\187\191{}"] = "decode", ["{}\0{}"] = "decode", ['{"a":"\255"}'] = "decode", [("["):rep(1000)] = "decode" } do
      refused("signature", { body = body })
      local event, err = verify { headers = signed(body), body = body }
      assert.is_nil(event)
      canaries.check_error(err, kind)
      assert.equal("refused", err.outcome)
    end
    local large = '{"event_type":"' .. ("x"):rep(10 * 2 ^ 20) .. '"}'
    refused("signature", { body = large })
    local _, err = verify { headers = signed(large), body = large }
    canaries.check_error(err, "too_large")
  end)

  it("is passed on with words that are not known", function()
    for _, body in ipairs { '{"event_type":"VKYC_SOMETHING_NEW","data":{"status":"NEW"}}', "{}", '{"event_type":null,"data":null}',
      '{"event_type":"","data":"text"}', '{"data":[]}' } do
      local event = assert(verify { headers = signed(body), body = body })
      local state, detail = vkyc.state(event)
      assert.same({ "unknown", false }, { state, detail.terminal })
      assert.is_table(event.data)
      assert.equal(64, #event.id)
    end
  end)

  it("is the provider's test only when nothing in it tells of a case", function()
    local function test(body, provider)
      return assert(vkyc.webhook.verify { provider = provider or "cashfree_secure_id", secrets = { KEY }, headers = signed(body), body = body, now = NOW }).test
    end
    for _, body in ipairs { "{}", '{"event_type":null,"data":null}', '{"data":[]}', '{"event_type":"TEST","data":"text"}',
      '{"event_type":"WEBHOOK","event_time":"2025-05-22T03:51:14Z","data":{"test_object":{"test_key":"test_value"}}}',
      '{"event_type":"TEST","data":{"a":[{"b":["status"]}],"id_of":"x","statuses":[],"reference_id":null}}' } do
      assert.is_true(test(body), body)
    end
    -- A name that the provider documents, a field that it documents, or what must be a case though nobody documented it.
    for _, body in ipairs { '{"event_type":"VKYC_AUDITOR_REVIEW_COMPLETED","data":{}}', '{"event_type":"VKYC_USER_LINK_EXPIRED"}',
      '{"event_type":"VKYC_USER_LINK_EXPIRED","data":{}}', '{"event_type":"NEW","data":{"newId":7}}', '{"event_type":"NEW","data":{"ID":""}}',
      '{"event_type":"NEW","data":{"kycStatus":"X"}}', '{"event_type":"NEW","verification_id":"V1"}', '{"event_type":"NEW","data":[{"verification_id":"V1"}]}',
      '{"event_type":"NEW","data":{"case":{"deep":[1,[{"status":"X"}]]}}}', '{"event_type":"NEW","data":{"case":[{"vkyc_link":""}]}}' } do
      assert.is_nil(test(body), body)
    end
    for _, field in ipairs(require("vkyc.providers.cashfree").webhook.fields) do
      assert.is_nil(test('{"event_type":"NEW","data":{"simulated":true,"' .. field.name .. '":"x"}}'), field.name)
    end
    -- A provider of a user's own, whose table lists no fields.
    local own = {}
    for name, value in pairs(require "vkyc.providers.cashfree_ppi") do
      own[name] = value
    end
    own.webhook = { identifies = { "which" } }
    for name, value in pairs(require("vkyc.providers.cashfree").webhook) do
      own.webhook[name] = own.webhook[name] or name ~= "fields" and value or nil
    end
    own.states = { status = { "status" } }
    assert.is_true(test('{"event_type":"VKYC_USER_LINK_EXPIRED","data":{"vkyc_link":"x"}}', own))
    assert.is_nil(test('{"data":{"which":"x"}}', own))
    assert.is_nil(test('{"data":{"which_id":"x"}}', own))
  end)

  it("has an id that is the same for each delivery, and another for each event", function()
    local function id(body, more)
      return assert(verify { headers = signed(body, more), body = body }).id
    end
    local function body(fields)
      local all = { type = "VKYC_USER_CALL_QUEUED", time = "2025-05-22T03:51:14Z", id = "V1", status = "PRE_VIDEO_CALL", sub = "USER_QUEUED", more = "" }
      for name, value in pairs(fields) do
        all[name] = value
      end
      return ('{"event_type":"%s","event_time":"%s","data":{"verification_id":"%s","status":"%s","sub_status":"%s"%s}}'):format(
        all.type, all.time, all.id, all.status, all.sub, all.more)
    end
    local first = id(body {})
    assert.equal(first, id(body {}, { attempt = 4, timestamp = "1746427760000" }))
    assert.equal(first, id(body { more = ',"vkyc_link":"https://x.example/y"' }))
    local ids = { [first] = true }
    for _, fields in ipairs { { type = "VKYC_USER_CALL_STARTED" }, { time = "2025-05-22T03:51:15Z" }, { id = "V2" }, { status = "RECEIVED" },
      { sub = "NO_AGENT_FOUND" },
      { sub = "", status = "PRE_VIDEO_CALLUSER_QUEUED" } } do
      local other = id(body(fields))
      assert.is_nil(ids[other])
      ids[other] = true
    end
    local _, err = vkyc.webhook.verify { provider = "cashfree_secure_id", secrets = { KEY }, headers = signed(body {}), body = body {}, now = NOW }
    assert.is_nil(err)
    assert.not_equal(first, vkyc.webhook.verify({ provider = "cashfree_secure_id", secrets = { KEY }, headers = signed(body {}), body = body {},
      now = NOW }).id)
  end)

  it("has the state of its status, and else of its name", function()
    local function state(type, status, sub, statuses)
      local body = ('{"event_type":"%s","data":{"status":"%s","sub_status":"%s"}}'):format(type, status, sub)
      return (vkyc.state(assert(verify { headers = signed(body), body = body, statuses = statuses })))
    end
    for name, expected in pairs { LINK_GENERATED = "created", LINK_EXPIRED = "expired", AADHAAR_VERIFIED = "in_progress", CALL_SCHEDULED = "in_progress",
      PRECHECK_FAILED = "action_required", CALL_QUEUED = "in_progress", CALL_STARTED = "in_progress", DROPOFF_FROM_CALL = "action_required",
        CALL_COMPLETED = "in_review" } do
      assert.equal(expected, state("VKYC_USER_" .. name, "", ""))
      assert.equal(expected, state("VKYC_USER_" .. name, "WORD_OF_NO_PAGE", "X"))
      assert.equal("expired", state("VKYC_USER_" .. name, "EXPIRED", "VKYC_EXPIRED"))
    end
    for _, word in ipairs { "APPROVED", "VERIFIED", "AUDITOR_APPROVED", "SUCCESS" } do
      assert.equal("unknown", state("VKYC_AUDITOR_REVIEW_COMPLETED", word, word))
    end
    assert.equal("approved", state("VKYC_AUDITOR_REVIEW_COMPLETED", "REVIEWED", "OK", { ["REVIEWED/OK"] = "approved" }))
    assert.equal("rejected", state("VKYC_AUDITOR_REVIEW_COMPLETED", "REJECTED", "X"))
  end)

  it("of Secure ID carries its documented body", function()
    local body = '{"signature":"x","event_type":"VKYC_USER_LINK_GENERATED","event_time":"2025-05-22T03:51:14Z","version":"v1",'
      .. '"data":{"verification_id":"test333",'
      .. '"reference_id":1358,"user_reference_id":11174,"user_id":"U1","status":"RECEIVED","sub_status":"LINK_GENERATED",'
        .. '"vkyc_link":"https://forms.cashfree.com/x",'
      .. '"link_expiry":"2025-06-21","recording_link":"","meeting_schedule":""}}'
    local event = assert(vkyc.webhook.verify { provider = "cashfree_secure_id", secrets = { KEY }, headers = signed(body), body = body, now = NOW })
    local state, detail = vkyc.state(event)
    assert.same({ "created", 1750530600, true }, { state, detail.expires_at, detail.expires_estimated })
    assert.equal("", event.data.recording_link)
    assert.equal("1358", tostring(event.data.reference_id))
  end)

  it("is verified by a client, with its own secret and clock", function()
    local secret = vkyc.secret.string(KEY)
    local host = scripted.new({}, { wall = NOW })
    local client = scripted.client("cashfree_ppi", host, { client_secret = secret })
    assert(client:webhook(headers(), BODY))
    -- Rotation: the new secret from now on, the old one no more.
    secret:replace("rotated")
    local _, err = client:webhook(headers(), BODY)
    assert.equal("signature", canaries.check_error(err, "webhook").reason)
    assert(client:webhook(signed(BODY, { secret = "rotated" }), BODY))
    secret:replace(KEY)
    assert(client:webhook(headers(), BODY))
    host.clock = host.clock + 301
    _, err = client:webhook(headers(), BODY)
    assert.equal("timestamp", err.reason)
    assert(client:webhook(headers(), BODY, { tolerance_s = 400 }))
    host.clock = 1000
    assert(client:webhook(headers(), BODY))
    secret:close()
    canaries.check_error(select(2, client:webhook(headers(), BODY)), "config")
  end)

  it("is verified by the secrets a client was given, as they were then", function()
    local list = { "new", KEY }
    local client = scripted.client("cashfree_ppi", scripted.new({}, { wall = NOW }), { webhook_secrets = list, statuses = { NEW = "approved" } })
    assert.equal(2, assert(client:webhook(headers(), BODY)).secret_index)
    list[2] = nil
    assert.equal(2, assert(client:webhook(headers(), BODY)).secret_index)
    local body = '{"event_type":"X","data":{"status":"NEW"}}'
    assert.equal("approved", (vkyc.state(assert(client:webhook(signed(body), body)))))
    client:close()
    canaries.check_error(select(2, client:webhook(headers(), BODY)), "closed")
  end)

  it("cannot be verified for Enkash, which signs none", function()
    local client = scripted.client("enkash", scripted.new {})
    canaries.check_error(select(2, client:webhook(headers(), BODY)), "config")
    refused(nil, { provider = "enkash" }, "config")
    local _, err = vkyc.webhook.sign { provider = "enkash", secret = KEY, body = BODY }
    canaries.check_error(err, "config")
  end)

  it("is made for tests by sign", function()
    local made = signed(BODY, { timestamp = STAMP, attempt = 2 })
    assert.same({ ["content-type"] = "application/json", ["x-webhook-signature"] = SIGNATURE, ["x-webhook-timestamp"] = STAMP,
      ["x-webhook-attempt"] = "2" }, made)
    assert.equal(STAMP, signed(BODY)["x-webhook-timestamp"])
    assert(vkyc.webhook.verify { provider = "cashfree_ppi", secrets = { KEY }, headers = assert(vkyc.webhook.sign { provider = "cashfree_ppi",
      secret = vkyc.secret.string(KEY), body = BODY }), body = BODY })
    for _, secret in ipairs { "", {}, 5 } do
      local _, err = vkyc.webhook.sign { provider = "cashfree_ppi", secret = secret, body = BODY }
      canaries.check_error(err, "config")
    end
    canaries.check_error(select(2, vkyc.webhook.sign { provider = "cashfree_ppi", body = BODY }), "config")
    canaries.check_error(select(2, vkyc.webhook.sign { provider = "nobody", secret = KEY, body = BODY }), "config")
  end)

  it("says what to do about each refusal", function()
    local function message(more, kind)
      local _, err = verify(more)
      return canaries.check_error(err, kind), err.message
    end
    for _, more in ipairs { { provider = "nobody" }, { statuses = { RECEIVED = "approved" } }, { statuses = 5 }, { secrets = {} }, { provider = "enkash" } } do
      assert.is_nil(message(more, "config").hint:find("make the client anew", 1, true))
    end
    for _, body in ipairs { "[]", "", '{"event_type":5}' } do
      local _, text = message({ headers = signed(body), body = body }, "schema")
      assert.is_nil(text:find("answer", 1, true), text)
      assert.truthy(text:find("the delivery is authentic", 1, true))
    end
    for more, expected in pairs {
      [{ headers = headers { ["x-webhook-signature"] = false } }] = "x-webhook-signature is missing",
      [{ headers = headers { ["x-webhook-signature"] = {} } }] = "x-webhook-signature is missing",
      [{ headers = headers { ["x-webhook-signature"] = { SIGNATURE, SIGNATURE } } }] = "x-webhook-signature came more than once",
      [{ headers = headers { ["X-Webhook-Timestamp"] = STAMP } }] = "x-webhook-timestamp came more than once",
      [{ headers = headers { ["x-webhook-signature"] = ("A"):rep(257) } }] = "x-webhook-signature is longer than any signature",
      [{ headers = headers { ["x-webhook-signature"] = ("A"):rep(256) } }] = "x-webhook-signature is not base64 of 32 bytes",
      [{ headers = headers { ["x-webhook-timestamp"] = "" } }] = "x-webhook-timestamp is empty",
      [{ headers = headers { ["x-webhook-timestamp"] = "soon" } }] = "x-webhook-timestamp is not a number",
      [{ now = NOW + 1000 }] = "x-webhook-timestamp is more than 300 s away from this machine's clock",
      [{ body = "" }] = "no secret makes this signature",
    } do
      assert.equal(expected, select(2, message(more, "webhook")))
    end
  end)

  it("forgets the key of a secret that a function no longer returns", function()
    local one, two, list = vkyc.secret.string("another"), vkyc.secret.string(KEY), nil
    local client = scripted.client("cashfree_ppi", scripted.new({}, { wall = NOW }), { webhook_secrets = function() return list end })
    for _ = 1, 2 do
      list = { one, two }
      assert.equal(2, assert(client:webhook(headers(), BODY)).secret_index)
      list = { two }
      assert.equal(1, assert(client:webhook(headers(), BODY)).secret_index)
      list = { one }
      assert.equal("signature", canaries.check_error(select(2, client:webhook(headers(), BODY)), "webhook").reason)
      list = KEY
      assert.equal(1, assert(client:webhook(headers(), BODY)).secret_index)
      one:replace(KEY)
      list = { one }
      assert.equal(1, assert(client:webhook(headers(), BODY)).secret_index)
      one:replace("another")
      canaries.check_error(select(2, client:webhook(headers(), BODY)), "webhook")
      list = { two, one }
      two:close()
      canaries.check_error(select(2, client:webhook(headers(), BODY)), "config")
      two:replace(KEY)
    end
  end)

  it("shows no canary of a delivery that is refused", function()
    local secret = canaries.WEBHOOK_SECRET
    canaries.each(function(value)
      for _, name in ipairs { "x-webhook-signature", "x-webhook-timestamp" } do
        canaries.check_error(select(2, verify { secrets = { secret }, headers = headers { [name] = value }, body = value }), "webhook")
      end
      for _, body in ipairs { value, '{"event_type":["' .. value .. '"]}', '{"' .. value .. '":' .. value, '{"data":{"a":"' .. value .. '"}' } do
        canaries.check_error(select(2, verify { secrets = { secret }, headers = signed(body, { secret = secret }), body = body }))
      end
    end)
  end)

  it("raises when it is used wrongly, in the line that does", function()
    local client = scripted.client("cashfree_ppi", scripted.new {})
    local sign, check = vkyc.webhook.sign, vkyc.webhook.verify
    for _, fn in ipairs {
      function() client:webhook(nil, BODY) return 1 end,
      function() client:webhook(headers(), nil) return 1 end,
      function() client:webhook(headers(), { a = 1 }) return 1 end,
      function() client:webhook(headers(), BODY, 5) return 1 end,
      function() client:webhook(headers(), BODY, { tolerance = 5 }) return 1 end,
      function() client:webhook(headers(), BODY, { tolerance_s = "5" }) return 1 end,
      function() client:webhook(headers(), BODY, { tolerance_s = 0 / 0 }) return 1 end,
      function() client:webhook(headers(), BODY, { tolerance_s = -1 }) return 1 end,
      function() client:webhook(headers(), BODY, { seen = {} }) return 1 end,
      function() client.webhook(headers(), BODY) return 1 end,
      function() check(5) return 1 end,
      function() check { provider = "cashfree_ppi", secret = KEY } return 1 end,
      function() check { provider = "cashfree_ppi", secrets = { KEY }, headers = headers() } return 1 end,
      function() check { provider = "cashfree_ppi", secrets = { KEY }, headers = headers(), body = BODY, tolerance_s = 0 / 0 } return 1 end,
      function() sign { provider = "cashfree_ppi", secrets = KEY } return 1 end,
      function() sign { provider = "cashfree_ppi", secret = KEY, body = BODY, timestamp = 1746427759733 } return 1 end,
      function() sign { provider = "cashfree_ppi", secret = KEY, body = BODY, now = "5" } return 1 end,
      function() check { provider = "cashfree_ppi", secrets = { KEY }, headers = headers(), body = BODY, now = 0 / 0 } return 1 end,
      function() sign { provider = "cashfree_ppi", secret = KEY } return 1 end,
    } do
      local line = debug.getinfo(fn, "S").linedefined
      local good, err = pcall(fn)
      assert.is_false(good)
      assert.truthy(tostring(err):find("webhook_spec.lua:" .. line .. ": vkyc", 1, true), tostring(err))
    end
    assert.error_matches(function() check { secret = KEY } end, "vkyc.webhook.verify: unknown option secret, did you mean secrets?", 1, true)
    assert.error_matches(function() sign { timestmp = KEY } end, "vkyc.webhook.sign: unknown option timestmp, did you mean timestamp?", 1, true)
    assert.error_matches(function() client:webhook({}, "", { tolerance = 5 }) end, "unknown option tolerance, did you mean tolerance_s?", 1, true)
    assert.error_matches(function() client:webhook({}, "", { zzz = 5 }) end, "unknown option zzz, known are seen, tolerance_s", 1, true)
  end)
end)
