--- Who may call: the parts of authentication that a provider's table names, seen from the server's side.
-- What a refusal looks like is the behaviour's business: `behaviour.refuse(sim, reason, detail)`.

local text = require "vkyc.simulator.text"

local M = {}

-- Without a known credential anything that is not empty will do.
local function matches(expected, given)
  if given == nil or given == "" then
    return false
  elseif expected == nil then
    return true
  elseif type(expected) == "userdata" then
    return expected:equals(given)
  end
  return expected == given
end

local function option_type(sim, name)
  for _, option in ipairs(sim.provider.options or {}) do
    if option.name == name then
      return option.type
    end
  end
end

local PARTS = {}

function PARTS.headers(sim, part, headers)
  local names = {}
  for name in pairs(part.headers) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    local option, given = part.headers[name], headers[name:lower()]
    if given == nil or given == "" then
      return "header_missing", name:lower()
    elseif option_type(sim, option) == "date" then
      -- A version is not a credential: the form is what counts.
      if not given:find("^%d%d%d%d%-%d%d%-%d%d$") then
        return "header_invalid", name:lower()
      end
    elseif not matches(sim.credentials[option], given) then
      return "credentials", name:lower()
    end
  end
end

-- The key's other half decrypts it: `decrypt` gets the header's base64 text and returns "client_id.unix seconds", or nil.
function PARTS.rsa_oaep_timestamp(sim, part, headers)
  local given = headers[part.header]
  if not given or not sim.options.decrypt then
    return nil
  end
  local plain = sim.options.decrypt(given)
  local id, at = (plain or ""):match("^(.*)%.(%d+)$")
  -- Five minutes: https://github.com/cashfree/agent-skills
  if not id or not matches(sim.credentials[part.id], id) or math.abs(sim:now() - tonumber(at)) > 300 then
    return "signature", part.header
  end
end

function PARTS.oauth_password(sim, _, headers)
  local token = (headers.authorization or ""):match("^[Bb]earer +(%S+)$")
  if not token then
    return "no_token", "authorization"
  end
  local expires_at = sim.tokens[token]
  if not expires_at or expires_at <= sim:now() then
    return "bad_token", "authorization"
  end
end

--- Checks a request of an operation.
---@param sim table
---@param headers table<string, string>
---@return table|nil refusal the response, nil when the caller may pass
function M.check(sim, headers)
  for _, part in ipairs(sim.provider.auth or {}) do
    local reason, detail = PARTS[part.part](sim, part, headers)
    if reason then
      return sim.behaviour.refuse(sim, reason, detail)
    end
  end
  -- Webhooks are signed with the secret of the merchant who calls, unless one was given.
  local webhook = sim.provider.webhook
  for _, part in ipairs(webhook and sim.provider.auth or {}) do
    for name, option in pairs(part.headers or {}) do
      if option == webhook.secret then
        sim.seen_secret = headers[name:lower()]
      end
    end
  end
end

local function login(sim, request, token)
  local id, secret = (text.unbase64((request.headers.authorization or ""):match("^[Bb]asic +(%S+)$") or "") or ""):match("^(.-):(.*)$")
  if not id then
    return "token_basic"
  end
  if not (matches(sim.credentials[token.basic[1]], id) and matches(sim.credentials[token.basic[2]], secret)) then
    return "token_client"
  end
  local form, right = text.form(request.body or ""), true
  for _, field in ipairs(token.form) do
    local given = form[field.name]
    if given == nil or given == "" or (field.value and given ~= field.value) then
      return "token_form", field.name
    end
    right = right and (field.value or matches(sim.credentials[field.option], given))
  end
  return not right and "login" or nil
end

-- https://docs.enkash.com/api-24480514: three consecutive refusals lock the account.
local REFUSALS = 3

--- Answers a request for a token.
---@param sim table
---@param request table
---@return table response
function M.token(sim, request)
  local token = sim.provider.token
  if not (request.headers["content-type"] or ""):find("^application/x%-www%-form%-urlencoded") then
    return sim.behaviour.refuse(sim, "media", "application/x-www-form-urlencoded")
  end
  if token.locks_out and sim.refused_logins >= REFUSALS then
    return sim.behaviour.refuse(sim, "locked")
  end
  local reason, detail = login(sim, request, token)
  if reason then
    if reason == "login" or reason == "token_client" then
      sim.refused_logins = sim.refused_logins + 1
    end
    return sim.behaviour.refuse(sim, reason, detail)
  end
  sim.refused_logins = 0
  local lifetime_s = sim.options.token_lifetime_s or sim.behaviour.token_lifetime_s or token.lifetime_s
  local access = sim:random_text(27)
  sim.tokens[access] = sim:now() + lifetime_s
  return sim.behaviour.token(sim, access, lifetime_s)
end

return M
