-- Enkash: the documented link byte by byte, both envelopes, both spellings of the card's id, every operation, failures under HTTP 200.

local vkyc = require "vkyc"
local canaries = require "spec.support.canaries"
local scripted = require "spec.support.scripted_host"

local reply = scripted.reply
local BASE = "https://pay-en-uat.enkash.in/api/v0/partner/enKashCard"
local LINK = "https://investor-onboarding-preproduction.signzy.tech/encash_preprod/65a1b2c3d4e5f60718293a4b/"
  .. ("0123456789abcdef"):rep(5) .. "/eMain?ns=encash_preprod"
local SESSION = '"kycStatus":"EnumModel(name=MIN_KYC_VERIFIED, label=Min Kyc Verified, description=null)",'
  .. '"kycSubStatus":"EnumModel(name=VKYC_IN_PROGRESS, label=VKYC In Progress, description=null)"'
local LINKED = '{"code":0,"message":"Success","payload":{"enkashCardId":"EKCHUZJWZW",' .. SESSION .. ',"kycLink":"' .. LINK .. '","kycExpiryDays":1}}'

-- A client that has its token: the first request is the login.
local function client(answers, more, options)
  local all = { scripted.token(canaries.TOKEN) }
  for _, answer in ipairs(answers) do
    all[#all + 1] = answer
  end
  local host = scripted.new(all, options)
  return scripted.client("enkash", host, more), host
end

describe("Enkash", function()
  after_each(canaries.check_hooks)

  it("logs in as the pages show", function()
    local c, host = client { reply(200, LINKED) }
    assert(c:vkyc_link { enKashCardId = "EKCHUZJWZW" })
    local login = host.requests[1]
    assert.equal("POST https://ekpayout-uat.enkash.in/oauth/token", host.lines()[1])
    assert.equal("username=6001020040&password=pa55word%26canary&grant_type=password&clientId=CEKQ08TRRG", login.body)
    assert.equal("application/x-www-form-urlencoded", login.headers["Content-Type"])
    assert.equal("Basic Q0VLUTA4VFJSRzpjZnNrX2NhbmFyeV81ZWNyZTdWNGx1ZQ==", login.headers["Authorization"])
    assert.is_nil(login.headers["Cookie"])
    assert.is_nil(login.headers["partnerId"])
  end)

  it("gets the link as the page shows, without one changed digit", function()
    local c, host = client { reply(200, LINKED) }
    local res = assert(c:vkyc_link { enKashCardId = "EKCHUZJWZW" })
    local request = host.requests[2]
    assert.equal("GET " .. BASE .. "/vkyc/link?enKashCardId=EKCHUZJWZW", host.lines()[2])
    assert.is_nil(request.body)
    assert.equal("Bearer " .. canaries.TOKEN, request.headers["Authorization"])
    assert.equal("CRM338L2H", request.headers["partnerId"])
    assert.same({
      enkashCardId = "EKCHUZJWZW", kycStatus = "EnumModel(name=MIN_KYC_VERIFIED, label=Min Kyc Verified, description=null)",
      kycSubStatus = "EnumModel(name=VKYC_IN_PROGRESS, label=VKYC In Progress, description=null)", kycLink = LINK, kycExpiryDays = 1,
    }, res)
    assert.equal("1", tostring(res.kycExpiryDays))
    local state, detail = vkyc.state(res)
    assert.same({ "created", "MIN_KYC_VERIFIED", "VKYC_IN_PROGRESS", "VKYC In Progress", "min", scripted.WALL + 86400, true, false }, {
      state, detail.raw_status, detail.raw_sub_status, detail.label, detail.level, detail.expires_at, detail.expires_estimated, detail.terminal,
    })
    assert.same({ "0", "Success" }, { tostring(vkyc.meta(res).envelope.code), vkyc.meta(res).envelope.message })
    assert.is_nil(vkyc.meta(res).mismatches)
  end)

  it("calls them initiate, status and create_user too", function()
    local c, host = client { reply(200, LINKED) }
    assert(c:initiate { enKashCardId = "EKCHUZJWZW" })
    local res = assert(c:status { enKashCardId = "EKCHUZJWZW" })
    assert.equal("GET " .. BASE .. "/vkyc/status?enKashCardId=EKCHUZJWZW", host.lines()[3])
    assert.equal("in_progress", (vkyc.state(res))) -- read later, the session is no fresh link any more
    assert.equal(c.create_wallet, c.create_user)
  end)

  it("takes both spellings of the card's id, but not both at once", function()
    local c, host = client { reply(200, LINKED) }
    assert(c:vkyc_link { enkashCardId = "EKCHUZJWZW" })
    assert.equal("GET " .. BASE .. "/vkyc/link?enKashCardId=EKCHUZJWZW", host.lines()[2])
    local _, err = c:vkyc_status { enkashCardId = "EKCHUZJWZW", enKashCardId = "EKCHUZJWZW" }
    canaries.check_error(err, "argument")
    for _, spelling in ipairs { "enkashCardId", "enKashCardId" } do
      host.play { reply(200, '{"code":0,"message":"Success","payload":{"' .. spelling .. '":"EKCOTHER"}}') }
      _, err = c:vkyc_status { enkashCardId = "EKCHUZJWZW" }
      assert.equal(spelling, canaries.check_error(err, "schema").path)
    end
  end)

  it("reads both envelopes", function()
    local c = client { reply(200, '{"response_code":0,"response_message":"Success","payload":{"enKashCardId":"EKC1",' .. SESSION .. "}}") }
    local res = assert(c:wallet_details { enKashCardId = "EKC1" })
    assert.same({ "EKC1", "in_progress" }, { res.enKashCardId, (vkyc.state(res)) })
    assert.equal("0", tostring(vkyc.meta(res).envelope.code))
  end)

  it("knows a failure under HTTP 200, in both envelopes", function()
    for _, body in ipairs {
      '{"response_code":1,"response_message":"Card not found","payload":"Card not found"}', '{"code":1,"message":"Card not found","payload":"Card not found"}',
      '{"code":"1","message":"Card not found","payload":null}', '{"code":1,"payload":"Card not found"}', '{"code":1.0,"message":"Card not found"}',
    } do
      local c, host = client { reply(200, body) }
      local _, err = c:vkyc_status { enKashCardId = "EKC1" }
      canaries.check_error(err, "bad_request")
      assert.same({ 200, "1", "refused", "Card not found", 1, 2 }, { err.status, err.code, err.outcome, err.message, err.attempts, #host.requests })
    end
  end)

  it("takes 0 in every spelling of a number as success", function()
    for _, code in ipairs { "0", '"0"', "0.0", "-0" } do
      local c = client { reply(200, (LINKED:gsub('"code":0', '"code":' .. code))) }
      assert(c:vkyc_link { enKashCardId = "EKCHUZJWZW" })
    end
  end)

  it("needs a code and a payload", function()
    for body, path in pairs {
      ["{}"] = "code", ['{"code":null,"payload":{}}'] = "code", ['{"code":0}'] = "payload", ['{"code":0,"payload":"done"}'] = "payload",
      ['{"code":{"a":1},"payload":{}}'] = "code",
    } do
      local c = client { reply(200, body) }
      local _, err = c:vkyc_link { enKashCardId = "EKC1" }
      assert.same({ path, "unknown", 1 }, { canaries.check_error(err, "schema").path, err.outcome, err.attempts })
    end
  end)

  it("never calls minimum KYC or unaccepted terms approved", function()
    local c = client({ reply(200, '{"code":0,"payload":{"enkashCardId":"E","kycStatus":"MIN_KYC_VERIFIED","kycSubStatus":null}}') })
    local state, detail = vkyc.state(assert(c:vkyc_status { enKashCardId = "E" }))
    assert.same({ "unknown", "min", false }, { state, detail.level, detail.terminal })
    local _, err = vkyc.new(scripted.options("enkash", scripted.new {}, { statuses = { MIN_KYC_VERIFIED = "approved" } }))
    assert.equal("statuses.MIN_KYC_VERIFIED", canaries.check_error(err, "config").violations[1].path)
    c = client({ reply(200, '{"response_code":0,"payload":{"enkashCardId":"E","kycStatus":"FULL","latestTncVersionAccepted":false}}') },
      { statuses = { FULL = "approved" } })
    state, detail = vkyc.state(assert(c:wallet_details { enKashCardId = "E" }))
    assert.same({ "action_required", "terms_not_accepted", false, false }, { state, detail.reason, detail.terms_accepted, detail.terminal })
    c = client({ reply(200, '{"code":0,"payload":{"enkashCardId":"E","kycStatus":{"name":"FULL","label":"Full, at last"}}}') },
      { statuses = { FULL = "approved" } })
    state, detail = vkyc.state(assert(c:vkyc_status { enKashCardId = "E" }))
    assert.same({ "approved", "Full, at last", true }, { state, detail.label, detail.terminal })
  end)

  it("refuses terms that are no boolean", function()
    local c = client { reply(200, '{"response_code":0,"payload":{"latestTncVersionAccepted":"false"}}') }
    local _, err = c:wallet_details { enKashCardId = "E" }
    assert.equal("payload.latestTncVersionAccepted", canaries.check_error(err, "schema").path)
  end)

  it("tells the hours of the agents when they are away", function()
    local refusal = reply(422, '{"code":422,"message":"Failure","payload":"Failure"}')
    local c = client({ refusal }, nil, { wall = 1780894800 + 9 * 3600 }) -- 19:30 in India
    local _, err = c:vkyc_link { enKashCardId = "EKC1" }
    assert.truthy(canaries.check_error(err, "bad_request").hint:find("next_open", 1, true))
    assert.same({ 422, "422", "refused" }, { err.status, err.code, err.outcome })
    c = client { refusal }
    _, err = c:vkyc_link { enKashCardId = "EKC1" }
    assert.falsy(canaries.check_error(err, "bad_request").hint:find("next_open", 1, true))
  end)

  it("knows when the agents are at home next", function()
    local c = client {}
    local function at(day, hour)
      return 1780894800 - 10.5 * 3600 + day * 86400 + hour * 3600 -- Monday is day 0, hours of India
    end
    for _, row in ipairs {
      { 0, 10, 0, 10 }, { 0, 9.99, 0, 10 }, { 0, 17.99, 0, 17.99 }, { 0, 18, 1, 10 }, { 4, 18, 7, 10 }, { 5, 12, 7, 10 }, { 6, 23, 7, 10 }, { 0, 0, 0, 10 },
    } do
      assert.near(at(row[3], row[4]), c:next_open(at(row[1], row[2])), 1e-3)
    end
    assert.equal(scripted.WALL, c:next_open())
  end)

  it("fills in company and account, the caller's own first", function()
    local c, host = client { reply(200, '{"code":0,"payload":{"enkashCardId":"EKC1"}}') }
    assert(c:update_wallet { enKashCardId = "EKC1", email = "a@b.example" })
    assert.equal("PATCH " .. BASE, host.lines()[2])
    assert.equal('{"companyId":"CEKQ08TRRG","cardAccountId":"CAC7975","enKashCardId":"EKC1","email":"a@b.example"}', host.requests[2].body)
    assert(c:update_wallet { enKashCardId = "EKC1", cardAccountId = "CAQL8YCV3" })
    assert.equal('{"companyId":"CEKQ08TRRG","cardAccountId":"CAQL8YCV3","enKashCardId":"EKC1"}', host.requests[3].body)
  end)

  it("creates a wallet as the page shows, on either path", function()
    for _, path in ipairs { "/wallet", "" } do
      local c, host = client({ reply(200, '{"code":0,"payload":{"enKashCardId":"EKC1","future":[1]}}') },
        { create_path = "/api/v0/partner/enKashCard" .. path })
      local res = assert(c:create_wallet {
        email = "a@b.example", mobile = "9988776655", title = "Ms", firstName = "Asha", lastName = "Rao", gender = "F", specialDate = "02-09-2001",
        address = "17 Lane", city = "Bengaluru", state = "Karnataka", country = "India", pincode = "560038", documents = { { docType = "PAN",
          docNo = "ABCDE1234F" } },
      })
      assert.equal("POST " .. BASE .. path, host.lines()[2])
      assert.equal('{"companyId":"CEKQ08TRRG","cardAccountId":"CAC7975","email":"a@b.example","mobile":"9988776655","title":"Ms","firstName":"Asha",'
        .. '"lastName":"Rao","gender":"F","specialDate":"02-09-2001","address":"17 Lane","city":"Bengaluru","state":"Karnataka","country":"India",'
        .. '"pincode":"560038","documents":[{"docType":"PAN","docNo":"ABCDE1234F"}]}', host.requests[2].body)
      assert.equal("1", tostring(res.future[1]))
    end
  end)

  it("reads wallet details on either path", function()
    for _, path in ipairs { "/wallet-details", "/search" } do
      local c, host = client({ reply(200, '{"response_code":0,"payload":{"walletId":"W1"}}') }, { details_path = "/api/v0/partner/enKashCard" .. path })
      assert.equal("W1", assert(c:wallet_details { clientReferenceId = "CLI5736JK" }).walletId)
      assert.equal("POST " .. BASE .. path, host.lines()[2])
    end
  end)

  it("makes the neighbours' calls as their pages show", function()
    local done = reply(200, '{"code":0,"message":"Success","payload":{"ok":true}}')
    local c, host = client { done }
    assert(c:transaction_otp { cardOtpAction = "TRANSACTION_OTP", enKashCardId = "EKC1" })
    assert(c:top_up { createdBy = "me", amount = 10, transactionType = "CR", type = "ALLOCATE_FUND", transactionCode = "ALLOCATION",
      uniqueReferenceNumber = "REF1", enKashCardId = "EKC1" })
    assert(c:load_limit { enKashCardId = "EKC1", amountToLoad = "100" })
    assert(c:merchant_debit { merchantDetailId = "MD7GWIYV3VEMQ8KQ", enkashCardId = "EKC1", amount = 10.5, productCode = "DEFAULT", otpMedium = "MOBILE",
      otp = "482916", otpReferenceId = "R1", uniqueTransactionId = "T1" })
    assert(c:settlement_status { merchantUniqueTxnId = "T 1" })
    assert.same({
      "POST " .. BASE .. "/otp", "POST " .. BASE .. "/balance", "POST " .. BASE .. "/validate/wallet-load-limit",
      "POST " .. BASE .. "/ppi-merchant-transaction", "GET " .. BASE .. "/settlement-status?merchantUniqueTxnId=T%201",
    }, { select(2, (table.unpack or unpack)(host.lines())) }) -- luacheck: ignore unpack
    assert.equal('{"cardOtpAction":"TRANSACTION_OTP","cardAccountId":"CAC7975","enKashCardId":"EKC1"}', host.requests[2].body)
    assert.equal('{"companyId":"CEKQ08TRRG","cardAccountId":"CAC7975","enKashCardId":"EKC1","createdBy":"me","amount":10,"transactionType":"CR",'
      .. '"type":"ALLOCATE_FUND","transactionCode":"ALLOCATION","uniqueReferenceNumber":"REF1"}', host.requests[3].body)
    assert.equal('{"enKashCardId":"EKC1","cardAccountId":"CAC7975","amountToLoad":"100"}', host.requests[4].body)
    assert.equal('{"merchantDetailId":"MD7GWIYV3VEMQ8KQ","enkashCardId":"EKC1","companyId":"CEKQ08TRRG","cardAccountId":"CAC7975","amount":10.5,'
      .. '"productCode":"DEFAULT","otpMedium":"MOBILE","otp":"482916","otpReferenceId":"R1","uniqueTransactionId":"T1"}', host.requests[5].body)
  end)

  it("opens the envelope of a call that no table describes", function()
    local c, host = client { reply(200, '{"code":0,"payload":{"balance":1}}'), reply(200, '{"code":1,"message":"no","payload":"no"}') }
    assert.equal("1", tostring(assert(c:call { method = "GET", path = "/api/v0/partner/enKashCard/balance" }).balance))
    local _, err = c:call { method = "GET", path = "/api/v0/partner/enKashCard/balance" }
    canaries.check_error(err, "bad_request")
    assert.equal(3, #host.requests)
  end)

  it("runs against its simulator from first to last", function()
    local options = scripted.options("enkash", nil, { environment = "simulator", statuses = vkyc.simulator.statuses.enkash })
    local simulator = vkyc.simulator.new { provider = "enkash", credentials = { client_id = "CEKQ08TRRG", client_secret = canaries.SECRET,
      username = "6001020040", password = canaries.PASSWORD, partner_id = "CRM338L2H" } }
    options.simulator = simulator
    local c = assert(vkyc.new(options))
    local wallet = assert(c:create_wallet { email = "a@b.example", mobile = "9988776644", title = "Ms", firstName = "Asha", lastName = "Rao", address = "Lane",
      city = "B", state = "K", country = "India", pincode = "560038", documents = { { docType = "PAN", docNo = "ABCDE1234F" } } })
    local id = wallet.enkashCardId
    assert.equal("created", (vkyc.state(assert(c:vkyc_link { enKashCardId = id }))))
    assert.equal("in_progress", (vkyc.state(assert(c:vkyc_status { enKashCardId = id }))))
    simulator:advance(id, "TERMS_PENDING")
    simulator:advance(id, "approved")
    assert.equal("approved", (vkyc.state(assert(c:vkyc_status { enKashCardId = id }))))
    assert.equal("action_required", (vkyc.state(assert(c:wallet_details { enKashCardId = id }))))
    local _, err = c:vkyc_link { enKashCardId = id }
    assert.same({ 422, "bad_request" }, { err.status, err.kind })
    _, err = c:vkyc_status { enKashCardId = "EKCNOBODY" }
    assert.same({ 200, "bad_request" }, { err.status, err.kind })
  end)
end)
