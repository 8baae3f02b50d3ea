-- The collector at its most aggressive, and values used after they were closed: no path may depend on when memory goes.

local core = require "vkyc.core"
local cjson = require("cjson").new()
local ppi = require "vkyc.providers.cashfree_ppi"

local function initiate()
  return {
    user_id = "USER827364",
    verification_id = "TestVkycVerification",
    notification_modes = { "SMS", "WHATSAPP" },
    security_questions = { { order = 2, question = "Colour? \n\"é\"", answer = "Blue" }, { order = 1, question = "City?", answer = "Pune" } },
  }
end

--- One pass over the main paths; every string is new, so that nothing is kept alive by a literal.
local function pass(round, step)
  local fields = {}
  for i, field in ipairs(ppi.operations.initiate.request) do
    fields[i] = field
  end
  fields[#fields + 1] = { name = "field_" .. round, type = "enum", values = { "value_" .. round }, also = { "other_" .. round } }
  local request_schema = assert(core.schema(fields))
  step()
  local reply_schema = assert(core.schema(ppi.operations.initiate.response))
  step()
  local params = initiate()
  params["other_" .. round] = "value_" .. round
  local request = assert(core.request("POST", "https://api.example.com", "/ppi/kyc/vkyc", request_schema, params, { ["extra_" .. round] = { round,
    core.array {} } }))
  step()
  assert(request:header("x-client-id", "id-" .. round))
  assert(request:header("x-client-secret", core.secret("secret-" .. round)))
  assert(request:basic("user-" .. round, "password-" .. round))
  step()
  local out = request:export()
  local sent = cjson.decode(out.body)
  assert.equal("value_" .. round, sent["field_" .. round])
  assert.equal(round, sent["extra_" .. round][1])
  assert.equal("Pune", sent.security_questions[2].answer)
  assert.equal("secret-" .. round, out.headers["x-client-secret"])
  step()

  local _, violations = core.request("POST", "https://api.example.com", "/x", request_schema, { ["typo_" .. round] = 1, user_id = "bad id",
    notification_modes = { "x" .. round } })
  assert.equal(4, #violations)
  step()
  local _, faults = core.schema { { name = "a" .. round, type = "nonsense" }, { ["key" .. round] = 1 } }
  assert.equal(4, #faults)
  step()

  local response = core.response()
  assert.equal(200, response:fill(200, { ["X-Round"] = { "r" .. round, "s" .. round } },
    ('{"verification_id":"V%d","cf_verification_id":8901234567890123458,"k\\u0065y%d":["\\u00e9%d",{}],'
    .. '"status":"RECEIVED","auditor_remarks":%d,"long":"%s\\n"}'):format(round, round, round, round, ("\\u0041"):rep(300))))
  step()
  local result, mismatches = reply_schema:decode(response)
  step()
  assert.equal("V" .. round, result.verification_id)
  assert.equal("8901234567890123458", result.cf_verification_id)
  assert.equal("é" .. round, result["key" .. round][1])
  assert.equal(("A"):rep(300) .. "\n", result.long)
  assert.same({ "auditor_remarks" }, mismatches)
  assert.equal("s" .. round, response:headers()["x-round"])
  local _, err = reply_schema:decode('{"status":' .. round .. "}")
  assert.equal("status", err.path)
  step()
  if round % 2 == 0 then
    request:close()
    response:close()
  end
end

describe("the main paths", function()
  it("work while the collector never rests", function()
    collectgarbage("setpause", 0)
    collectgarbage("setstepmul", 1000)
    local good, err = pcall(function()
      for round = 1, 60 do
        pass(round, function() end)
      end
    end)
    collectgarbage("setpause", 200)
    collectgarbage("setstepmul", 200)
    assert.is_true(good, tostring(err))
  end)

  it("work with a full collection between any two calls", function()
    for round = 1, 15 do
      pass(round, collectgarbage)
    end
  end)

  it("work in the generational mode where there is one", function()
    if not math.type or not pcall(collectgarbage, "generational") then
      return
    end
    local good, err = pcall(function()
      for round = 1, 60 do
        pass(round, function() end)
      end
    end)
    collectgarbage("incremental")
    assert.is_true(good, tostring(err))
  end)

  it("leave nothing behind", function()
    for round = 1, 20 do
      pass(1, function() end)
      assert.is_true(round > 0)
    end
    collectgarbage()
    collectgarbage()
    local before = collectgarbage("count")
    for _ = 1, 300 do
      pass(1, function() end)
    end
    collectgarbage()
    collectgarbage()
    assert.is_true(collectgarbage("count") - before < 64, collectgarbage("count") - before .. " KiB")
  end)
end)

describe("values used after they were closed", function()
  it("are empty, or say so, and never crash", function()
    local schema = assert(core.schema(ppi.operations.initiate.request))
    for _ = 1, 50 do
      local request = assert(core.request("POST", "https://api.example.com", "/x", schema, initiate()))
      local response = core.response()
      response:fill(200, { A = "b" }, "{}")
      local secret = core.secret("secret-value")
      request:close()
      response:close()
      secret:close()
      collectgarbage("step")
      assert.is_nil((request:header("x", secret)))
      request:header("x-after", "v")
      request:basic("u", "p")
      request:form("a", "b")
      request:clear_headers()
      request:export()
      assert.is_nil((schema:decode(response)))
      response:fill(200, { A = "b" }, "{}")
      response:reset()
      request:close()
      response:close()
    end
    collectgarbage()
  end)

  it("finish in any order when a state ends with them", function()
    -- Kept in globals of a table that refers to itself: the collector must find its own order.
    local ring = {}
    for i = 1, 200 do
      ring[i] = { request = core.raw_request("POST", "https://a", "/x", nil, { n = i }), response = core.response(), schema = core.schema {}, ring = ring }
    end
    ring = nil
    collectgarbage()
    collectgarbage()
    assert.is_nil(ring)
  end)
end)
