-- Hosts of the user's own: what they may answer, and that they cannot break the module.

local canaries = require "spec.support.canaries"
local hosts = require "vkyc.hosts"
local scripted = require "spec.support.scripted_host"

local IDS = { user_id = "U1", verification_id = "V1" }

local function answer(value)
  local host = scripted.new { value }
  return scripted.client("cashfree_ppi", host):otp_submit { otp_verification_id = "O1", otp = "482916" }
end

describe("a host of one's own", function()
  after_each(canaries.check_hooks)

  it("gets a request of plain values, and its limits", function()
    local host = scripted.new { scripted.reply(200, "{}") }
    assert(scripted.client("cashfree_ppi", host):status(IDS))
    local request = host.requests[1]
    assert.same({ "string", "string", "table", "string" }, { type(request.method), type(request.url), type(request.headers), type(request.body) })
    assert.same({ timeout_s = 10, connect_timeout_s = 3, max_body_bytes = 1048576 }, host.limits[1])
    host = scripted.new { scripted.reply(200, "{}") }
    local client = scripted.client("cashfree_ppi", host, { max_body_bytes = 5000 })
    assert(client:otp_generate { user_id = "U1", otp_verification_id = "O1", notification_modes = { "SMS" } })
    assert.same({ 5000, 5 }, { host.limits[1].max_body_bytes, host.limits[1].max_idle_s })
  end)

  it("may say what went wrong, in the words of the module", function()
    for _, kind in ipairs { "dns", "connect", "tls", "timeout", "network", "protocol", "too_large", "memory", "cancelled" } do
      local _, err = answer { failure = { kind = kind, phase = "response", reason = "it broke", sent = true } }
      assert.same({ "it broke", "response", "unknown", 1 }, { canaries.check_error(err, kind).message, err.phase, err.outcome, err.attempts })
    end
    for _, phase in ipairs { "dns", "connect", "tls", "send", "response" } do
      assert.equal(phase, select(2, answer { failure = { kind = "network", phase = phase } }).phase)
    end
    for _, odd in ipairs { {}, { kind = "odd" }, { kind = 5, phase = {}, reason = {} }, { phase = "nowhere" } } do
      local _, err = answer { failure = odd }
      assert.same({ "network", "unknown" }, { canaries.check_error(err).kind, err.outcome, err.phase })
    end
    local _, err = answer(nil) -- no answer and no word about it
    assert.same({ "network", "unknown" }, { canaries.check_error(err).kind, err.outcome })
  end)

  it("may answer anything without breaking the module", function()
    for _, odd in ipairs { {}, { status = "200" }, { status = 200, headers = 5 }, { status = 200, body = 5 }, { status = 200, body = {} }, { status = 200.5,
      body = "{}" },
      { status = -1 }, { status = 0 }, { status = 600 }, { status = 2 ^ 60 }, { status = 0 / 0 }, { status = 200, headers = { [5] = "x" } },
      { status = 200, headers = { a = {} , ["b c"] = "x" } }, { status = 200, headers = { a = "x\r\ny: z" } }, { status = 200, headers = { a = true } },
        { status = 200, headers = { a = { true } } } } do
      local _, err = answer(odd)
      assert.same({ "protocol", "unknown" }, { canaries.check_error(err).kind, err.outcome })
    end
    canaries.check_error(select(2, answer { status = 200, headers = { a = ("x"):rep(100000) } }), "too_large")
    canaries.check_error(select(2, answer { status = 200, body = ("x"):rep(1048577) }), "too_large")
    for _, value in ipairs { "text", 5, true } do
      local _, err = answer(value)
      canaries.check_error(err, "network")
    end
  end)

  it("may raise", function()
    local _, err = answer(function() error("it said " .. canaries.SECRET) end)
    assert.same({ "network", "unknown" }, { canaries.check_error(err).kind, err.outcome })
    _, err = answer(function() error(setmetatable({}, { __tostring = function() error("worse") end })) end)
    canaries.check_error(err, "network")
  end)

  it("keeps header checks of core: framing is not its business, content is", function()
    local _, err = answer { status = 200, headers = { ["content-encoding"] = "gzip" }, body = "{}" }
    canaries.check_error(err, "protocol")
  end)

  it("may give a header more than once", function()
    local host = scripted.new { { status = 200, headers = { ["set-cookie"] = { "a=1", "b=2" }, ["Content-Length"] = 2 }, body = "{}" } }
    assert(scripted.client("cashfree_ppi", host):status(IDS))
  end)

  it("comes before the others", function()
    local own = hosts.custom(scripted.new {})
    assert.equal(own, hosts.pick(own))
    assert.equal("scripted", own.name)
    assert.equal("blocking", hosts.pick(nil).name)
  end)
end)
