--- Cashfree PPI (prepaid payment instruments), API version 2025-11-01.
-- https://www.cashfree.com/docs/api-reference/prepaid-payment-instruments/ (PAGES below), read in November 2026.

local cashfree = require "vkyc.providers.cashfree"

local PAGES = "https://www.cashfree.com/docs/api-reference/prepaid-payment-instruments/"

local user_id = { name = "user_id", type = "id", required = true }
local verification_id = { name = "verification_id", type = "id", required = true }
local otp_verification_id = { name = "otp_verification_id", type = "id", required = true }
local channels = { type = "enum", values = { "SMS", "WHATSAPP" } }

-- What initiate and status answer alike. The newer pages speak of status_code where the older have sub_status.
local function case(more)
  local fields = {
    { name = "verification_id", type = "id", strict = true },
    { name = "cf_verification_id", type = "int64", strict = true },
    { name = "user_id", type = "id", strict = true },
    { name = "status", type = "string", strict = true },
    { name = "sub_status", type = "string", strict = true },
    { name = "status_code", type = "string", strict = true },
    { name = "vkyc_link", type = "url", strict = true, sensitive = true },
    { name = "link_expiry", type = "datetime" },
  }
  for _, field in ipairs(more) do
    fields[#fields + 1] = field
  end
  fields[#fields + 1] = { name = "meeting_schedule", type = "datetime" }
  fields[#fields + 1] = { name = "auditor_remarks", type = "string", sensitive = true }
  fields[#fields + 1] = { name = "agent_remarks", type = "string", sensitive = true }
  return fields
end

return {
  name = "cashfree_ppi",
  title = "Cashfree PPI",
  environments = {
    sandbox = { base_url = "https://sandbox.cashfree.com" },
    production = { base_url = "https://api.cashfree.com" },
  },
  options = cashfree.with_options {
    -- Both generations of the read-back page are in the wild; which one a server answers is not documented.
    { name = "status_path", type = "string", values = { "/ppi/kyc/vkyc/details", "/ppi/kyc/vkyc/status" }, default = "/ppi/kyc/vkyc/details" },
  },
  defaults = { api_version = "2025-11-01" },
  auth = cashfree.auth,
  errors = cashfree.errors,
  rate_limit = cashfree.rate_limit,
  webhook = cashfree.webhook,
  states = cashfree.states,
  delivers_link = true, -- by the channels of notification_modes; the caller need not
  operations = {
    create_user = {
      method = "POST",
      path = "/ppi/user",
      page = PAGES .. "user-management/create-ppi-user",
      read = "2026-11",
      repeats = "keyed",
      key = "user_id",
      request = {
        user_id,
        { name = "phone", type = "phone", required = true, sensitive = true },
        { name = "first_name", type = "string", sensitive = true },
        { name = "last_name", type = "string", sensitive = true },
        { name = "email", type = "string", sensitive = true },
      },
      response = {
        { name = "user_id", type = "id", strict = true },
        { name = "first_name", type = "string", sensitive = true },
        { name = "last_name", type = "string", sensitive = true },
        { name = "phone", type = "string", sensitive = true },
        { name = "email", type = "string", sensitive = true },
        { name = "status", type = "string", strict = true },
        { name = "cf_user_id", type = "int64", strict = true },
      },
      stateless = true, -- its status is the account's, not a case's
    },
    initiate = {
      method = "POST",
      path = "/ppi/kyc/vkyc",
      page = PAGES .. "kyc-verification/video-kyc-verification",
      read = "2026-11",
      repeats = "keyed",
      key = "verification_id",
      read_back = "status",
      -- Which code PPI answers for an unknown id is not documented, so a lost answer is sent again only when the user names it (docs/providers.md).
      request = {
        user_id,
        verification_id,
        { name = "notification_modes", type = "array", min = 1, items = channels },
        cashfree.security_questions,
      },
      response = case {
        { name = "notification_modes", type = "array", items = { type = "string" } },
        cashfree.answered_questions,
      },
    },
    status = {
      method = "POST",
      path_option = "status_path",
      page = PAGES .. "kyc-verification/get-video-kyc-status",
      read = "2026-11",
      repeats = "safe",
      key = "verification_id",
      request = { user_id, verification_id },
      response = case {},
    },
    otp_generate = {
      method = "POST",
      path = "/ppi/otp/generate",
      page = PAGES .. "kyc-verification/send-otp",
      read = "2026-11",
      repeats = "never",
      key = "otp_verification_id",
      request = {
        otp_verification_id,
        user_id,
        { name = "notification_modes", type = "array", required = true, min = 1, items = channels },
      },
      response = {
        { name = "otp_verification_id", type = "id", strict = true },
        { name = "cf_otp_verification_id", type = "int64", strict = true },
        { name = "status", type = "string", strict = true },
        { name = "user_id", type = "id", strict = true },
        { name = "notification_modes", type = "array", items = { type = "string" } },
      },
      stateless = true,
    },
    otp_submit = {
      method = "POST",
      path = "/ppi/otp/submit",
      page = PAGES .. "kyc-verification/verify-otp",
      read = "2026-11",
      repeats = "never",
      key = "otp_verification_id",
      request = {
        otp_verification_id,
        { name = "otp", type = "string", required = true, sensitive = true },
      },
      response = {
        { name = "otp_verification_id", type = "id", strict = true },
        { name = "cf_otp_verification_id", type = "int64", strict = true },
        { name = "status", type = "string", strict = true },
        { name = "user_id", type = "id", strict = true },
      },
      stateless = true,
    },
    min_kyc = {
      method = "POST",
      path = "/ppi/kyc/min",
      page = PAGES .. "kyc-verification/min-kyc-verification",
      read = "2026-11",
      repeats = "never",
      key = "verification_id",
      request = {
        otp_verification_id,
        user_id,
        verification_id,
        {
          name = "document",
          type = "object",
          required = true,
          fields = {
            { name = "type", type = "enum", values = { "PAN" }, required = true },
            { name = "identifier", type = "string", required = true, sensitive = true },
            { name = "name", type = "string", required = true, sensitive = true },
            { name = "dob", type = "string", required = true, sensitive = true },
          },
        },
      },
      response = {
        { name = "verification_id", type = "id", strict = true },
        { name = "cf_verification_id", type = "int64", strict = true },
        { name = "otp_verification_id", type = "id", strict = true },
        { name = "status", type = "string", strict = true },
        { name = "user_id", type = "id", strict = true },
      },
      stateless = true, -- minimum KYC, not Video KYC: VERIFIED here approves nothing
    },
  },
}
