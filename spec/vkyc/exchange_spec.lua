-- Sending again without doing it twice: what is repeated, what is read back, what stays unknown. Every request is counted by the host.

local vkyc = require "vkyc"
local canaries = require "spec.support.canaries"
local scripted = require "spec.support.scripted_host"

local reply, lost, unsent = scripted.reply, scripted.lost, scripted.unsent
local CASE = '{"verification_id":"V1","user_id":"U1","status":"RECEIVED","sub_status":"LINK_GENERATED"}'
local INITIATE = { user_id = "U1", verification_id = "V1" }

local function client(provider, answers, more, options)
  local host = scripted.new(answers, options)
  return scripted.client(provider, host, more), host
end

local function ppi(...)
  return client("cashfree_ppi", ...)
end

local function vrs(...)
  return client("cashfree_secure_id", ...)
end

local NOT_FOUND = reply(404, '{"type":"validation_error","code":"verification_id_not_found","message":"verification_id does not exist."}')
local EXISTS = reply(409, '{"type":"validation_error","code":"verification_id_already_exists","message":"verification_id already exists."}')

describe("an exchange", function()
  after_each(canaries.check_hooks)

  -- A4, on an error or a result. Returns the tries, those that never left included.
  local function count(host, value)
    assert.equal(host.sent, value.kind and value.attempts or vkyc.meta(value).attempts)
    return #host.requests
  end

  it("repeats a safe call after anything that may pass", function()
    for _, trouble in ipairs { lost("timeout"), lost("network"), unsent("dns"), unsent("connect"), unsent("timeout"), reply(500), reply(502, "<html>"),
      reply(503), reply(504), reply(429) } do
      local c, host = ppi { trouble, trouble, reply(200, CASE) }
      local res = assert(c:status(INITIATE))
      assert.equal(3, count(host, res))
      assert.equal(2, #host.sleeps)
      assert.equal(2, #vkyc.meta(res).retries)
      assert.is_nil(vkyc.meta(res).reconciled)
    end
  end)

  it("gives a safe call up after max_attempts", function()
    for wanted, options in pairs { [3] = {}, [1] = { max_attempts = 1 }, [5] = { max_attempts = 5 } } do
      local c, host = ppi { reply(503) }
      local _, err = c:status(INITIATE, options)
      assert.same({ wanted, 503, true, "refused" }, { count(host, canaries.check_error(err, "server")), err.status, err.retryable, err.outcome })
    end
    local c, host = ppi({ reply(503) }, { max_attempts = 2 })
    local _, err = c:status(INITIATE)
    assert.equal(2, count(host, err))
  end)

  it("never repeats an answer that is final", function()
    for status, kind in pairs { [400] = "bad_request", [401] = "auth", [403] = "forbidden", [404] = "not_found", [408] = "bad_request", [409] = "conflict",
      [422] = "bad_request", [302] = "redirect", [307] = "redirect" } do
      for _, operation in ipairs { "status", "initiate" } do
        local c, host = ppi { reply(status, "", { location = "https://evil.example/" .. canaries.VALUES.pan }) }
        local _, err = c[operation](c, INITIATE)
        canaries.check_error(err, kind)
        if status ~= 408 then -- for 408 see the create below
          assert.same({ 1, 0 }, { count(host, err), #host.sleeps })
        end
      end
    end
  end)

  it("never repeats a read whose answer is no HTTP, too large, or cancelled", function()
    for _, kind in ipairs { "protocol", "too_large", "tls", "cancelled", "memory" } do
      local c, host = ppi { lost(kind) }
      local _, err = c:status(INITIATE)
      assert.equal(1, count(host, canaries.check_error(err, kind)))
    end
    for body, kind in pairs { [""] = "schema", ["<html>"] = "decode", ['{"status":1}'] = "schema", ["[]"] = "schema", ["null"] = "schema",
      ['{"a":1}x'] = "decode" } do
      local c, host = ppi { reply(200, body) }
      local _, err = c:status(INITIATE)
      assert.same({ 1, "refused" }, { count(host, canaries.check_error(err, kind)), err.outcome })
    end
  end)

  it("reads a create back after a lost answer, and returns the record", function()
    for _, trouble in ipairs { lost("timeout"), lost("network"), lost("protocol"), lost("too_large"), reply(500), reply(503), reply(408), reply(200,
      "<html>"), reply(200, ""),
      reply(200, '{"status":5}'), reply(200, '{"verification_id":"OTHER"}') } do
      local c, host = ppi { trouble, reply(200, CASE) }
      local res = assert(c:initiate(INITIATE))
      assert.equal(2, count(host, res))
      assert.same({ "POST https://sandbox.cashfree.com/ppi/kyc/vkyc", "POST https://sandbox.cashfree.com/ppi/kyc/vkyc/details" }, host.lines())
      assert.is_true(vkyc.meta(res).reconciled)
      assert.same({ "the answer was lost" }, vkyc.meta(res).retries)
      assert.equal("created", (vkyc.state(res)))
    end
  end)

  it("sends a create again when it is certainly missing, and only then", function()
    local c, host = vrs { lost(), NOT_FOUND, reply(200, CASE) }
    local res = assert(c:initiate(INITIATE))
    assert.equal(3, count(host, res))
    assert.is_nil(vkyc.meta(res).reconciled)
    assert.equal(2, host.count("/vkyc") - host.count("?"))
    for _, answer in ipairs { reply(404, ""), reply(404, '{"code":"path_not_found"}'), reply(404, "<html>"), reply(403, ""), reply(200, "{}x"), reply(500),
      lost("cancelled") } do
      c, host = vrs { lost("network"), answer }
      local _, err = c:initiate(INITIATE)
      canaries.check_error(err, "network")
      assert.same({ "unknown", false, 1 }, { err.outcome, err.retryable, host.count("/vkyc") - host.count("?") })
      assert.truthy(err.hint:find("client:status()", 1, true))
      assert.truthy(tostring(err):find("outcome unknown", 1, true))
      assert.equal("status", err.cause.operation)
      count(host, err)
    end
  end)

  it("reads back once more when what it sent again is there already", function()
    local c, host = vrs { lost(), NOT_FOUND, EXISTS, reply(200, CASE) }
    local res = assert(c:initiate(INITIATE))
    assert.equal(4, count(host, res))
    assert.is_true(vkyc.meta(res).reconciled)
  end)

  it("calls it a conflict when it exists at the first attempt", function()
    local c, host = vrs { EXISTS }
    local _, err = c:initiate(INITIATE)
    assert.same({ 1, "refused", "verification_id_already_exists" }, { count(host, canaries.check_error(err, "conflict")), err.outcome, err.code })
  end)

  it("does not take another customer's record for its own", function()
    local c, host = vrs { lost(), reply(200, (CASE:gsub("U1", "U2"))) }
    local _, err = c:initiate(INITIATE)
    canaries.check_error(err, "timeout")
    assert.same({ "unknown", "conflict", 2 }, { err.outcome, err.cause.kind, count(host, err) })
  end)

  it("says so when nothing was carried out", function()
    local c, host = vrs({ lost(), NOT_FOUND }, { max_attempts = 1 })
    local _, err = c:initiate(INITIATE)
    assert.same({ "refused", true, 2 }, { canaries.check_error(err, "timeout").outcome, err.retryable, count(host, err) })
  end)

  it("repeats a create without reading back when nothing was sent, or the server asks to wait", function()
    for _, trouble in ipairs { unsent("dns"), unsent("connect"), unsent("timeout"), unsent("network"), reply(429) } do
      local c, host = ppi { trouble, reply(200, CASE) }
      local res = assert(c:initiate(INITIATE))
      assert.equal(2, count(host, res))
      assert.equal(0, host.count("details"))
    end
    for _, kind in ipairs { "tls", "memory", "cancelled" } do
      local c, host = ppi { unsent(kind) }
      local _, err = c:initiate(INITIATE)
      assert.same({ 1, "not_sent" }, { count(host, canaries.check_error(err, kind)), err.outcome })
    end
  end)

  it("leaves a create without a key unknown", function()
    local c, host = vrs { lost() }
    local _, err = c:create_user { phone = "9988776655" }
    assert.same({ "unknown", false, 1 }, { canaries.check_error(err, "timeout").outcome, err.retryable, count(host, err) })
    c, host = ppi { reply(500) } -- and one whose provider has nothing to read back with
    _, err = c:create_user { user_id = "U1", phone = "9988776655" }
    assert.same({ "unknown", false, 1 }, { canaries.check_error(err, "server").outcome, err.retryable, count(host, err) })
  end)

  it("never repeats what must not happen twice", function()
    for _, trouble in ipairs { lost("timeout"), lost("network"), reply(500), reply(503, "", { ["retry-after"] = "1" }), reply(200, "<html>") } do
      local c, host = ppi { trouble, reply(200, "{}") }
      local _, err = c:otp_submit { otp_verification_id = "O1", otp = "482916" }
      assert.same({ 1, "unknown", false }, { count(host, canaries.check_error(err)), err.outcome, err.retryable })
      assert.truthy(err.hint:find("is not known", 1, true))
    end
    local c, host = ppi { reply(429), unsent(), reply(200, '{"status":"VERIFIED"}') }
    assert.equal(3, count(host, assert(c:otp_submit { otp_verification_id = "O1", otp = "482916" })))
  end)

  it("never repeats Enkash's link unless repeat_link says so", function()
    local LINK = reply(200, '{"code":0,"payload":{"enkashCardId":"E","kycStatus":"MIN_KYC_VERIFIED"}}')
    for _, trouble in ipairs { lost("timeout"), reply(502), reply(200, "<html>") } do
      local c, host = client("enkash", { scripted.token(), trouble, LINK })
      local _, err = c:vkyc_link { enKashCardId = "E" }
      assert.same({ "unknown", 1 }, { canaries.check_error(err).outcome, host.count("/vkyc/link") })
      assert.truthy(err.hint:find("client:vkyc_status()", 1, true))
    end
    local c, host = client("enkash", { scripted.token(), lost(), reply(502), LINK }, { repeat_link = true })
    assert(c:vkyc_link { enKashCardId = "E" })
    assert.equal(3, host.count("/vkyc/link"))
    for _, operation in ipairs { "top_up", "merchant_debit" } do
      c, host = client("enkash", { scripted.token(), reply(503) })
      local _, err = c[operation](c, { amount = 1, transactionType = operation == "top_up" and "CR" or nil })
      assert.same({ "unknown", 2 }, { canaries.check_error(err, "server").outcome, #host.requests })
    end
  end)

  it("asks for an idle-free connection only where a repeat is not possible, and scales its limits to the deadline", function()
    local c, host = ppi({ reply(503), reply(200, CASE) }, { attempt_timeout_s = 10, connect_timeout_s = 3 })
    assert(c:status(INITIATE, { deadline_s = 2 }))
    assert.same({ 2, 2 }, { host.limits[1].timeout_s, host.limits[1].connect_timeout_s })
    assert.is_true(host.limits[2].timeout_s < 2)
    c, host = ppi { reply(200, CASE) }
    assert(c:status(INITIATE))
    assert.same({ 10, 3 }, { host.limits[1].timeout_s, host.limits[1].connect_timeout_s })
  end)

  it("ends at its deadline over all attempts", function()
    local c, host = ppi({ lost() }, { attempt_timeout_s = 10, deadline_s = 15 }, { latency_s = 10 })
    local _, err = c:status(INITIATE, { max_attempts = 9 })
    assert.is_true(host.clock - 1000 <= 15)
    assert.same({ 2, 4.95 }, { count(host, canaries.check_error(err, "timeout")), math.floor(host.limits[2].timeout_s * 100 + 0.5) / 100 })
  end)

  it("counts a try that got no token", function()
    local c, host = client("enkash", { unsent() })
    local _, err = c:vkyc_status { enKashCardId = "E" }
    assert.same({ 3, 0 }, { #host.requests, canaries.check_error(err, "connect").attempts })
  end)

  it("keeps the raw body only when it is asked to", function()
    local c = ppi({ reply(200, CASE) }, { keep_raw = true })
    local res = assert(c:status(INITIATE))
    assert.equal(CASE, vkyc.raw(res))
    c = ppi { reply(200, CASE) }
    assert.is_nil(vkyc.raw(assert(c:status(INITIATE))))
  end)

  it("tells hooks of each request, answer, retry and error, and survives their own faults", function()
    local seen = {}
    local hooks = {}
    for _, name in ipairs { "on_request", "on_response", "on_retry", "on_error" } do
      hooks[name] = function(event)
        seen[#seen + 1] = name .. " " .. event.attempt
        canaries.refuse(event, name)
        assert.same({ "merchant", "cashfree_ppi", "status", "POST", "/ppi/kyc/vkyc/details" }, { event.client, event.provider, event.operation,
          event.method, event.path })
        assert.truthy(event.call_id)
        error("a hook of little use")
      end
    end
    local c = ppi({ reply(503), reply(400, '{"message":"' .. canaries.SECRET .. '"}', { ["x-request-id"] = canaries.SECRET }) }, { hooks = hooks,
      name = "merchant" })
    local _, err = c:status(INITIATE)
    canaries.check_error(err, "bad_request")
    assert.same({ "on_request 1", "on_response 1", "on_retry 1", "on_request 2", "on_response 2", "on_error 2" }, seen)
  end)

  it("keeps what the first hook raised, scrubbed", function()
    local times = 0
    local hooks = { on_request = function()
      times = times + 1
      if times == 1 then
        error({})
      end
    end, on_response = function() error("second " .. canaries.SECRET) end }
    local c = ppi({ reply(200, CASE) }, { hooks = hooks })
    assert(c:status(INITIATE))
    assert.equal("on_request: an error of type table", c:stats().hook_error)
    assert(c:status(INITIATE))
    assert.equal("on_request: an error of type table", c:stats().hook_error)
    c = ppi({ reply(200, CASE) }, { hooks = { on_response = function() error("typo at " .. canaries.SECRET .. " of 9988776655") end } })
    assert.is_nil(c:stats().hook_error)
    assert(c:status(INITIATE))
    assert.truthy(c:stats().hook_error:find("^on_response: .*exchange_spec.lua:%d+: typo at %[REDACTED%] of %[PHONE%]$"))
  end)

  it("tells what the host's own code raised, scrubbed and cut", function()
    local c = ppi { function() error("typo: " .. canaries.SECRET .. ("x"):rep(300)) end }
    local _, err = c:initiate(INITIATE)
    canaries.check_error(err, "network")
    local cause = err.cause.cause -- of reading back, which met the same
    assert.truthy(cause:find("exchange_spec.lua:%d+: typo: %[REDACTED%]x+$"))
    assert.is_true(#cause <= 200)
    c = ppi { function() error({ "x" }) end }
    assert.equal("an error of type table", select(2, c:status(INITIATE, { max_attempts = 1 })).cause)
    c = client("enkash", { function() error("typo in a login") end })
    assert.truthy(select(2, c:vkyc_status { enKashCardId = "E" }).cause:find("typo in a login", 1, true))
    local simulator = { now = os.time, handle = function() error("typo in a simulator") end }
    c = assert(vkyc.new { provider = "cashfree_ppi", environment = "simulator", client_id = "C", client_secret = "S", simulator = simulator })
    assert.truthy(select(2, c:status(INITIATE, { max_attempts = 1 })).cause:find("typo in a simulator", 1, true))
  end)

  it("names a field that is one of several in a sentence of its own", function()
    local c, host = vrs { reply(200, CASE) }
    local _, err = c:status {}
    local violation = canaries.check_error(err, "argument").violations[1]
    assert.same({ "verification_id", "verification_id or reference_id is required" }, { violation.path, violation.message })
    assert.equal(violation.message, err.message)
    assert.equal(0, #host.requests)
  end)

  it("checks the options of a call", function()
    local c, host = ppi { reply(200, CASE) }
    for name, values in pairs {
      deadline_s = { 0, -1, 0 / 0, math.huge }, max_attempts = { 0, 1.5, -1 },
      traceparent = { "", "x", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nX-Injected: 1" },
    } do
      for _, value in ipairs(values) do
        local _, err = c:status(INITIATE, { [name] = value })
        assert.equal(name, canaries.check_error(err, "argument").violations[1].path)
      end
    end
    assert.equal(0, #host.requests)
    assert(c:status(INITIATE, { traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" }))
    assert.equal("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", host.requests[1].headers.traceparent)
  end)

  it("reads the caller's tables raw (J13)", function()
    local hostile = setmetatable({ user_id = "U1", verification_id = "V1" }, {
      __index = function() error("hostile") end, __pairs = function() error("hostile") end, __len = function() error("hostile") end,
        __tostring = function() error("hostile") end,
    })
    local c, host = ppi { lost(), reply(200, CASE) }
    assert(c:initiate(hostile))
    assert.equal(2, #host.requests)
    c = vrs { reply(200, CASE) }
    local _, err = c:status(setmetatable({}, { __index = function() error("hostile") end }))
    canaries.check_error(err, "argument")
    c = client("enkash", { scripted.token(), reply(200, '{"code":0,"payload":{}}') })
    assert(c:wallet_details(setmetatable({}, { __index = function() error("hostile") end, __pairs = function() error("hostile") end })))
  end)

  it("keeps a path that no table describes in its place (J02, J03, J11)", function()
    local c, host = ppi { reply(200, "{}") }
    for _, path in ipairs { "/a/../b", "/..", "/a/./b", "/a?b=c", "/a#b", "/a\\b", "/a%2fb", "a/b", "/a\r\nb", "/a\0b", "/a//b" } do
      local _, err = c:call { method = "GET", path = path }
      canaries.check_error(err, "argument")
    end
    local _, err = c:call { method = "BREW", path = "/" }
    assert.equal("method", canaries.check_error(err, "argument").violations[1].path)
    _, err = c:call { method = "GET", path = "/a", query = { a = {} } }
    assert.equal("query.a", canaries.check_error(err, "argument").violations[1].path)
    _, err = c:call { method = "GET", path = "/a", body = { a = 1 } }
    assert.equal("body", canaries.check_error(err, "argument").violations[1].path)
    assert.equal(0, #host.requests)
    assert(c:call { method = "GET", path = "/a b/ä", query = { ["k&"] = "v=&#%\r\n" } })
    assert.equal("https://sandbox.cashfree.com/a%20b/%C3%A4?k%26=v%3D%26%23%25%0D%0A", host.requests[1].url)
  end)

  it("hides what a call without a table said, and what `extra` said", function()
    local echo = reply(400, '{"message":"no: ' .. canaries.VALUES.name .. " of " .. canaries.VALUES.address .. '"}')
    local c = ppi { echo }
    local _, err = c:call { method = "POST", path = "/x", body = { person = { { canaries.VALUES.name } } }, query = { a = canaries.VALUES.address } }
    canaries.check_error(err, "bad_request")
    _, err = c:status(INITIATE, { extra = { person = canaries.VALUES.name, where = { canaries.VALUES.address } } })
    assert.equal("no: [REDACTED] of [REDACTED]", canaries.check_error(err, "bad_request").message)
  end)
end)
