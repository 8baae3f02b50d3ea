-- Cashfree Secure ID: the documented examples byte by byte, and every operation.

local vkyc = require "vkyc"
local canaries = require "spec.support.canaries"
local scripted = require "spec.support.scripted_host"

local reply = scripted.reply
local BASE = "https://sandbox.cashfree.com/verification"
local CREATED = '{"verification_id":"test333","reference_id":1358,"user_reference_id":11174,"user_id":"U1","status":"RECEIVED","sub_status":"LINK_GENERATED",'
  .. '"vkyc_link":"https://forms.cashfree.com/verification/s7ml5i0","link_expiry":"2025-05-30T00:00:00.000Z"}'

local function client(answers, more)
  local host = scripted.new(answers)
  return scripted.client("cashfree_secure_id", host, more), host
end

describe("Cashfree Secure ID", function()
  after_each(canaries.check_hooks)

  it("initiates as the page shows, without one changed digit", function()
    local c, host = client { reply(200, CREATED) }
    local res = assert(c:initiate {
      verification_id = "test333", user_template = "vkyc_user_template_v1", agent_template = "vkyc_agent_template_v1", user_reference_id = 11174,
      notification_types = { "sms", "whatsapp" }, security_questions = { { order = 1, question = "q", answer = "a" } },
    })
    assert.equal("POST " .. BASE .. "/vkyc", host.lines()[1])
    assert.equal('{"verification_id":"test333","user_template":"vkyc_user_template_v1","agent_template":"vkyc_agent_template_v1","user_reference_id":11174,'
      .. '"notification_types":["sms","whatsapp"],"security_questions":[{"order":1,"question":"q","answer":"a"}]}', host.requests[1].body)
    assert.equal("2024-12-01", host.requests[1].headers["x-api-version"])
    assert.same({ "1358", "11174" }, { res.reference_id, res.user_reference_id })
    local state, detail = vkyc.state(res)
    assert.same({ "created", 1748563200, false }, { state, detail.expires_at, detail.expires_estimated })
  end)

  it("accepts user_reference_id as text and as a number, both ways", function()
    for _, given in ipairs { "9007199254740993", "123456789012345", 11174 } do
      local c, host = client { reply(200, (CREATED:gsub("11174", '"' .. tostring(given) .. '"'))) }
      local res = assert(c:initiate { verification_id = "test333", user_reference_id = given })
      assert.equal('{"verification_id":"test333","user_reference_id":' .. tostring(given) .. "}", host.requests[1].body)
      assert.equal(tostring(given), res.user_reference_id)
    end
  end)

  it("knows a long number again that it sent as a number", function()
    local c = client { reply(200, (CREATED:gsub("11174", "123456789012345"))) }
    assert.equal("123456789012345", assert(c:initiate { verification_id = "test333", user_reference_id = 123456789012345 }).user_reference_id)
  end)

  it("sends Aadhaar details as the page shows, and reads both spellings of the address", function()
    local c, host = client { reply(200, (CREATED:gsub('"RECEIVED","sub_status":"LINK_GENERATED"',
      '"PRE_VIDEO_CALL","sub_status":"AADHAAR_VERIFICATION_SUCCESS"')
      :gsub("}$", ',"aadhaar_details":{"year_of_birth":1995,"address_details":{"pincode":560038}}}'))) }
    local res = assert(c:initiate { verification_id = "test333", user_id = "U1", aadhaar_details = {
      last_verified_at = "2025-05-07T15:04:05Z", care_of = "C/O X", dob = "02-02-1995", gender = "M", name = "John", photo_link = "cGhvdG8=",
        year_of_birth = 1995,
      split_address = { country = "India", dist = "Bengaluru", house = "17", pincode = 560038, state = "Karnataka", street = "Lane" },
    } })
    assert.equal('{"verification_id":"test333","user_id":"U1","aadhaar_details":{"last_verified_at":"2025-05-07T15:04:05Z","care_of":"C/O '
      .. 'X","dob":"02-02-1995",'
      .. '"gender":"M","name":"John","photo_link":"cGhvdG8=","year_of_birth":1995,"split_address":{"country":"India","dist":"Bengaluru","house":"17",'
      .. '"pincode":560038,"state":"Karnataka","street":"Lane"}}}', host.requests[1].body)
    assert.equal("560038", tostring(res.aadhaar_details.address_details.pincode))
    assert.equal("in_progress", (vkyc.state(res)))
  end)

  it("names every field of Aadhaar details that is missing", function()
    local c = client { reply(200, CREATED) }
    local _, err = c:initiate { verification_id = "t", user_id = "U1", aadhaar_details = { split_address = {} } }
    local required = 0
    for _, violation in ipairs(canaries.check_error(err, "argument").violations) do
      required = required + (violation.rule == "required" and 1 or 0)
    end
    assert.equal(12, required)
  end)

  it("needs one of the two ids of a case", function()
    local c, host = client { reply(200, CREATED) }
    local _, err = c:status {}
    assert.equal("verification_id or reference_id is required", canaries.check_error(err, "argument").message)
    assert.equal(0, #host.requests)
  end)

  it("creates, reads and changes a user", function()
    local answer = reply(200, '{"user_id":"U1","user_reference_id":1358,"phone":"9988776655","email":"a@b.example","name":"Asha","address":"Lane"}')
    local c, host = client { answer }
    assert(c:create_user { phone = "9988776655", user_id = "U1", name = "Asha" })
    assert.equal("1358", assert(c:get_user { user_reference_id = "1358" }).user_reference_id)
    assert(c:get_user { user_id = "U1" })
    assert(c:update_user { user_reference_id = 1358, email = "a@b.example" })
    assert.same({
      "POST " .. BASE .. "/user", "GET " .. BASE .. "/user?user_reference_id=1358", "GET " .. BASE .. "/user?user_id=U1", "PATCH " .. BASE .. "/user",
    }, host.lines())
    assert.equal('{"phone":"9988776655","user_id":"U1","name":"Asha"}', host.requests[1].body)
    assert.is_nil(host.requests[2].body)
    assert.equal('{"user_reference_id":1358,"email":"a@b.example"}', host.requests[4].body)
  end)

  it("reads a case by either id, nulls as nil", function()
    local body = CREATED:gsub("}$", ',"recording_link":null,"meeting_schedule":null,"auditor_remarks":null,"agent_remarks":null}')
    local c, host = client { reply(200, body) }
    local res = assert(c:status { verification_id = "test333" })
    assert(c:status { reference_id = 1358 })
    assert.same({ "GET " .. BASE .. "/vkyc?verification_id=test333", "GET " .. BASE .. "/vkyc?reference_id=1358" }, host.lines())
    assert.is_nil(rawget(res, "recording_link"))
    assert.is_nil(vkyc.meta(res).mismatches)
  end)

  it("refuses an answer about another case", function()
    local c = client { reply(200, CREATED) }
    local _, err = c:status { verification_id = "mine" }
    assert.equal("verification_id", canaries.check_error(err, "schema").path)
    _, err = c:status { reference_id = 99 }
    assert.equal("reference_id", canaries.check_error(err, "schema").path)
    _, err = c:initiate { verification_id = "test333", user_id = "U2" }
    assert.same({ "user_id", "unknown" }, { canaries.check_error(err, "schema").path, err.outcome })
  end)

  it("gets a token for the SDK, ids as they are given", function()
    local c, host = client { reply(200, '{"access_token":"' .. canaries.TOKEN .. '","expires_at":"2024-02-02 17:30:00 IST"}') }
    local res = assert(c:auth_token { app_id = "APP", product = "VKYC", metadata = { vkyc_request_id = 249749 },
      authenticated_user = { identifier_type = "userId", identifier_value = "U1" } })
    assert.equal("POST " .. BASE .. "/oauth/token", host.lines()[1])
    assert.equal('{"app_id":"APP","product":"VKYC","metadata":{"vkyc_request_id":249749},"authenticated_user":{"identifier_type":"userId",'
      .. '"identifier_value":"U1"}}',
      host.requests[1].body)
    assert.same({ canaries.TOKEN, "2024-02-02 17:30:00 IST" }, { res.access_token, res.expires_at })
  end)

  it("runs against its simulator from first to last", function()
    local simulator = vkyc.simulator.new { provider = "cashfree_secure_id", credentials = { client_id = "CF20KEY", client_secret = canaries.SECRET } }
    local c = assert(vkyc.new(scripted.options("cashfree_secure_id", nil, { environment = "simulator", simulator = simulator,
      statuses = vkyc.simulator.statuses.cashfree_secure_id })))
    local user = assert(c:create_user { phone = "9988776655" })
    assert(c:update_user { user_reference_id = user.user_reference_id, name = "Asha" })
    assert.equal("Asha", assert(c:get_user { user_id = user.user_id }).name)
    assert(c:initiate { verification_id = "V1", user_reference_id = user.user_reference_id })
    local _, err = c:initiate { verification_id = "V1", user_reference_id = user.user_reference_id }
    canaries.check_error(err, "conflict")
    for _, state in ipairs { "in_progress", "in_review", "rejected" } do
      simulator:advance("V1", state)
      assert.equal(state, (vkyc.state(assert(c:status { verification_id = "V1" }))))
    end
    assert(c:auth_token { app_id = "A", product = "VKYC", metadata = { vkyc_request_id = "1358" }, authenticated_user = { identifier_type = "userId",
      identifier_value = "U1" } })
  end)
end)
