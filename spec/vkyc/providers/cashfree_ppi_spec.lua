-- Cashfree PPI: the documented examples byte by byte, every operation, both generations of the read-back.

local vkyc = require "vkyc"
local canaries = require "spec.support.canaries"
local scripted = require "spec.support.scripted_host"

local reply = scripted.reply
local CREATED = '{"verification_id":"TestVkycVerification","cf_verification_id":"8901234567890123458","user_id":"USER827364","status":"INITIATED",'
  .. '"sub_status":"LINK_GENERATED","vkyc_link":"https://vkyc.cashfree.com/session/abc123","link_expiry":"2026-06-03",'
  .. '"notification_modes":["SMS","WHATSAPP"],"security_questions":[{"order":1,"question":"What is your annual income?","answer":"1000000"}],'
  .. '"meeting_schedule":null,"auditor_remarks":null,"agent_remarks":null}'

local function client(answers, more)
  local host = scripted.new(answers)
  return scripted.client("cashfree_ppi", host, more), host
end

describe("Cashfree PPI", function()
  after_each(canaries.check_hooks)

  it("initiates as the page shows, without one changed digit", function()
    local c, host = client { reply(200, CREATED) }
    local res = assert(c:initiate {
      user_id = "USER827364",
      verification_id = "TestVkycVerification",
      notification_modes = { "SMS", "WHATSAPP" },
      security_questions = { { order = 1, question = "What is your annual income?", answer = "1000000" } },
    })
    local request = host.requests[1]
    assert.equal("POST", request.method)
    assert.equal("https://sandbox.cashfree.com/ppi/kyc/vkyc", request.url)
    assert.equal('{"user_id":"USER827364","verification_id":"TestVkycVerification","notification_modes":["SMS","WHATSAPP"],'
      .. '"security_questions":[{"order":1,"question":"What is your annual income?","answer":"1000000"}]}', request.body)
    assert.equal("CF10KEY", request.headers["x-client-id"])
    assert.equal(canaries.SECRET, request.headers["x-client-secret"])
    assert.equal("2025-11-01", request.headers["x-api-version"])
    assert.equal("application/json", request.headers["Content-Type"])
    assert.is_nil(request.headers["x-cf-signature"])
    assert.same({
      verification_id = "TestVkycVerification", cf_verification_id = "8901234567890123458", user_id = "USER827364", status = "INITIATED",
      sub_status = "LINK_GENERATED", vkyc_link = "https://vkyc.cashfree.com/session/abc123", link_expiry = "2026-06-03",
      notification_modes = { "SMS", "WHATSAPP" },
      security_questions = { { order = 1, question = "What is your annual income?", answer = "1000000" } },
    }, res)
    assert.equal("1", tostring(res.security_questions[1].order))
    local state, detail = vkyc.state(res)
    assert.equal("created", state)
    -- 2026-06-04T00:00 in India
    assert.same({ 1780511400, true }, { detail.expires_at, detail.expires_estimated })
    assert.is_nil(vkyc.meta(res).mismatches)
  end)

  it("creates a user as the page shows", function()
    local c, host = client { reply(200, '{"user_id":"USER827364","first_name":"Asha","last_name":"Rao","phone":"9988776655","email":"a@b.example",'
      .. '"status":"ACTIVE","cf_user_id":"859473832123456789"}') }
    local res = assert(c:create_user { user_id = "USER827364", phone = "9988776655", first_name = "Asha" })
    assert.equal("POST https://sandbox.cashfree.com/ppi/user", host.lines()[1])
    assert.equal('{"user_id":"USER827364","phone":"9988776655","first_name":"Asha"}', host.requests[1].body)
    assert.equal("859473832123456789", res.cf_user_id)
    assert.equal("ACTIVE", res.status)
    assert.equal("unknown", (vkyc.state(res))) -- an account's word is no case's
  end)

  it("keeps every digit of an id that comes as a number", function()
    local c = client { reply(200, '{"user_id":"USER827364","cf_user_id":859473832123456789}') }
    assert.equal("859473832123456789", assert(c:create_user { user_id = "USER827364", phone = "9988776655" }).cf_user_id)
  end)

  local READ = '{"verification_id":"V1","cf_verification_id":"8901234567890123458","user_id":"U1","status":"PRE_VIDEO_CALL",'

  it("reads back on both generations of the page", function()
    for _, generation in ipairs {
      { nil, "/ppi/kyc/vkyc/details", '"status_code":"USER_QUEUED"' }, { "/ppi/kyc/vkyc/details", "/ppi/kyc/vkyc/details", '"sub_status":"USER_QUEUED"' },
      { "/ppi/kyc/vkyc/status", "/ppi/kyc/vkyc/status", '"sub_status":"USER_QUEUED"' },
      { "/ppi/kyc/vkyc/status", "/ppi/kyc/vkyc/status", '"status_code":"USER_QUEUED"' },
    } do
      local c, host = client({ reply(200, READ .. generation[3] .. "}") }, { status_path = generation[1] })
      local res = assert(c:status { user_id = "U1", verification_id = "V1" })
      assert.equal("POST https://sandbox.cashfree.com" .. generation[2], host.lines()[1])
      assert.equal('{"user_id":"U1","verification_id":"V1"}', host.requests[1].body)
      local state, detail = vkyc.state(res)
      assert.same({ "in_progress", "USER_QUEUED" }, { state, detail.raw_sub_status })
    end
  end)

  it("refuses a status_path that no page has", function()
    local _, err = vkyc.new(scripted.options("cashfree_ppi", scripted.new {}, { status_path = "/ppi/kyc/vkyc/other" }))
    assert.equal("status_path", canaries.check_error(err, "config").violations[1].path)
  end)

  it("asks for an OTP, submits it, and does minimum KYC", function()
    local c, host = client {
      reply(200, '{"otp_verification_id":"O1","cf_otp_verification_id":"7701234567890123450","status":"OTP_GENERATED","user_id":"U1",'
        .. '"notification_modes":["SMS"]}'),
      reply(200, '{"otp_verification_id":"O1","cf_otp_verification_id":"7701234567890123450","status":"VERIFIED","user_id":"U1"}'),
      reply(200, '{"verification_id":"M1","cf_verification_id":"8801234567890123450","otp_verification_id":"O1","status":"VERIFIED","user_id":"U1"}'),
    }
    local one = assert(c:otp_generate { otp_verification_id = "O1", user_id = "U1", notification_modes = { "SMS" } })
    local two = assert(c:otp_submit { otp_verification_id = "O1", otp = "482916" })
    local three = assert(c:min_kyc { otp_verification_id = "O1", user_id = "U1", verification_id = "M1",
      document = { type = "PAN", identifier = "ABCDE1234F", name = "Asha", dob = "07-03-1991" } })
    assert.same({
      "POST https://sandbox.cashfree.com/ppi/otp/generate", "POST https://sandbox.cashfree.com/ppi/otp/submit", "POST https://sandbox.cashfree.com/ppi/kyc/min",
    }, host.lines())
    assert.equal('{"otp_verification_id":"O1","user_id":"U1","notification_modes":["SMS"]}', host.requests[1].body)
    assert.equal('{"otp_verification_id":"O1","otp":"482916"}', host.requests[2].body)
    assert.equal('{"otp_verification_id":"O1","user_id":"U1","verification_id":"M1","document":{"type":"PAN","identifier":"ABCDE1234F",'
      .. '"name":"Asha","dob":"07-03-1991"}}', host.requests[3].body)
    assert.same({ "OTP_GENERATED", "VERIFIED", "VERIFIED" }, { one.status, two.status, three.status })
    -- Minimum KYC and an OTP approve nobody.
    assert.same({ "unknown", "unknown" }, { (vkyc.state(two)), (vkyc.state(three)) })
  end)

  it("approves nobody by minimum KYC, even when the user names VERIFIED", function()
    local c = client({ reply(200, '{"verification_id":"M1","otp_verification_id":"O1","status":"VERIFIED","user_id":"U1"}') },
      { statuses = { VERIFIED = "approved" } })
    local res = assert(c:min_kyc { otp_verification_id = "O1", user_id = "U1", verification_id = "M1",
      document = { type = "PAN", identifier = "ABCDE1234F", name = "Asha", dob = "07-03-1991" } })
    assert.equal("unknown", (vkyc.state(res)))
  end)

  it("sends what the documentation leaves open, and refuses what it forbids", function()
    local c, host = client { reply(200, CREATED) }
    assert(c:initiate { user_id = "USER827364", verification_id = "TestVkycVerification" })
    assert.equal('{"user_id":"USER827364","verification_id":"TestVkycVerification"}', host.requests[1].body)
    local _, err = c:initiate {
      user_id = ("u"):rep(51), verification_id = "a/b", notification_modes = { "SMS", "sms" }, notification_mode = { "SMS" },
      security_questions = { { order = 2, question = "q", answer = "a" }, { order = 2, question = "q", answer = 5 } },
    }
    local paths = {}
    for _, violation in ipairs(canaries.check_error(err, "argument").violations) do
      paths[#paths + 1] = violation.path
    end
    table.sort(paths)
    assert.same({ "notification_mode", "notification_modes[2]", "security_questions[2].answer", "security_questions[2].order", "user_id",
      "verification_id" }, paths)
    assert.same({ 1, 0, "not_sent" }, { #host.requests, err.attempts, err.outcome })
    assert.truthy(tostring(err):find("3 more", 1, true))
  end)

  it("takes orders in any position, when they are 1 to n", function()
    local c, host = client { reply(200, CREATED) }
    assert(c:initiate { user_id = "USER827364", verification_id = "TestVkycVerification",
      security_questions = { { order = 2, question = "b", answer = "y" }, { order = 1, question = "a", answer = "x" } } })
    assert.truthy(host.requests[1].body:find('[{"order":2,"question":"b","answer":"y"},{"order":1,', 1, true))
    local _, err = c:initiate { user_id = "U", verification_id = "V", security_questions = { { order = 1, question = "b", answer = "y" }, { order = 3,
      question = "a", answer = "x" } } }
    assert.equal("security_questions[2].order", err.violations[1].path)
  end)

  it("sends extra fields and a newer API version", function()
    local c, host = client({ reply(200, CREATED) }, { api_version = "2026-02-01" })
    assert(c:initiate({ user_id = "USER827364", verification_id = "TestVkycVerification" }, { extra = { agent_language = "ta" } }))
    assert.equal('{"user_id":"USER827364","verification_id":"TestVkycVerification","agent_language":"ta"}', host.requests[1].body)
    assert.equal("2026-02-01", host.requests[1].headers["x-api-version"])
  end)

  it("makes a call that no table describes, and never repeats it", function()
    local c, host = client { reply(200, '{"user_id":"U1","balance":9007199254740993}'), reply(503, "") }
    local res = assert(c:call { method = "POST", path = "/ppi/user/U 1", query = { full = true }, body = { a = { 1, "b", vkyc.null }, e = vkyc.array {} } })
    assert.equal("POST https://sandbox.cashfree.com/ppi/user/U%201?full=true", host.lines()[1])
    assert.equal("9007199254740993", res.balance)
    local body = host.requests[1].body
    assert.truthy(body:find('"a":[1,"b",null]', 1, true) and body:find('"e":[]', 1, true))
    assert.equal(canaries.SECRET, host.requests[1].headers["x-client-secret"])
    assert.equal("unknown", (vkyc.state(res)))
    local _, err = c:call { method = "GET", path = "/ppi/user" }
    assert.same({ "server", "unknown", 1, 2 }, { err.kind, err.outcome, err.attempts, #host.requests })
  end)

  it("runs against its simulator from first to last", function()
    local simulator = vkyc.simulator.new { provider = "cashfree_ppi", credentials = { client_id = "CF10KEY", client_secret = canaries.SECRET } }
    local options = scripted.options("cashfree_ppi", nil, { environment = "simulator", simulator = simulator, statuses = vkyc.simulator.statuses.cashfree_ppi })
    local c = assert(vkyc.new(options))
    assert(c:create_user { user_id = "U1", phone = "9988776655" })
    local case = assert(c:initiate { user_id = "U1", verification_id = "V1", notification_modes = { "SMS" } })
    assert.equal("created", (vkyc.state(case)))
    for _, state in ipairs { "in_progress", "action_required", "in_review", "approved" } do
      simulator:advance("V1", state)
      assert.equal(state, (vkyc.state(assert(c:status { user_id = "U1", verification_id = "V1" }))))
    end
    local states = {}
    local delivered, refused = simulator:deliver(function(headers, body)
      local event = assert(c:webhook(headers, body))
      states[#states + 1] = vkyc.state(event)
      return true
    end)
    assert.same({ 5, 0 }, { delivered, refused })
    assert.same({ "created", "in_progress", "action_required", "in_review", "approved" }, states)
  end)
end)
