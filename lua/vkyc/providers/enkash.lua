--- Enkash wallets and their Video KYC.
-- https://docs.enkash.com (PAGES below), read in November 2026. The pages of VKYC status and of its status values could not be read:
-- what is inferred says so, and the words of a decision are the user's to name (`statuses`).

local PAGES = "https://docs.enkash.com/api-"

local WALLET = "/api/v0/partner/enKashCard"

-- The documentation writes this name with K in some places and with k in others.
local function card(required)
  return { name = "enKashCardId", type = "string", also = { "enkashCardId" }, required = required, min = 1 }
end

local company_id = { name = "companyId", type = "string", required = true }
local card_account_id = { name = "cardAccountId", type = "string", required = true }
local FILL = { companyId = "company_id", cardAccountId = "card_account_id" }

local case = {
  { name = "enkashCardId", type = "string", strict = true },
  { name = "enKashCardId", type = "string", strict = true },
  { name = "kycStatus", type = "enum_model", strict = true },
  { name = "kycSubStatus", type = "enum_model", strict = true },
  { name = "kycLink", type = "url", strict = true, sensitive = true },
  { name = "kycExpiryDays", type = "int" },
}

-- No page that could be read shows what these calls answer, so whatever comes is kept.
local wallet = {
  { name = "enkashCardId", type = "string", strict = true },
  { name = "enKashCardId", type = "string", strict = true },
  { name = "kycStatus", type = "enum_model", strict = true },
  { name = "kycSubStatus", type = "enum_model", strict = true },
  { name = "walletId", type = "string" },
  { name = "latestTncVersionAccepted", type = "boolean", strict = true },
  { name = "partnerTncUrl", type = "url", sensitive = true },
}

return {
  name = "enkash",
  title = "Enkash",
  environments = {
    uat = { base_url = "https://pay-en-uat.enkash.in", token_url = "https://ekpayout-uat.enkash.in/oauth/token" },
    -- The hosts of production are not documented for wallets: base_url and token_url must be given.
    production = {},
  },
  options = {
    { name = "client_id", type = "string", required = true },
    { name = "client_secret", type = "secret", required = true },
    { name = "username", type = "string", required = true },
    { name = "password", type = "secret", required = true },
    { name = "partner_id", type = "string", required = true },
    { name = "company_id", type = "string" },
    { name = "card_account_id", type = "string" },
    { name = "status_path", type = "string", default = WALLET .. "/vkyc/status" }, -- inferred: the page is listed, its path is not
    { name = "create_path", type = "string", values = { WALLET .. "/wallet", WALLET }, default = WALLET .. "/wallet" },
    { name = "details_path", type = "string", values = { WALLET .. "/wallet-details", WALLET .. "/search" }, default = WALLET .. "/wallet-details" },
    -- The link call is a GET that opens a session; whether a repeat opens another is not documented.
    { name = "repeat_link", type = "boolean", default = false },
  },
  auth = {
    { part = "oauth_password" },
    { part = "headers", headers = { partnerId = "partner_id" } },
  },
  -- https://docs.enkash.com/api-19199701. Samples say 24 hours, the prose of sibling pages 5 minutes.
  token = {
    basic = { "client_id", "client_secret" },
    form = {
      { name = "username", option = "username" },
      { name = "password", option = "password" },
      { name = "grant_type", value = "password" },
      { name = "clientId", option = "client_id" },
    },
    access_token = { "access_token", "accessToken" },
    expires_in_s = { "expires_in", "expiresIn" },
    payload = "payload",
    lifetime_s = 300, -- when the answer does not say
    locks_out = true, -- after three refused logins
  },
  envelope = {
    code = { "code", "response_code" },
    success = 0,
    message = { "message", "response_message" },
    payload = "payload",
  },
  errors = {
    type = { "error" },
    code = { "code", "response_code", "error" },
    message = { "message", "response_message", "error_description" },
    map = {
      ["409"] = "conflict",
    },
    outside_hours = "Enkash's agents work 10:00-18:00 on working days (India time is assumed, holidays are not known): try again at client:next_open().",
  },
  -- https://docs.enkash.com/api-19202037: "10 AM to 6 PM on working days". The zone and the days are assumed; advisory only.
  hours = { open_h = 10, close_h = 18, offset_s = 19800, days = { 1, 2, 3, 4, 5 } },
  delivers_link = false, -- the caller shares it
  states = {
    status = { "kycStatus" },
    sub_status = { "kycSubStatus" },
    expires_in_days = "kycExpiryDays",
    levels = { MIN_KYC_VERIFIED = "min" },
    terms = "latestTncVersionAccepted",
    table = {
      -- Minimum KYC is where Video KYC starts, never its success.
      ["MIN_KYC_VERIFIED/VKYC_IN_PROGRESS"] = { state = "in_progress", after = { vkyc_link = "created" } },
      ["MIN_KYC_VERIFIED"] = "unknown",
    },
  },
  aliases = { create_user = "create_wallet", initiate = "vkyc_link", status = "vkyc_status" },
  operations = {
    create_wallet = {
      method = "POST",
      path_option = "create_path",
      page = PAGES .. "19199846",
      read = "2026-11",
      repeats = "never",
      fill = FILL,
      request = {
        company_id,
        card_account_id,
        { name = "email", type = "string", required = true, sensitive = true },
        { name = "mobile", type = "phone", required = true, sensitive = true },
        { name = "title", type = "enum", values = { "Mr", "Ms" }, required = true, sensitive = true }, -- tells the gender
        { name = "firstName", type = "string", required = true, sensitive = true },
        { name = "lastName", type = "string", required = true, sensitive = true },
        { name = "gender", type = "string", sensitive = true }, -- required in the oldest page, absent from the later sample
        { name = "specialDate", type = "string", sensitive = true },
        { name = "address", type = "string", required = true, sensitive = true },
        { name = "address2", type = "string", sensitive = true },
        { name = "city", type = "string", required = true, sensitive = true },
        { name = "state", type = "string", required = true, sensitive = true },
        { name = "country", type = "string", required = true, sensitive = true },
        { name = "pincode", type = "string", required = true, sensitive = true },
        {
          name = "documents",
          type = "array",
          required = true,
          min = 1,
          sensitive = true,
          items = {
            type = "object",
            fields = {
              { name = "docType", type = "string" },
              { name = "docNo", type = "string", required = true, sensitive = true },
            },
          },
        },
      },
      response = wallet,
      stateless = true,
    },
    update_wallet = {
      method = "PATCH",
      path = WALLET,
      page = PAGES .. "19655127",
      read = "2026-11",
      repeats = "never",
      fill = FILL,
      request = {
        company_id,
        card_account_id,
        card(true),
        -- Flagged required on the page, but absent from its sample, and PATCH says otherwise.
        { name = "email", type = "string", sensitive = true },
        { name = "mobile", type = "phone", sensitive = true },
        { name = "specialDate", type = "string", sensitive = true },
        { name = "address", type = "string", sensitive = true },
        { name = "address2", type = "string", sensitive = true },
        { name = "city", type = "string", sensitive = true },
        { name = "state", type = "string", sensitive = true },
        { name = "pincode", type = "string", sensitive = true },
        { name = "pan", type = "string", sensitive = true },
      },
      response = wallet,
      stateless = true,
    },
    wallet_details = {
      method = "POST",
      path_option = "details_path",
      page = PAGES .. "19200344",
      read = "2026-11",
      repeats = "safe",
      key = "enKashCardId",
      fill = FILL,
      request = {
        { name = "companyId", type = "string" },
        { name = "cardAccountId", type = "string" },
        card(false),
        { name = "clientReferenceId", type = "string" },
      },
      response = wallet,
    },
    vkyc_link = {
      method = "GET",
      path = WALLET .. "/vkyc/link",
      page = PAGES .. "19202037",
      read = "2026-11",
      repeats = "never",
      repeats_option = "repeat_link",
      key = "enKashCardId",
      check = "vkyc_status", -- what to call after a lost answer
      request = { card(true) },
      response = case,
    },
    vkyc_status = {
      method = "GET",
      path_option = "status_path",
      page = PAGES .. "19202037", -- beside it; its own page could not be read
      read = "2026-11",
      repeats = "safe",
      key = "enKashCardId",
      request = { card(true) },
      response = case,
    },
    transaction_otp = {
      method = "POST",
      path = WALLET .. "/otp",
      page = PAGES .. "19201679",
      read = "2026-11",
      repeats = "never",
      fill = { cardAccountId = "card_account_id" },
      request = {
        { name = "cardOtpAction", type = "string" },
        { name = "cardAccountId", type = "string" },
        card(false),
      },
      response = {},
      stateless = true,
    },
    top_up = {
      method = "POST",
      path = WALLET .. "/balance",
      page = PAGES .. "19838579",
      read = "2026-11",
      repeats = "never", -- moves money
      fill = FILL,
      request = {
        { name = "companyId", type = "string" },
        { name = "cardAccountId", type = "string" },
        card(false),
        { name = "enkashCardBenefitId", type = "string" },
        { name = "createdBy", type = "string", sensitive = true }, -- perhaps a person's name: its form is not documented
        { name = "amount", type = "number", required = true, min = 0.01 },
        { name = "transactionType", type = "enum", values = { "DR", "CR" }, required = true },
        { name = "description", type = "string", sensitive = true },
        { name = "type", type = "string" },
        { name = "transactionCode", type = "string" },
        { name = "uniqueReferenceNumber", type = "string" },
        { name = "remarks", type = "string", sensitive = true },
      },
      response = {},
      stateless = true,
    },
    load_limit = {
      method = "POST",
      path = WALLET .. "/validate/wallet-load-limit",
      page = PAGES .. "24477800",
      read = "2026-11",
      repeats = "safe",
      fill = { cardAccountId = "card_account_id" },
      request = {
        card(true),
        card_account_id,
        { name = "amountToLoad", type = "string", required = true },
      },
      response = {},
      stateless = true,
    },
    merchant_debit = {
      method = "POST",
      path = WALLET .. "/ppi-merchant-transaction",
      page = PAGES .. "20879440",
      read = "2026-11",
      repeats = "never", -- moves money
      fill = FILL,
      request = {
        -- The page marks no field as required.
        { name = "merchantDetailId", type = "string" },
        -- With a small k here, and only here.
        { name = "enkashCardId", type = "string", also = { "enKashCardId" }, min = 1 },
        { name = "companyId", type = "string" },
        { name = "cardAccountId", type = "string" },
        { name = "amount", type = "number" },
        { name = "productCode", type = "string" },
        { name = "remarks", type = "string", sensitive = true },
        { name = "otpMedium", type = "string" },
        { name = "otp", type = "string", sensitive = true },
        { name = "otpReferenceId", type = "string" },
        { name = "uniqueTransactionId", type = "string" },
      },
      response = {},
      stateless = true,
    },
    settlement_status = {
      method = "GET",
      path = WALLET .. "/settlement-status",
      page = PAGES .. "21117652",
      read = "2026-11",
      repeats = "safe",
      request = { { name = "merchantUniqueTxnId", type = "string", required = true } },
      response = {},
      stateless = true,
    },
  },
}
