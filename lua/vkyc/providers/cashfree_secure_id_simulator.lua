--- Cashfree Secure ID in a simulator.

local cashfree = require "vkyc.providers.cashfree_simulator"
local json = require "vkyc.simulator.json"
local text = require "vkyc.simulator.text"

local or_null = cashfree.or_null

local M = { documented = true }

local function users(sim)
  sim.store.users = sim.store.users or { by_id = {}, by_reference = {} }
  return sim.store.users
end

local function user_body(user)
  return json.object {
    { "user_id", user.user_id },
    { "user_reference_id", json.raw(user.reference_id) },
    { "phone", user.phone },
    { "email", user.email },
    { "name", user.name },
    { "address", user.address },
  }
end

-- By either id; `in_query` because a query has only text. What an unknown one answers is not documented.
local function find_user(sim, fields, in_query)
  local id, reference = fields.user_id, json.integer(fields.user_reference_id, in_query)
  if id == nil and reference == nil then
    return nil, M.error(sim, "invalid_request")
  end
  local user = id and users(sim).by_id[id] or not id and users(sim).by_reference[reference]
  if not user or (reference and user.reference_id ~= reference) then
    local name = id and "user_id" or "user_reference_id"
    return nil, cashfree.invented(sim, 404, name .. "_not_found", name .. " does not exist.")
  end
  return user
end

M.operations = {}

function M.operations.create_user(sim, fields)
  local id = fields.user_id or "user_" .. sim:random_text(16)
  if users(sim).by_id[id] then
    return cashfree.invented(sim, 409, "user_id_already_exists", "user_id already exists.")
  end
  local user = {
    user_id = id, phone = fields.phone, email = fields.email, name = fields.name, address = fields.address,
    reference_id = cashfree.number(sim, "user", sim.options.first_reference_id or "11174"),
  }
  users(sim).by_id[id], users(sim).by_reference[user.reference_id] = user, user
  return sim:reply(200, user_body(user))
end

function M.operations.get_user(sim, fields)
  local user, missing = find_user(sim, fields, true)
  return user and sim:reply(200, user_body(user)) or missing
end

function M.operations.update_user(sim, fields)
  local user, missing = find_user(sim, fields)
  if not user then
    return missing
  end
  for _, name in ipairs { "email", "name", "address" } do
    user[name] = fields[name] or user[name]
  end
  return sim:reply(200, user_body(user))
end

local CHANNELS = { sms = true, whatsapp = true, email = true } -- email: older copies of the page

local function record(case)
  return {
    { "verification_id", case.id },
    { "reference_id", json.raw(case.reference_id) },
    { "user_reference_id", json.raw(case.user.reference_id) },
    { "user_id", case.user.user_id },
    { "status", case.status },
    { "sub_status", case.sub_status },
    { "vkyc_link", case.link },
    { "link_expiry", case.link_expiry .. "T00:00:00.000Z" },
  }
end

-- A link of an hour, once the call is over.
local function recording_of(sim, case)
  if case.recorded then
    return "https://recordings.example/" .. case.reference_id .. ".mp4?expires_in=3600&signature=" .. sim:random_text(32)
  end
end

function M.operations.initiate(sim, fields)
  local user, missing = find_user(sim, fields)
  if not user then
    return missing
  elseif sim.cases[fields.verification_id] then
    return M.error(sim, "verification_id_already_exists")
  end
  for _, channel in ipairs(fields.notification_types or {}) do
    if not CHANNELS[channel] then
      return cashfree.invented(sim, 400, "notification_types_value_invalid", "notification_types accepts sms and whatsapp.")
    end
  end
  local expires_at = sim:now() + cashfree.LINK_LIFETIME_S
  expires_at = expires_at - expires_at % 86400
  local case = sim:add_case {
    id = fields.verification_id,
    user = user,
    reference_id = cashfree.number(sim, "case", sim.options.first_reference_id or "1358"),
    link = "https://forms.cashfree.com/verification/" .. sim:random_text(7, "abcdefghijklmnopqrstuvwxyz0123456789"),
    link_expiry = text.time("%Y-%m-%d", expires_at),
    expires_at = expires_at,
    step = "RECEIVED/LINK_GENERATED",
  }
  sim.store.by_reference = sim.store.by_reference or {}
  sim.store.by_reference[case.reference_id] = case
  cashfree.notify(sim, fields.notification_types, user, case.id)
  if fields.aadhaar_details then
    -- The DigiLocker step is skipped.
    sim:advance(case.id, "PRE_VIDEO_CALL/AADHAAR_VERIFICATION_SUCCESS")
  end
  local body = record(case)
  body[#body + 1] = { "aadhaar_details", fields.aadhaar_details }
  body[#body + 1] = { "security_questions", fields.security_questions and json.array(fields.security_questions) }
  return sim:reply(200, json.object(body))
end

function M.operations.status(sim, fields)
  local case
  if fields.verification_id then
    case = sim.cases[fields.verification_id]
  else
    case = (sim.store.by_reference or {})[fields.reference_id]
  end
  if not case or (fields.reference_id and fields.reference_id ~= case.reference_id) then
    return M.error(sim, fields.verification_id and "verification_id_not_found" or "reference_id_not_found")
  end
  local body = record(case)
  body[#body + 1] = { "recording_link", or_null(recording_of(sim, case)) }
  body[#body + 1] = { "meeting_schedule", or_null(case.meeting_schedule) }
  body[#body + 1] = { "auditor_remarks", or_null(case.auditor_remarks) }
  body[#body + 1] = { "agent_remarks", or_null(case.agent_remarks) }
  return sim:reply(200, json.object(body))
end

-- The list of fields and the Node SDK say expiry, the example expires_at: the two that agree are followed.
function M.operations.auth_token(sim)
  local expires_at = sim:now() + 1800
  return sim:reply(200, json.object {
    { "access_token", sim:random_text(40) },
    { "expiry", text.time("%Y-%m-%dT%H:%M:%S", expires_at, 19800) .. "+05:30" },
  })
end

-- Empty texts instead of nulls, and a bare date, unlike the REST answers. `signature` belongs to a scheme that the header replaced.
function M.webhook_body(case, event, at)
  return json.object {
    { "signature", "simulated" },
    { "event_type", event },
    { "event_time", text.time("%Y-%m-%dT%H:%M:%SZ", at) },
    { "version", "v1" },
    { "data", json.object {
      { "verification_id", case.id },
      { "reference_id", json.raw(case.reference_id) },
      { "user_reference_id", json.raw(case.user.reference_id) },
      { "user_id", case.user.user_id },
      { "status", case.status },
      { "sub_status", case.sub_status },
      { "vkyc_link", case.link },
      { "link_expiry", case.link_expiry },
      { "recording_link", "" },
      { "meeting_schedule", case.meeting_schedule or "" },
    } },
  }
end

return cashfree.complete(M)
