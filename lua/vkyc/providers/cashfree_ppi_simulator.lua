--- Cashfree PPI in a simulator. What the pages show is answered as they show it; no page shows an error of PPI, so all of those are marked.

local cashfree = require "vkyc.providers.cashfree_simulator"
local json = require "vkyc.simulator.json"
local text = require "vkyc.simulator.text"

local IST_S = 19800
local OTP = "123456" -- the sandbox's: https://www.cashfree.com/docs/secure-id/video-kyc/user-journey

local or_null = cashfree.or_null

local function users(sim)
  sim.store.users = sim.store.users or {}
  return sim.store.users
end

local function no_user(sim)
  return cashfree.invented(sim, 404, "user_id_not_found", "user_id does not exist.")
end

-- What initiate, the read-back and webhooks tell of a case. `second`: the name of the second level, which changed with the pages.
local function record(case, second, more)
  local pairs_ = {
    { "verification_id", case.id },
    { "cf_verification_id", case.cf_id },
    { "user_id", case.user.user_id },
    { "status", case.status },
    { second, case.sub_status },
    { "vkyc_link", case.link },
    { "link_expiry", case.link_expiry },
  }
  for _, pair in ipairs(more or {}) do
    pairs_[#pairs_ + 1] = pair
  end
  pairs_[#pairs_ + 1] = { "meeting_schedule", or_null(case.meeting_schedule) }
  pairs_[#pairs_ + 1] = { "auditor_remarks", or_null(case.auditor_remarks) }
  pairs_[#pairs_ + 1] = { "agent_remarks", or_null(case.agent_remarks) }
  return json.object(pairs_)
end

local M = { documented = false }

-- The page's sample stops at the first letters of data: it is taken to be what the read-back answers.
function M.webhook_body(case, event, at)
  return json.object {
    { "event_type", event },
    { "event_time", text.time("%Y-%m-%dT%H:%M:%SZ", at) },
    { "data", record(case, "sub_status") },
  }
end

M.operations = {}

function M.operations.create_user(sim, fields)
  if users(sim)[fields.user_id] then
    return cashfree.invented(sim, 409, "user_id_already_exists", "user_id already exists.")
  end
  local user = {
    user_id = fields.user_id, phone = fields.phone, first_name = fields.first_name, last_name = fields.last_name, email = fields.email,
    cf_user_id = cashfree.number(sim, "user", "859473832123456789"),
  }
  users(sim)[user.user_id] = user
  return sim:reply(200, json.object {
    { "user_id", user.user_id },
    { "first_name", user.first_name },
    { "last_name", user.last_name },
    { "phone", user.phone },
    { "email", user.email },
    { "status", "ACTIVE" },
    { "cf_user_id", user.cf_user_id },
  })
end

function M.operations.initiate(sim, fields)
  local user = users(sim)[fields.user_id]
  if not user then
    return no_user(sim)
  elseif sim.cases[fields.verification_id] then
    return M.error(sim, "verification_id_already_exists")
  end
  local last_day = sim:now() + cashfree.LINK_LIFETIME_S + IST_S
  local case = sim:add_case {
    id = fields.verification_id,
    user = user,
    cf_id = cashfree.number(sim, "case", "8901234567890123458"),
    link = "https://vkyc.cashfree.com/session/" .. sim:random_text(24),
    link_expiry = text.time("%Y-%m-%d", last_day),
    -- A bare date lasts until its end, in India.
    expires_at = last_day - last_day % 86400 + 86400 - IST_S,
    step = "RECEIVED/LINK_GENERATED",
  }
  cashfree.notify(sim, fields.notification_modes, user, case.id)
  local body = record(case, "sub_status", {
    { "notification_modes", fields.notification_modes and json.array(fields.notification_modes) },
    { "security_questions", fields.security_questions and json.array(fields.security_questions) },
  })
  -- The page's example says INITIATED, which the table of statuses does not have; the read-back says RECEIVED.
  body[4][2] = "INITIATED"
  return sim:reply(200, body)
end

-- Both generations of the page: the newer one speaks of status_code, but its schema could not be read.
function M.operations.status(sim, fields, path)
  local case = sim.cases[fields.verification_id]
  if not case or case.user.user_id ~= fields.user_id then
    return M.error(sim, "verification_id_not_found")
  end
  if path == "/ppi/kyc/vkyc/status" then
    return sim:reply(200, record(case, "sub_status"))
  end
  return sim:reply(200, record(case, "status_code"), true)
end

local function otps(sim)
  sim.store.otps = sim.store.otps or {}
  return sim.store.otps
end

function M.operations.otp_generate(sim, fields)
  local user = users(sim)[fields.user_id]
  if not user then
    return no_user(sim)
  elseif otps(sim)[fields.otp_verification_id] then
    return cashfree.invented(sim, 409, "otp_verification_id_already_exists", "otp_verification_id already exists.")
  end
  local otp = { id = fields.otp_verification_id, user = user, cf_id = cashfree.number(sim, "otp", "7701234567890123450") }
  otps(sim)[otp.id] = otp
  cashfree.notify(sim, fields.notification_modes, user, otp.id)
  return sim:reply(200, json.object {
    { "otp_verification_id", otp.id },
    { "cf_otp_verification_id", otp.cf_id },
    { "status", "OTP_GENERATED" },
    { "user_id", user.user_id },
    { "notification_modes", json.array(fields.notification_modes) },
  })
end

local function otp_of(sim, id)
  local otp = otps(sim)[id]
  if otp then
    return otp
  end
  return nil, cashfree.invented(sim, 404, "otp_verification_id_not_found", "otp_verification_id does not exist.")
end

function M.operations.otp_submit(sim, fields)
  local otp, missing = otp_of(sim, fields.otp_verification_id)
  if not otp then
    return missing
  end
  otp.verified = fields.otp == OTP
  return sim:reply(200, json.object {
    { "otp_verification_id", otp.id },
    { "cf_otp_verification_id", otp.cf_id },
    { "status", otp.verified and "VERIFIED" or "FAILED" },
    { "user_id", otp.user.user_id },
  })
end

function M.operations.min_kyc(sim, fields)
  local otp, missing = otp_of(sim, fields.otp_verification_id)
  if not otp then
    return missing
  elseif otp.user.user_id ~= fields.user_id then
    return no_user(sim)
  elseif not otp.verified then
    return cashfree.invented(sim, 400, "otp_not_verified", "The OTP has not been verified.")
  end
  return sim:reply(200, json.object {
    { "verification_id", fields.verification_id },
    { "cf_verification_id", cashfree.number(sim, "min", "8801234567890123450") },
    { "otp_verification_id", otp.id },
    { "status", "VERIFIED" },
    { "user_id", otp.user.user_id },
  })
end

return cashfree.complete(M)
