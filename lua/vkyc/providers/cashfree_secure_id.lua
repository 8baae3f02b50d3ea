--- Cashfree Secure ID (VRS), API version 2024-12-01.
-- https://www.cashfree.com/docs/api-reference/vrs/v2/video-kyc/ (PAGES below), read in November 2026.

local cashfree = require "vkyc.providers.cashfree"

local PAGES = "https://www.cashfree.com/docs/api-reference/vrs/v2/video-kyc/"

local user = {
  { name = "user_id", type = "id", strict = true },
  { name = "user_reference_id", type = "int64", strict = true },
  { name = "phone", type = "string", sensitive = true },
  { name = "email", type = "string", sensitive = true },
  { name = "name", type = "string", sensitive = true },
  { name = "address", type = "string", sensitive = true },
}

local split_address = {
  { name = "country", type = "string", required = true, sensitive = true },
  { name = "dist", type = "string", required = true, sensitive = true },
  { name = "house", type = "string", required = true, sensitive = true },
  { name = "pincode", type = "int", required = true, sensitive = true },
  { name = "state", type = "string", required = true, sensitive = true },
  { name = "street", type = "string", required = true, sensitive = true },
  { name = "address_line", type = "string", sensitive = true },
  { name = "po", type = "string", sensitive = true },
  { name = "subdist", type = "string", sensitive = true },
  { name = "vtc", type = "string", sensitive = true },
}

-- The two of them answer with the same fields, except that only status has a recording, a meeting and remarks.
local function case(more)
  local fields = {
    { name = "verification_id", type = "id", strict = true },
    { name = "reference_id", type = "int64", strict = true },
    { name = "user_reference_id", type = "int64", strict = true },
    { name = "user_id", type = "id", strict = true },
    { name = "status", type = "string", strict = true },
    { name = "sub_status", type = "string", strict = true },
    { name = "vkyc_link", type = "url", strict = true, sensitive = true },
    { name = "link_expiry", type = "datetime" },
  }
  for _, field in ipairs(more) do
    fields[#fields + 1] = field
  end
  return fields
end

return {
  name = "cashfree_secure_id",
  title = "Cashfree Secure ID",
  environments = {
    sandbox = { base_url = "https://sandbox.cashfree.com/verification" },
    production = { base_url = "https://api.cashfree.com/verification" },
  },
  options = cashfree.with_options {
    { name = "status_path", type = "string", default = "/vkyc" },
  },
  defaults = { api_version = "2024-12-01" },
  auth = cashfree.auth,
  errors = cashfree.errors,
  rate_limit = cashfree.rate_limit,
  webhook = cashfree.webhook,
  states = cashfree.states,
  delivers_link = true,
  operations = {
    create_user = {
      method = "POST",
      path = "/user",
      page = PAGES .. "add-user",
      read = "2026-11",
      repeats = "keyed",
      key = "user_id",
      read_back = "get_user",
      request = {
        { name = "phone", type = "string", required = true, sensitive = true },
        { name = "user_id", type = "id" },
        { name = "email", type = "string", sensitive = true },
        { name = "name", type = "string", sensitive = true },
        { name = "address", type = "string", sensitive = true },
      },
      response = user,
      stateless = true,
    },
    get_user = {
      method = "GET",
      path = "/user",
      page = PAGES .. "get-user",
      read = "2026-11",
      repeats = "safe",
      key = "user_id",
      request = {
        { name = "user_reference_id", type = "int64" },
        { name = "user_id", type = "id" },
      },
      response = user,
      stateless = true,
    },
    update_user = {
      method = "PATCH",
      path = "/user",
      page = PAGES .. "update-user",
      read = "2026-11",
      repeats = "never",
      key = "user_id",
      request = {
        { name = "user_reference_id", type = "int64" },
        { name = "user_id", type = "id" },
        { name = "email", type = "string", sensitive = true },
        { name = "name", type = "string", sensitive = true },
        { name = "address", type = "string", sensitive = true },
      },
      response = user,
      stateless = true,
    },
    initiate = {
      method = "POST",
      path = "/vkyc",
      page = PAGES .. "initiate-vkyc",
      read = "2026-11",
      repeats = "keyed",
      key = "verification_id",
      read_back = "status",
      exists = { "verification_id_already_exists" },
      missing = { "verification_id_not_found" },
      request = {
        { name = "verification_id", type = "id", required = true },
        { name = "user_template", type = "string" },
        { name = "agent_template", type = "string" },
        { name = "user_reference_id", type = "int64" },
        { name = "user_id", type = "id" },
        { name = "notification_types", type = "array", items = { type = "string" } },
        {
          name = "aadhaar_details",
          type = "object",
          sensitive = true,
          fields = {
            { name = "last_verified_at", type = "string", required = true },
            { name = "care_of", type = "string", required = true, sensitive = true },
            { name = "dob", type = "string", required = true, sensitive = true },
            { name = "gender", type = "enum", values = { "M", "F", "O" }, required = true, sensitive = true },
            { name = "name", type = "string", required = true, sensitive = true },
            { name = "photo_link", type = "string", required = true, sensitive = true },
            { name = "year_of_birth", type = "int", sensitive = true },
            { name = "split_address", type = "object", sensitive = true, fields = split_address },
          },
        },
        cashfree.security_questions,
      },
      response = case {
        -- The address inside is split_address in the schema and address_details in one example: both are kept as they come.
        { name = "aadhaar_details", type = "object", sensitive = true },
        cashfree.answered_questions,
      },
    },
    status = {
      method = "GET",
      path_option = "status_path",
      page = PAGES .. "get-vkyc-status",
      read = "2026-11",
      repeats = "safe",
      key = "verification_id",
      missing = { "verification_id_not_found", "reference_id_not_found" },
      one_of = { "verification_id", "reference_id" },
      request = {
        { name = "verification_id", type = "id" },
        { name = "reference_id", type = "int64" },
      },
      response = case {
        { name = "recording_link", type = "url", sensitive = true },
        { name = "meeting_schedule", type = "datetime" },
        { name = "auditor_remarks", type = "string", sensitive = true },
        { name = "agent_remarks", type = "string", sensitive = true },
      },
    },
    auth_token = {
      method = "POST",
      path = "/oauth/token",
      page = PAGES .. "oauth-token",
      read = "2026-11",
      repeats = "never",
      request = {
        { name = "app_id", type = "string", required = true },
        { name = "product", type = "string", required = true },
        {
          name = "metadata",
          type = "object",
          required = true,
          fields = {
            -- A number in the page's example, a string in Cashfree's Node SDK: sent as it is given.
            { name = "vkyc_request_id", type = "string", number_too = true, required = true },
          },
        },
        {
          name = "authenticated_user",
          type = "object",
          required = true,
          fields = {
            { name = "identifier_type", type = "string", required = true },
            { name = "identifier_value", type = "string", number_too = true, required = true, sensitive = true },
          },
        },
      },
      response = {
        { name = "access_token", type = "string", strict = true, sensitive = true },
        { name = "expires_at", type = "string" },
        { name = "expiry", type = "string" },
      },
      stateless = true,
    },
  },
}
