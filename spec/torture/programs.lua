--- What is tortured. A program is Lua code for the subject of torture.c: it returns op, report and, if need be, prepare and recover.
--
--    name      of the program
--    row       of the fault matrix that each source of allocations stands for
--    code      begins with PRELUDE; BASE, CA, … are the servers' (run.lua)
--    id        counts the program's requests at the server; op and recover tell how many they say they sent
--    accepts   kinds besides `memory` that are right when libcurl has none

-- A report is "ok", or kind, outcome and attempts of an error, and its text.
local PRELUDE = [[
  local vkyc = require "vkyc"
  local core = require "vkyc.core"
  require "vkyc.exchange" -- what is loaded late has a program of its own
  require "vkyc.hosts.blocking"
  require "vkyc.tokens"
  local KEY = { user_id = "U1", verification_id = "V1" }
  local function tell(result, err)
    if result ~= nil then
      return "ok"
    elseif type(err) ~= "table" then
      return "raised: " .. tostring(err)
    end
    return ("%s %s %d %s"):format(err.kind, err.outcome, err.attempts, tostring(err))
  end
  local function client_of(options)
    local all = {
      provider = "cashfree_ppi", environment = "sandbox", base_url = BASE, client_id = "CF10KEY", client_secret = "s3cret", ca_file = CA,
      max_attempts = 1, connect_timeout_s = 5, attempt_timeout_s = 5, deadline_s = 5,
    }
    for name, value in pairs(options or {}) do
      all[name] = value or nil
    end
    return assert(vkyc.new(all))
  end
]]

local LOOP = PRELUDE .. [[
  local function run(loop)
    local ends = core.monotonic() + 8
    while loop:poll() > 0 and core.monotonic() < ends do
      core.sleep(0.0005)
    end
  end
  local function call(loop, client)
    local task = assert(loop:spawn(function()
      return client:initiate(KEY)
    end))
    run(loop)
    if task:status() == "running" then
      return nil, "the task does not end"
    end
    return task:result()
  end
]]

local programs = {}

local function program(name, rows, code, more)
  local one = more or {}
  one.name, one.rows, one.code = name, rows, code
  programs[#programs + 1] = one
end

program("the core", { lua = true, ours = true }, [[
  local function run()
    local core = require "vkyc.core"
    local function fields()
      return {
        { name = "user_id", type = "id", required = true },
        { name = "card", type = "string", also = { "Card", "kard" }, sensitive = true },
        { name = "modes", type = "array", min = 1, items = { type = "enum", values = { "SMS", "WHATSAPP" } } },
        { name = "questions", type = "array", sequence = "order", items = { type = "object", fields = {
          { name = "order", type = "int", required = true }, { name = "answer", type = "string", sensitive = true } } } },
        { name = "ref", type = "int64", strict = true }, { name = "amount", type = "number" }, { name = "model", type = "enum_model" },
        { name = "more", type = "object" }, { name = "free", type = "any" },
      }
    end
    local schema = assert(core.schema(fields()))
    local bad, faults = core.schema { { name = "x", type = "y", z = 1 }, { name = "", type = "enum" }, 5 }
    assert(bad == nil and #faults == 5)
    local params = { user_id = "U1", Card = "C1", modes = { "SMS" }, questions = { { order = 2 }, { order = 1, answer = "\"x\"" } },
      ref = "8901234567890123458", amount = 0.1, model = { name = "M" }, more = { a = core.array {} }, free = { 1, { b = core.null } } }
    local request = assert(core.request("POST", "https://api.example.com", "/a/{user_id}", schema, params, { e = { 1 } }))
    assert(request:header("x-id", "id", "Bearer "))
    assert(request:basic("user", assert(core.secret("password"))))
    local out = request:export()
    assert(out.url == "https://api.example.com/a/U1" and #out.body == request:size())
    local none, violations = core.request("GET", "https://api.example.com", "/a", schema,
      { user_id = "a b", userid = 1, modes = 5, ref = 1.5, card = "x", Card = "y" }, { user_id = 1, [5] = 6 })
    assert(none == nil and #violations >= 6)
    assert(core.raw_request("POST", "https://api.example.com", "/x", { q = "a b" }, { b = { 1, 2 } }))
    assert(#schema:sensitive(params) == 2 and schema:suggest("userid") == "user_id" and #schema:names() == 9)
    local long = "\\u00e9"
    for _ = 1, 8 do -- string.rep of 5.4 does not survive a failure itself
      long = long .. long
    end
    local response = core.response()
    local filled, why = response:fill(200, { ["X-A"] = { "1", "2" }, B = "c" },
      '{"user_id":"U1","ref":8901234567890123458,"amount":1e-7,"modes":[],"questions":[{"order":1}],"k\\u0065y":[[],{},12345678901234567890],'
      .. '"card":5,"free":"' .. long .. '"}')
    if not filled then
      return why.kind .. " not_sent 0 " .. why.reason
    end
    local result, mismatches = schema:decode(response)
    assert(result.ref == "8901234567890123458" and mismatches[1] == "card" and #result.free == 512)
    assert(response:headers().b == "c" and response:header("x-a") == "1")
    local nothing, failure = schema:decode('{"ref":true}')
    assert(nothing == nil and failure.path == "ref")
    nothing, failure = schema:decode('{"ref":')
    assert(nothing == nil and failure.kind == "decode")
    nothing, failure = schema:decode("[]")
    assert(nothing == nil and failure.kind == "schema")
    nothing, failure = response:fill(999)
    assert(nothing == nil and failure.kind == "protocol")
    return "ok"
  end
  return { op = run, recover = function()
    package.loaded["vkyc.core"] = nil -- 5.1 remembers that loading began, and would call the second try a loop
    return run()
  end, report = function(text) return text end }
]])

program("loading", { lua = true, stride = 61 }, [[
  local function run()
    local vkyc = require "vkyc"
    assert(vkyc.loop and vkyc.webhook and vkyc.simulator and vkyc.redact)
    require "vkyc.exchange"
    require "vkyc.curl"
    return "ok"
  end
  return { op = run, recover = function()
    for name in pairs(package.loaded) do
      if name:find("^vkyc") then
        package.loaded[name] = nil
      end
    end
    return run()
  end, report = function(text) return text end }
]])

program("clients", { lua = true, ours = true, stride = 61 }, PRELUDE .. [[
  local function run()
    for _, name in ipairs { "cashfree_ppi", "cashfree_secure_id" } do
      local client, err = vkyc.new { provider = name, environment = "sandbox", client_id = "CF10KEY", client_secret = "s3cret",
        webhook_secrets = { "old", "new" }, statuses = { VERIFIED_TODAY = "approved" }, ca_file = CA }
      if not client then
        return nil, err
      end
      client:close()
    end
    local client, err = vkyc.new { provider = "enkash", environment = "uat", client_id = "C", client_secret = vkyc.secret.string "s", username = "6001020040",
      password = "p", partner_id = "P" }
    if not client then
      return nil, err
    end
    client:close()
    client, err = vkyc.new { provider = "cashfree_ppi", environment = "sandbox", client_secret = 5, base_url = "http://a@b", deadline_s = -1 }
    if err.kind ~= "config" or #err.violations < 3 then
      return client, err
    end
    return tostring(err)
  end
  return { op = run, report = tell, recover = function() return tell(run()) end }
]])

-- The largest answer that a provider documents, and errors.
program("calls through a host of the script's own", { lua = true, ours = true, stride = 7 }, PRELUDE .. [[
  local ANSWER = { status = 200, headers = { ["content-type"] = "application/json", ["x-request-id"] = "R1" }, body =
    '{"user_id":"U1","verification_id":"V1","cf_verification_id":8901234567890123458,"status":"RECEIVED","sub_status":"X",'
    .. '"vkyc_link":"https://x.example/s/1","link_expiry":"2026-06-03","notification_modes":["SMS","WHATSAPP"],"security_questions":'
    .. '[{"order":1,"question":"q\\u00e9","answer":"a"},{"order":2,"question":"r","answer":"b"}],"auditor_remarks":"none","agent_remarks":"none",'
    .. '"other":{"deep":[1.5e3,-0,true,null,{"x":[]}]},"big":12345678901234567890}' }
  local REFUSED = { status = 400, headers = { ["content-type"] = "application/json" }, body =
    '{"type":"validation_error","code":"verification_id_invalid","message":"user U1 of asha@example.com with ABCDE1234F is not known"}' }
  local answers, given = { ANSWER }, 0
  local client = client_of { ca_file = false, base_url = false, max_attempts = 3, host = {
    send = function() given = given % #answers + 1 return answers[given] end,
    sleep = function() end, now = core.monotonic, wall = core.wall, random = core.random,
  }, hooks = { on_request = function() end, on_response = function() end, on_retry = function() end, on_error = function() end } }
  local QUESTIONS = { { order = 1, question = "q", answer = "a" }, { order = 2, question = "r", answer = "b" } }
  local function run()
    answers, given = { ANSWER }, 0
    local result, err = client:initiate({ user_id = "U1", verification_id = "V1", notification_modes = { "SMS" }, security_questions = QUESTIONS },
      { deadline_s = 5, extra = { more = { 1, { a = "b" } } } })
    if not result then
      return nil, err
    end
    local state, detail = vkyc.state(result)
    assert(state and detail and vkyc.meta(result).attempts == 1)
    answers, given = { { status = 503, headers = {}, body = "{}" }, REFUSED }, 0
    result, err = client:status(KEY)
    if result or err.kind ~= "bad_request" then
      return nil, err
    end
    assert(tostring(err):find("verification_id_invalid", 1, true))
    result, err = client:initiate { user_id = "a b", verification_id = 5, notification_modes = "SMS", userid = 1, security_questions = { { order = 3 }, 4 } }
    if result or err.kind ~= "argument" or #err.violations < 5 then
      return nil, err
    end
    assert(tostring(err):find("argument", 1, true))
    answers, given = { ANSWER }, 0
    return client:call { method = "POST", path = "/x", query = { a = "b" }, body = { c = { 1 } } }
  end
  return { op = run, report = tell, recover = function() return tell(run()) end }
]])

program("a login", { lua = true, ours = true, stride = 7 }, PRELUDE .. [[
  local TOKEN = { status = 200, headers = {}, body = '{"access_token":"tokenOne","token_type":"bearer","expires_in":86399}' }
  local ANSWER = { status = 200, headers = {}, body = '{"response_code":0,"payload":{"kycStatus":"EnumModel(name=PENDING, label=Pending, description=x)"}}' }
  local expired = false
  local function new()
    return client_of { provider = "enkash", environment = "uat", base_url = false, ca_file = false, username = "6001020040", password = "p", partner_id = "P",
      host = { send = function(request)
        if request.url:find("oauth", 1, true) then
          return TOKEN
        elseif expired then
          expired = false
          return { status = 401, headers = {}, body = "{}" }
        end
        return ANSWER
      end, sleep = core.sleep, now = core.monotonic, wall = core.wall, random = core.random } }
  end
  local client
  local function run()
    expired = true
    local result, err = client:vkyc_status { enKashCardId = "CARD1" }
    if not result then
      return nil, err
    end
    local state = vkyc.state(result)
    return state
  end
  client = new()
  return { op = run, report = tell, recover = function() return tell(run()) end }
]])

program("webhooks", { lua = true, ours = true }, PRELUDE .. [[
  local BODY = '{"event_type":"VKYC_USER_LINK_GENERATED","event_time":"2025-05-22T03:51:14Z","data":{"verification_id":"V1","amount":170.00}}'
  local client = client_of { webhook_secrets = { "old", "new" } }
  local headers = assert(vkyc.webhook.sign { provider = "cashfree_ppi", secret = "new", body = BODY })
  local function run()
    local event, err = client:webhook(headers, BODY, { seen = function() return true end })
    if not event then
      return nil, err
    end
    assert(event.secret_index == 2 and event.duplicate and vkyc.state(event))
    event, err = client:webhook(headers, BODY .. " ")
    if event or err.kind ~= "webhook" then
      return nil, err
    end
    assert(tostring(err))
    event, err = vkyc.webhook.verify { provider = "cashfree_ppi", secrets = { "new" }, headers = { ["x-webhook-timestamp"] = "1" }, body = BODY }
    if event or err.kind ~= "webhook" then
      return nil, err
    end
    return vkyc.webhook.sign { provider = "cashfree_ppi", secret = "new", body = BODY }
  end
  return { op = run, report = tell, recover = function() return tell(run()) end }
]])

program("redaction and secrets", { lua = true, ours = true, stride = 31 }, PRELUDE .. [[
  assert(vkyc.redact)
  local function run()
    local copy = vkyc.redact { name = "Asha", note = "call 9988776655 or asha@example.com, ABCDE1234F", list = { 234123412346, { otp = "1" } } }
    assert(copy.name == "[REDACTED]" and copy.list[1] ~= 234123412346)
    local secret = vkyc.secret.string "one"
    secret:replace("two")
    assert(tostring(secret) == "[REDACTED]")
    local other = vkyc.secret.file(CA)
    assert(other:reload())
    local missing = vkyc.secret.env "VKYC_NOT_SET"
    local client, err = vkyc.new { provider = "cashfree_ppi", environment = "sandbox", client_id = "C", client_secret = missing }
    assert(client == nil)
    secret:close()
    other:close()
    if err.kind ~= "config" then
      return nil, err
    end
    return "ok"
  end
  return { op = run, report = tell, recover = function() return tell(run()) end }
]])

program("the log", { lua = true, ours = true }, PRELUDE .. [[
  local line
  local hooks = vkyc.log.json { write = function(text) line = text end }
  local below = require("vkyc.errors").new { kind = "forbidden", message = "of asha@example.com", attempts = 1 }
  local err = require("vkyc.errors").violations("argument", { { path = "user_id", rule = "charset", message = "holds a \"" } },
    { cause = below, retries = { "the answer was lost" }, path = "data.status" })
  local function run()
    line = nil
    hooks.on_error { event = "on_error", time = 0, ids = { user_id = "U1\255" }, provider = 'a"b', path = "/x", elapsed_s = 0.5, error = err }
    assert(line:find('"ids":{"user_id":"U1?"}', 1, true) and line:find('"violations":["user_id: charset"]', 1, true))
    return "ok"
  end
  return { op = run, report = tell, recover = function() return tell(run()) end }
]])

program("the simulator", { lua = true, ours = true, stride = 23 }, PRELUDE .. [[
  local sim, client
  local number = 0
  sim = assert(vkyc.simulator.new { provider = "cashfree_ppi", credentials = { client_id = "CF10KEY", client_secret = "s3cret" } })
  client = client_of { environment = "simulator", simulator = sim, base_url = false, ca_file = false }
  local function run()
    number = number + 1
    local id = "V" .. number
    local result, err = client:create_user { user_id = "U" .. number, phone = "9876500000" }
    if result then
      result, err = client:initiate { user_id = "U" .. number, verification_id = id, notification_modes = { "SMS" } }
    end
    if result then
      result, err = client:status { user_id = "U" .. number, verification_id = id }
    end
    return result, err
  end
  return { op = run, report = tell, recover = function() return tell(run()) end }
]])

local NET = { lua = true, ours = true, libcurl = true }
local WITH_STRIDE = { lua = true, ours = true, libcurl = true, stride = 5 }

program("HTTPS, first call of a process", NET, PRELUDE .. [[
  require "vkyc.curl"
  local client = client_of()
  return { op = function() return client:initiate(KEY) end, report = tell, recover = function() return tell(client:initiate(KEY)) end }
]], { counted = true })

program("HTTPS, kept connection", NET, PRELUDE .. [[
  local client = client_of { keep_raw = true }
  local function call() return client:initiate(KEY) end
  return { prepare = function() return tell(call()) end, op = call, report = tell, recover = function() return tell(call()) end }
]], { counted = true })

program("HTTPS, new client with a certificate", NET, PRELUDE .. [[
  require "vkyc.curl"
  local client
  local function call()
    client = client_of { client_cert = CERT, client_key = CERT_KEY, base_url = MUTUAL }
    return client:initiate(KEY)
  end
  return { prepare = function() return tell(client_of():initiate(KEY)) end, op = call, report = tell, recover = function() return tell(call()) end }
]], { counted = true })

program("HTTPS, a body of 200 KB and back", NET, PRELUDE .. [[
  require "vkyc.curl"
  local client = client_of { base_url = LARGE }
  local body = { text = ("x"):rep(200000) }
  local function call() return client:call { method = "POST", path = "/x", body = body } end
  return { op = call, report = tell, recover = function() return tell(call()) end }
]], { counted = true })

program("a name that does not exist", NET, PRELUDE .. [[
  require "vkyc.curl"
  local client = client_of { base_url = "https://no-such-host.invalid", attempt_timeout_s = 4 }
  local function call()
    local result, err = client:initiate(KEY)
    if err.kind == "dns" or err.kind == "timeout" then
      return err.kind == "dns" and "dns" or "SLOW"
    end
    return result, err
  end
  local function say(result, err)
    return result == "SLOW" and result or tell(result, err)
  end
  return { op = call, report = say, recover = function() return say(call()) end }
]])

program("loop, from its making to its end", WITH_STRIDE, LOOP .. [[
  require "vkyc.curl"
  local client = client_of()
  local function whole()
    local loop, err = vkyc.loop.new()
    if not loop then
      return nil, err
    end
    local result, failure = call(loop, client)
    loop:close()
    return result, failure
  end
  return { op = whole, report = tell, recover = function() return tell(whole()) end }
]], { counted = true })

program("loop, kept connection", NET, LOOP .. [[
  local client = client_of()
  local loop = assert(vkyc.loop.new { prepare = { ca_file = CA } })
  loop:close()
  return {
    prepare = function()
      loop = assert(vkyc.loop.new { prepare = { ca_file = CA } })
      return tell(call(loop, client))
    end,
    op = function() return call(loop, client) end,
    report = tell,
    recover = function()
      local text = tell(call(loop, client))
      loop:close()
      return text
    end,
  }
]], { counted = true })

program("loop, cancelled and closed under way", WITH_STRIDE, LOOP .. [[
  require "vkyc.curl"
  local client = client_of { base_url = SILENT }
  local function whole()
    local loop, err = vkyc.loop.new { prepare = { ca_file = CA } }
    if not loop then
      return nil, err
    end
    local first = assert(loop:spawn(client.initiate, client, KEY))
    local second = assert(loop:spawn(client.initiate, client, KEY))
    loop:poll()
    first:cancel()
    local ends = core.monotonic() + 5
    repeat
      loop:poll()
      core.sleep(0.0005)
    until first:status() ~= "running" or core.monotonic() > ends
    loop:close()
    local result, failure = first:result()
    local _, other = second:result()
    if type(failure) == "table" and failure.kind == "cancelled" and type(other) == "table" and other.kind == "cancelled" then
      return "cancelled"
    end
    return result, type(failure) == "table" and failure.kind == "cancelled" and other or failure
  end
  return { op = whole, report = tell, recover = function() return tell(whole()) end }
]])

return programs
