--- Webhooks: verified before they are parsed, from the raw bytes, in constant time.

local core = require "vkyc.core"
local errors = require "vkyc.errors"
local providers = require "vkyc.provider"
local results = require "vkyc.results"
local secrets = require "vkyc.secrets"
local states = require "vkyc.states"

local M = {}

M.TOLERANCE_S = 300
local MAX_SECRETS = 16
local UNIT = { ms = 1000, s = 1 }

---@class vkyc.Event
---@field type? string the provider's name of the event; nil when the delivery has none
---@field time? string when it happened, as the provider writes it
---@field data table mirrored
---@field id string the same for every delivery of one event
---@field attempt? integer of the delivery
---@field version? string
---@field secret_index integer which secret verified it
---@field test? true it names no case: the provider tries the address
---@field duplicate? boolean only with `seen`: it was delivered before

-- Keyed states are kept per secret and renewed when the secret is replaced.
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
  if type(list) == "string" or secrets.is(list) then
    list = { list }
  end
  return setmetatable({ list = list, kept = {} }, Keys)
end

function Keys:key(secret, index)
  local generation = type(secret) == "string" and secret or secret:generation()
  local kept = self.kept[index]
  if kept and type(secret) ~= "string" and not secret:equals(secret) then -- closed: what was made of it must not verify either
    kept.key:close()
    self.kept[index] = nil
    return nil
  end
  if not kept or kept.secret ~= secret or kept.generation ~= generation then
    if kept then
      kept.key:close()
    end
    local key = core.webhook_key(secret)
    if not key then
      return nil
    end
    kept = { secret = secret, generation = generation, key = key }
    self.kept[index] = kept
  end
  return kept.key
end

--- All keys, in order and their number; nil and a sentence when there is none that may verify.
function Keys:each()
  local list = self.list
  if type(list) == "function" then
    local good, value = pcall(list)
    list = good and value or nil
    if type(list) == "string" or secrets.is(list) then
      list = { list }
    end
  end
  if type(list) ~= "table" or #list == 0 then
    return nil, "there is no webhook secret"
  elseif #list > MAX_SECRETS then
    return nil, "there are more than 16 webhook secrets"
  end
  local kept = self.kept
  for i = 1, #list do
    local secret = list[i]
    local known = kept[i] and kept[i].secret == secret
    if not known and type(secret) ~= "string" and not secrets.is(secret) then
      return nil, "webhook secret " .. i .. " is neither a string nor a secret"
    end
    if not self:key(secret, i) then
      return nil, "webhook secret " .. i .. " is empty or closed"
    end
  end
  return kept, #list
end

function Keys:close()
  for _, kept in pairs(self.kept) do
    kept.key:close()
  end
  self.kept = {}
end

local function refuse(provider, reason, message, hint)
  return nil, errors.new { kind = "webhook", provider = provider.name, reason = reason, message = message, hint = hint, outcome = "refused" }
end

local function config_error(provider, message)
  return nil, errors.new { kind = "config", provider = provider.name, message = message }
end

-- A header as core.find_headers tells it, or nil and why it cannot be used.
local function one_header(found)
  if found == false then
    return nil, "came more than once"
  elseif type(found) ~= "string" then
    return nil, "is missing"
  elseif found == "" then
    return nil, "is empty"
  elseif #found > 256 then
    return nil, "is longer than any signature"
  end
  return found
end

local function small_integer(text)
  return text and #text <= 6 and core.webhook_timestamp(text) or nil -- digits only
end

-- Reads a verified body.
local function read_event(provider, compiled_states, body, wall, attempt, version, index)
  local webhook = provider.spec.webhook
  local decoded, found = provider.event:decode(body)
  if not decoded then
    return nil, errors.new {
      kind = found.kind,
      provider = provider.name,
      message = "the delivery is authentic, but its body is not what it should be: " .. found.reason .. (found.path and ": " .. found.path or ""),
      hint = "Answer it with an error, so that it is sent again, and report it to the provider.",
      offset = found.offset,
      path = found.path,
      outcome = "refused",
    }
  end
  local data = decoded[webhook.data]
  data = type(data) == "table" and data or {}
  local event_type, time = decoded[webhook.type], webhook.time and decoded[webhook.time]
  time = type(time) == "string" and time or nil
  local id, test = core.event_id(provider.name, event_type, time, data, webhook.identifies)
  local event = {
    type = event_type,
    time = time,
    data = data,
    id = id,
    attempt = attempt and small_integer((one_header(attempt))) or nil,
    version = version and one_header(version) or nil,
    secret_index = index,
    test = test,
  }
  return results.remember(event, { states = compiled_states, data = data, event = event_type, received_at = wall, mismatches = found })
end

local EACH = { tolerance_s = true, seen = true }

-- A misspelt option must not leave a check out.
local function check_options(options, level)
  if type(options) ~= "table" then
    error("vkyc: the options of a webhook are a table", level + 1)
  end
  for name in pairs(options) do
    if not EACH[name] then
      error("vkyc: a webhook has no option " .. tostring(name) .. ", known are tolerance_s and seen", level + 1)
    end
  end
  local tolerance, seen = options.tolerance_s, options.seen
  if tolerance ~= nil and not (type(tolerance) == "number" and tolerance >= 0) then
    error("vkyc: tolerance_s must be seconds, at least 0", level + 1)
  elseif seen ~= nil and type(seen) ~= "function" then
    error("vkyc: seen must be a function", level + 1)
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
    check_options(options, level + 1)
  end
  local webhook = provider.spec.webhook
  if not webhook then
    return config_error(provider, (provider.spec.title or provider.name) .. " publishes no webhook signature, so no delivery can be verified: read cases back instead")
  end
  local usable, count = keys:each()
  if not usable then
    return config_error(provider, count)
  end
  local signature, stamp, attempt, version =
    core.find_headers(headers, webhook.signature_header, webhook.timestamp_header, webhook.attempt_header, webhook.version_header)
  local why
  signature, why = one_header(signature)
  if not signature then
    return refuse(provider, "header", webhook.signature_header .. " " .. why)
  end
  stamp, why = one_header(stamp)
  if not stamp then
    return refuse(provider, why == "is empty" and "timestamp" or "header", webhook.timestamp_header .. " " .. why)
  end
  local time = core.webhook_timestamp(stamp)
  if not time then
    return refuse(provider, "timestamp", webhook.timestamp_header .. " is not a number")
  end
  local tolerance = options.tolerance_s or M.TOLERANCE_S
  local age = wall - time / UNIT[webhook.timestamp_unit]
  if age > tolerance or age < -tolerance then
    return refuse(provider, "timestamp", webhook.timestamp_header .. " is more than " .. string.format("%g", tolerance) .. " s away from this machine's clock")
  end
  local index, format_fault
  for i = 1, count do
    local good, reason = usable[i].key:verify(stamp, body, signature)
    if good then
      index = index or i
    elseif reason == "format" then
      format_fault = true
    end
  end
  if not index then
    if format_fault then
      return refuse(provider, "header", webhook.signature_header .. " is not base64 of 32 bytes")
    end
    return refuse(provider, "signature", "no secret makes this signature")
  end
  if #body > 1048576 then
    return nil, errors.new { kind = "too_large", provider = provider.name, message = "the delivery is authentic, but larger than 1 MiB", outcome = "refused" }
  end
  local event, err = read_event(provider, compiled_states, body, wall, attempt, version, index)
  if not event then
    return nil, err
  end
  if options.seen then
    event.duplicate = options.seen(event.id) and true or false
  end
  return event
end

local VERIFY = { provider = true, secrets = true, headers = true, body = true, statuses = true, tolerance_s = true, seen = true, now = true }
local SIGN = { provider = true, secret = true, body = true, timestamp = true, now = true, attempt = true }

local function check_names(options, known, name)
  if type(options) ~= "table" then
    error("vkyc.webhook." .. name .. " takes a table", 3)
  end
  for key in pairs(options) do
    if not known[key] then
      error("vkyc.webhook." .. name .. ": unknown option " .. tostring(key), 3)
    end
  end
end

--- Verifies a delivery without a client.
---@param options { provider: string|table, secrets: any, headers: table, body: string, statuses?: table, tolerance_s?: number, seen?: (fun(id: string): boolean), now?: number }
---@return vkyc.Event|nil
---@return vkyc.Error|nil err reason: signature, timestamp or header; kind config for an empty secret
function M.verify(options)
  check_names(options, VERIFY, "verify")
  local provider, faults = providers.load(options.provider)
  if not provider then
    return nil, errors.violations("config", faults)
  end
  local compiled
  compiled, faults = states.compile(provider.spec.states, options.statuses)
  if not compiled then
    return nil, errors.violations("config", faults, { provider = provider.name })
  end
  local keys = M.keys(provider, { webhook_secrets = options.secrets or {} })
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
  check_names(options, SIGN, "sign")
  local provider, faults = providers.load(options.provider)
  if not provider then
    return nil, errors.violations("config", faults)
  end
  local webhook = provider.spec.webhook
  if not webhook then
    return config_error(provider, (provider.spec.title or provider.name) .. " publishes no webhook signature")
  end
  if type(options.body) ~= "string" then
    error("vkyc.webhook.sign: body is a string", 2)
  end
  local keys, fault = M.keys(provider, { webhook_secrets = { options.secret } }):each()
  if not keys then
    return config_error(provider, fault)
  end
  local stamp = options.timestamp or string.format("%.0f", math.floor((options.now or core.wall()) * UNIT[webhook.timestamp_unit]))
  local headers = {
    ["content-type"] = "application/json",
    [webhook.timestamp_header] = stamp,
    [webhook.signature_header] = keys[1].key:sign(stamp, options.body),
  }
  keys[1].key:close()
  if webhook.attempt_header then
    headers[webhook.attempt_header] = tostring(options.attempt or 1)
  end
  return headers
end

return M
