--- Webhooks: verified before they are parsed, from the raw bytes, in constant time.

local core = require "vkyc.core"
local errors = require "vkyc.errors"
local providers = require "vkyc.provider"
local results = require "vkyc.results"
local secrets = require "vkyc.secrets"
local states = require "vkyc.states"

local M = {}

M.TOLERANCE_S = 300
local MAX_BODY = core.max_body

---@class vkyc.Event
---@field type? string the provider's name of the event; nil when the delivery has none
---@field time? string when it happened, as the provider writes it
---@field data table mirrored
---@field id string the same for every delivery of one event
---@field attempt? integer of the delivery
---@field version? string
---@field secret_index integer which secret verified it
---@field test? true nothing in it tells of a case (docs/webhooks.md): the provider tries the address
---@field duplicate? boolean only with `seen`: it was delivered before

local function as_list(value)
  return (type(value) == "string" or secrets.is(value)) and { value } or value
end

-- Which secrets verify, and what verifies with them (nil for a provider that signs nothing).
local Keys = {}
Keys.__index = Keys

--- The webhook secrets of a client: the option, or the provider's default secret.
---@param provider table compiled
---@param credentials table
---@return table
function M.keys(provider, credentials)
  local webhook = provider.spec.webhook
  local list = credentials.webhook_secrets
  if list == nil and webhook and webhook.secret then
    list = { credentials[webhook.secret] }
  end
  return setmetatable({
    list = as_list(list),
    verifier = webhook and core.webhook_verifier(webhook),
    hint = "Replace the secret, or correct webhook_secrets and make the client anew.",
  }, Keys)
end

-- The secrets of now; a function is asked for each delivery.
function Keys:secrets()
  local list = self.list
  if type(list) == "function" then
    local good, value = pcall(list)
    list = good and as_list(value)
  end
  return type(list) == "table" and list or {}
end

function Keys:close()
  if self.verifier then
    self.verifier:close()
  end
end

local function config_error(provider, message, hint)
  return nil, errors.new { kind = "config", provider = provider.name, message = message, hint = hint }
end

local function signs_nothing(provider)
  return config_error(provider, (provider.spec.title or provider.name) .. " publishes no webhook signature, so no delivery can be verified",
    "Read cases back with client:status instead.")
end

-- Reads a verified body.
local function read_event(provider, compiled_states, verifier, body, wall, index, attempt, version)
  local webhook = provider.spec.webhook
  local decoded, found
  if #body > MAX_BODY then
    found = { kind = "too_large", reason = "larger than 1 MiB" }
  else
    decoded, found = provider.event:decode(body)
  end
  if not decoded then
    return nil, errors.new {
      kind = found.kind,
      provider = provider.name,
      message = "the delivery is authentic, but its body is not what it should be: "
        .. found.reason:gsub("the answer", "the delivery") .. (found.path and ": " .. found.path or ""),
      hint = "Answer it with an error, so that it is sent again, and report it to the provider.",
      offset = found.offset,
      path = found.path,
      outcome = "refused",
    }
  end
  local data = type(decoded[webhook.data]) == "table" and decoded[webhook.data] or {}
  local event_type, time = decoded[webhook.type], webhook.time and decoded[webhook.time]
  time = type(time) == "string" and time or nil
  local id, test = verifier:event_id(provider.name, event_type, time, data, webhook.identifies, decoded, webhook.fields)
  test = test and not (compiled_states.provider.events or {})[event_type] or nil
  local event = {
    type = event_type, time = time, data = data, id = id, test = test, attempt = attempt, version = version, secret_index = index,
  }
  return results.remember(event, { states = compiled_states, data = data, event = event_type, received_at = wall, mismatches = found })
end

local EACH = { tolerance_s = true, seen = true }
local VERIFY = { provider = true, secrets = true, headers = true, body = true, statuses = true, tolerance_s = true, seen = true, now = true }
local SIGN = { provider = true, secret = true, body = true, timestamp = true, now = true, attempt = true }

-- A misspelt option must not leave a check out.
local function check_options(options, known, what, level)
  if type(options) ~= "table" then
    error(what .. " takes a table of options", level + 1)
  end
  errors.refuse_unknown(options, known, what, level + 1)
  local tolerance, seen, now = options.tolerance_s, options.seen, options.now
  if tolerance ~= nil and not (type(tolerance) == "number" and tolerance >= 0) then
    error(what .. ": tolerance_s must be seconds, at least 0", level + 1)
  elseif seen ~= nil and type(seen) ~= "function" then
    error(what .. ": seen must be a function", level + 1)
  elseif now ~= nil and not (type(now) == "number" and now >= 0 and now < 1e15) then
    error(what .. ": now must be a time in Unix seconds", level + 1)
  end
end

--- Verifies and reads a delivery for a compiled provider. client:webhook and M.verify end here.
---@return vkyc.Event|nil
---@return vkyc.Error|nil err
function M.verify_for(provider, compiled_states, keys, headers, body, options, wall, level)
  if type(headers) ~= "table" or type(body) ~= "string" then
    error("vkyc: a webhook is a table of headers and the raw body as a string", level + 1)
  end
  if type(options) ~= "table" or next(options) ~= nil then
    check_options(options, EACH, "vkyc: client:webhook", level + 1)
  end
  if not keys.verifier then
    return signs_nothing(provider)
  end
  local index, attempt, version = keys.verifier:verify(keys:secrets(), headers, body, wall, options.tolerance_s or M.TOLERANCE_S)
  if not index then
    local reason, message = attempt, version
    if reason == "config" then
      return config_error(provider, message, keys.hint)
    end
    local kind = reason == "memory" and reason or "webhook"
    return nil, errors.new { kind = kind, provider = provider.name, reason = reason, message = message, outcome = "refused" }
  end
  local event, err = read_event(provider, compiled_states, keys.verifier, body, wall, index, attempt, version)
  if event and options.seen then
    event.duplicate = options.seen(event.id) and true or false
  end
  return event, err
end

local AGAIN = "Correct the option, then call it again."

--- Verifies a delivery without a client.
---@param options { provider: string|table, secrets: any, headers: table, body: string, statuses?: table, tolerance_s?: number,
--- seen?: (fun(id: string): boolean), now?: number }
---@return vkyc.Event|nil
---@return vkyc.Error|nil err reason: signature, timestamp or header; kind config for an empty secret
function M.verify(options)
  check_options(options, VERIFY, "vkyc.webhook.verify", 2)
  local provider, faults = providers.load(options.provider)
  if not provider then
    return nil, errors.violations("config", faults, { hint = AGAIN })
  end
  local compiled
  compiled, faults = states.compile(provider.spec.states, options.statuses)
  if not compiled then
    return nil, errors.violations("config", faults, { provider = provider.name, hint = AGAIN })
  end
  local keys = M.keys(provider, { webhook_secrets = options.secrets or {} })
  keys.hint = AGAIN
  local each = { tolerance_s = options.tolerance_s, seen = options.seen }
  local event, err = M.verify_for(provider, compiled, keys, options.headers, options.body, each, options.now or core.wall(), 2)
  keys:close()
  return event, err
end

--- Makes the headers of a test delivery, as the provider would.
---@param options { provider: string|table, secret: string|vkyc.Secret, body: string, timestamp?: string, now?: number, attempt?: integer }
---@return table<string, string>|nil headers
---@return vkyc.Error|nil err
function M.sign(options)
  check_options(options, SIGN, "vkyc.webhook.sign", 2)
  local provider, faults = providers.load(options.provider)
  if not provider then
    return nil, errors.violations("config", faults, { hint = AGAIN })
  elseif not provider.spec.webhook then
    return signs_nothing(provider)
  end
  local headers, err = require "vkyc.simulator.sign"(provider, options, 2)
  return headers, err
end

return M
