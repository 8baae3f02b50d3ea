-- Cashfree PPI as its pages show it, byte for byte where an example is documented.

local simulator = require "vkyc.simulator"
local json = require "vkyc.simulator.json"

local USER = "{\"user_id\":\"USER827364\",\"phone\":\"9988776655\",\"first_name\":\"Asha\"}"
local CASE = "{\"user_id\":\"USER827364\",\"verification_id\":\"TestVkycVerification\",\"notification_modes\":[\"SMS\",\"WHATSAPP\"],"
  .. "\"security_questions\":[{\"order\":1,\"question\":\"Your income?\",\"answer\":\"1000000\"}]}"
local READ = "{\"user_id\":\"USER827364\",\"verification_id\":\"TestVkycVerification\"}"

describe("the simulator of Cashfree PPI", function()
  local sim, clock

  local function post(path, body)
    local headers = {
      ["x-client-id"] = "id", ["x-client-secret"] = "secret", ["x-api-version"] = "2025-11-01", ["content-type"] = "application/json",
    }
    local response = sim:handle { method = "POST", path = path, headers = headers, body = body }
    return response.status, response.body, response.headers["x-simulated"]
  end

  local function refused(path, body)
    local status, answer, simulated = post(path, body)
    local fields = json.read(answer)
    assert.equal("yes", simulated)
    assert.is_true(fields.simulated)
    return status, fields.code
  end

  before_each(function()
    clock = 1777887030 -- 2026-05-04T09:30:30Z
    sim = simulator.new { provider = "cashfree_ppi", now = function()
      return clock
    end }
  end)

  it("creates a user with the documented fields", function()
    assert.same({
      200, "{\"user_id\":\"USER827364\",\"first_name\":\"Asha\",\"phone\":\"9988776655\",\"status\":\"ACTIVE\","
        .. "\"cf_user_id\":\"859473832123456789\"}",
    }, { post("/ppi/user", USER) })
    assert.same({ 409, "user_id_already_exists" }, { refused("/ppi/user", USER) })
    assert.same({ 400, "phone_value_invalid" }, { refused("/ppi/user", "{\"user_id\":\"U2\",\"phone\":\"+919988776655\"}") })
    assert.same({ 400, "user_id_length_exceeded" }, { refused("/ppi/user", "{\"user_id\":\"" .. ("u"):rep(51) .. "\",\"phone\":\"9988776655\"}") })
  end)

  it("initiates with the documented example", function()
    post("/ppi/user", USER)
    local status, body, simulated = post("/ppi/kyc/vkyc", CASE)
    local link = json.read(body).vkyc_link
    assert.matches("^https://vkyc%.cashfree%.com/session/%w+$", link)
    assert.same({ 200, "{\"verification_id\":\"TestVkycVerification\",\"cf_verification_id\":\"8901234567890123458\",\"user_id\":\"USER827364\","
      .. "\"status\":\"INITIATED\",\"sub_status\":\"LINK_GENERATED\",\"vkyc_link\":\"" .. link .. "\",\"link_expiry\":\"2026-06-03\","
      .. "\"notification_modes\":[\"SMS\",\"WHATSAPP\"],"
      .. "\"security_questions\":[{\"answer\":\"1000000\",\"order\":1,\"question\":\"Your income?\"}],"
      .. "\"meeting_schedule\":null,\"auditor_remarks\":null,\"agent_remarks\":null}" }, { status, body, simulated })
    assert.same({ "SMS", "WHATSAPP" }, { sim:notifications()[1].channel, sim:notifications()[2].channel })
  end)

  it("leaves out what was not asked for", function()
    post("/ppi/user", USER)
    local status, body = post("/ppi/kyc/vkyc", READ)
    assert.equal(200, status)
    assert.is_nil(body:find("notification_modes", 1, true))
    assert.same({}, sim:notifications())
  end)

  it("wants a known user and a new verification", function()
    assert.same({ 404, "user_id_not_found" }, { refused("/ppi/kyc/vkyc", CASE) })
    post("/ppi/user", USER)
    post("/ppi/kyc/vkyc", CASE)
    assert.same({ 409, "verification_id_already_exists" }, { refused("/ppi/kyc/vkyc", CASE) })
  end)

  it("checks channels and questions", function()
    post("/ppi/user", USER)
    local function code(more)
      return select(2, refused("/ppi/kyc/vkyc", READ:sub(1, -2) .. "," .. more .. "}"))
    end
    assert.equal("notification_modes[2]_value_invalid", code("\"notification_modes\":[\"SMS\",\"sms\"]"))
    assert.equal("notification_modes_missing", code("\"notification_modes\":[]"))
    assert.equal("security_questions_missing", code("\"security_questions\":[]"))
    assert.equal("security_questions[1].answer_missing", code("\"security_questions\":[{\"order\":1,\"question\":\"q\"}]"))
    assert.equal("security_questions[1].answer_value_invalid", code("\"security_questions\":[{\"order\":1,\"question\":\"q\",\"answer\":5}]"))
    assert.equal("security_questions_value_invalid", code("\"security_questions\":[{\"order\":2,\"question\":\"q\",\"answer\":\"a\"}]"))
  end)

  it("reads back on both generations of the page", function()
    post("/ppi/user", USER)
    post("/ppi/kyc/vkyc", CASE)
    local _, older, simulated = post("/ppi/kyc/vkyc/status", READ)
    assert.is_nil(simulated)
    assert.matches("\"status\":\"RECEIVED\",\"sub_status\":\"LINK_GENERATED\",\"vkyc_link\"", older, 1, true)
    local _, newer, marked = post("/ppi/kyc/vkyc/details", READ)
    assert.equal("yes", marked)
    assert.matches("\"status\":\"RECEIVED\",\"status_code\":\"LINK_GENERATED\",\"vkyc_link\"", newer, 1, true)
    for _, body in ipairs { older, newer } do
      assert.matches("\"meeting_schedule\":null,\"auditor_remarks\":null,\"agent_remarks\":null}$", body)
      assert.is_nil(body:find("security_questions", 1, true))
      assert.is_nil(body:find("recording_link", 1, true))
    end
    local other = READ:gsub("USER827364", "OTHER")
    assert.same({ 404, "verification_id_not_found" }, { refused("/ppi/kyc/vkyc/status", other) })
    assert.same({ 400, "user_id_missing" }, { refused("/ppi/kyc/vkyc/status", "{\"verification_id\":\"TestVkycVerification\"}") })
  end)

  it("reaches every documented status, and tells meeting and remarks", function()
    post("/ppi/user", USER)
    post("/ppi/kyc/vkyc", CASE)
    local reached = 0
    for word in pairs(require("vkyc.providers.cashfree_ppi").states.table) do
      if word:find("/", 1, true) and word ~= "INITIATED/LINK_GENERATED" then
        sim:advance("TestVkycVerification", word)
        local fields = json.read(select(2, post("/ppi/kyc/vkyc/status", READ)))
        assert.equal(word, fields.status .. "/" .. fields.sub_status)
        reached = reached + 1
      end
    end
    assert.is_true(reached >= 18)
    sim:advance("TestVkycVerification", "SIMULATED_AGENT_APPROVED")
    sim:advance("TestVkycVerification", "rejected")
    local fields = json.read(select(2, post("/ppi/kyc/vkyc/status", READ)))
    assert.equal("2026-05-04T10:30:30Z", fields.meeting_schedule)
    assert.equal("Simulated remark: face and document match", fields.agent_remarks)
    assert.equal("Simulated remark: face does not match the document", fields.auditor_remarks)
  end)

  it("lets a link live until the end of its last day in India", function()
    post("/ppi/user", USER)
    post("/ppi/kyc/vkyc", CASE)
    clock = 1780511399 -- 2026-06-03T18:29:59Z, one second before midnight in India
    assert.equal("RECEIVED", json.read(select(2, post("/ppi/kyc/vkyc/status", READ))).status)
    clock = clock + 1
    assert.equal("EXPIRED", json.read(select(2, post("/ppi/kyc/vkyc/status", READ))).status)
    local deliveries = sim:deliveries()
    assert.equal("VKYC_USER_LINK_EXPIRED", json.read(deliveries[2].body).event_type)
  end)

  it("marks its webhooks, whose data no page shows, and gives them the form of the read-back", function()
    post("/ppi/user", USER)
    post("/ppi/kyc/vkyc", CASE)
    local _, older = post("/ppi/kyc/vkyc/status", READ)
    local delivery = sim:deliveries()[1]
    assert.equal("yes", delivery.headers["x-simulated"])
    assert.equal("{\"event_type\":\"VKYC_USER_LINK_GENERATED\",\"event_time\":\"2026-05-04T09:30:30Z\",\"data\":" .. older .. "}", delivery.body)
  end)

  it("walks through minimum KYC with the sandbox's OTP", function()
    post("/ppi/user", USER)
    local generate = "{\"otp_verification_id\":\"O1\",\"user_id\":\"USER827364\",\"notification_modes\":[\"SMS\"]}"
    local status, body = post("/ppi/otp/generate", generate)
    assert.same({ 200, "OTP_GENERATED" }, { status, json.read(body).status })
    assert.same({ 409, "otp_verification_id_already_exists" }, { refused("/ppi/otp/generate", generate) })
    local document = "{\"type\":\"PAN\",\"identifier\":\"ABCPV1234D\",\"name\":\"Asha\",\"dob\":\"1990-01-01\"}"
    local min = "{\"otp_verification_id\":\"O1\",\"user_id\":\"USER827364\",\"verification_id\":\"M1\",\"document\":" .. document .. "}"
    assert.equal("FAILED", json.read(select(2, post("/ppi/otp/submit", "{\"otp_verification_id\":\"O1\",\"otp\":\"000000\"}"))).status)
    assert.same({ 400, "otp_not_verified" }, { refused("/ppi/kyc/min", min) })
    assert.equal("VERIFIED", json.read(select(2, post("/ppi/otp/submit", "{\"otp_verification_id\":\"O1\",\"otp\":\"123456\"}"))).status)
    status, body = post("/ppi/kyc/min", min)
    assert.same({ 200, "VERIFIED" }, { status, json.read(body).status })
    assert.same({ 404, "otp_verification_id_not_found" }, { refused("/ppi/otp/submit", "{\"otp_verification_id\":\"O2\",\"otp\":\"123456\"}") })
    assert.same({ 400, "document.type_value_invalid" }, { refused("/ppi/kyc/min", (min:gsub("PAN\"", "CARD\""))) })
  end)
end)
