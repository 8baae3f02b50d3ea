--- Enkash in a simulator. Documented: the token's and the link's answers, both envelopes, a failure under HTTP 200, service hours.
-- All else is inferred and marked, in its payload too.

local json = require "vkyc.simulator.json"
local cases = require "vkyc.simulator.cases"

local OTP = "123456"
local HEX, CAPITALS = "0123456789abcdef", "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

local M = {}

-- Words of our own: no page that could be read names a decision.
M.statuses = {
  ["MIN_KYC_VERIFIED/SIMULATED_VKYC_CALL_STARTED"] = "in_progress",
  ["MIN_KYC_VERIFIED/SIMULATED_VKYC_USER_DROPPED_OFF"] = "action_required",
  ["MIN_KYC_VERIFIED/SIMULATED_VKYC_PENDING"] = "in_review",
  ["MIN_KYC_VERIFIED/SIMULATED_VKYC_REJECTED"] = "rejected",
  ["MIN_KYC_VERIFIED/SIMULATED_VKYC_EXPIRED"] = "expired",
  ["MIN_KYC_VERIFIED/SIMULATED_VKYC_CANCELLED"] = "cancelled",
  ["MIN_KYC_VERIFIED/SIMULATED_VKYC_FAILED"] = "failed",
  ["SIMULATED_FULL_KYC_VERIFIED/SIMULATED_VKYC_APPROVED"] = "approved",
}

M.states = {
  created = "MIN_KYC_VERIFIED/VKYC_IN_PROGRESS",
  in_progress = "MIN_KYC_VERIFIED/VKYC_IN_PROGRESS",
  action_required = "MIN_KYC_VERIFIED/SIMULATED_VKYC_USER_DROPPED_OFF",
  in_review = "MIN_KYC_VERIFIED/SIMULATED_VKYC_PENDING",
  approved = "SIMULATED_FULL_KYC_VERIFIED/SIMULATED_VKYC_APPROVED",
  rejected = "MIN_KYC_VERIFIED/SIMULATED_VKYC_REJECTED",
  expired = "MIN_KYC_VERIFIED/SIMULATED_VKYC_EXPIRED",
  cancelled = "MIN_KYC_VERIFIED/SIMULATED_VKYC_CANCELLED",
  failed = "MIN_KYC_VERIFIED/SIMULATED_VKYC_FAILED",
}

local LABELS = { MIN_KYC_VERIFIED = "Min Kyc Verified", VKYC_IN_PROGRESS = "VKYC In Progress" }

-- What else may happen to a wallet, outside of Video KYC.
local function set(name, value)
  return { effect = function(wallet)
    wallet[name] = value
  end }
end

M.steps = {
  TERMS_ACCEPTED = set("terms", true),
  TERMS_PENDING = set("terms", false),
  OTP_VALIDATED = set("locked", true),
  SIMULATED_NO_KYC = { level = "SIMULATED_NO_KYC" },
  MIN_KYC_VERIFIED = { level = "MIN_KYC_VERIFIED" },
  ["MIN_KYC_VERIFIED/VKYC_IN_PROGRESS"] = { level = "MIN_KYC_VERIFIED", session = "VKYC_IN_PROGRESS", waits = true },
}
for name in pairs(M.statuses) do
  local level, session = name:match("^(.-)/(.*)$")
  M.steps[name] = { level = level, session = session }
end

-- https://docs.enkash.com/api-21117652; a debit's settlement is advanced by its uniqueTransactionId.
local SETTLEMENTS = {
  PENDING = "Pending", APPROVED = "Approved", SETTLEMENT_IN_PROCESS = "Settlement In Process", DISPUTED = "Disputed", SETTLED = "Settled",
  PENDING_WITH_BANK = "Pending With Bank", REFUND = "Refund", ON_HOLD = "On Hold",
}
for name in pairs(SETTLEMENTS) do
  M.steps[name] = { settlement = name }
end

function M.enter(_, case, step)
  if step.effect then
    step.effect(case)
  elseif step.settlement then
    case.settlement = step.settlement
  elseif step.level then
    case.level, case.session = step.level, step.session
  end
end

-- Answers --------------------------------------------------------------------------------------------------------------

local function enum_model(name)
  local label = LABELS[name] or name:lower():gsub("_", " "):gsub("%f[%a]%a", string.upper)
  return "EnumModel(name=" .. name .. ", label=" .. label .. ", description=null)"
end

-- Two spellings of one envelope: wallet details have the older one.
local function envelope(sim, name, code, message, payload)
  local older = sim.options.envelope and sim.options.envelope == "response_code" or not sim.options.envelope and name == "wallet_details"
  local prefix = older and "response_" or ""
  return json.object { { prefix .. "code", code }, { prefix .. "message", message }, { "payload", payload } }
end

local function success(sim, name, payload, simulated)
  if simulated then
    payload[#payload + 1] = { "simulated", true }
  end
  return sim:reply(200, envelope(sim, name, 0, "Success", json.object(payload)), simulated)
end

-- The form, a failure under HTTP 200 whose payload is the message once more, is documented beside (https://docs.enkash.com/doc-1038569);
-- which mistakes have it is not.
local function failure(sim, name, message, status, code)
  return sim:reply(status or 200, envelope(sim, name, code or 1, message, message), true)
end

local MESSAGES = {
  [400] = "Invalid or missing parameters", [401] = "Unauthorized", [403] = "APIs are not enabled", [404] = "Not found",
  [409] = "Duplicate request", [412] = "Bad combination of parameters", [422] = "Failure",
}

-- Code -> HTTP status. The payouts' table of codes: https://docs.enkash.com/payouts/response-codes; the words are OAuth's.
M.errors = {
  ["1"] = 200, ["403"] = 403, ["409"] = 409, ["412"] = 412, ["422"] = 422,
  invalid_grant = 400, invalid_client = 401, invalid_token = 401,
}

local OAUTH = { invalid_grant = "Bad credentials", invalid_client = "Bad client credentials", invalid_token = "Invalid access token" }

-- The form of Spring's OAuth errors, which the token's fields and scope suggest.
local function oauth_error(sim, status, code, description)
  return sim:reply(status, json.object { { "error", code }, { "error_description", description }, { "simulated", true } }, true)
end

function M.error(sim, code, status)
  status = status or M.errors[code]
  if status == 401 then
    code = code or "invalid_token"
  end
  if OAUTH[code] then
    return oauth_error(sim, status, code, OAUTH[code])
  end
  return failure(sim, nil, MESSAGES[status] or "Failure", status, tonumber(code) or status)
end

-- Reason -> HTTP status, which is the envelope's code too, and message.
local REFUSALS = {
  header_missing = { 400, "Missing header: " },
  credentials = { 403, "Not known: " },
  path = { 404, "Not found" },
  method = { 405, "Method not allowed" },
  media = { 415, "content-type must be " },
  json = { 400, "The body is not a JSON object" },
}

local OAUTH_REFUSALS = {
  no_token = { 401, "unauthorized", "Full authentication is required to access this resource" },
  bad_token = { 401, "invalid_token", OAUTH.invalid_token },
  token_basic = { 401, "unauthorized", "Full authentication is required to access this resource" },
  token_form = { 400, "invalid_request", "Missing or wrong form field: " },
  token_client = { 401, "invalid_client", OAUTH.invalid_client },
  login = { 400, "invalid_grant", OAUTH.invalid_grant },
  locked = { 400, "invalid_grant", "User account is locked" },
}

function M.refuse(sim, reason, detail)
  local refusal = OAUTH_REFUSALS[reason]
  if refusal then
    return oauth_error(sim, refusal[1], refusal[2], refusal[3] .. (reason == "token_form" and detail or ""))
  end
  refusal = REFUSALS[reason]
  return failure(sim, nil, refusal[2] .. (detail or ""), refusal[1], refusal[1])
end

function M.invalid(sim, name, violations)
  local violation = violations[1]
  return failure(sim, name, violation.path .. ": " .. violation.rule, 400, 400)
end

M.token_lifetime_s = 86399

-- https://docs.enkash.com/api-24480514; the other spelling is of https://docs.enkash.com/api-8990264
function M.token(sim, access, lifetime_s)
  local camel = sim.options.token_spelling == "camel"
  local body = json.object {
    { camel and "accessToken" or "access_token", access },
    { camel and "tokenType" or "token_type", "bearer" },
    { camel and "refreshToken" or "refresh_token", sim:random_text(27) },
    { camel and "expiresIn" or "expires_in", lifetime_s },
    { "scope", "read write trust" },
  }
  if sim.options.token_in_payload then
    return sim:reply(200, json.object { { "code", 0 }, { "message", "Success" }, { "payload", body } }, true)
  end
  return sim:reply(200, body)
end

-- Operations -----------------------------------------------------------------------------------------------------------

-- What the sample shows: a wallet with minimum KYC, and here with its terms accepted. TERMS_PENDING and SIMULATED_NO_KYC take that back.
local function new_wallet(sim, id, mobile)
  local wallet = sim:add_case { id = id, wallet_id = "W" .. id:sub(4), terms = true, balance = 0, step = "MIN_KYC_VERIFIED", idle = true }
  sim.store.by_mobile[mobile] = wallet
  return wallet
end

--- The wallet of the documentation's samples is there from the start.
function M.start(sim)
  sim.store.by_mobile, sim.store.by_reference = {}, {}
  new_wallet(sim, "EKCHUZJWZW", "9988776655")
end

local function find(sim, name, id)
  local wallet = sim.cases[id]
  if wallet and wallet.wallet_id then
    return wallet
  end
  return nil, failure(sim, name, "Card not found")
end

local function record(wallet, more)
  local pairs_ = {
    { "enkashCardId", wallet.id },
    { "kycStatus", enum_model(wallet.level) },
    { "kycSubStatus", wallet.session and enum_model(wallet.session) or json.null },
  }
  for _, pair in ipairs(more or {}) do
    pairs_[#pairs_ + 1] = pair
  end
  return pairs_
end

local function details(wallet)
  return record(wallet, { { "walletId", wallet.wallet_id }, { "latestTncVersionAccepted", wallet.terms } })
end

M.operations = {}

function M.operations.create_wallet(sim, fields)
  if sim.store.by_mobile[fields.mobile] then
    return failure(sim, "create_wallet", "A wallet exists for this mobile number", 409, 409)
  end
  return success(sim, "create_wallet", details(new_wallet(sim, "EKC" .. sim:random_text(7, CAPITALS), fields.mobile)), true)
end

function M.operations.update_wallet(sim, fields)
  local wallet, missing = find(sim, "update_wallet", fields.enKashCardId)
  if not wallet then
    return missing
  elseif wallet.locked then
    return failure(sim, "update_wallet", "Details cannot be changed after OTP validation")
  end
  return success(sim, "update_wallet", details(wallet), true)
end

function M.operations.wallet_details(sim, fields)
  local wallet, missing = find(sim, "wallet_details", fields.enKashCardId)
  return wallet and success(sim, "wallet_details", details(wallet), true) or missing
end

function M.operations.vkyc_link(sim, fields)
  local wallet, missing = find(sim, "vkyc_link", fields.enKashCardId)
  if not wallet then
    return missing
  end
  local why = not sim:is_open() and "Video KYC is available from 10 AM to 6 PM on working days"
    or not wallet.terms and "The latest terms and conditions have not been accepted"
    or wallet.level ~= "MIN_KYC_VERIFIED" and "The wallet is not at minimum KYC"
  if why then
    -- That a refusal is 422 is documented; its body and its causes are not.
    return failure(sim, "vkyc_link", why, 422)
  end
  local again = wallet.session == "VKYC_IN_PROGRESS"
  wallet.expires_at = sim:now() + 86400
  sim:begin(wallet)
  cases.move(sim, wallet, "MIN_KYC_VERIFIED/VKYC_IN_PROGRESS", sim:now())
  local payload = record(wallet, {
    { "kycLink", "https://investor-onboarding-preproduction.signzy.tech/encash_preprod/" .. sim:random_text(24, HEX) .. "/"
      .. sim:random_text(80, HEX) .. "/eMain?ns=encash_preprod" },
    { "kycExpiryDays", 1 },
  })
  -- What a second call answers while a session is open is not documented: here, another session.
  return success(sim, "vkyc_link", payload, again)
end

function M.operations.vkyc_status(sim, fields)
  local wallet, missing = find(sim, "vkyc_status", fields.enKashCardId)
  return wallet and success(sim, "vkyc_status", record(wallet), true) or missing
end

function M.operations.transaction_otp(sim)
  return success(sim, "transaction_otp", { { "otpReferenceId", "OTP" .. sim:random_text(10, CAPITALS) } }, true)
end

function M.operations.top_up(sim, fields)
  local reference = fields.uniqueReferenceNumber
  local wallet, missing = find(sim, "top_up", fields.enKashCardId)
  if not wallet then
    return missing
  elseif fields.transactionType ~= "CR" then
    return failure(sim, "top_up", "Only CR is allowed", 422, 422)
  elseif reference and sim.store.by_reference[reference] then
    return failure(sim, "top_up", "Duplicate uniqueReferenceNumber", 409, 409)
  elseif reference then
    sim.store.by_reference[reference] = true
  end
  wallet.balance = wallet.balance + fields.amount
  return success(sim, "top_up", { { "enkashCardId", wallet.id }, { "balance", wallet.balance } }, true)
end

function M.operations.load_limit(sim, fields)
  local wallet, missing = find(sim, "load_limit", fields.enKashCardId)
  local amount = tonumber(fields.amountToLoad)
  if not wallet then
    return missing
  elseif not amount then
    return failure(sim, "load_limit", "amountToLoad must be a number as text", 422, 422)
  end
  -- 10,000 rupees a month: the Reserve Bank's limit for a wallet with minimum KYC.
  return success(sim, "load_limit", { { "allowed", wallet.level ~= "MIN_KYC_VERIFIED" or wallet.balance + amount <= 10000 } }, true)
end

function M.operations.merchant_debit(sim, fields)
  local wallet, missing = find(sim, "merchant_debit", fields.enkashCardId)
  local id, amount = fields.uniqueTransactionId, fields.amount or 0
  if not wallet then
    return missing
  elseif fields.otp and fields.otp ~= OTP then
    return failure(sim, "merchant_debit", "Invalid OTP")
  elseif id and sim.cases[id] then
    return failure(sim, "merchant_debit", "Duplicate uniqueTransactionId", 409, 409)
  elseif amount > wallet.balance then
    return failure(sim, "merchant_debit", "Insufficient balance")
  end
  wallet.balance = wallet.balance - amount
  id = id or "TXN" .. sim:random_text(12, CAPITALS)
  sim:add_case { id = id, step = "PENDING", idle = true }
  return success(sim, "merchant_debit", { { "merchantUniqueTxnId", id }, { "status", "PENDING" } }, true)
end

function M.operations.settlement_status(sim, fields)
  local debit = sim.cases[fields.merchantUniqueTxnId]
  if not debit or not debit.settlement then
    return failure(sim, "settlement_status", "Transaction not found")
  end
  local payload = {
    { "merchantUniqueTxnId", debit.id },
    { "status", json.object { { "name", debit.settlement }, { "label", SETTLEMENTS[debit.settlement] } } },
  }
  return success(sim, "settlement_status", payload, true)
end

return M
