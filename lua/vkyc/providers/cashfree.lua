--- What both Cashfree products share: headers, error bodies, rate limits, webhooks and the words of a case.
-- Not a provider by itself; `cashfree_ppi` and `cashfree_secure_id` are made of it.
-- Read in November 2026 from https://www.cashfree.com/docs/api-reference/vrs/v2/ and
-- https://www.cashfree.com/docs/api-reference/prepaid-payment-instruments/.

local M = {}

M.options = {
  { name = "client_id", type = "string", required = true },
  { name = "client_secret", type = "secret", required = true },
  { name = "api_version", type = "date" },
  { name = "public_key_file", type = "path" },
  { name = "webhook_secrets", type = "secrets" },
}

M.auth = {
  {
    part = "headers",
    headers = { ["x-client-id"] = "client_id", ["x-client-secret"] = "client_secret", ["x-api-version"] = "api_version" },
  },
  -- The second factor "public key"; without the option it is not sent (an allow-listed address is the other factor).
  { part = "rsa_oaep_timestamp", header = "x-cf-signature", id = "client_id", key = "public_key_file" },
}

-- Codes are of sibling operations of Secure ID: no page that could be read lists those of Video KYC or of PPI.
-- https://www.cashfree.com/docs/api-reference/vrs/v2/
M.errors = {
  type = { "type" },
  code = { "code" },
  message = { "message" },
  map = {
    ["x-client-id_missing"] = "auth",
    ["x-client-secret_missing"] = "auth",
    ["x-client-secret_value_invalid"] = {
      kind = "auth",
      hint = "These keys belong to the other environment: use the sandbox's keys with environment = \"sandbox\" and production keys with \"production\".",
    },
    authentication_failed = {
      kind = "auth",
      hint = "Check client_id and client_secret; each Cashfree product and each environment has its own pair.",
    },
    ip_validation_failed = {
      kind = "forbidden",
      hint = "Add this machine's public IPv4 address to the allow-list in Cashfree's dashboard, or set public_key_file to sign each request.",
    },
    insufficient_balance = {
      kind = "bad_request",
      hint = "Top up the merchant balance in Cashfree's dashboard, then initiate again; this says nothing about the customer.",
    },
    verification_id_already_exists = "conflict",
    verification_id_not_found = "not_found",
    reference_id_not_found = "not_found",
    too_many_requests_per_operation = "rate_limited",
    too_many_requests_per_ip = "rate_limited",
  },
}

-- https://www.cashfree.com/docs/api-reference/rate-limits
M.rate_limit = {
  limit = "x-ratelimit-limit",
  remaining = "x-ratelimit-remaining",
  reset_s = "x-ratelimit-reset",
  retry_s = "x-ratelimit-retry",
}

-- https://www.cashfree.com/docs/api-reference/webhooks/payloads-and-signatures
M.webhook = {
  scheme = "hmac_sha256_base64",
  secret = "client_secret", -- when webhook_secrets is not given
  signature_header = "x-webhook-signature",
  timestamp_header = "x-webhook-timestamp",
  timestamp_unit = "ms",
  attempt_header = "x-webhook-attempt",
  version_header = "x-webhook-version",
  type = "event_type",
  time = "event_time",
  data = "data",
  -- One case has many events: these fields of data, with type and time, tell them apart.
  identifies = { "verification_id", "status", "sub_status", "status_code" },
  -- Seen in samples; empty strings stand where the API has nulls.
  fields = {
    { name = "verification_id", type = "id", strict = true },
    { name = "reference_id", type = "int64", strict = true },
    { name = "cf_verification_id", type = "int64", strict = true },
    { name = "user_reference_id", type = "int64", strict = true },
    { name = "user_id", type = "id", strict = true },
    { name = "status", type = "string", strict = true },
    { name = "sub_status", type = "string", strict = true },
    { name = "status_code", type = "string", strict = true },
    { name = "vkyc_link", type = "string", sensitive = true },
    { name = "link_expiry", type = "string" },
    { name = "recording_link", type = "string", sensitive = true },
    { name = "meeting_schedule", type = "string" },
  },
}

-- https://www.cashfree.com/docs/api-reference/vrs/v2/video-kyc/vkyc-descriptions and
-- https://www.cashfree.com/docs/api-reference/prepaid-payment-instruments/kyc-verification/vkyc-status-descriptions
-- Every page that could be read stops before the call phase: no word for approval or for an auditor's refusal is documented.
M.states = {
  status = { "status" },
  sub_status = { "status_code", "sub_status" },
  expires_at = "link_expiry",
  zone_offset_s = 19800, -- a bare date ends with that day in India (assumed; marked as estimated)
  table = {
    ["RECEIVED/LINK_GENERATED"] = "created",
    ["RECEIVED"] = "created",
    ["INITIATED/LINK_GENERATED"] = "created",
    ["REJECTED/INSUFFICIENT_BALANCE"] = { state = "failed", reason = "insufficient_balance", retryable = true },
    ["REJECTED"] = "rejected",
    ["EXPIRED/VKYC_EXPIRED"] = "expired",
    ["EXPIRED"] = "expired",
    ["PRE_VIDEO_CALL"] = "in_progress",
    ["PRE_VIDEO_CALL/AADHAAR_VERIFICATION_FAILED"] = { state = "action_required", reason = "aadhaar_verification_failed", retryable = true },
    ["PRE_VIDEO_CALL/AADHAAR_VERIFICATION_EXPIRED"] = { state = "action_required", reason = "aadhaar_verification_expired", retryable = true },
    ["PRE_VIDEO_CALL/USER_PROXY_DETECTED"] = { state = "action_required", reason = "proxy_detected", retryable = true },
    ["PRE_VIDEO_CALL/USER_LOCATION_OUTSIDE_INDIA"] = { state = "action_required", reason = "location_outside_india", retryable = true },
    ["PRE_VIDEO_CALL/USER_AUDIO_CHECK_FAILED"] = { state = "action_required", reason = "microphone_check_failed", retryable = true },
    ["PRE_VIDEO_CALL/USER_VIDEO_CHECK_FAILED"] = { state = "action_required", reason = "camera_check_failed", retryable = true },
    ["PRE_VIDEO_CALL/USER_LOCATION_PERMISSION_DISABLED"] = { state = "action_required", reason = "location_permission_disabled", retryable = true },
    ["PRE_VIDEO_CALL/TECHNICAL_FAILURE"] = { state = "in_progress", reason = "technical_failure", retryable = true },
    ["PRE_VIDEO_CALL/NO_AGENT_FOUND"] = { state = "in_progress", reason = "no_agent_found", retryable = true },
    ["PRE_VIDEO_CALL/AADHAAR_VERIFICATION_SUCCESS"] = "in_progress",
    ["PRE_VIDEO_CALL/USER_IP_VERIFICATION_SUCCESSFUL"] = "in_progress",
    ["PRE_VIDEO_CALL/USER_LOCATION_VERIFICATION_SUCCESS"] = "in_progress",
    ["PRE_VIDEO_CALL/USER_DEVICE_CHECK_SUCCESS"] = "in_progress",
    ["PRE_VIDEO_CALL/USER_QUEUED"] = "in_progress",
    ["PRE_VIDEO_CALL/SCHEDULED_USER_QUEUED"] = "in_progress",
    ["PRE_VIDEO_CALL/AGENT_ASSIGNED_TO_USER"] = "in_progress",
    ["PRE_VIDEO_CALL/USER_MEETING_SCHEDULED"] = "in_progress",
  },
  -- What an event's name says by itself, used when its status is not in the table.
  events = {
    VKYC_USER_LINK_GENERATED = "created",
    VKYC_USER_LINK_EXPIRED = "expired",
    VKYC_USER_AADHAAR_VERIFIED = "in_progress",
    VKYC_USER_CALL_SCHEDULED = "in_progress",
    VKYC_USER_PRECHECK_FAILED = "action_required",
    VKYC_USER_CALL_QUEUED = "in_progress",
    VKYC_USER_CALL_STARTED = "in_progress",
    VKYC_USER_DROPOFF_FROM_CALL = "action_required",
    VKYC_USER_CALL_COMPLETED = "in_review",
    VKYC_AUDITOR_REVIEW_COMPLETED = "unknown", -- carries either outcome: only its status decides
  },
}

-- {order, question, answer}: order is unique and sequential from 1.
M.security_questions = {
  name = "security_questions",
  type = "array",
  min = 1,
  sequence = "order",
  items = {
    type = "object",
    fields = {
      { name = "order", type = "int", required = true },
      { name = "question", type = "string", required = true },
      { name = "answer", type = "string", required = true, sensitive = true },
    },
  },
}

--- Fields of answers are never required: no page marks one.
M.answered_questions = {
  name = "security_questions",
  type = "array",
  items = {
    type = "object",
    fields = {
      { name = "order", type = "int" },
      { name = "question", type = "string" },
      { name = "answer", type = "string", sensitive = true },
    },
  },
}

--- The options of a product: the shared ones and its own.
---@param own table[] more options
---@return table[]
function M.with_options(own)
  local all = {}
  for _, option in ipairs(M.options) do
    all[#all + 1] = option
  end
  for _, option in ipairs(own) do
    all[#all + 1] = option
  end
  return all
end

return M
