--- From a response to a result or an error: what the status, the envelope and the body of a provider mean.

local core = require "vkyc.core"
local errors = require "vkyc.errors"

local M = {}

local BY_STATUS = { [401] = "auth", [403] = "forbidden", [404] = "not_found", [409] = "conflict", [429] = "rate_limited" }

local function kind_of_status(status)
  if status < 200 then
    return "protocol"
  elseif status < 300 then
    return "bad_request" -- an envelope that says failure
  elseif status < 400 then
    return "redirect"
  elseif status < 500 then
    return BY_STATUS[status] or "bad_request"
  end
  return "server"
end

-- The first of several spellings that holds a scalar.
local function first(body, names)
  for _, name in ipairs(names or {}) do
    local value = body[name]
    if value ~= nil and type(value) ~= "table" then
      return value
    end
  end
  return nil
end

-- A provider's word for an error: shown only when it looks like one, because anything may stand there.
local function plain_word(value)
  if type(value) == "number" then
    return string.format("%.14g", value)
  elseif type(value) == "string" and #value <= 64 and value:find("^[%w_.%-]+$") and not core.redact(value):find("[", 1, true) then
    return value
  end
  return nil
end

-- The same, unless it holds a secret or something personal of the call.
local function word(call, value)
  local text = plain_word(value)
  return text and core.scrub(text, call:sensitive()) == text and text or nil
end

local function number(value)
  return value and value:find("^%d+%.?%d*$") and #value <= 9 and tonumber(value) or nil
end

local function number_header(response, name)
  return number(name and response:header(name))
end

--- The rate-limit headers of a response, or nil when it has none.
---@param names table|nil the provider's `rate_limit`
---@param response userdata
---@return table|nil
function M.rate_limit(names, response)
  if not names then
    return nil
  end
  local limit, remaining, reset_s = response:header(names.limit, names.remaining, names.reset_s)
  limit, remaining = number(limit), number(remaining)
  if not limit and not remaining then
    return nil
  end
  return { limit = limit, remaining = remaining, reset_s = number(reset_s) }
end

--- How long the server asks us to wait: Retry-After (seconds or an HTTP date), else the provider's own headers.
---@return number|nil seconds
local function wait_hint(names, response, wall)
  local value = response:header("retry-after")
  if value then
    local seconds = number_header(response, "retry-after")
    if seconds then
      return seconds
    end
    local at = core.http_date(value)
    if at then
      return math.max(0, at - wall)
    end
  end
  if not names then
    return nil
  end
  local seconds = number_header(response, names.retry_s)
  if not seconds and number_header(response, names.remaining) == 0 then
    seconds = number_header(response, names.reset_s)
  end
  return seconds
end

--- The provider's id of the request, from a response's headers.
---@param response userdata
---@param call? table one whose sensitive values it must not show
---@return string|nil
function M.request_id(response, call)
  local own, proxy = response:header("x-request-id", "cf-ray")
  local value = own or proxy
  if not value then
    return nil
  end
  return call and word(call, value) or not call and plain_word(value) or nil
end

-- The provider's sentence without the request's own sensitive values and without anything that looks personal.
local function scrub(call, message)
  if type(message) ~= "string" or message == "" then
    return nil
  end
  return core.scrub(message, call:sensitive())
end

-- The media type of an answer without its parameters.
local function content_type(call, response)
  local value = (response:header("content-type") or ""):match("^[%w!#$&^_.+%-]+/[%w!#$&^_.+%-]+")
  return value and core.scrub(value, call:sensitive()) == value and value or nil
end

local function refusal(call, response, status, body, message)
  local spec = call.client.provider.spec
  local code = word(call, first(body, spec.errors.code))
  local kind, hint = kind_of_status(status), nil
  local row = spec.errors.map and (spec.errors.map[code or ""] or spec.errors.map[tostring(status)])
  if row then
    kind = type(row) == "table" and row.kind or row
    hint = type(row) == "table" and row.hint or nil
  end
  local wall = call.host.wall()
  if not hint and spec.errors.outside_hours and kind == "bad_request" and M.is_closed(spec.hours, wall) then
    hint = spec.errors.outside_hours
  end
  local unknown = kind == "server" or kind == "protocol" or status == 408
  if unknown and call.operation and call.repeats ~= "safe" then
    hint = errors.unknown_hint(call.operation.spec.read_back or call.operation.spec.check)
  end
  local text = scrub(call, message or first(body, spec.errors.message))
  return errors.new {
    kind = kind,
    status = status,
    code = code,
    provider_type = word(call, first(body, spec.errors.type)),
    message = text or (kind == "redirect" and "the server redirects elsewhere" or "the provider answered " .. status),
    hint = hint,
    content_type = content_type(call, response),
    outcome = unknown and call.repeats ~= "safe" and "unknown" or "refused",
    retryable = kind == "server" or kind == "rate_limited",
    retry_after = wait_hint(spec.rate_limit, response, wall),
    request_id = M.request_id(response, call),
    phase = "response",
  }
end

-- A 2xx that cannot be understood: the provider did something, and we do not know what.
local function unreadable(call, response, status, fault)
  return errors.new {
    kind = fault.kind,
    status = status,
    message = fault.reason .. (fault.path and ": " .. fault.path or "") .. (fault.offset and string.format(" (byte %d)", fault.offset) or ""),
    path = fault.path,
    offset = fault.offset,
    content_type = content_type(call, response),
    hint = call.operation and call.repeats ~= "safe" and errors.unknown_hint(call.operation.spec.read_back or call.operation.spec.check) or nil,
    outcome = call.repeats == "safe" and "refused" or "unknown",
    request_id = M.request_id(response, call),
    phase = "response",
  }
end

-- An answer about somebody else must never be taken for this customer's.
---@return string|nil field that says so
function M.is_other(operation, params, result)
  local ids, spellings = operation.ids, operation.key_spellings
  for i = 1, #ids do
    local name = ids[i]
    local sent, got = rawget(params, name), result[name]
    sent = type(sent) == "number" and string.format("%d", sent) or sent -- tostring would write 1e+15
    if sent ~= nil and got ~= nil and got ~= sent and tostring(got) ~= tostring(sent) then
      return name
    end
  end
  local sent -- the key, which may be answered in another spelling
  for i = 1, #spellings do
    sent = sent or rawget(params, spellings[i])
  end
  for i = 1, #spellings do
    local name = spellings[i]
    local got = result[name]
    if sent ~= nil and got ~= nil and got ~= sent and tostring(got) ~= tostring(sent) then
      return name
    end
  end
  return nil
end

local function open_envelope(call, response, status, body)
  local envelope = call.client.provider.spec.envelope
  local code = first(body, envelope.code)
  if code == nil then
    return nil, unreadable(call, response, status, { kind = "schema", reason = "the answer has no envelope code", path = envelope.code[1] })
  end
  local payload = body[envelope.payload]
  local message = first(body, envelope.message)
  if code ~= envelope.success and tostring(code) ~= tostring(envelope.success) then -- 0, 0.0 and "0" are one
    return nil, refusal(call, response, status, body, message or (type(payload) == "string" and payload or nil))
  end
  if type(payload) ~= "table" then
    if call.operation and #call.operation.spec.response > 0 then
      return nil, unreadable(call, response, status, { kind = "schema", reason = "the answer has no payload", path = envelope.payload })
    end
    payload = {}
  end
  return payload, nil, { code = code, message = scrub(call, message) }
end

-- Paths of mismatches are told as the caller sees them: below the payload.
local function without_prefix(paths, prefix)
  for i, path in ipairs(paths or {}) do
    paths[i] = path:sub(1, #prefix + 1) == prefix .. "." and path:sub(#prefix + 2) or path
  end
  return paths
end

--- Reads a response.
---@param call table the call it answers: client, operation, params, repeats, host, reply, sensitive
---@param response userdata
---@param status integer
---@return table|nil result
---@return vkyc.Error|nil err
---@return table|nil mismatches
---@return table|nil envelope
function M.read(call, response, status)
  if status < 200 or status >= 300 then
    local body = call.client.provider.error_reply:decode(response)
    return nil, refusal(call, response, status, body or {})
  end
  local body, found = call.reply:decode(response)
  if not body then
    return nil, unreadable(call, response, status, found)
  end
  local spec = call.client.provider.spec
  local result, envelope, err = body, nil, nil
  if spec.envelope and not (call.operation and call.operation.spec.envelope == false) then
    result, err, envelope = open_envelope(call, response, status, body)
    if not result then
      return nil, err
    end
    found = without_prefix(found, spec.envelope.payload)
  end
  local other = call.operation and M.is_other(call.operation, call.params, result)
  if other then
    return nil, unreadable(call, response, status, { kind = "schema", reason = "the answer is about another id than was asked for", path = other })
  end
  return result, nil, found, envelope
end

-- Day of the week of a Unix time in the provider's zone (1 = Monday), and the hour of that day.
local function local_time(hours, unix_s)
  local t = unix_s + hours.offset_s
  local days = math.floor(t / 86400)
  return (days + 3) % 7 + 1, (t - days * 86400) / 3600, days
end

local function is_working_day(hours, weekday)
  for _, day in ipairs(hours.days) do
    if day == weekday then
      return true
    end
  end
  return false
end

--- Whether the provider's agents are at home. Advisory: holidays are not known.
---@param hours table|nil the provider's `hours`
---@param unix_s number
---@return boolean
function M.is_closed(hours, unix_s)
  if not hours then
    return false
  end
  local weekday, hour = local_time(hours, unix_s)
  return not is_working_day(hours, weekday) or hour < hours.open_h or hour >= hours.close_h
end

--- When they are at home next.
---@param hours table|nil
---@param unix_s number
---@return number unix_s itself when they are at home
function M.next_open(hours, unix_s)
  if not M.is_closed(hours, unix_s) then
    return unix_s
  end
  local _, hour, days = local_time(hours, unix_s)
  if hour >= hours.open_h then
    days = days + 1
  end
  while not is_working_day(hours, (days + 3) % 7 + 1) do
    days = days + 1
  end
  return days * 86400 + hours.open_h * 3600 - hours.offset_s
end

return M
