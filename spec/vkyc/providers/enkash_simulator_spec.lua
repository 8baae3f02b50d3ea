-- Enkash as its pages show it; what they do not show must be marked.

local simulator = require "vkyc.simulator"
local json = require "vkyc.simulator.json"

local WALLET = "/api/v0/partner/enKashCard"
local KEYS = { client_id = "CEKQ08TRRG", client_secret = "s3cret", username = "6001020040", password = "p&ss w", partner_id = "CRM338L2H" }
local BASIC = "Basic Q0VLUTA4VFJSRzpzM2NyZXQ="
local FORM = "username=6001020040&password=p%26ss+w&grant_type=password&clientId=CEKQ08TRRG"

describe("the simulator of Enkash", function()
  local sim, clock, access

  local function new(more)
    local options = { provider = "enkash", credentials = KEYS, now = function()
      return clock
    end }
    for name, value in pairs(more or {}) do
      options[name] = value
    end
    sim = simulator.new(options)
  end

  local function login(form, basic)
    local headers = { authorization = basic or BASIC, ["content-type"] = "application/x-www-form-urlencoded" }
    local response = sim:handle { method = "POST", path = "/oauth/token", headers = headers, body = form or FORM }
    local fields = json.read(response.body)
    access = fields.access_token or access
    return response.status, fields, response.headers["x-simulated"]
  end

  local function call(method, path, body, more)
    local headers = { authorization = "Bearer " .. access, partnerid = "CRM338L2H", ["content-type"] = body and "application/json" }
    for name, value in pairs(more or {}) do
      headers[name] = value or nil
    end
    local plain, query = path:match("^([^?]*)%??(.*)$")
    local response = sim:handle { method = method, path = WALLET .. plain, query = query, headers = headers, body = body }
    return response.status, response.body, response.headers["x-simulated"]
  end

  local function payload(...)
    local status, body = call(...)
    assert.equal(200, status)
    return json.read(body).payload
  end

  before_each(function()
    clock = 1780894800 -- 2026-06-08T05:00:00Z, a Monday, 10:30 in India
    new()
    login()
  end)

  describe("token", function()
    it("is answered as documented", function()
      local status, fields, simulated = login()
      assert.same({ 200, nil, 27, "bearer", 86399, "read write trust" },
        { status, simulated, #fields.access_token, fields.token_type, fields.expires_in, fields.scope })
    end)

    it("has another spelling, and another place", function()
      new { token_spelling = "camel", token_in_payload = true, token_lifetime_s = 300 }
      local _, fields = login()
      assert.same({ 27, 300, 0 }, { #fields.payload.accessToken, fields.payload.expiresIn, fields.code })
    end)

    it("wants Basic, a form and every field by its name", function()
      local status, fields = login(nil, "Basic !")
      assert.same({ 401, "unauthorized" }, { status, fields.error })
      status, fields = login(nil, "Basic Q0VLUTA4VFJSRzp3cm9uZw==") -- the right id with a wrong secret
      assert.same({ 401, "invalid_client" }, { status, fields.error })
      status, fields = login((FORM:gsub("clientId", "client_id")))
      assert.same({ 400, "invalid_request" }, { status, fields.error })
      assert.equal(400, (login((FORM:gsub("=password&", "=client_credentials&")))))
      local response = sim:handle { method = "POST", path = "/oauth/token", headers = { ["content-type"] = "application/json" }, body = "{}" }
      assert.equal(415, response.status)
      assert.equal(200, (login()))
    end)

    it("locks the account after three refusals in a row", function()
      local wrong = FORM:gsub("p%%26ss", "wrong")
      login(wrong)
      login(wrong)
      assert.equal(200, (login()))
      login(wrong)
      login(wrong)
      local status, fields = login(nil, "Basic eDp5")
      assert.same({ 401, "invalid_client" }, { status, fields.error })
      status, fields = login()
      assert.same({ 400, "invalid_grant", "User account is locked" }, { status, fields.error, fields.error_description })
    end)

    it("is wanted, known and not too old on every call", function()
      local function status(more)
        return (call("GET", "/vkyc/status?enKashCardId=EKCHUZJWZW", nil, more))
      end
      assert.equal(401, status { authorization = false })
      assert.equal(401, status { authorization = "Bearer unknown" })
      assert.equal(400, status { partnerid = false })
      assert.equal(403, status { partnerid = "CROTHER" })
      clock = clock + 86398
      assert.equal(200, status())
      clock = clock + 1
      assert.equal(401, status())
      login()
      assert.equal(200, status())
      sim:revoke_tokens()
      assert.equal(401, status())
    end)
  end)

  describe("link", function()
    local PATH = "/vkyc/link?enKashCardId=EKCHUZJWZW"

    it("is the documented answer, in words of a Java toString and with a small k", function()
      local status, body, simulated = call("GET", PATH)
      local link = json.read(body).payload.kycLink
      assert.matches("^https://investor%-onboarding%-preproduction%.signzy%.tech/encash_preprod/"
        .. ("%x"):rep(24) .. "/" .. ("%x"):rep(80) .. "/eMain%?ns=encash_preprod$", link)
      assert.same({ 200, "{\"code\":0,\"message\":\"Success\",\"payload\":{\"enkashCardId\":\"EKCHUZJWZW\","
        .. "\"kycStatus\":\"EnumModel(name=MIN_KYC_VERIFIED, label=Min Kyc Verified, description=null)\","
        .. "\"kycSubStatus\":\"EnumModel(name=VKYC_IN_PROGRESS, label=VKYC In Progress, description=null)\","
        .. "\"kycLink\":\"" .. link .. "\",\"kycExpiryDays\":1}}" }, { status, body, simulated })
      assert.same({}, sim:notifications())
      assert.same({}, sim:deliveries { test = true })
    end)

    it("is a new one, and marked, when it is asked for again", function()
      local first = payload("GET", PATH).kycLink
      local _, body, simulated = call("GET", PATH)
      assert.equal("yes", simulated)
      assert.not_equal(first, json.read(body).payload.kycLink)
    end)

    it("is refused outside service hours, unless these are switched off", function()
      local function at(t)
        clock = t
        login()
        local status, body = call("GET", PATH)
        return status, type(json.read(body).payload)
      end
      assert.same({ 200, "table" }, { at(1780893000) }) -- Monday 10:00 in India
      assert.same({ 422, "string" }, { at(1780892999) })
      assert.same({ 200, "table" }, { at(1780921799) }) -- 17:59:59
      assert.same({ 422, "string" }, { at(1780921800) })
      assert.same({ 422, "string" }, { at(1780830000) }) -- Sunday noon
      new { hours = false }
      assert.same({ 200, "table" }, { at(1780830000) })
    end)

    it("is refused without accepted terms, and for a wallet that is not at minimum KYC", function()
      sim:advance("EKCHUZJWZW", "TERMS_PENDING")
      assert.equal(422, (call("GET", PATH)))
      assert.is_false(payload("POST", "/wallet-details", "{\"enKashCardId\":\"EKCHUZJWZW\"}").latestTncVersionAccepted)
      sim:advance("EKCHUZJWZW", "TERMS_ACCEPTED")
      assert.is_true(payload("POST", "/wallet-details", "{\"enKashCardId\":\"EKCHUZJWZW\"}").latestTncVersionAccepted)
      sim:advance("EKCHUZJWZW", "SIMULATED_NO_KYC")
      assert.equal(422, (call("GET", PATH)))
      sim:advance("EKCHUZJWZW", "approved")
      assert.equal(422, (call("GET", PATH)))
    end)

    it("fails under HTTP 200 for an unknown card, with a text for a payload", function()
      assert.same({ 200, "{\"code\":1,\"message\":\"Card not found\",\"payload\":\"Card not found\"}", "yes" },
        { call("GET", "/vkyc/link?enKashCardId=EKCNOTHING") })
    end)

    it("knows only the documented name of the card", function()
      assert.equal(400, (call("GET", "/vkyc/link?enkashCardId=EKCHUZJWZW")))
    end)
  end)

  it("reads a status, marked, through every step", function()
    local function status()
      local fields, word = payload("GET", "/vkyc/status?enKashCardId=EKCHUZJWZW"), "name=([%w_]+)"
      assert.is_true(fields.simulated)
      return fields.kycStatus:match(word) .. "/" .. (fields.kycSubStatus == json.null and "" or fields.kycSubStatus:match(word))
    end
    assert.equal("MIN_KYC_VERIFIED/", status())
    call("GET", "/vkyc/link?enKashCardId=EKCHUZJWZW")
    for _, step in pairs(sim.behaviour.states) do
      sim:advance("EKCHUZJWZW", step)
      assert.equal(step, status())
    end
    assert.equal("EnumModel(name=SIMULATED_FULL_KYC_VERIFIED, label=Simulated Full Kyc Verified, description=null)",
      (sim:advance("EKCHUZJWZW", "approved") and payload("GET", "/vkyc/status?enKashCardId=EKCHUZJWZW").kycStatus))
  end)

  it("starts a timetable with the link, and ends a link that was not used", function()
    new { timetable = { { after_s = 60, step = "in_review" } }, hours = false }
    login()
    clock = clock + 600
    assert.equal(json.null, payload("GET", "/vkyc/status?enKashCardId=EKCHUZJWZW").kycSubStatus)
    call("GET", "/vkyc/link?enKashCardId=EKCHUZJWZW")
    clock = clock + 60
    assert.matches("SIMULATED_VKYC_PENDING", payload("GET", "/vkyc/status?enKashCardId=EKCHUZJWZW").kycSubStatus, 1, true)
    new { hours = false }
    login()
    sim:schedule("EKCHUZJWZW", { { after_s = 5, step = "rejected" } })
    clock = clock + 600
    assert.equal(json.null, payload("GET", "/vkyc/status?enKashCardId=EKCHUZJWZW").kycSubStatus)
    call("GET", "/vkyc/link?enKashCardId=EKCHUZJWZW")
    clock = clock + 5
    assert.matches("SIMULATED_VKYC_REJECTED", payload("GET", "/vkyc/status?enKashCardId=EKCHUZJWZW").kycSubStatus, 1, true)
    new { hours = false }
    login()
    call("GET", "/vkyc/link?enKashCardId=EKCHUZJWZW")
    clock = clock + 86400
    login()
    assert.matches("SIMULATED_VKYC_EXPIRED", payload("GET", "/vkyc/status?enKashCardId=EKCHUZJWZW").kycSubStatus, 1, true)
  end)

  describe("wallets", function()
    local CREATE = "{\"companyId\":\"CEKQ08TRRG\",\"cardAccountId\":\"CAC7975\",\"email\":\"a@example.com\",\"mobile\":\"9876543210\","
      .. "\"title\":\"Ms\",\"firstName\":\"Asha\",\"lastName\":\"K\",\"address\":\"1 Road\",\"city\":\"Pune\",\"state\":\"MH\","
      .. "\"country\":\"India\",\"pincode\":\"411001\",\"documents\":[{\"docType\":\"PAN\",\"docNo\":\"ABCPV1234D\"}]}"

    it("are made on both generations of the path", function()
      local fields = payload("POST", "/wallet", CREATE)
      assert.is_true(fields.simulated)
      assert.equal(200, (call("GET", "/vkyc/link?enKashCardId=" .. fields.enkashCardId)))
      assert.equal(409, (call("POST", "", CREATE)))
      assert.equal(200, (call("POST", "", (CREATE:gsub("9876543210", "9876543211")))))
      assert.equal(400, (call("POST", "/wallet", (CREATE:gsub("\"Ms\"", "\"Dr\"")))))
    end)

    it("are changed until the OTP is validated", function()
      local change = "{\"companyId\":\"CEKQ08TRRG\",\"cardAccountId\":\"CAC7975\",\"enKashCardId\":\"EKCHUZJWZW\",\"city\":\"Goa\"}"
      assert.is_table(payload("PATCH", "", change))
      sim:advance("EKCHUZJWZW", "OTP_VALIDATED")
      assert.is_string(payload("PATCH", "", change))
    end)

    it("have details in the other envelope, on both generations of the path", function()
      for _, path in ipairs { "/wallet-details", "/search" } do
        local _, body = call("POST", path, "{\"enKashCardId\":\"EKCHUZJWZW\"}")
        assert.equal("{\"response_code\":0,\"response_message\":\"Success\",\"payload\":{\"enkashCardId\":\"EKCHUZJWZW\"", body:sub(1, 86))
        local _, failed = call("POST", path, "{\"enKashCardId\":\"X\"}")
        assert.equal("{\"response_code\":1,\"response_message\":\"Card not found\",\"payload\":\"Card not found\"}", failed)
      end
      new { envelope = "code" }
      login()
      assert.matches("^{\"code\":0,", (select(2, call("POST", "/search", "{\"enKashCardId\":\"EKCHUZJWZW\"}"))))
    end)

    it("are topped up once for a reference, and debited within their balance", function()
      local top = "{\"enKashCardId\":\"EKCHUZJWZW\",\"amount\":100.5,\"transactionType\":\"CR\",\"uniqueReferenceNumber\":\"R1\"}"
      assert.equal(100.5, payload("POST", "/balance", top).balance)
      assert.equal(409, (call("POST", "/balance", top)))
      assert.equal(422, (call("POST", "/balance", (top:gsub("CR", "DR"):gsub("R1", "R2")))))
      local debit = "{\"enkashCardId\":\"EKCHUZJWZW\",\"amount\":%s,\"otp\":\"%s\",\"uniqueTransactionId\":\"T1\"}"
      assert.equal("Invalid OTP", payload("POST", "/ppi-merchant-transaction", debit:format("50", "1")))
      assert.equal("Insufficient balance", payload("POST", "/ppi-merchant-transaction", debit:format("500", "123456")))
      assert.equal("PENDING", payload("POST", "/ppi-merchant-transaction", debit:format("50", "123456")).status)
      assert.equal(409, (call("POST", "/ppi-merchant-transaction", debit:format("50", "123456"))))
      assert.equal("Insufficient balance", payload("POST", "/ppi-merchant-transaction", (debit:format("50.6", "123456"):gsub("T1", "T2"))))
      local unnamed = "{\"enkashCardId\":\"EKCHUZJWZW\",\"amount\":50.5}"
      assert.matches("^TXN%w+$", payload("POST", "/ppi-merchant-transaction", unnamed).merchantUniqueTxnId)
      sim:advance("T1", "SETTLED")
      assert.equal("Settled", payload("GET", "/settlement-status?merchantUniqueTxnId=T1").status.label)
      local limit = "{\"enKashCardId\":\"EKCHUZJWZW\",\"cardAccountId\":\"C\",\"amountToLoad\":\"%s\"}"
      assert.is_true(payload("POST", "/validate/wallet-load-limit", limit:format("10000")).allowed)
      assert.is_false(payload("POST", "/validate/wallet-load-limit", limit:format("10000.01")).allowed)
      assert.is_string(payload("POST", "/otp", "{\"cardOtpAction\":\"TRANSACTION_OTP\",\"enKashCardId\":\"EKCHUZJWZW\"}").otpReferenceId)
    end)
  end)

  it("answers faults in its own form", function()
    sim:fail { operation = "initiate", code = "422" }
    assert.same({ 422, "{\"code\":422,\"message\":\"Failure\",\"payload\":\"Failure\"}", "yes" },
      { call("GET", "/vkyc/link?enKashCardId=EKCHUZJWZW") })
    sim:fail { operation = "vkyc_status", code = "1" }
    assert.equal("Failure", payload("GET", "/vkyc/status?enKashCardId=EKCHUZJWZW"))
    assert.is_string(payload("GET", "/settlement-status?merchantUniqueTxnId=EKCHUZJWZW"))
    sim:fail { status = 401 }
    local status, body = call("GET", "/vkyc/status?enKashCardId=EKCHUZJWZW")
    assert.same({ 401, "invalid_token" }, { status, json.read(body).error })
    assert.same({ 400, "{\"code\":400,\"message\":\"Missing header: partnerid\",\"payload\":\"Missing header: partnerid\"}", "yes" },
      { call("GET", "/vkyc/status?enKashCardId=EKCHUZJWZW", nil, { partnerid = false }) })
    sim:fail { operation = "token", status = 503 }
    assert.equal(503, (login()))
    assert.equal(200, (login()))
  end)

  it("starts within service hours when the clock is not the caller's", function()
    sim = simulator.new { provider = "enkash" }
    assert.is_true(sim:is_open())
    local _, offset = sim:clock()
    sim:clock(offset + 7200)
    assert.is_true(sim:is_open())
    assert.equal(0, (select(2, simulator.new({ provider = "enkash", hours = false }):clock())))
  end)
end)
