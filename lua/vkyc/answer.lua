--- From a response to a result or an error: what the status, the envelope and the body of a provider mean. The core reads and classifies;
-- here is what that says about the request, which may have been carried out.

local core = require("vkyc.core").uncompiled()
local errors = require "vkyc.errors"

local M = {}

local function refusal(call, response, body, message)
  local err = core.refusal(response, call:sensitive(), call.client.provider.spec, body, call.host.wall(), message)
  err.retryable = err.kind == "server" or err.kind == "rate_limited"
  err.outcome = "refused"
  if call.repeats ~= "safe" and (err.kind == "server" or err.kind == "protocol" or err.status == 408) then
    err.outcome, err.retryable, err.hint = "unknown", false, call.unknown_hint
  end
  return nil, errors.new(err)
end

-- A 2xx that cannot be understood: the provider did something, and we do not know what.
local function unreadable(call, response, fault)
  local err = core.unreadable(response, call:sensitive(), fault)
  err.outcome = "refused"
  if call.repeats ~= "safe" then
    err.outcome = "unknown"
    err.hint = call.unknown_hint
  end
  return nil, errors.new(err)
end

local function open_envelope(call, response, body, mismatches)
  local spec = call.client.provider.spec.envelope
  local code, good, payload, message = core.envelope(body, spec, mismatches)
  if code == nil then
    return unreadable(call, response, { kind = "schema", reason = "the answer has no envelope code", path = spec.code[1] })
  elseif not good then
    return refusal(call, response, body, message or type(payload) == "string" and payload or nil)
  elseif type(payload) ~= "table" then
    if not call.nothing_due then
      return unreadable(call, response, { kind = "schema", reason = "the answer has no payload", path = spec.payload })
    end
    payload = {}
  end
  message = type(message) == "string" and message ~= "" and core.scrub(message, call:sensitive()) or nil
  return payload, nil, mismatches, { code = code, message = message }
end

--- Reads a response.
---@param call table the call it answers: client, operation, params, repeats, host, reply, enveloped, nothing_due, unknown_hint
---@param response userdata
---@param status integer
---@return table|nil result
---@return vkyc.Error|nil err
---@return table|nil mismatches
---@return table|nil envelope
function M.read(call, response, status)
  if status < 200 or status >= 300 then
    return refusal(call, response, (call.client.provider.error_reply:decode(response)))
  end
  -- Only the envelope's code says success, unless there is nothing by definition.
  if call.nothing_due and (status == 204 or not call.enveloped) and response:size() == 0 then
    return {}
  end
  local result, found = call.reply:decode(response)
  if not result then
    return unreadable(call, response, found)
  end
  local err, envelope
  if call.enveloped then
    result, err, found, envelope = open_envelope(call, response, result, found)
    if not result then
      return nil, err
    end
  end
  local other = call.operation and core.other(call.operation, call.params, result)
  if other then -- an answer about somebody else must never be taken for this customer's
    return unreadable(call, response, { kind = "schema", reason = "the answer is about another id than was asked for", path = other })
  end
  return result, nil, found, envelope
end

return M
