-- Errors: each kind, what it prints, what it tells to do - and what it never shows, on any path.

local vkyc = require "vkyc"
local canaries = require "spec.support.canaries"
local errors = require "vkyc.errors"
local scripted = require "spec.support.scripted_host"

local reply, lost, unsent = scripted.reply, scripted.lost, scripted.unsent
local V = canaries.VALUES

-- A call of each provider whose request is full of canaries.
local CALLS = {
  { "cashfree_ppi", "create_user", { user_id = "U1", phone = V.phone, first_name = V.name, last_name = V.address, email = V.email } },
  { "cashfree_ppi", "initiate", { user_id = "U1", verification_id = "V1", security_questions = { { order = 1, question = "School?", answer = V.answer } } } },
  { "cashfree_ppi", "status", { user_id = "U1", verification_id = "V1" } },
  { "cashfree_ppi", "otp_submit", { otp_verification_id = "O1", otp = V.otp } },
  { "cashfree_ppi", "min_kyc", { otp_verification_id = "O1", user_id = "U1", verification_id = "V1",
    document = { type = "PAN", identifier = V.pan, name = V.name, dob = V.dob } } },
  { "cashfree_secure_id", "update_user", { user_id = "U1", name = V.name, address = V.address, email = V.email } },
  { "cashfree_secure_id", "initiate", { user_id = "U1", verification_id = "V1", security_questions = { { order = 1, question = "School?", answer = V.answer } },
    aadhaar_details = { last_verified_at = "2025-05-07T15:04:05Z", care_of = V.name, dob = V.dob, gender = "F", name = V.name, photo_link = V.link,
      split_address = { country = "India", dist = V.address, house = V.address, pincode = 560038, state = "Karnataka", street = V.address } } } },
  { "cashfree_secure_id", "status", { verification_id = "V1" } },
  { "enkash", "create_wallet", { email = V.email, mobile = V.phone, title = "Ms", firstName = V.name, lastName = V.name, address = V.address, city = V.address,
    state = V.address, country = V.address, pincode = "560038", specialDate = V.dob, documents = { { docType = "PAN", docNo = V.pan } } } },
  { "enkash", "update_wallet", { enkashCardId = "E1", pan = V.pan, specialDate = V.dob, address = V.address } },
  { "enkash", "vkyc_link", { enKashCardId = "E1" } },
  { "enkash", "vkyc_status", { enKashCardId = "E1" } },
  { "enkash", "merchant_debit", { otp = V.otp, remarks = V.name, amount = 1 } },
}

local function holds(value, text)
  if type(value) ~= "table" then
    return value == text
  end
  for _, each in pairs(value) do
    if holds(each, text) then
      return true
    end
  end
  return false
end

local function quoted(text)
  return '"' .. text:gsub('["\\]', "\\%0") .. '"'
end

-- Answers that say `text` wherever a server may say something.
local function echoes(text)
  local said = quoted(text)
  local word = { ["x-request-id"] = text, ["cf-ray"] = text, ["content-type"] = text, location = "https://evil.example/" .. text, ["x-echo"] = text }
  return {
    reply(400, '{"type":' .. said .. ',"code":' .. said .. ',"message":' .. said .. ',"error":' .. said .. ',"error_description":' .. said .. "}", word),
    reply(400, '{"code":"bad","message":' .. quoted("you sent " .. text .. " and " .. text:upper() .. ", which is not right") .. "}"),
    reply(200, '{"response_code":1,"response_message":' .. said .. ',"payload":' .. said .. "}"),
    reply(200, '{"code":' .. said .. ',"message":' .. said .. ',"payload":' .. said .. "}"),
    reply(200, '{"code":0,"payload":{"status":{"a":' .. said .. '},"kycStatus":5,"verification_id":[' .. said .. "]}}"),
    reply(200, '{"status":{"a":' .. said .. '},"verification_id":[' .. said .. "]}"),
    reply(200, '{"verification_id":' .. said .. ',"user_id":' .. said .. "}"),
    reply(200, text), reply(200, '{"a":' .. said .. "} " .. text), reply(200, "{" .. said .. ":1," .. said .. ":2}"),
    reply(403, text, { ["content-type"] = "text/html" }), reply(500, text), reply(502, '{"message":' .. said .. "}"), reply(302, text, word), reply(307, "",
      word),
    reply(429, '{"message":' .. said .. "}"), reply(404, '{"code":' .. said .. "}"), reply(409, '{"code":' .. said .. "}"),
    lost("timeout", "no answer to " .. text), lost("network", text), lost("protocol", text), lost("too_large", text), unsent("dns", text), unsent("tls", text),
    { failure = { kind = text, phase = text, reason = text } }, { failure = { kind = "network", reason = { text } } },
    { status = text }, { status = 200, headers = { ["a b"] = text, [text] = text } }, { status = 200, body = { text } }, { status = 99, body = text },
    function() error(text) end,
  }
end

describe("an error", function()
  after_each(canaries.check_hooks)

  for _, each in ipairs(CALLS) do
    local provider, operation, params = each[1], each[2], each[3]
    it("of " .. provider .. "." .. operation .. " shows no canary, whatever the server says (A3, H08, H10, H11, F08)", function()
      local enkash, errors_seen = provider == "enkash", 0
      local own = enkash and { secret = true, password = true, token = true } or { secret = true, webhook_secret = true }
      canaries.each(function(value, name)
        if own[name] or canaries.SHAPED[name] or holds(params, value) or name == "body" then
          for _, echo in ipairs(echoes(value)) do
            if name ~= "body" or type(echo) == "table" and echo.body == value then
              local answers = enkash and { scripted.token(canaries.TOKEN), echo } or { echo }
              local client = scripted.client(provider, scripted.new(answers), { webhook_secrets = not enkash and { canaries.WEBHOOK_SECRET } or nil })
              local result, err = client[operation](client, params)
              if not result then
                canaries.check_error(err)
                errors_seen = errors_seen + 1
              end
            end
          end
        end
      end)
      assert.is_true(errors_seen > 100)
    end)
  end

  it("of a login shows no canary", function()
    canaries.each(function(value)
      for _, echo in ipairs(echoes(value)) do
        local client = scripted.client("enkash", scripted.new { echo })
        canaries.check_error(select(2, client:vkyc_status { enKashCardId = "E1" }))
      end
    end, { secret = true, password = true, link = true, aadhaar = true, pan = true, phone = true, email = true })
  end)

  it("about fields shows their paths, never their values", function()
    for _, call in ipairs(CALLS) do
      local client = scripted.client(call[1], scripted.new {})
      local params = {}
      for name in pairs(call[3]) do
        params[name] = { V.name, [V.name] = V.pan }
      end
      params[V.name], params[V.phone], params[V.email] = V.address, V.dob, V.pan
      local _, err = client[call[2]](client, params)
      assert.is_true(#canaries.check_error(err, "argument").violations > 2)
      _, err = client[call[2]](client, call[3], { extra = { [V.email] = function() end, a = { [V.phone] = print } } })
      canaries.check_error(err, "argument")
    end
  end)

  it("has the kind of its answer", function()
    for status, kind in pairs { [301] = "redirect", [400] = "bad_request", [401] = "auth", [402] = "bad_request", [403] = "forbidden", [404] = "not_found",
      [405] = "bad_request",
      [409] = "conflict", [418] = "bad_request", [422] = "bad_request", [429] = "rate_limited", [500] = "server", [501] = "server", [599] = "server",
        [100] = "protocol" } do
      local client = scripted.client("cashfree_ppi", scripted.new { reply(status) })
      local _, err = client:status { user_id = "U1", verification_id = "V1" }
      canaries.check_error(err, kind)
      assert.equal(status ~= 100 and status or nil, err.status)
    end
    for _, row in ipairs { { 999, "protocol" }, { 0, "protocol" }, { 200.5, "protocol" }, { 1e300, "protocol" }, { 0 / 0, "protocol" } } do
      local client = scripted.client("cashfree_ppi", scripted.new { { status = row[1] } })
      canaries.check_error(select(2, client:status { user_id = "U1", verification_id = "V1" }), row[2])
    end
  end)

  it("tells in its first week what to do", function()
    local function hint(provider, answer, options)
      local answers = provider == "enkash" and { scripted.token(), answer } or { answer }
      local client = scripted.client(provider, scripted.new(answers, options))
      local _, err = client:initiate(provider == "enkash" and { enKashCardId = "E" } or { user_id = "U1", verification_id = "V1" })
      return canaries.check_error(err).hint, err
    end
    for _, provider in ipairs { "cashfree_ppi", "cashfree_secure_id" } do
      local text, err = hint(provider, reply(400, '{"type":"validation_error","code":"x-client-secret_value_invalid","message":"Client '
        .. 'secret belongs to test environment"}'))
      assert.truthy(text:find("other environment", 1, true))
      assert.same({ "auth", "x-client-secret_value_invalid", "validation_error" }, { err.kind, err.code, err.provider_type })
      text, err = hint(provider, reply(403, '{"type":"authentication_error","code":"ip_validation_failed","message":"IP not whitelisted, '
        .. 'your current ip is 192.0.2.1"}'))
      assert.truthy(text:find("allow-list", 1, true) and text:find("public_key_file", 1, true))
      assert.equal("forbidden", err.kind)
      text, err = hint(provider, reply(422, '{"type":"validation_error","code":"insufficient_balance","message":"Insufficient balance to '
        .. 'process this request"}'))
      assert.truthy(text:find("Top up", 1, true))
      assert.same({ "bad_request", false }, { err.kind, err.retryable })
      text = hint(provider, reply(401, '{"type":"authentication_error","code":"authentication_failed","message":"Invalid clientId and '
        .. 'clientSecret combination"}'))
      assert.truthy(text:find("client_id and client_secret", 1, true))
    end
    local text = hint("enkash", reply(422, '{"code":1,"message":"Failure"}'), { wall = 1780894800 + 5 * 86400 })
    assert.truthy(text:find("10:00-18:00", 1, true) and text:find("client:next_open()", 1, true))
  end)

  it("keeps what helps: code, type, request id, content type, offset", function()
    local client = scripted.client("cashfree_ppi", scripted.new {
      reply(400, '{"type":"validation_error","code":"verification_id_missing","message":"verification_id is missing"}', { ["x-request-id"] = "req-12.34_5" }),
      reply(200, '{"status":', { ["content-type"] = "text/html; charset=utf-8" }),
    })
    local _, err = client:status { user_id = "U1", verification_id = "V1" }
    assert.same({ "validation_error", "verification_id_missing", "req-12.34_5", "application/json", "cashfree_ppi", "status", 1,
      "verification_id is missing", "response" },
      { err.provider_type, err.code, err.request_id, err.content_type, err.provider, err.operation, err.attempts, err.message, err.phase })
    assert.equal("vkyc cashfree_ppi.status: bad_request (response): verification_id is missing. The provider refused the request: its code says why. "
      .. "[http 400, code verification_id_missing, request req-12.34_5, call " .. err.call_id .. "]", tostring(err))
    _, err = client:status { user_id = "U1", verification_id = "V1" }
    assert.same({ "text/html", 10, "decode" }, { err.content_type, err.offset, err.kind })
  end)

  it("shows no code that is no word", function()
    for _, code in ipairs { '"a b"', '"' .. ("x"):rep(65) .. '"', "{}", "[1]", "true", '""', '"<b>"', '"9988776655"', '"a\\u0000"' } do
      local client = scripted.client("cashfree_ppi", scripted.new { reply(400, '{"code":' .. code .. ',"type":' .. code .. "}") })
      local _, err = client:status { user_id = "U1", verification_id = "V1" }
      assert.same({ "bad_request" }, { canaries.check_error(err).kind, err.code, err.provider_type })
    end
    for code, text in pairs { ["42"] = "42", ["1.5"] = "1.5", ["-1"] = "-1", ["1e300"] = "1e+300" } do
      local client = scripted.client("cashfree_ppi", scripted.new { reply(400, '{"code":' .. code .. "}") })
      local _, err = client:status { user_id = "U1", verification_id = "V1" }
      assert.equal(text, err.code)
    end
  end)

  it("cuts a long text, and makes one line of many", function()
    local client = scripted.client("cashfree_ppi", scripted.new { reply(400, '{"message":"' .. ("long\\n"):rep(300) .. '"}') })
    local _, err = client:status { user_id = "U1", verification_id = "V1" }
    assert.is_true(#err.message <= 200)
    assert.is_nil(tostring(err):find("%c"))
  end)

  it("prints, joins, and is printed by assert", function()
    local err = errors.new { kind = "timeout", message = "nothing came", attempts = 2, outcome = "unknown", phase = "response" }
    assert.equal("vkyc: timeout (response): nothing came. Try again later; for a slow provider raise attempt_timeout_s and deadline_s. "
      .. "[outcome unknown, 2 attempts]", tostring(err))
    assert.equal("oops: " .. tostring(err), "oops: " .. err)
    assert.equal(tostring(err) .. "!", err .. "!")
    assert.equal(tostring(err) .. tostring(err), err .. err)
    local good, raised = pcall(assert, nil, err)
    assert.is_false(good)
    assert.equal(tostring(err), tostring(raised))
    assert.equal(errors.mt, getmetatable(err))
  end)

  it("has a hint for every kind", function()
    for kind in ([[config argument dns connect tls timeout network protocol redirect too_large decode schema auth forbidden not_found conflict bad_request
      rate_limited server webhook memory cancelled closed]]):gmatch("%S+") do
      local err = canaries.check_error(errors.new { kind = kind, message = "m" }, kind)
      assert.same({ "not_sent", false, 0 }, { err.outcome, err.retryable, err.attempts })
    end
  end)

  it("lists every violation, and says how many more there are", function()
    local violations = { more = 36 }
    for i = 1, 64 do
      violations[i] = { path = "p" .. i, message = "is bad" }
    end
    assert.equal("p1 is bad; p2 is bad; p3 is bad; and 97 more", errors.violations("argument", violations).message)
    assert.equal("all of it is bad", errors.violations("config", { { path = "", message = "all of it is bad" } }).message)
    local client = scripted.client("cashfree_ppi", scripted.new {})
    local questions = {}
    for i = 1, 100 do
      questions[i] = { order = i }
    end
    local _, err = client:initiate { user_id = "U1", verification_id = "V1", security_questions = questions }
    assert.same({ 64, 136 }, { #canaries.check_error(err, "argument").violations, err.violations.more })
    assert.truthy(err.message:find("; and 197 more$"), err.message)
  end)

  it("is an error of the module when something raises below", function()
    local _, err = vkyc.new { provider = "nobody" }
    assert.equal(errors.mt, getmetatable(canaries.check_error(err, "config")))
  end)
end)
