-- What hooks are told, of which requests, and that nothing they do changes a call.

local vkyc = require "vkyc"
local canaries = require "spec.support.canaries"
local scripted = require "spec.support.scripted_host"

local reply, lost = scripted.reply, scripted.lost
local CASE = '{"verification_id":"V1","user_id":"U1","status":"RECEIVED","sub_status":"LINK_GENERATED"}'
local IDS = { user_id = "U1", verification_id = "V1" }
local TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
local NOT_FOUND = reply(404, '{"type":"validation_error","code":"verification_id_not_found","message":"verification_id does not exist."}')

-- A client of a provider over a script of answers, and all that its hooks are told.
local function client(provider, answers, more, options)
  local told, host = canaries.recorder(), scripted.new(answers, options)
  more = more or {}
  more.hooks = more.hooks or told.hooks
  return scripted.client(provider, host, more), told, host
end

local function names(told)
  local list = {}
  for i, event in ipairs(told.events) do
    list[i] = event.event .. " " .. event.operation .. " " .. event.attempt
  end
  return list
end

describe("hooks", function()
  after_each(canaries.check_hooks)

  it("are told of each request, answer, retry and error, with these fields and no others", function()
    local c, told, host = client("cashfree_ppi", {
      reply(503, '{"message":"busy"}', { ["x-request-id"] = "req-1", ["cf-ray"] = "ray-1" }),
      reply(400, '{"code":"bad"}', { ["cf-ray"] = "ray-2", server = "edge" }),
    }, { name = "merchant", response_headers = { "cf-ray", "server", "x-none" } }, { latency_s = 0.25 })
    local _, err = c:status(IDS, { traceparent = TRACE })
    local function common(event, fields)
      fields.event, fields.client, fields.provider, fields.operation = event, "merchant", "cashfree_ppi", "status"
      fields.method, fields.path, fields.call_id, fields.ids, fields.traceparent = "POST", "/ppi/kyc/vkyc/details", err.call_id, IDS, TRACE
      return fields
    end
    local size = #host.requests[1].body
    assert.same({
      common("on_request", { attempt = 1, elapsed_s = 0, time = scripted.WALL, size = size }),
      common("on_response", { attempt = 1, elapsed_s = 0.25, time = scripted.WALL + 0.25, attempt_s = 0.25, size = 18, status = 503, request_id = "req-1",
        headers = { ["cf-ray"] = "ray-1" } }),
      common("on_retry", { attempt = 1, elapsed_s = 0.25, time = scripted.WALL + 0.25, delay_s = 0.05, kind = "server", phase = "response", status = 503,
        reason = "reading again is safe" }),
      common("on_request", { attempt = 2, elapsed_s = 0.3, time = scripted.WALL + 0.3, size = size }),
      common("on_response", { attempt = 2, elapsed_s = 0.55, time = scripted.WALL + 0.55, attempt_s = 0.25, size = 14, status = 400, request_id = "ray-2",
        headers = { ["cf-ray"] = "ray-2", server = "edge" } }),
      common("on_error", { attempt = 2, elapsed_s = 0.55, time = scripted.WALL + 0.55, error = err, headers = { ["cf-ray"] = "ray-2", server = "edge" } }),
    }, (function()
      for _, event in ipairs(told.events) do
        for name, value in pairs(event) do
          event[name] = type(value) == "number" and math.floor(value * 1000 + 0.5) / 1000 or value
        end
      end
      return told.events
    end)())
    assert.same({ 2, "the answer is final" }, { err.attempts, err.stopped })
    assert.same({}, told.find())
  end)

  it("tell no headers of an answer that did not come", function()
    local c, told = client("cashfree_ppi", { reply(503, "", { ["cf-ray"] = "ray-1" }), lost("network") },
      { response_headers = { "cf-ray" }, max_attempts = 2 })
    assert.is_nil(c:status(IDS))
    assert.same({ "ray-1" }, { told.events[2].headers["cf-ray"], told.events[#told.events].headers })
  end)

  it("are told of a read-back as one, and of the call that it is for", function()
    local c, told = client("cashfree_secure_id", { lost(), NOT_FOUND, reply(200, CASE) })
    assert(c:initiate(IDS))
    assert.same({ "on_request initiate 1", "on_retry initiate 1", "on_request status 2", "on_response status 2", "on_error status 2", "on_request initiate 3",
      "on_response initiate 3" }, names(told))
    for i, event in ipairs(told.events) do
      assert.equal(event.operation == "status" and "initiate" or nil, event.read_back_for)
      assert.equal(told.events[1].call_id, event.call_id)
      assert.equal("V1", event.ids.verification_id, i)
    end
    assert.same({ "timeout", "response", "the answer was lost" }, { told.events[2].kind, told.events[2].phase, told.events[2].reason })
  end)

  it("are told of a login as one", function()
    local c, told = client("enkash", { scripted.token(canaries.TOKEN), reply(401), scripted.token("second"), reply(200, '{"code":0,"payload":{}}') },
      { response_headers = { "content-type" } })
    assert(c:vkyc_status { enKashCardId = "E1" })
    assert.same({ "on_request login 1", "on_response login 1", "on_request vkyc_status 1", "on_response vkyc_status 1", "on_retry vkyc_status 1",
      "on_request login 1", "on_response login 1", "on_request vkyc_status 2", "on_response vkyc_status 2" }, names(told))
    local login = told.events[2]
    assert.same({ "POST", "/oauth/token", {}, 200, "application/json" }, { login.method, login.path, login.ids, login.status, login.headers["content-type"] })
    assert.equal(told.events[3].call_id, login.call_id)
    assert.same({ enKashCardId = "E1" }, told.events[3].ids)
    assert.same({ {}, {} }, { told.events[6].ids, told.events[7].ids })
    assert.is_nil(told.events[1].size) -- it would tell how long the password is
    assert.same({}, told.find())
    c, told = client("enkash", { reply(401) })
    assert.is_nil(c:vkyc_status { enKashCardId = "E1" })
    assert.same({ "on_request login 1", "on_response login 1", "on_error vkyc_status 0" }, names(told))
    assert.equal("login", told.events[3].error.operation)
  end)

  it("are told ids, whatever they look like, and nothing that is none", function()
    local c, told = client("cashfree_secure_id", { reply(200, '{"status":"RECEIVED"}') })
    assert(c:update_user { user_reference_id = 9007199254740991, name = canaries.VALUES.name })
    assert.same({ user_reference_id = "9007199254740991" }, told.events[1].ids)
    assert(c:initiate { user_id = "234123412346", verification_id = "9988776655" }) -- as an Aadhaar number and a phone number would
    assert.same({ user_id = "234123412346", verification_id = "9988776655" }, told.events[3].ids)
    assert.truthy(told.lines[3]:find('"ids":{"user_id":"234123412346","verification_id":"9988776655"}', 1, true))
    for _, value in ipairs { "a b", canaries.VALUES.email, ("x"):rep(65), "", {}, true, "a\nb" } do
      c, told = client("cashfree_secure_id", { reply(200, CASE) })
      c:initiate { user_id = value, verification_id = "V1" }
      assert.same({ verification_id = "V1" }, told.events[1].ids)
    end
    c, told = client("cashfree_ppi", { reply(200, "{}") })
    assert(c:call { method = "GET", path = "/customers/U1" })
    assert.same({ "(given)", {} }, { told.events[1].path, told.events[1].ids })
  end)

  it("are told headers that are listed, scrubbed and cut; the result tells them too", function()
    local headers = { ["cf-ray"] = "ray of " .. canaries.VALUES.phone .. " " .. canaries.SECRET, server = ("s"):rep(500), ["x-secret"] = "hidden" }
    headers["x-odd"] = "a\255b"
    local c, told = client("cashfree_ppi", { reply(200, CASE, headers) }, { response_headers = { "cf-ray", "server", "x-odd" } })
    local res = assert(c:status(IDS))
    local shown = { ["cf-ray"] = "ray of [PHONE] [REDACTED]", server = ("s"):rep(200), ["x-odd"] = "a" }
    assert.same(shown, told.events[2].headers)
    assert.same(shown, vkyc.meta(res).headers)
    assert.same({}, told.find())
    c = client("cashfree_ppi", { reply(200, CASE, headers) })
    assert.is_nil(vkyc.meta(assert(c:status(IDS))).headers)
    for _, list in ipairs { { "Cf-Ray" }, { "" }, { "a b" }, { 5 }, { "set-cookie" }, { x = "a" }, { ("x"):rep(65) }, { "a\n" } } do
      local _, err = vkyc.new(scripted.options("cashfree_ppi", scripted.new {}, { response_headers = list }))
      assert.equal("response_headers", canaries.check_error(err, "config").violations[1].path)
    end
    local many = {}
    for i = 1, 17 do
      many[i] = "x-" .. i
    end
    local _, err = vkyc.new(scripted.options("cashfree_ppi", scripted.new {}, { response_headers = many }))
    assert.equal("response_headers", canaries.check_error(err, "config").violations[1].path)
  end)

  it("change nothing by raising, by what they do to the event, or by what they return", function()
    local function spoil(event)
      for name in pairs(event) do
        event[name] = nil
      end
      error(setmetatable({}, { __tostring = error }))
    end
    local c, _, host = client("cashfree_secure_id", { lost(), NOT_FOUND, reply(503), reply(200, CASE) },
      { hooks = { on_request = spoil, on_response = spoil, on_retry = spoil, on_error = spoil } })
    local res = assert(c:initiate(IDS))
    assert.same({ 4, 4, true }, { #host.requests, vkyc.meta(res).attempts, vkyc.meta(res).reconciled })
    assert.equal("on_request: an error of type table", c:stats().hook_error)
  end)

  if _VERSION ~= "Lua 5.1" or rawget(_G, "jit") then
    it("may yield, while other calls of the client go on", function()
      local told = canaries.recorder()
      local waiting = vkyc.log.merge(told.hooks, { on_request = coroutine.yield, on_response = coroutine.yield })
      local c = client("cashfree_ppi", { reply(200, '{"status":"RECEIVED"}') }, { hooks = waiting })
      local results, tasks = {}, {}
      for i = 1, 3 do
        tasks[i] = coroutine.wrap(function()
          results[i] = assert(c:status { user_id = "U" .. i, verification_id = "V1" })
        end)
        assert.equal("on_request", tasks[i]().event)
      end
      assert.same({ 3, 3 }, { c:stats().calls, c:stats().in_flight })
      for i = 3, 1, -1 do
        assert.equal("on_response", tasks[i]().event)
        tasks[i]()
      end
      assert.same({ 3, 0, 6 }, { #results, c:stats().in_flight, #told.events })
    end)
  end

  it("cannot call their own client, which would never end; another one they can", function()
    local other, others = client("cashfree_ppi", { reply(200, CASE) })
    local own, errors, results = {}, {}, 0
    local function call()
      local _, err = own[1]:vkyc_status { enKashCardId = "E" }
      errors[#errors + 1] = err
      results = results + (other:status(IDS) and 1 or 0)
    end
    local c, _, host = client("enkash", { scripted.token(), reply(200, '{"code":0,"payload":{}}'), reply(503) },
      { hooks = { on_request = call, on_response = call, on_error = call } })
    own[1] = c
    assert(c:vkyc_status { enKashCardId = "E" }) -- the login's hooks as well
    assert.same({ 2, 4, 4, 8 }, { #host.requests, #errors, results, #others.events })
    assert.is_nil(c:vkyc_link { enKashCardId = "E" })
    assert.same({ 3, 7 }, { #host.requests, #errors })
    for _, err in ipairs(errors) do
      canaries.check_error(err, "config")
    end
    assert.same({ 2, { ok = 1, server = 1 } }, { c:stats().calls, c:stats().kinds })
    assert.is_nil(c:stats().hook_error)
  end)

  it("are not needed: a client without any, or with some, makes the same calls", function()
    for _, hooks in ipairs { {}, { on_retry = function() end } } do
      local c, _, host = client("cashfree_ppi", { reply(503), reply(200, CASE) }, { hooks = hooks })
      assert(c:status(IDS))
      assert.equal(2, #host.requests)
    end
  end)
end)
