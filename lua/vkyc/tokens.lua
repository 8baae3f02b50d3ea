--- Tokens of a password login (OAuth 2.0 password grant, RFC 6749 section 4.3): fetched once, kept as a secret, renewed early.
-- A refused login is never repeated: providers lock an account after a few. It stays refused until a secret is replaced.

local core = require "vkyc.core"
local errors = require "vkyc.errors"
local secrets = require "vkyc.secrets"

local M = {}
M.__index = M

-- Every spelling of the reply, at the root and inside of the payload.
local function reply_schema(spec)
  local fields = {}
  for _, name in ipairs(spec.access_token) do
    fields[#fields + 1] = { name = name, type = "string", strict = true, sensitive = true }
  end
  for _, name in ipairs(spec.expires_in_s) do
    fields[#fields + 1] = { name = name, type = "number" }
  end
  if spec.payload then
    local inner = {}
    for i, field in ipairs(fields) do
      inner[i] = field
    end
    fields[#fields + 1] = { name = spec.payload, type = "object", fields = inner }
  end
  return core.schema(fields)
end

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
    credentials = options.credentials,
    watched = watched, -- the secrets whose replacement lifts a refusal
    reply = reply_schema(spec),
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

local function pick(body, names)
  for _, name in ipairs(names) do
    if body[name] ~= nil then
      return body[name]
    end
  end
  return nil
end

function M:request(max_body)
  local request = assert(core.raw_request("POST", self.url, "", nil, nil, max_body))
  local credentials = self.credentials
  assert(request:header("Content-Type", "application/x-www-form-urlencoded"))
  assert(request:header("Accept", "application/json"))
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

function M:refused_error(status)
  return errors.new {
    kind = "auth",
    operation = "login",
    status = status,
    message = "the provider refused the login" .. (status and "" or " before, and it is not repeated"),
    hint = "Correct client_id, client_secret, username or password (secret:replace sets a new one)"
      .. (self.spec.locks_out and "; it is not tried again by itself, because a few refused logins lock the account." or "."),
  }
end

-- One login. Returns true, or nil and the error; `final` on it forbids another within this call.
function M:login(call)
  local client = call.client
  local host = call.host
  local request, reason = self:request()
  if not request then
    return nil, errors.new { kind = "config", message = "a credential " .. reason }
  end
  local response = core.response(client.options.max_body_bytes)
  local status, failure = call:send(request, response)
  request:close()
  if not status then
    -- Sent and lost: it may count as a failed login, so it is not repeated blindly.
    return nil, errors.new {
      kind = failure.kind,
      operation = "login",
      phase = failure.phase,
      message = core.scrub("the login failed: " .. failure.reason, call:sensitive()),
      retryable = true,
      final = failure.sent or nil,
    }
  end
  if REFUSED[status] then
    return nil, self:refused_error(status)
  end
  local body = status >= 200 and status < 300 and self.reply:decode(response)
  response:close()
  if not body then
    local kind = status >= 500 and "server" or status == 429 and "rate_limited" or (status >= 300 and status < 400) and "redirect" or "decode"
    return nil, errors.new { kind = kind, operation = "login", status = status, message = "the login was not answered with a token", final = true, retryable = status >= 429 }
  end
  local inner = self.spec.payload and body[self.spec.payload]
  inner = type(inner) == "table" and inner or nil
  local token = pick(body, self.spec.access_token) or (inner and pick(inner, self.spec.access_token))
  local kept = type(token) == "string" and core.secret(token)
  if not kept then
    -- A refusal in an envelope under 200, as these providers do.
    return nil, self:refused_error(status)
  end
  local lifetime = pick(body, self.spec.expires_in_s) or (inner and pick(inner, self.spec.expires_in_s))
  lifetime = type(lifetime) == "number" and lifetime > 0 and lifetime or self.spec.lifetime_s
  self.token = kept
  self.fetched_at = host.now()
  -- Early, and not at the same moment as every other client.
  self.renew_at = self.fetched_at + lifetime * (0.8 + 0.1 * host.random())
  return true
end

-- Reads secrets from files again. Returns the generation then.
function M:reload()
  for _, secret in ipairs(self.watched) do
    secret:reload()
  end
  return self:generation()
end

--- A token that is good now.
---@param call table
---@return vkyc.Secret|nil
---@return vkyc.Error|nil err
function M:get(call)
  if self.renew_at and call.host.now() < self.renew_at then
    return self.token
  end
  for _ = 1, 2 do
    local generation = self:generation()
    if self.refused == generation then
      local reloaded = self:reload() -- somebody may have corrected the file since
      if reloaded == generation then
        return nil, self:refused_error()
      end
      generation = reloaded
    end
    local good, err = self:login(call)
    if good then
      self.refused = nil
      return self.token
    end
    if err.kind ~= "auth" then
      return nil, err
    end
    self.refused = generation
    if self:reload() == generation then
      return nil, err
    end
  end
  return nil, self:refused_error()
end

--- Forgets the token after the provider said 401 to it.
function M:drop()
  self.renew_at = nil
  if self.token then
    self.token:close()
  end
end

return M
