--- One call, from a script's table to the provider's: sign, send, read, and decide whether to send again.

local answer = require "vkyc.answer"
local auth = require "vkyc.auth"
local core = require "vkyc.core"
local errors = require "vkyc.errors"
local results = require "vkyc.results"
local retry = require "vkyc.retry"
local secrets = require "vkyc.secrets"

local M = {}

local IDLE_S = 5 -- a connection idle for longer may be dead, which a call that must not be repeated cannot afford

local Call = {}
Call.__index = Call
M.Call = Call

-- All texts of a value that no table describes: what is personal in it is not known.
local function add_texts(found, value, depth)
  if type(value) == "string" or type(value) == "number" then
    found[#found + 1] = tostring(value)
  elseif type(value) == "table" and depth < 32 then
    for _, each in next, value do
      add_texts(found, each, depth + 1)
    end
  end
end

--- The texts that must not be seen in an error: secrets, and what is personal in the request.
function Call:sensitive()
  local found = self.operation and self.operation.request:sensitive(self.params) or {}
  add_texts(found, self.undescribed, 0)
  if self.outer then -- a reader's answer may speak of what was sent before
    add_texts(found, self.outer:sensitive(), 0)
  end
  for _, value in pairs(self.client.options.credentials) do
    if secrets.is(value) then
      found[#found + 1] = value
    elseif type(value) == "table" then -- webhook secrets
      for _, each in ipairs(value) do
        found[#found + 1] = each
      end
    end
  end
  if self.client.tokens then
    found[#found + 1] = self.client.tokens.token
  end
  return found
end

--- Moves one request within what is left of the deadline.
---@return integer|nil status
---@return table|nil failure { kind, phase, reason, sent }
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

local function hook(call, name, event)
  local hooks = call.client.options.hooks
  local fn = hooks and hooks[name]
  if fn then
    event.client = call.client.options.name
    event.provider = call.client.provider.name
    event.operation = call.name
    event.method = call.method
    event.path = call.path
    event.call_id = call.call_id
    event.attempt = call.sent
    pcall(fn, event) -- a hook that raises changes nothing
  end
end

local function failed(call, failure)
  local unknown = failure.sent and call.repeats ~= "safe"
  return errors.new {
    kind = failure.kind,
    phase = failure.phase,
    message = core.scrub(failure.reason, call:sensitive()), -- a host of the user's may say anything
    outcome = failure.sent and "unknown" or "not_sent",
    retryable = not unknown and (failure.kind == "timeout" or failure.kind == "network" or failure.kind == "dns" or failure.kind == "connect"),
    hint = unknown and call.operation and errors.unknown_hint(call.operation.spec.read_back or call.operation.spec.check) or failure.hint,
  }
end

-- One attempt: a result with its facts, or an error.
local function attempt(call, request, response)
  call.tries = call.tries + 1 -- a try without a token counts too
  local client = call.client
  local head, fault = auth.head(client, call.method ~= "GET" or request:size() > 0)
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
  if call.sent > 0 then
    response:reset()
  end
  call.sent = call.sent + 1
  if client.options.hooks then
    hook(call, "on_request", { size = request:size() })
  end
  local status, failure = call:send(request, response, call.repeats == "never" and IDLE_S or nil)
  if not status then
    return nil, failed(call, failure)
  end
  if client.options.hooks then
    hook(call, "on_response", {
      status = status,
      size = response:size(),
      elapsed_s = call.host.now() - call.started,
      request_id = answer.request_id(response, call),
    })
  end
  return answer.read(call, response, status)
end

local function record(call, response, mismatches, envelope)
  local client = call.client
  local stateless = call.operation == nil or call.operation.spec.stateless
  return {
    states = not stateless and client.states or nil,
    operation = call.operation and call.name,
    received_at = call.host.wall(),
    attempts = call.sent,
    elapsed_s = call.host.now() - call.started,
    status = response:status(),
    call_id = call.call_id,
    request_id = answer.request_id(response),
    rate_limit = answer.rate_limit(client.provider.spec.rate_limit, response),
    envelope = envelope,
    mismatches = mismatches,
    retries = call.retries,
    raw = client.options.keep_raw and response:body() or nil,
  }
end

local function contains(list, value)
  for _, each in ipairs(list or {}) do
    if each == value then
      return true
    end
  end
  return false
end

-- The fields of this call that the reading operation understands.
local function read_back_params(call, reader)
  local params = {}
  for _, name in ipairs(reader.request:names()) do
    params[name] = rawget(call.params, name)
  end
  return params
end

-- Reads the record back. Returns it, or nil and "missing", or nil and the error that leaves the outcome unknown.
local function read_back(call)
  local client = call.client
  local reader = client.provider.operations[call.operation.spec.read_back]
  local found, err = M.run(client, reader, read_back_params(call, reader), nil, call)
  local other = found and answer.is_other(call.operation, call.params, found) -- somebody else's under our key
  if other then
    return nil, errors.new {
      kind = "conflict",
      operation = reader.name,
      outcome = "refused",
      path = other,
      message = "the record that was read back has another " .. other,
    }
  elseif found then
    local facts = results.record(found)
    facts.reconciled = true
    facts.operation = call.operation.name
    for _, reason in ipairs(facts.retries or {}) do
      call.retries[#call.retries + 1] = reason
    end
    facts.retries = call.retries
    return found
  end
  if err.code and (contains(call.operation.spec.missing, err.code) or contains(reader.spec.missing, err.code)) then
    return nil, "missing"
  end
  return nil, err
end

local function note(call, reason)
  call.retries = call.retries or {}
  call.retries[#call.retries + 1] = reason
  if call.client.options.hooks then
    hook(call, "on_retry", { reason = reason })
  end
end

local function finish(call, err)
  err.provider = call.client.provider.name
  err.operation = err.operation or call.name
  err.call_id = call.call_id
  err.attempts = call.sent
  err.retries = call.retries
  err.final = nil
  if call.client.options.hooks then
    hook(call, "on_error", { error = err })
  end
  return nil, err
end

-- After a lost answer: is the record there? `lost` is the error to return when that stays unknown.
-- Returns the record; or nil and nil when it is certainly missing; or nil and the error.
local function reconcile(call, lost)
  local found, why = read_back(call)
  if found then
    return found
  end
  if why == "missing" then
    return nil, nil
  end
  lost.cause = why
  lost.outcome = "unknown"
  return nil, lost
end

-- Sends until there is an answer to return.
local function loop(call, request, response)
  local lost_once = false
  while true do
    local result, err, mismatches, envelope = attempt(call, request, response)
    if result then
      retry.succeeded(call.budget, call.retries ~= nil)
      local facts = record(call, response, mismatches, envelope)
      return results.remember(result, facts)
    end
    local operation = call.operation
    if lost_once and err.code and contains(operation.spec.exists, err.code) then
      -- What we sent again was there already: the first one had landed late.
      local found, why = reconcile(call, err)
      if found then
        return found
      end
      return finish(call, why or err)
    end
    if err.kind == "auth" and err.status == 401 and call.client.tokens and not call.logged_in_again and err.operation ~= "login" then
      -- A 401 was not carried out, so that even a call that must not be repeated is sent once more, with a new token.
      call.logged_in_again = true
      call.client.tokens:drop(call.token)
      note(call, "the token was refused")
    else
      call.can_read_back = operation ~= nil and operation.spec.read_back ~= nil and rawget(call.params, operation.spec.key) ~= nil
      local action, delay, reason = retry.decide(err, call)
      if action == "stop" then
        call.stopped = reason
        return finish(call, err)
      end
      note(call, reason)
      call.host.sleep(delay)
      if action == "read_back" then
        lost_once = true
        local found, why = reconcile(call, err)
        if found then
          return found
        end
        if why then
          return finish(call, why)
        end
        if call.tries >= call.max_attempts then
          err.outcome = "refused"
          err.retryable = true
          err.hint = "It certainly was not carried out: the same call may be made again."
          return finish(call, err)
        end
      end
    end
  end
end

-- The same. Request and response are wiped at the end, and their memory is kept for the next call: there may be several at a time, of
-- which one leaves its own.
local function send(call, request)
  local client = call.client
  local response = client.spare_response or core.response(client.options.max_body_bytes)
  client.spare_response = nil
  local result, err = loop(call, request, response)
  request:clear()
  response:reset()
  if not client.closed then
    client.spare_request, client.spare_response = request, response
  end
  return result, err
end

local function check_one_of(operation, params)
  local names = operation.spec.one_of
  if not names then
    return nil
  end
  for _, name in ipairs(names) do
    if rawget(params, name) ~= nil then
      return nil
    end
  end
  return { { path = names[1], rule = "required", message = "or " .. table.concat(names, " or ", 2) .. " is required" } }
end

-- Options that stand for fields the caller left out.
local function fill(client, operation, params)
  local wanted = operation.spec.fill
  if not wanted then
    return params
  end
  local filled = {}
  for name, value in next, params do
    filled[name] = value
  end
  for name, option in pairs(wanted) do
    if rawget(params, name) == nil then
      filled[name] = client.options.credentials[option]
    end
  end
  return filled
end

-- What all calls of one operation by one client share: the metatable of such a call.
local function plan(client, name, operation)
  local spec = operation and operation.spec
  local credentials = client.options.credentials
  local shared = {
    client = client,
    name = name,
    operation = operation,
    reply = operation and operation.reply,
    method = spec and spec.method,
    path = spec and (spec.path_option and credentials[spec.path_option] or spec.path),
    repeats = spec and (spec.repeats_option and credentials[spec.repeats_option] and "safe" or spec.repeats),
    max_attempts = client.options.max_attempts,
    budget = client.budget,
  }
  return { __index = setmetatable(shared, Call) }
end

local function new_call(client, of, outer)
  if outer then
    local call = setmetatable({}, of)
    for _, key in ipairs { "host", "transport", "started", "deadline", "max_attempts", "call_id", "traceparent", "sent" } do
      call[key] = outer[key]
    end
    call.tries, call.outer = 0, outer
    return call
  end
  local host, transport = client:open_host()
  if not host then
    return nil, transport
  end
  local now = host.now()
  client.calls = client.calls + 1
  return setmetatable({
    host = host,
    transport = transport,
    started = now,
    deadline = now + client.options.deadline_s,
    call_id = client.id_prefix .. client.calls,
    params = false, -- has its place from the beginning
    sent = 0,
    tries = 0,
  }, of)
end

local CALL_OPTIONS = { deadline_s = "number", max_attempts = "number", traceparent = "string", extra = "table" }

-- The options of one call. Unknown ones raise, at the level of the script.
local function apply_options(call, options, level)
  for name, value in pairs(options) do
    if type(value) ~= CALL_OPTIONS[name] then
      error("vkyc: " .. (CALL_OPTIONS[name] and "option " .. name .. " must be a " .. CALL_OPTIONS[name] or "unknown option " .. tostring(name) .. ", known are deadline_s, max_attempts, traceparent, extra"), level)
    end
  end
  local violations = {}
  local function check(good, name, message)
    if not good then
      violations[#violations + 1] = { path = name, rule = "range", message = message }
    end
  end
  local deadline_s, attempts, trace = options.deadline_s, options.max_attempts, options.traceparent
  check(not deadline_s or (deadline_s > 0 and deadline_s <= 86400), "deadline_s", "must be seconds, above 0 and at most 86400")
  check(not attempts or (attempts >= 1 and attempts % 1 == 0), "max_attempts", "must be a whole number, at least 1")
  -- https://www.w3.org/TR/trace-context/#traceparent-header
  check(not trace or trace:find("^%x%x%-%x+%-%x+%-%x%x$") and #trace == 55, "traceparent", "must be a W3C traceparent")
  call.deadline = deadline_s and call.started + deadline_s or call.deadline
  call.max_attempts = attempts or call.max_attempts
  call.traceparent = trace
  return #violations > 0 and violations or nil
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
  local of = client.plans[operation]
  if not of then
    of = plan(client, operation.name, operation)
    client.plans[operation] = of
  end
  local call, err = new_call(client, of, outer)
  if not call then
    return nil, err
  end
  call.params = fill(client, operation, params)
  if options then
    call.undescribed = options.extra
  end
  local violations = options and apply_options(call, options, (level or 1) + 2) or check_one_of(operation, params)
  local request
  if not violations then
    local spare = client.spare_request
    client.spare_request = nil
    request, violations =
      core.request(call.method, client.options.base_url, call.path, operation.request, call.params, options and options.extra, client.options.max_body_bytes, spare)
  end
  if not request then
    return finish(call, errors.violations("argument", violations))
  end
  local result
  result, err = send(call, request)
  if outer then
    outer.sent = call.sent
  end
  return result, err
end

local METHODS = { GET = true, POST = true, PUT = true, PATCH = true, DELETE = true }
local ANYTHING = core.schema {}

--- Makes a call that no table describes: the same signing, limits and errors; never repeated.
---@param client table
---@param request_spec { method: string, path: string, query?: table, body?: table }
---@param options? table
---@param level integer
---@return table|nil result
---@return vkyc.Error|nil err
function M.run_raw(client, request_spec, options, level)
  local call, err = new_call(client, plan(client, "call"))
  if not call then
    return nil, err
  end
  local method, path = request_spec.method, request_spec.path
  call.reply = ANYTHING
  call.method = method
  call.path = "(given)"
  call.repeats = "never" -- a GET may open a session: only a table can say that a repeat is harmless
  call.params = {}
  call.undescribed = { query = request_spec.query, body = request_spec.body }
  local violations = options and apply_options(call, options, level + 2)
  local request
  if not violations then
    if not METHODS[method] then
      violations = { { path = "method", rule = "value", message = "must be GET, POST, PUT, PATCH or DELETE" } }
    else
      request, violations = core.raw_request(method, client.options.base_url, path, request_spec.query, request_spec.body, client.options.max_body_bytes)
    end
  end
  if not request then
    return finish(call, errors.violations("argument", violations))
  end
  return send(call, request)
end

return M
