-- What the core reads from an answer beside its fields: facts, refusals, envelopes, ids, hours.

local core = require "vkyc.core"

local function answered(status, headers)
  local response = core.response()
  assert(response:fill(status, headers or {}, ""))
  return response
end

describe("core.facts", function()
  it("tells the status, the id of the request and the rate limit", function()
    local names = { limit = "x-l", remaining = "x-r", reset_s = "x-s" }
    local status, id, rate = core.facts(answered(201, { ["X-Request-Id"] = "a-1", ["X-L"] = "10", ["X-R"] = "2.5", ["X-S"] = "60" }), names)
    assert.same({ 201, "a-1", { limit = 10, remaining = 2.5, reset_s = 60 } }, { status, id, rate })
    assert.equal("10", tostring(rate.limit))
    status, id, rate = core.facts(answered(200), names)
    assert.same({ 200 }, { status, id, rate })
    assert.is_nil((select(3, core.facts(answered(200, { ["X-S"] = "60" }), names)))) -- a reset of nothing
  end)

  it("hides an id that shows something", function()
    local response = answered(200, { ["CF-Ray"] = "Ravi-kumar" })
    assert.equal("Ravi-kumar", (select(2, core.facts(response, nil, { "other" }))))
    assert.is_nil((select(2, core.facts(response, nil, { core.secret("ravi") }))))
    assert.is_nil((select(2, core.facts(answered(200, { ["CF-Ray"] = "9988776655" })))))
  end)

  it("takes a response", function()
    for _, value in ipairs { {}, "x", core.secret("x1234567"), 5 } do
      for _, fn in ipairs { core.facts, core.refusal, core.unreadable } do
        assert.has_error(function() fn(value, {}, {}, {}, 0) end)
      end
    end
  end)
end)

describe("core.refusal", function()
  local SPEC = {
    errors = { code = { "code", "error" }, type = { "family" }, message = { "text", "message" }, outside_hours = "They sleep.",
      map = { gone = "not_found", full = { kind = "conflict", hint = "Wait." }, ["418"] = { kind = "forbidden" } } },
    hours = { open_h = 9, close_h = 17, offset_s = 0, days = { 1, 2, 3, 4, 5 } },
    rate_limit = { remaining = "x-r", reset_s = "x-s", retry_s = "x-w" },
  }
  local NOON, NIGHT = 1780920000, 1780880400 -- of a Monday

  local function refusal(status, body, wall, headers, message)
    return core.refusal(answered(status, headers), { "Ravi Kumar" }, SPEC, body, wall or NOON, message)
  end

  it("takes the kind from the map by code, then by status, then from the status", function()
    assert.same({ "not_found", "gone" }, { refusal(400, { code = "gone" }).kind, refusal(400, { error = "gone" }).code })
    local err = refusal(500, { code = "full" })
    assert.same({ "conflict", "Wait.", 500 }, { err.kind, err.hint, err.status })
    assert.same({ "forbidden" }, { refusal(418, { code = "other" }).kind, refusal(418).hint })
    assert.equal("forbidden", refusal(418, nil).kind)
    assert.equal("auth", refusal(401, { code = { "gone" } }).kind)
    assert.equal("server", refusal(503, {}).kind)
  end)

  it("has a sentence, whatever was answered", function()
    assert.equal("no [REDACTED]", refusal(400, { text = "no ravi kumar" }).message)
    assert.equal("later", refusal(400, { message = "later", text = { "table" } }).message)
    assert.equal("given", refusal(200, { text = "body's" }, nil, nil, "given").message)
    assert.equal("the provider answered 400", refusal(400, { text = "", code = "gone" }).message)
    assert.equal("the server redirects elsewhere", refusal(302).message)
    assert.equal("the provider answered code 17", refusal(200, { code = 17 }).message)
    assert.equal("the provider answered a failure", refusal(200, { code = "two words" }).message)
  end)

  it("says when agents are away, where nothing better is known", function()
    assert.is_nil(refusal(400, {}, NOON).hint)
    assert.equal("They sleep.", refusal(400, {}, NIGHT).hint)
    assert.equal("They sleep.", refusal(400, {}, NOON + 5 * 86400).hint)
    assert.is_nil(refusal(401, {}, NIGHT).hint)
    assert.equal("Wait.", refusal(400, { code = "full" }, NIGHT).hint)
  end)

  it("has the wait, the type and what was declared", function()
    local err = refusal(429, { family = "limits" }, nil, { ["Retry-After"] = "7", ["Content-Type"] = "text/html; charset=x", ["X-Request-Id"] = "r.1" })
    assert.same({ 7, "limits", "text/html", "r.1", "response" }, { err.retry_after, err.provider_type, err.content_type, err.request_id, err.phase })
    assert.equal(30, refusal(429, {}, nil, { ["X-R"] = "0", ["X-S"] = "30" }).retry_after)
  end)

  it("reads tables raw, and forgives what is missing", function()
    local hostile = setmetatable({}, { __index = function() error("hostile") end })
    local err = core.refusal(answered(404), {}, hostile, hostile, NOON)
    assert.same({ "not_found", "the provider answered 404" }, { err.kind, err.message })
    assert.has_error(function() core.refusal(answered(404), nil, SPEC, {}, NOON) end)
    assert.has_error(function() core.refusal(answered(404), {}, nil, {}, NOON) end)
    assert.has_error(function() core.refusal(answered(404), {}, SPEC, {}, "noon") end)
  end)
end)

describe("core.unreadable", function()
  it("tells the fault and where it is", function()
    local err = core.unreadable(answered(200), {}, { kind = "schema", reason = "odd", path = "a.b" })
    assert.same({ status = 200, phase = "response", kind = "schema", message = "odd: a.b", path = "a.b" }, err)
    err = core.unreadable(answered(200), {}, { kind = "decode", reason = "bad", offset = 12 })
    assert.same({ "bad (byte 12)", 12 }, { err.message, err.offset })
    assert.equal("empty", core.unreadable(answered(200), {}, { kind = "schema", reason = "empty" }).message)
  end)
end)

describe("core.envelope", function()
  local ENVELOPE = { code = { "code", "rc" }, success = 0, message = { "msg" }, payload = "data" }

  it("opens", function()
    for _, code in ipairs { 0, 0.0, "0" } do
      assert.same({ code, true, 5, "fine" }, { core.envelope({ rc = code, data = 5, msg = "fine" }, ENVELOPE) })
    end
    for _, code in ipairs { 1, "00", true, "" } do
      assert.is_false((select(2, core.envelope({ code = code }, ENVELOPE))))
    end
    assert.is_nil((core.envelope({ code = {} }, ENVELOPE)))
  end)

  it("tells mismatches as they are below the payload", function()
    local paths = { "data.a", "data.b.c", "datax", "data", "rc" }
    core.envelope({}, ENVELOPE, paths)
    assert.same({ "a", "b.c", "datax", "data", "rc" }, paths)
  end)
end)

describe("core.other", function()
  local OPERATION = { ids = { "id", "no" }, key_spellings = { "id", "Id" } }

  it("compares ids as they are written", function()
    local function other(params, result)
      return (core.other(OPERATION, params, result))
    end
    assert.is_nil(other({ id = "a", no = 5 }, { id = "a", no = "5" }))
    assert.is_nil(other({ no = 1000000000000000 }, { no = "1000000000000000" }))
    assert.is_nil(other({ no = "1000000000000000" }, { no = 1000000000000000 }))
    assert.is_nil(other({ id = "a" }, {}))
    assert.is_nil(other({}, { id = "a" }))
    assert.equal("id", other({ id = "a" }, { id = "A" }))
    assert.equal("no", other({ no = 5 }, { no = "6" }))
    assert.equal("id", other({ id = "a" }, { id = {} }))
    assert.equal("id", other({ id = "true" }, { id = false }))
    assert.equal("Id", other({ id = "a" }, { Id = "b" }))
    assert.equal("id", other({ Id = "a" }, { id = "b" }))
    assert.is_nil(other({ Id = "a" }, { id = "a", Id = "a" }))
  end)
end)

describe("core.ids", function()
  it("are those of an operation, as texts, and what is none is left out", function()
    local operation = { ids = { "user_id", "reference_id" }, key_spellings = { "enKashCardId", "enkashCardId", "user_id" } }
    assert.same({ user_id = "9988776655", reference_id = "8901234567890123", enkashCardId = "E-1._" },
      core.ids(operation, { user_id = "9988776655", reference_id = 8901234567890123, enkashCardId = "E-1._", phone = "9988776655" }))
    for _, value in ipairs { "", "a b", "a\nb", "a@b.example", ("x"):rep(65), {}, true, print, "\195\164", 1.5 } do
      local ids = core.ids(operation, { user_id = value, reference_id = "R" })
      assert.same({ user_id = value == 1.5 and "1.5" or nil, reference_id = "R" }, ids)
    end
    assert.same({}, core.ids({}, { user_id = "U" }))
    local hostile = setmetatable({ user_id = "U" }, { __index = function() error("hostile") end })
    assert.same({ user_id = "U" }, core.ids(operation, hostile))
    assert.has_error(function() core.ids(nil, {}) end)
    assert.has_error(function() core.ids({}, nil) end)
  end)
end)

describe("hours", function()
  it("are any time where none are kept", function()
    assert.is_true(core.is_open(nil, 5))
    assert.equal(5, core.next_open(nil, 5))
    assert.has_error(function() core.next_open(nil, {}) end)
  end)

  it("begin on the next day that is one", function()
    local hours = { open_h = 9.5, close_h = 17, offset_s = 0, days = { 7 } }
    assert.equal(3 * 86400 + 9.5 * 3600, core.next_open(hours, 0)) -- 1970 began with a Thursday
    assert.is_true(core.is_open(hours, 3 * 86400 + 9.5 * 3600))
    assert.is_false(core.is_open(hours, 3 * 86400 + 9.5 * 3600 - 1))
    assert.equal(1e300, core.next_open(hours, 1e300))
  end)
end)
