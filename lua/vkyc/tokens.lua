--- Tokens of a password login (OAuth 2.0 password grant, RFC 6749 section 4.3): fetched once, kept as a secret, renewed early.
-- A refused login is never repeated: providers lock an account after a few. It stays refused until a secret is replaced.

local core = require("vkyc.core").uncompiled()
local errors = require "vkyc.errors"
local hooks = require "vkyc.hooks"
local secrets = require "vkyc.secrets"
local shared_login = require "vkyc.stores.shared_login"

local POLL_S = 0.01 -- how often those look who wait for somebody else's login
local MARGIN_S = 2

-- When an error is raised in a login (for want of memory), the others must not wait for its end. Only PUC's 5.1 cannot wait below a pcall.
local guarded = (_VERSION ~= "Lua 5.1" or rawget(_G, "jit")) and pcall or function(fn, ...) return true, fn(...) end

local M = {}
M.__index = M

--- Makes the token cache of a client.
---@param provider table compiled
---@param options table checked
---@return table
function M.new(provider, options)
  local spec = provider.spec.token
  local watched = {}
  for _, value in pairs(options.credentials) do
    if secrets.is(value) then
      watched[#watched + 1] = value
    end
  end
  return setmetatable({
    spec = spec,
    url = options.token_url,
    path = core.url(options.token_url).path,
    credentials = options.credentials,
    watched = watched, -- the secrets whose replacement lifts a refusal
    reply = provider.token.reply,
    hint = provider.token.hint,
    logins = 0,
    shared = options.shared and shared_login.new(options.shared, options.token_url, options.credentials),
  }, M)
end

-- Changes whenever one of the secrets does.
function M:generation()
  local sum = 0
  for _, secret in ipairs(self.watched) do
    sum = sum + secret:generation()
  end
  return sum
end

-- The first spelling that is there, at the root or in the payload.
local function pick(names, body, payload)
  for _, name in ipairs(names) do
    local value = body[name]
    if value == nil and payload then
      value = payload[name]
    end
    if value ~= nil then
      return value
    end
  end
  return nil
end

function M:request(max_body)
  local request = assert(core.raw_request("POST", self.url, "", nil, nil, max_body))
  local credentials = self.credentials
  assert(request:header("Content-Type", "application/x-www-form-urlencoded"))
  assert(request:header("Accept", "application/json"))
  assert(request:header("Accept-Encoding", "identity"))
  if self.spec.basic then
    local good, reason = request:basic(credentials[self.spec.basic[1]], credentials[self.spec.basic[2]])
    if not good then
      request:close()
      return nil, reason
    end
  end
  for _, field in ipairs(self.spec.form) do
    local good, reason = request:form(field.name, field.value or credentials[field.option])
    if not good then
      request:close()
      return nil, reason
    end
  end
  return request
end

local REFUSED = { [400] = true, [401] = true, [403] = true, [422] = true, [423] = true }

local TROUBLE = { server = true, rate_limited = true, redirect = true }

-- Why there is no token: what errors.map says of the provider's code, else a refusal, else trouble. Returns whether it is a refusal, too.
function M:failure(call, response, status, readable)
  local provider = call.client.provider
  local err = core.refusal(response, call:sensitive(), provider.spec, (provider.error_reply:decode(response)), call.host.wall())
  local row = (provider.spec.errors.map or {})[err.code or ""]
  local kind = type(row) == "table" and row.kind or row
  local refused = (REFUSED[status] or readable) and kind ~= "rate_limited" and kind ~= "server"
  err.kind = kind or refused and "auth" or TROUBLE[err.kind] and err.kind or "decode"
  err.hint = type(row) == "table" and row.hint or refused and self.hint or nil
  err.message = refused and "the provider refused the login" or "the login was not answered with a token"
  err.retryable = err.kind == "rate_limited" or err.kind == "server"
  err.operation, err.final = "login", true
  return errors.new(err), refused
end

-- For those who come after a refusal. Of another worker's nothing more is known.
function M:refused_error()
  local why = self.why or { kind = "auth", hint = self.hint }
  local message = "the provider refused the login before, and it is not repeated"
  return errors.new { kind = why.kind, operation = "login", code = why.code, message = message, hint = why.hint }
end

-- One login. Returns true; or nil, the error (`final` on it forbids another within this call), and whether it is a refusal. `key`: where
-- the workers share it.
function M:login(call, key)
  local client = call.client
  local host = call.host
  local request, reason = self:request()
  if not request then
    return nil, errors.new { kind = "config", message = "a credential " .. reason }
  end
  local options, response, told = client.options, core.response(client.options.max_body_bytes), nil
  if options.hooks then
    local view = { name = "login", method = "POST", path = self.path, params = {}, outer = false, sent = 1, started = host.now() }
    told = setmetatable(view, { __index = call })
    hooks.tell(told, "on_request")
  end
  self.logins = self.logins + 1
  local status, failure = call:send(request, response)
  request:close()
  if told and status then
    told.headers = options.response_headers and hooks.headers(told, response)
    hooks.answered(told, response, status, told.started)
  end
  if not status then
    -- Sent and lost: it may count as a failed login, so it is not repeated blindly.
    return nil, errors.new {
      kind = failure.kind,
      operation = "login",
      phase = failure.phase,
      message = core.scrub("the login failed: " .. failure.reason, call:sensitive()),
      cause = failure.cause and core.scrub(failure.cause, call:sensitive()),
      retryable = true,
      final = failure.sent or nil,
    }
  end
  local readable = status >= 200 and status < 300 and self.reply:decode(response)
  local body = readable or {}
  local inner = self.spec.payload and body[self.spec.payload]
  inner = type(inner) == "table" and inner or nil
  local token = pick(self.spec.access_token, body, inner)
  local kept = type(token) == "string" and core.secret(token)
  if not kept then -- perhaps a refusal in an envelope under 200, as these providers do
    local err, refused = self:failure(call, response, status, readable)
    response:close()
    return nil, err, refused
  end
  response:close()
  local lifetime = pick(self.spec.expires_in_s, body, inner)
  lifetime = type(lifetime) == "number" and lifetime > 0 and lifetime or self.spec.lifetime_s
  -- Early, and not at the same moment as every other client.
  local seconds = lifetime * (0.8 + 0.1 * host.random())
  local unix_s = host.wall()
  self:keep(kept, key and self.shared:remember(key, token, seconds, unix_s), host.now() + seconds, unix_s)
  return true
end

-- Reads secrets from files again. Returns the generation then.
function M:reload()
  for _, secret in ipairs(self.watched) do
    secret:reload()
  end
  return self:generation()
end

function M:keep(token, id, renew_at, fetched_at)
  self.token, self.token_id, self.renew_at, self.fetched_at = token, id, renew_at, fetched_at
  self.refused, self.why = nil, nil
end

-- The token, when there is a good one; perhaps another worker's.
function M:current(host)
  if self.renew_at and host.now() < self.renew_at then
    return self.token
  end
  if self.shared then
    local id, text, seconds, fetched_at = self.shared:token(self.shared:key(self:generation()))
    if id and id ~= self.dropped then
      self:keep(core.secret(text), id, host.now() + seconds, fetched_at)
      return self.token
    end
  end
  return nil
end

function M:is_refused()
  local generation = self:generation()
  local since = self.shared and self.shared:refused_since(self.shared:key(generation))
  if since then
    self.why = self.refused == generation and self.why or nil
    self.refused, self.refused_at = generation, since
  end
  return self.refused == generation
end

-- The login of a flight, unless another worker was first, or its call was cancelled.
function M:fly(flight, call, key)
  if call and not self:current(call.host) and not self:is_refused() then
    local generation = self:generation()
    local _, err, refused = self:login(call, key)
    flight.err, flight.refused = err, refused
    if refused then
      self.refused, self.refused_at, self.why = generation, call.host.wall(), err
      if self.shared then
        self.shared:refuse(key, self.refused_at)
      end
    end
  end
end

-- Begins a login for all that wait. nil while another worker is at it.
function M:take_off(call)
  local host, patience = call.host, call.client.options.attempt_timeout_s
  local key = self.shared and self.shared:key(self:generation())
  local lock = key and self.shared:lock(key, patience + MARGIN_S)
  if key and not lock then
    return nil
  end
  local flight = { ends = host.now() + patience + MARGIN_S, done = false }
  local function run(own)
    local good, raised = guarded(self.fly, self, flight, own, key)
    flight.done = true
    self.flight = self.flight ~= flight and self.flight or nil
    if lock then
      self.shared:unlock(key, lock)
    end
    return good or error(raised, 0)
  end
  self.flight = flight
  -- Its own call: nobody's deadline and nobody's end takes the login away from the others.
  local started = host.background and host.background(function(cancelled)
    local own = { client = call.client, host = host, transport = call.transport, deadline = host.now() + patience, call_id = call.call_id }
    run(not cancelled and setmetatable(own, getmetatable(call)) or nil)
  end)
  if not started then
    run(call)
  end
  return flight
end

-- Waits for a flight, or for another worker's, within the call's deadline. Returns false and why when that is over.
local function wait(call, flight)
  repeat
    if flight and (flight.done or call.host.now() >= flight.ends) then
      return true
    elseif call.host.now() >= call.deadline then
      return false, "timeout", "the login did not end in time"
    elseif call.host.sleep(POLL_S) == false then
      return false, "cancelled", "the call was cancelled while it waited for a login"
    end
  until not flight
  return true
end

-- Those who waited get an error each, because a call writes its own facts into it.
local function copy(err)
  local fields = {}
  for name, value in pairs(err) do
    fields[name] = value
  end
  return errors.new(fields)
end

--- A token that is good now. Of all that ask while there is none, one logs in.
---@param call table
---@return vkyc.Secret|nil
---@return vkyc.Error|nil err
function M:get(call)
  local flights = 0
  while true do
    local token = self:current(call.host)
    if token then
      return token
    end
    local generation = self:generation()
    if self:is_refused() and self:reload() == generation then -- somebody may have corrected the file since
      return nil, self:refused_error()
    end
    local flight = self.flight
    if not flight or call.host.now() >= flight.ends then
      flight = self:take_off(call)
    end
    local arrived, kind, message = wait(call, flight)
    if not arrived then
      return nil, errors.new { kind = kind, operation = "login", message = message, retryable = kind == "timeout" }
    end
    local err = flight and flight.err
    if err then
      flights = flights + 1
      if not flight.refused or flights == 2 or self:reload() == generation then
        return nil, copy(err)
      end
    end
  end
end

--- Forgets the token after the provider said 401 to it. One that came since is kept. It is wiped when no call knows it any more: an answer may
-- still repeat it.
---@param used vkyc.Secret|nil the token that was refused; nil: whichever there is, which is wiped now
function M:drop(used)
  if used and used ~= self.token then
    return
  end
  self.renew_at = nil
  self.dropped = self.token_id
  if self.token and not used then
    self.token:close()
  end
end

return M
