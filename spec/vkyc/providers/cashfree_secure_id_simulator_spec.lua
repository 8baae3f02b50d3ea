-- Cashfree Secure ID as its pages show it, byte for byte where an example is documented.

local simulator = require "vkyc.simulator"
local json = require "vkyc.simulator.json"

local USER = "{\"user_id\":\"U1\",\"phone\":\"9988776655\",\"email\":\"a@example.com\"}"
local CASE = "{\"verification_id\":\"test333\",\"user_id\":\"U1\"}"
local AADHAAR = "{\"last_verified_at\":\"2025-05-07T15:04:05Z\",\"care_of\":\"S/O X\",\"dob\":\"02-02-1995\",\"gender\":\"F\",\"name\":\"Asha\","
  .. "\"photo_link\":\"https://example.com/p\",\"year_of_birth\":1995}"

describe("the simulator of Cashfree Secure ID", function()
  local sim, clock

  local function call(method, path, body)
    local headers = {
      ["x-client-id"] = "id", ["x-client-secret"] = "secret", ["x-api-version"] = "2024-12-01", ["content-type"] = body and "application/json",
    }
    local plain, query = path:match("^([^?]*)%??(.*)$")
    local response = sim:handle { method = method, path = plain, query = query, headers = headers, body = body }
    return response.status, response.body, response.headers["x-simulated"]
  end

  local function refused(...)
    local status, body, simulated = call(...)
    return status, json.read(body).type, json.read(body).code, simulated
  end

  before_each(function()
    clock = 1747885874 -- 2025-05-22T03:51:14Z
    sim = simulator.new { provider = "cashfree_secure_id", now = function()
      return clock
    end }
  end)

  it("creates, reads and changes a user", function()
    local body = "{\"user_id\":\"U1\",\"user_reference_id\":11174,\"phone\":\"9988776655\",\"email\":\"a@example.com\"}"
    assert.same({ 200, body }, { call("POST", "/verification/user", USER:sub(1, -2) .. ",\"name\":null}") })
    assert.same({ 200, body }, { call("GET", "/user?user_id=U1") })
    assert.same({ 200, body }, { call("GET", "/user?user_reference_id=11174") })
    assert.same({ 200, (body:gsub("a@", "b@")) }, { call("PATCH", "/user", "{\"user_reference_id\":11174,\"email\":\"b@example.com\"}") })
    assert.same({ 200, (body:gsub("a@", "b@")) }, { call("GET", "/user?user_id=U1") })
  end)

  it("makes up a user_id where none is given", function()
    local _, body = call("POST", "/user", "{\"phone\":\"9988776655\"}")
    local id = json.read(body).user_id
    assert.matches("^[%w._-]+$", id)
    assert.equal(200, (call("GET", "/user?user_id=" .. id)))
  end)

  it("refuses as siblings of the operation are documented to, and marks what is not", function()
    assert.same({ 400, "validation_error", "invalid_request" }, { refused("GET", "/vkyc") })
    assert.same({ 400, "validation_error", "invalid_request" }, { refused("GET", "/user") })
    local _, body, simulated = call("GET", "/vkyc?reference_id=abc")
    assert.same({ "{\"type\":\"validation_error\",\"code\":\"reference_id_value_invalid\",\"message\":\"reference_id should be a number.\"}" },
      { body, simulated })
    assert.same({ 400, "validation_error", "reference_id_value_invalid" }, { refused("GET", "/vkyc?reference_id=abc") })
    assert.same({ 404, "validation_error", "verification_id_not_found" }, { refused("GET", "/vkyc?verification_id=V9") })
    assert.same({ 404, "validation_error", "reference_id_not_found" }, { refused("GET", "/vkyc?reference_id=9") })
    assert.same({ 404, "validation_error", "user_id_not_found", "yes" }, { refused("POST", "/vkyc", CASE) })
    call("POST", "/user", USER)
    assert.same({ 409, "validation_error", "user_id_already_exists", "yes" }, { refused("POST", "/user", USER) })
    call("POST", "/vkyc", CASE)
    assert.same({ 409, "validation_error", "verification_id_already_exists" }, { refused("POST", "/vkyc", CASE) })
    assert.same({ 404, "validation_error", "user_reference_id_not_found", "yes" }, { refused("GET", "/user?user_reference_id=7") })
    assert.same({ 400, "validation_error", "phone_unknown", "yes" }, { refused("PATCH", "/user", "{\"user_id\":\"U1\",\"phone\":\"1\"}") })
    body = "{\"verification_id\":\"V2\",\"user_id\":\"U1\",\"notification_types\":[\"SMS\"]}"
    assert.same({ 400, "validation_error", "notification_types_value_invalid", "yes" }, { refused("POST", "/vkyc", body) })
  end)

  it("initiates with the documented example, and reads it back by either id", function()
    call("POST", "/user", USER)
    local status, body = call("POST", "/vkyc", CASE)
    local link = json.read(body).vkyc_link
    assert.matches("^https://forms%.cashfree%.com/verification/%w%w%w%w%w%w%w$", link)
    local start = "{\"verification_id\":\"test333\",\"reference_id\":1358,\"user_reference_id\":11174,\"user_id\":\"U1\",\"status\":\"RECEIVED\","
      .. "\"sub_status\":\"LINK_GENERATED\",\"vkyc_link\":\"" .. link .. "\",\"link_expiry\":\"2025-06-21T00:00:00.000Z\""
    assert.same({ 200, start .. "}" }, { status, body })
    local record = start .. ",\"recording_link\":null,\"meeting_schedule\":null,\"auditor_remarks\":null,\"agent_remarks\":null}"
    assert.same({ 200, record }, { call("GET", "/vkyc?verification_id=test333") })
    assert.same({ 200, record }, { call("GET", "/verification/vkyc?reference_id=1358") })
    assert.equal(404, (call("GET", "/vkyc?verification_id=test333&reference_id=1359")))
  end)

  it("skips the DigiLocker step when Aadhaar details are given", function()
    call("POST", "/user", USER)
    local _, body = call("POST", "/vkyc", CASE:sub(1, -2) .. ",\"aadhaar_details\":" .. AADHAAR .. ",\"notification_types\":[\"sms\",\"whatsapp\"]}")
    local fields = json.read(body)
    assert.same({ "PRE_VIDEO_CALL", "AADHAAR_VERIFICATION_SUCCESS" }, { fields.status, fields.sub_status })
    assert.same(json.read(AADHAAR), fields.aadhaar_details)
    assert.equal(2, #sim:notifications())
    local status, _, code = refused("POST", "/vkyc", (CASE:gsub("test333", "V2"):sub(1, -2)) .. ",\"aadhaar_details\":{\"name\":\"x\"}}")
    assert.same({ 400, "aadhaar_details.last_verified_at_missing" }, { status, code })
  end)

  it("has a recording once the call is over", function()
    call("POST", "/user", USER)
    call("POST", "/vkyc", CASE)
    sim:advance("test333", "SIMULATED_CALL_STARTED")
    assert.equal(json.null, json.read(select(2, call("GET", "/vkyc?verification_id=test333"))).recording_link)
    sim:advance("test333", "SIMULATED_CALL_COMPLETED")
    assert.matches("expires_in=3600", json.read(select(2, call("GET", "/vkyc?verification_id=test333"))).recording_link, 1, true)
  end)

  it("expires a link at the moment that it told", function()
    call("POST", "/user", USER)
    call("POST", "/vkyc", CASE)
    clock = 1750463999 -- 2025-06-20T23:59:59Z
    assert.equal("RECEIVED", json.read(select(2, call("GET", "/vkyc?verification_id=test333"))).status)
    clock = clock + 1
    assert.equal("EXPIRED", json.read(select(2, call("GET", "/vkyc?verification_id=test333"))).status)
  end)

  it("gives a token for the customer's device", function()
    local body = "{\"app_id\":\"app\",\"product\":\"VKYC\",\"metadata\":{\"vkyc_request_id\":%s},"
      .. "\"authenticated_user\":{\"identifier_type\":\"userId\",\"identifier_value\":%s}}"
    for _, value in ipairs { "249749", "\"249749\"" } do
      local status, answer = call("POST", "/oauth/token", body:format(value, value))
      assert.equal(200, status)
      assert.equal("2025-05-22T09:51:14+05:30", json.read(answer).expiry)
      assert.equal(40, #json.read(answer).access_token)
    end
    assert.equal(400, (call("POST", "/oauth/token", body:format("{}", "1"))))
  end)

  it("sends the documented webhook, with empty texts and a bare date", function()
    call("POST", "/user", USER)
    call("POST", "/vkyc", CASE)
    sim:advance("test333", "approved")
    local first, second = (table.unpack or unpack)(sim:deliveries())
    local link = json.read(select(2, call("GET", "/vkyc?verification_id=test333"))).vkyc_link
    assert.is_nil(first.headers["x-simulated"])
    assert.equal("{\"signature\":\"simulated\",\"event_type\":\"VKYC_USER_LINK_GENERATED\",\"event_time\":\"2025-05-22T03:51:14Z\","
      .. "\"version\":\"v1\",\"data\":{\"verification_id\":\"test333\",\"reference_id\":1358,\"user_reference_id\":11174,"
      .. "\"user_id\":\"U1\",\"status\":\"RECEIVED\",\"sub_status\":\"LINK_GENERATED\","
      .. "\"vkyc_link\":\"" .. link .. "\",\"link_expiry\":\"2025-06-21\",\"recording_link\":\"\",\"meeting_schedule\":\"\"}}", first.body)
    assert.equal("yes", second.headers["x-simulated"])
    assert.equal("VKYC_AUDITOR_REVIEW_COMPLETED", json.read(second.body).event_type)
  end)
end)
