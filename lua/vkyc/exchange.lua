--- One call, from a script's table to the provider's: sign, send, read, and decide whether to send again.

local answer = require "vkyc.answer"
local auth = require "vkyc.auth"
local core = require("vkyc.core").uncompiled()
local errors = require "vkyc.errors"
local hooks = require "vkyc.hooks"
local results = require "vkyc.results"
local retry = require "vkyc.retry"

local M = {}

local SPARES = 512 -- wiped requests and responses that a client keeps, for as many calls at a time
local IDLE_S = 5 -- a connection idle for longer may be dead, which a call that must not be repeated cannot afford

local ANYTHING = core.schema {}

-- A call that no table describes. Never repeated: a GET may open a session, and only a table can say that a repeat is harmless.
local RAW = { name = "call", request = ANYTHING, reply = ANYTHING, ids = {}, key_spellings = {} }
RAW.spec = { path = "(given)", repeats = "never", response = {}, stateless = true }

local Call = {}
Call.__index = Call
M.Call = Call

--- The texts that must not be seen in an error: secrets, the tokens that the call used, and what is personal in the request. What no table
-- describes may all be, and a reader's answer may speak of what was sent before it.
function Call:sensitive()
  local client, outer = self.client, self.outer
  local tokens = { client.tokens and client.tokens.token, self.used }
  return self.operation.request:sensitive(self.params, client.options.credentials, tokens, self.undescribed, outer and outer:sensitive())
end

--- Moves one request within what is left of the deadline.
---@return integer|nil status
---@return table|nil failure { kind, phase, reason, sent, cause }
function Call:send(request, response, max_idle_s)
  local options = self.client.options
  local left = self.deadline - self.host.now()
  if left <= 0 then
    return nil, { kind = "timeout", reason = "the deadline passed before the request was sent", sent = false }
  end
  local timeout_s, connect_timeout_s = options.attempt_timeout_s, options.connect_timeout_s
  return self.host.send(self.transport, request, response, {
    timeout_s = timeout_s < left and timeout_s or left,
    connect_timeout_s = connect_timeout_s < left and connect_timeout_s or left,
    max_idle_s = max_idle_s,
  })
end

local function failed(call, failure)
  local unknown = failure.sent and call.repeats ~= "safe"
  local sensitive = call:sensitive() -- a host of the user's may say anything
  return errors.new {
    kind = failure.kind,
    phase = failure.phase,
    message = core.scrub(failure.reason, sensitive),
    cause = failure.cause and core.scrub(failure.cause, sensitive),
    outcome = failure.sent and "unknown" or "not_sent",
    retryable = not unknown and retry.PASSING[failure.kind],
    hint = unknown and call.unknown_hint or failure.hint,
  }
end

-- One attempt: a result with its facts, or an error.
local function attempt(call, request, response)
  call.tries = call.tries + 1 -- a try without a token counts too
  local client = call.client
  local head, fault = auth.head(client, call.method ~= "GET")
  if not head then
    return nil, fault
  end
  request:clear_headers(head)
  if call.traceparent then
    request:header("traceparent", call.traceparent)
  end
  local good, err = auth.apply(call, request)
  if not good then
    return nil, err
  end
  if call.tries > 1 then
    response:reset()
  end
  call.sent = call.sent + 1
  local options, began = client.options, nil
  if options.hooks then
    hooks.tell(call, "on_request", nil, request:size())
    began = call.host.now()
  end
  local status, failure = call:send(request, response, call.repeats == "never" and IDLE_S or nil)
  if options.response_headers then
    call.headers = status and hooks.headers(call, response) or nil
  end
  if not status then
    call.sent = call.sent - (failure.sent and 0 or 1) -- what never left was no request
    return nil, failed(call, failure)
  end
  if options.hooks then
    hooks.answered(call, response, status, began)
  end
  return answer.read(call, response, status)
end

local function remember(call, response, result, mismatches, envelope)
  local client = call.client
  local status, request_id, rate_limit = core.facts(response, client.provider.spec.rate_limit)
  return results.remember(result, {
    states = not call.operation.spec.stateless and client.states or nil,
    operation = call.name,
    received_at = call.host.wall(),
    attempts = call.sent,
    elapsed_s = call.host.now() - call.started,
    status = status,
    call_id = call.call_id,
    request_id = request_id,
    rate_limit = rate_limit,
    headers = client.options.response_headers and call.headers,
    envelope = envelope,
    mismatches = mismatches,
    retries = call.retries,
    raw = client.options.keep_raw and response:body() or nil,
  })
end

local function note(call, reason, err, delay_s)
  call.retries = call.retries or {}
  call.retries[#call.retries + 1] = reason
  if call.client.options.hooks then
    hooks.tell(call, "on_retry", { reason = reason, delay_s = delay_s, kind = err.kind, phase = err.phase, status = err.status })
  end
end

local function finish(call, err)
  err.provider, err.operation, err.call_id = call.client.provider.name, err.operation or call.name, call.call_id
  err.attempts, err.retries, err.final = call.sent, call.retries, nil
  local client, kind = call.client, err.kind
  if not call.outer then
    client.kinds[kind] = (client.kinds[kind] or 0) + 1
  end
  if client.options.hooks then
    hooks.tell(call, "on_error", { error = err, headers = call.headers })
  end
  return nil, err
end

-- Reads the record back after a lost answer, whose error is `lost`. Returns the record; nil when it is certainly missing; nil and the error
-- when that stays unknown.
local function read_back(call, lost)
  local operation = call.operation
  local reader = call.client.provider.operations[operation.spec.read_back]
  local params = {} -- those that the reader understands
  for _, name in ipairs(reader.request:names()) do
    params[name] = rawget(call.params, name)
  end
  local found, err = M.run(call.client, reader, params, nil, call)
  local other = found and core.other(operation, call.params, found) -- somebody else's under our key
  if other then
    local message = "the record that was read back has another " .. other
    err = errors.new { kind = "conflict", operation = reader.name, outcome = "refused", path = other, message = message }
  elseif found then
    local facts = results.record(found)
    for _, reason in ipairs(facts.retries or {}) do
      call.retries[#call.retries + 1] = reason
    end
    facts.retries, facts.reconciled, facts.operation = call.retries, true, operation.name
    return found
  elseif operation.missing[err.code or ""] then
    return nil
  end
  lost.cause, lost.outcome = err, "unknown"
  return nil, lost
end

-- Sends until there is an answer to return.
local function loop(call, request, response)
  local spec, tokens, lost_once = call.operation.spec, call.client.tokens, false
  while true do
    local result, err, mismatches, envelope = attempt(call, request, response)
    if result then
      retry.succeeded(call.budget, call.retries ~= nil)
      return remember(call, response, result, mismatches, envelope)
    end
    local found, last = nil, nil
    if lost_once and call.operation.exists[err.code or ""] then
      -- What we sent again was there already: the first one had landed late.
      found, last = read_back(call, err)
      last = last or err
    elseif err.kind == "auth" and err.status == 401 and tokens and not call.logged_in_again and err.operation ~= "login" then
      -- A 401 was not carried out, so that even a call that must not be repeated is sent once more, with a new token.
      call.logged_in_again = true
      tokens:drop(call.token)
      note(call, "the token was refused", err, 0)
    else
      call.can_read_back = spec.read_back ~= nil and rawget(call.params, spec.key) ~= nil
      local action, delay, reason = retry.decide(err, call)
      if action == "stop" then
        err.stopped = reason
        return finish(call, err)
      end
      note(call, reason, err, delay)
      call.host.sleep(delay)
      if action == "read_back" then
        lost_once = true
        found, last = read_back(call, err)
        if not found and not last and call.tries >= call.max_attempts then
          last, err.outcome, err.retryable = err, "refused", true
          err.hint = "It certainly was not carried out: the same call may be made again."
        end
      end
    end
    if found then
      return found
    elseif last then
      return finish(call, last)
    end
  end
end

local function keep(list, one)
  if #list < SPARES then
    list[#list + 1] = one
  end
end

-- Sends a request, when there is one. It and the response are wiped at the end, and their memory is kept for a next call.
local function send(call, request, violations)
  if not request then
    return finish(call, errors.violations("argument", violations))
  end
  local client = call.client
  local response = table.remove(client.spare_responses) or core.response(client.options.max_body_bytes)
  local own = not call.outer
  client.in_flight[response] = own
  local result, err = loop(call, request, response)
  client.in_flight[response] = false
  if own then
    client.requests, client.succeeded = client.requests + call.sent, client.succeeded + (result and 1 or 0)
  end
  request:clear()
  response:reset()
  if not client.closed then
    keep(client.spare_requests, request)
    keep(client.spare_responses, response)
  end
  return result, err
end

local function check_one_of(operation, params)
  local names = operation.spec.one_of
  for _, name in ipairs(names or {}) do
    if rawget(params, name) ~= nil then
      return nil
    end
  end
  return names and { { path = names[1], rule = "required", message = table.concat(names, " or ") .. " is required" } }
end

-- Options that stand for fields the caller left out.
local function fill(client, operation, params)
  if not operation.spec.fill then
    return params
  end
  local filled = {}
  for name, option in pairs(operation.spec.fill) do
    filled[name] = client.options.credentials[option]
  end
  for name, value in next, params do
    filled[name] = value
  end
  return filled
end

-- What all calls of one operation by one client share: the metatable of such a call.
local function plan(client, operation)
  local spec, options = operation.spec, client.options
  local credentials = options.credentials
  local shared = {
    client = client,
    name = operation.name,
    operation = operation,
    reply = operation.reply,
    method = spec.method,
    path = spec.path_option and credentials[spec.path_option] or spec.path,
    repeats = spec.repeats_option and credentials[spec.repeats_option] and "safe" or spec.repeats,
    enveloped = client.provider.spec.envelope ~= nil and spec.envelope ~= false,
    nothing_due = #spec.response == 0,
    unknown_hint = errors.unknown_hint(spec.read_back or spec.check), -- where the provider may have carried it out
    max_attempts = options.max_attempts,
    budget = client.budget,
    outer = false,
  }
  client.plans[operation] = { __index = setmetatable(shared, Call) }
  return client.plans[operation]
end

-- `outer`: the call on whose behalf this one reads back.
local function new_call(client, operation, params, outer)
  local of = client.plans[operation] or plan(client, operation)
  if outer then
    local call = setmetatable({ params = params, outer = outer, tries = 0 }, of)
    for _, key in ipairs { "host", "transport", "started", "deadline", "max_attempts", "call_id", "traceparent", "sent" } do
      call[key] = outer[key]
    end
    return call
  end
  local host, transport = client:open_host()
  if not host then
    return nil, transport
  end
  local now = host.now()
  client.calls = client.calls + 1
  return setmetatable({
    params = params,
    host = host,
    transport = transport,
    started = now,
    deadline = now + client.options.deadline_s,
    call_id = core.call_id(client.id_prefix, client.calls),
    sent = 0,
    tries = 0,
  }, of)
end

local OPTION_TYPES = { deadline_s = "number", max_attempts = "number", traceparent = "string", extra = "table" }
local LIMITS = core.schema { { name = "deadline_s", type = "number", min = 0.001, max = 86400 }, { name = "max_attempts", type = "int", min = 1 } }

-- The options of one call. Returns violations. Unknown names and wrong types raise, at the level of the script.
local function apply_options(call, options, level)
  errors.refuse_unknown(options, OPTION_TYPES, "vkyc", level)
  for name, value in pairs(options) do
    if type(value) ~= OPTION_TYPES[name] then
      error("vkyc: option " .. name .. " must be a " .. OPTION_TYPES[name], level)
    end
  end
  local deadline_s, trace = options.deadline_s, options.traceparent
  call.deadline = deadline_s and call.started + deadline_s or call.deadline
  call.max_attempts = options.max_attempts or call.max_attempts
  call.traceparent = trace
  -- https://www.w3.org/TR/trace-context/#traceparent-header
  if trace and not (#trace == 55 and trace:find("^%x%x%-%x+%-%x+%-%x%x$")) then
    return { { path = "traceparent", rule = "format", message = "must be a W3C traceparent" } }
  end
  return core.check(LIMITS, { deadline_s = deadline_s, max_attempts = options.max_attempts })
end

--- Makes a described call.
---@param client table the client's inside
---@param operation table compiled
---@param params table
---@param options? table of this call
---@param outer? table the call on whose behalf this one reads back
---@param level? integer of the script, for misuse
---@return table|nil result
---@return vkyc.Error|nil err
function M.run(client, operation, params, options, outer, level)
  local call, err = new_call(client, operation, fill(client, operation, params), outer)
  if not call then
    return nil, err
  end
  local violations = options and apply_options(call, options, (level or 1) + 2) or check_one_of(operation, params)
  local max_body, extra, request = client.options.max_body_bytes, options and options.extra, nil
  if not violations then
    local spare = table.remove(client.spare_requests)
    call.undescribed = extra
    request, violations = core.request(call.method, client.options.base_url, call.path, operation.request, call.params, extra, max_body, spare)
  end
  local result, failure = send(call, request, violations)
  if outer then
    outer.sent = call.sent
  end
  return result, failure
end

local METHODS = { GET = true, POST = true, PUT = true, PATCH = true, DELETE = true }

--- Makes a call that no table describes: the same signing, limits and errors; never repeated.
---@param client table
---@param given { method: string, path: string, query?: table, body?: table }
---@param options? table
---@param level integer
---@return table|nil result
---@return vkyc.Error|nil err
function M.run_raw(client, given, options, level)
  local call, err = new_call(client, RAW, {})
  if not call then
    return nil, err
  end
  call.method, call.undescribed = given.method, { given.query, given.body }
  local violations = options and apply_options(call, options, level + 2)
  if not violations and not METHODS[given.method] then
    violations = { { path = "method", rule = "value", message = "must be GET, POST, PUT, PATCH or DELETE" } }
  end
  local request
  if not violations then
    request, violations = core.raw_request(given.method, client.options.base_url, given.path, given.query, given.body, client.options.max_body_bytes)
  end
  return send(call, request, violations)
end

return M
