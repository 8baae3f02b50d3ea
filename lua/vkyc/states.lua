--- One lifecycle for every provider: from a provider's words to nine states and `unknown`.
-- A state is only ever what a table says. No suffix, no guess: an unknown word stays `unknown`, and nobody is approved by it.

local core = require "vkyc.core"
local results = require "vkyc.results"

local M = {}

---@alias vkyc.State "created"|"in_progress"|"action_required"|"in_review"|"approved"|"rejected"|"expired"|"cancelled"|"failed"|"unknown"

M.TERMINAL = { approved = true, rejected = true, expired = true, cancelled = true, failed = true }
local STATES = {
  created = true, in_progress = true, action_required = true, in_review = true, approved = true,
  rejected = true, expired = true, cancelled = true, failed = true, unknown = true,
}
M.STATES = STATES

local DAY_S = 86400

-- Why nobody may be approved by this word, or nil. A word that is documented has a meaning, and a session that ended has none but that;
-- only a sub-status that no page knows may say more.
local function approval_fault(shipped, word)
  local function meaning(each)
    local row = shipped[each]
    return type(row) == "table" and row.state or row
  end
  local status = word:match("^(.-)/")
  local ended = status and meaning(status)
  if meaning(word) then
    return "cannot be approved: it is documented and means " .. meaning(word)
  elseif status then
    return M.TERMINAL[ended] and ended ~= "approved" and "cannot be approved: " .. status .. " is documented and means " .. ended or nil
  end
  for pair in pairs(shipped) do
    local first, second = pair:match("^(.-)/(.*)$")
    if first == word or second == word then
      return "cannot be approved: it is documented, in " .. pair .. "; name the pair STATUS/SUB_STATUS that approves"
    end
  end
  return nil
end

--- Joins a provider's states with the user's `statuses`.
---@param states? table the provider's `states`
---@param statuses? table<string, vkyc.State>
---@return table|nil compiled
---@return table[]|nil faults of { path, message }
function M.compile(states, statuses)
  states = states or {}
  if statuses ~= nil and type(statuses) ~= "table" then
    return nil, { { path = "statuses", message = "must be a table of words and states" } }
  end
  local faults = {}
  for word, state in pairs(statuses or {}) do
    local fault
    if type(word) ~= "string" then
      fault = "has a key that is no word: it must be \"STATUS/SUB_STATUS\" or \"STATUS\""
    elseif not STATES[state] then
      fault = "must be a state: created, in_progress, action_required, in_review, approved, rejected, expired, cancelled, failed or unknown"
    elseif state == "approved" then
      fault = approval_fault(states.table or {}, word)
    end
    faults[#faults + 1] = fault and { path = "statuses." .. tostring(word), message = fault }
  end
  if #faults > 0 then
    return nil, faults
  end
  return { provider = states, user = statuses or {} }
end

-- A word as it stands, an object with a name, or the text of an EnumModel.
local function read_word(value)
  if type(value) == "table" then
    local name = rawget(value, "name")
    local label = rawget(value, "label")
    return type(name) == "string" and name or nil, type(label) == "string" and label or nil
  end
  if type(value) ~= "string" or value == "" then
    return nil
  end
  local name, label = core.enum_model(value)
  if name then
    return name, label
  end
  return value
end

local function first(data, names)
  for _, name in ipairs(names or {}) do
    local word, label = read_word(data[name])
    if word then
      return word, label
    end
  end
  return nil
end

local function lookup(compiled, key)
  return compiled.user[key] or (compiled.provider.table and compiled.provider.table[key])
end

local function expiry(states, data, received_at)
  local text = states.expires_at and data[states.expires_at]
  if type(text) == "string" then
    local unix_s, date_only, zone_known = core.timestamp(text)
    if not unix_s then
      return nil
    end
    local offset = states.zone_offset_s or 0
    if date_only then
      return unix_s + DAY_S - offset, true
    end
    return zone_known and unix_s or unix_s - offset, not zone_known
  end
  local days = states.expires_in_days and data[states.expires_in_days]
  if type(days) == "number" then
    return received_at + days * DAY_S, true
  end
  return nil
end

---@class vkyc.StateDetail
---@field raw_status? string the provider's word
---@field raw_sub_status? string its second-level word
---@field label? string the provider's text for people
---@field reason? string a word: why action is required or it failed
---@field level? string level of the account, where that is something else than the session
---@field expires_at? number Unix seconds at which the link lapses
---@field expires_estimated? boolean it was computed or its zone assumed
---@field terminal boolean stop polling
---@field retryable boolean the customer or the caller may try again
---@field terms_accepted? boolean false: the customer must accept the latest terms first

--- Where the customer is, and what to do next.
---@param result table what a call returned, or an event
---@return vkyc.State
---@return vkyc.StateDetail
function M.state(result)
  if type(result) ~= "table" then
    error("vkyc.state: a result or an event is expected", 2)
  end
  local record = results.record(result)
  if not record or not record.states then
    return "unknown", { terminal = false, retryable = false }
  end
  local states = record.states.provider
  local data = record.data or result
  local status, label = first(data, states.status)
  local sub_status, sub_label = first(data, states.sub_status)
  local row
  if status then
    row = (sub_status and lookup(record.states, status .. "/" .. sub_status)) or lookup(record.states, status)
  end
  if not row and record.event then
    row = states.events and states.events[record.event]
  end
  local state, reason, retryable = row or "unknown", nil, false
  if type(row) == "table" then
    state = row.after and row.after[record.operation] or row.state
    reason, retryable = row.reason, row.retryable or false
  end
  local terms
  if states.terms and data[states.terms] == false then
    terms = false
    reason = "terms_not_accepted"
    if state == "approved" then
      state = "action_required"
    end
  end
  local expires_at, estimated = expiry(states, data, record.received_at)
  return state, {
    raw_status = status,
    raw_sub_status = sub_status,
    label = sub_label or label,
    reason = reason,
    level = states.levels and states.levels[status],
    expires_at = expires_at,
    expires_estimated = estimated,
    terminal = M.TERMINAL[state] or false,
    retryable = retryable,
    terms_accepted = terms,
  }
end

return M
