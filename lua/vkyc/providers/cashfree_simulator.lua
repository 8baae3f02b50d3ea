--- What both Cashfree products do in a simulator: error bodies, the steps of a case, its webhooks.
-- The error codes are documented for siblings of Secure ID's operations; for PPI no error body is, so there they are marked.

local json = require "vkyc.simulator.json"
local text = require "vkyc.simulator.text"
local webhooks = require "vkyc.simulator.webhooks"

local M = {}

-- Words of our own, for what no page documents: the call, the agent's and the auditor's decision. As `vkyc.new{ statuses = … }` takes them.
M.statuses = {
  ["SIMULATED_VIDEO_CALL/SIMULATED_CALL_STARTED"] = "in_progress",
  ["SIMULATED_VIDEO_CALL/SIMULATED_USER_DROPPED_OFF"] = "action_required",
  ["SIMULATED_POST_CALL/SIMULATED_CALL_COMPLETED"] = "in_review",
  ["SIMULATED_POST_CALL/SIMULATED_AGENT_APPROVED"] = "in_review",
  ["SIMULATED_POST_CALL/SIMULATED_AGENT_REJECTED"] = "in_review",
  ["SIMULATED_REVIEW_COMPLETED/SIMULATED_AUDITOR_APPROVED"] = "approved",
  ["SIMULATED_REVIEW_COMPLETED/SIMULATED_AUDITOR_REJECTED"] = "rejected",
  ["SIMULATED_CANCELLED/SIMULATED_BY_USER"] = "cancelled",
}

--- Which step stands for a state.
M.states = {
  created = "RECEIVED/LINK_GENERATED",
  in_progress = "PRE_VIDEO_CALL/AADHAAR_VERIFICATION_SUCCESS",
  action_required = "PRE_VIDEO_CALL/USER_PROXY_DETECTED",
  in_review = "SIMULATED_POST_CALL/SIMULATED_CALL_COMPLETED",
  approved = "SIMULATED_REVIEW_COMPLETED/SIMULATED_AUDITOR_APPROVED",
  rejected = "SIMULATED_REVIEW_COMPLETED/SIMULATED_AUDITOR_REJECTED",
  expired = "EXPIRED/VKYC_EXPIRED",
  cancelled = "SIMULATED_CANCELLED/SIMULATED_BY_USER",
  failed = "REJECTED/INSUFFICIENT_BALANCE",
}

local function remark(who, what)
  return function(case)
    case[who .. "_remarks"] = "Simulated remark: " .. what
  end
end

-- Only the first two rows' events are documented with these words; the others follow from the names.
local EVENTS = {
  ["RECEIVED/LINK_GENERATED"] = "VKYC_USER_LINK_GENERATED",
  ["PRE_VIDEO_CALL/AADHAAR_VERIFICATION_SUCCESS"] = "VKYC_USER_AADHAAR_VERIFIED",
  ["EXPIRED/VKYC_EXPIRED"] = "VKYC_USER_LINK_EXPIRED",
  ["PRE_VIDEO_CALL/AADHAAR_VERIFICATION_FAILED"] = "VKYC_USER_PRECHECK_FAILED",
  ["PRE_VIDEO_CALL/AADHAAR_VERIFICATION_EXPIRED"] = "VKYC_USER_PRECHECK_FAILED",
  ["PRE_VIDEO_CALL/USER_PROXY_DETECTED"] = "VKYC_USER_PRECHECK_FAILED",
  ["PRE_VIDEO_CALL/TECHNICAL_FAILURE"] = "VKYC_USER_PRECHECK_FAILED",
  ["PRE_VIDEO_CALL/USER_LOCATION_OUTSIDE_INDIA"] = "VKYC_USER_PRECHECK_FAILED",
  ["PRE_VIDEO_CALL/USER_AUDIO_CHECK_FAILED"] = "VKYC_USER_PRECHECK_FAILED",
  ["PRE_VIDEO_CALL/USER_VIDEO_CHECK_FAILED"] = "VKYC_USER_PRECHECK_FAILED",
  ["PRE_VIDEO_CALL/USER_LOCATION_PERMISSION_DISABLED"] = "VKYC_USER_PRECHECK_FAILED",
  ["PRE_VIDEO_CALL/USER_MEETING_SCHEDULED"] = "VKYC_USER_CALL_SCHEDULED",
  ["PRE_VIDEO_CALL/SCHEDULED_USER_QUEUED"] = "VKYC_USER_CALL_SCHEDULED",
  ["PRE_VIDEO_CALL/USER_QUEUED"] = "VKYC_USER_CALL_QUEUED",
  ["SIMULATED_VIDEO_CALL/SIMULATED_CALL_STARTED"] = "VKYC_USER_CALL_STARTED",
  ["SIMULATED_VIDEO_CALL/SIMULATED_USER_DROPPED_OFF"] = "VKYC_USER_DROPOFF_FROM_CALL",
  ["SIMULATED_POST_CALL/SIMULATED_CALL_COMPLETED"] = "VKYC_USER_CALL_COMPLETED",
  ["SIMULATED_REVIEW_COMPLETED/SIMULATED_AUDITOR_APPROVED"] = "VKYC_AUDITOR_REVIEW_COMPLETED",
  ["SIMULATED_REVIEW_COMPLETED/SIMULATED_AUDITOR_REJECTED"] = "VKYC_AUDITOR_REVIEW_COMPLETED",
}

local EFFECTS = {
  ["PRE_VIDEO_CALL/USER_MEETING_SCHEDULED"] = function(case, at)
    case.meeting_schedule = webhooks.time(at + 3600)
  end,
  ["SIMULATED_POST_CALL/SIMULATED_CALL_COMPLETED"] = function(case)
    case.recorded = true
  end,
  ["SIMULATED_POST_CALL/SIMULATED_AGENT_APPROVED"] = remark("agent", "face and document match"),
  ["SIMULATED_POST_CALL/SIMULATED_AGENT_REJECTED"] = remark("agent", "the document is blurred"),
  ["SIMULATED_REVIEW_COMPLETED/SIMULATED_AUDITOR_APPROVED"] = remark("auditor", "all checks passed"),
  ["SIMULATED_REVIEW_COMPLETED/SIMULATED_AUDITOR_REJECTED"] = remark("auditor", "face does not match the document"),
}

--- Every documented pair and every invented one.
M.steps = {}

local function add_steps(words)
  for name in pairs(words) do
    if name:find("/", 1, true) then
      M.steps[name] = { event = EVENTS[name], effect = EFFECTS[name], invented = M.statuses[name] ~= nil }
    end
  end
end
add_steps(require("vkyc.providers.cashfree").states.table)
add_steps(M.statuses)

-- https://github.com/cashfree/cashfree-mcp, src/openapi/openapi-VRS.json: siblings of the VKYC operations.
M.errors = {
  ["x-client-id_missing"] = { 400, "validation_error", "x-client-id is missing in the request." },
  ["x-client-secret_missing"] = { 400, "validation_error", "x-client-secret is missing in the request." },
  ["x-client-secret_value_invalid"] = { 400, "validation_error", "Client secret belongs to test environment" },
  verification_id_missing = { 400, "validation_error", "verification_id is missing in the request." },
  verification_id_length_exceeded = { 400, "validation_error", "verification_id exceeds the maximum limit of 50 characters." },
  verification_id_value_invalid = { 400, "validation_error", "verification_id accepts letters, numbers, dot, hyphen and underscore only." },
  invalid_request = { 400, "validation_error", "Either verification_id or reference_id is required." },
  reference_id_value_invalid = { 400, "validation_error", "reference_id should be a number." },
  authentication_failed = { 401, "authentication_error", "Invalid clientId and clientSecret combination" },
  ip_validation_failed = { 403, "authentication_error", "IP not whitelisted, your current ip is 192.0.2.1" },
  verification_id_not_found = { 404, "validation_error", "verification_id does not exist." },
  reference_id_not_found = { 404, "validation_error", "reference_id does not exist." },
  verification_id_already_exists = { 409, "validation_error", "verification_id already exists." },
  invalid_verification_id = { 409, "validation_error", "verification_id is already used." },
  insufficient_balance = { 422, "validation_error", "Insufficient balance to process this request" },
  too_many_requests_per_operation = { 429, "rate_limit_error", "Too many requests for this operation. Check headers." },
  too_many_requests_per_ip = { 429, "rate_limit_error", "Too many requests from this IP. Check headers." },
  request_failed = { 500, "internal_error", "The request failed." },
  verification_failed = { 502, "internal_error", "The verification failed." },
  api_error = { 500, "internal_error", "Something went wrong, please try again." },
}

local BY_STATUS = {
  [400] = "invalid_request",
  [401] = "authentication_failed",
  [403] = "ip_validation_failed",
  [404] = "verification_id_not_found",
  [409] = "verification_id_already_exists",
  [422] = "insufficient_balance",
  [429] = "too_many_requests_per_operation",
  [500] = "api_error",
  [502] = "verification_failed",
}

local function body_of(kind, code, message, ours)
  return json.object { { "type", kind }, { "code", code }, { "message", message }, { "simulated", ours and true or nil } }
end

-- An error that no page has.
local function invented(sim, status, code, message)
  local kind = status < 500 and "validation_error" or "internal_error"
  return sim:reply(status, body_of(kind, code, message, true), true)
end
M.invented = invented

local RULES = { missing = "_missing", too_long = "_length_exceeded", unknown = "_unknown" }

local function invalid(product, sim, violation)
  local name, rule = violation.path, violation.rule
  local code = rule == "one_of" and "invalid_request" or name .. (RULES[rule] or "_value_invalid")
  if product.errors[code] then
    return product.error(sim, code)
  end
  return invented(sim, 400, code, name .. (rule == "missing" and " is missing in the request." or " is not valid: " .. rule .. "."))
end

local function refuse(product, sim, reason, detail)
  if reason == "header_missing" and product.errors[detail .. "_missing"] then
    return product.error(sim, detail .. "_missing")
  elseif reason == "header_missing" then
    -- Cashfree's payment gateway answers so: https://docs.cashfree.com/docs/resources
    return sim:reply(400, body_of("invalid_request_error", "request_failed", detail .. " is missing in the request.", true), true)
  elseif reason == "header_invalid" then
    return invented(sim, 400, detail .. "_value_invalid", detail .. " must be a date, YYYY-MM-DD.")
  elseif reason == "credentials" then
    return product.error(sim, "authentication_failed")
  elseif reason == "signature" then
    return product.error(sim, "ip_validation_failed")
  elseif reason == "rate" then
    return product.error(sim, "too_many_requests_per_operation")
  elseif reason == "path" then
    return invented(sim, 404, "path_not_found", "There is nothing at this path.")
  elseif reason == "method" then
    return invented(sim, 405, "method_not_allowed", "This path has no such method.")
  elseif reason == "media" then
    return invented(sim, 415, "content_type_invalid", "content-type must be " .. detail .. ".")
  end
  return invented(sim, 400, "body_invalid", "The body is not a JSON object.")
end

--- The last moment of a link, 30 days on: the samples' 2025-05-22 and 2025-06-21.
M.LINK_LIFETIME_S = 30 * 86400

--- Completes a product's behaviour. It brings `documented` (are errors documented?), `webhook_body(case, event, at)`, `operations`.
---@param product table
---@return table the same
function M.complete(product)
  product.statuses, product.states, product.steps, product.errors = M.statuses, M.states, M.steps, M.errors
  product.rate_limit = 100 -- a minute, the tier "Standard"
  product.webhook_version = "2025-01-01" -- as in the sample of headers: not the API's version

  function product.error(sim, code, status)
    code = code or BY_STATUS[status] or "api_error"
    local entry, ours = M.errors[code], not product.documented
    local response = sim:reply(status or entry[1], body_of(entry[2], code, entry[3], ours), ours)
    if response.status == 429 then
      response.headers["x-ratelimit-remaining"] = "0"
    end
    return response
  end

  function product.invalid(sim, _, violations)
    return invalid(product, sim, violations[1])
  end

  function product.refuse(sim, reason, detail)
    return refuse(product, sim, reason, detail)
  end

  function product.enter(sim, case, step, at)
    case.status, case.sub_status = case.step:match("^(.-)/(.*)$")
    if step.effect then
      step.effect(case, at)
    end
    if step.event then
      webhooks.push(sim, case.id, product.webhook_body(case, step.event, at), step.invented or not product.documented)
    end
  end

  -- The dashboard's "Test & Add Webhook"; what it really posts is not documented.
  function product.test_webhook(sim)
    return json.object {
      { "event_type", "SIMULATED_TEST" },
      { "event_time", webhooks.time(sim:now()) },
      { "data", json.object { { "simulated", true } } },
    }
  end

  return product
end

--- Tells the customer, over each channel.
---@param sim table
---@param channels string[]|nil
---@param user table
---@param id string
function M.notify(sim, channels, user, id)
  for _, channel in ipairs(channels or {}) do
    sim:notify(channel, user.phone, id)
  end
end

--- The next number of a kind, of any length.
---@param sim table
---@param kind string
---@param first string digits
---@return string
function M.number(sim, kind, first)
  local count = sim.store[kind .. "_count"] or 0
  sim.store[kind .. "_count"] = count + 1
  return text.add(first, count)
end

--- A value, or JSON's null where there is none.
---@param value any
---@return any
function M.or_null(value)
  if value == nil then
    return json.null
  end
  return value
end

return M
