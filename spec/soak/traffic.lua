--- The traffic of the soak: what a client meets on good and bad days, the same in every host.
--
--    local addresses = traffic.define(server)               -- a server of spec.support.faults
--    local mix = traffic.new(addresses, more_options)
--    mix:round()                                            -- about 80 calls, each with the end that is expected of it
--    mix.counts.good, .fast, .bad, .webhooks, .stale, .surprises
--
-- A surprise is a call that ended otherwise than the server made it end. Apart from that, a kept connection may be given up by the server (after
-- ten idle seconds) at the very moment at which it is used: such a call ends as `network` and is counted as stale.

local vkyc = require("vkyc")

local M = {}

local WEBHOOK_SECRET = "whsec_soak_0123456789"
local KEY = { user_id = "U1", verification_id = "V1" }
local RECORD = '{"user_id":"U1","verification_id":"V1","status":"RECEIVED","vkyc_link":"https://vkyc.example/s/1"}'
local WALLET = '{"response_code":0,"payload":{"enkashCardId":"C1"}}'
local EVENT = '{"event_type":"VKYC_USER_LINK_GENERATED","event_time":"2025-05-22T03:51:14Z","data":{"verification_id":"V1","status":"RECEIVED"}}'

local function answer(status, body)
  local head = "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
  return { "send", head:format(status, #body) .. body }
end

local FINE, UNAUTHORIZED = answer("200 OK", WALLET), answer("401 Unauthorized", "{}")

-- What the server does with the requests of each client. `leaves` resets a call before its answer, and has the record all the same.
local CASES = {
  good = { answer("200 OK", RECORD) },
  denied = { answer("422 No", '{"type":"invalid_request_error","code":"insufficient_balance","message":"Insufficient balance for 9876500001."}') },
  broken = { answer("200 OK", '{"status":"RECEIVED",') },
  down = { answer("503 Unavailable", "<h1>down</h1>") },
  unknown = { answer("404 Not Found", '{"code":"verification_not_found","type":"invalid_request_error","message":"none"}') },
  reset = { { "rst" } },
  cut = { { "send", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{" }, { "close" } },
  hang = { { "hang" } },
  large = { { "send", "HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" } },
  zipped = { { "send", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}" } },
  login = { answer("200 OK", '{"access_token":"tokenOfTheSoak","token_type":"bearer","expires_in":3600}') },
  wallet = { FINE },
  refusing = { UNAUTHORIZED },
}

--- Tells a server all cases.
---@param server table of spec.support.faults
---@return table addresses plain strings
function M.define(server)
  for id, steps in pairs(CASES) do
    server:case({ id = id, steps = steps })
  end
  return { tls = server:base("tls", "localhost"), refused = server:base("refused", "localhost"), ca_file = server:file("ca.pem") }
end

--- From now on one request with a token is refused: whoever meets it logs in again.
function M.expire_token(server)
  server:case({ id = "wallet", answers = { { UNAUTHORIZED }, { FINE } } })
end

local function status(client)
  return client:status(KEY)
end

local function initiate(client)
  return client:initiate({ user_id = "U1", verification_id = "V1", notification_modes = { "SMS" } })
end

local function wallet(client)
  return client:vkyc_status({ enKashCardId = "C1" })
end

local function mistake(client)
  return client:initiate({ user_id = "no id!", notification_modes = { "FAX" } })
end

-- How often a round makes which call, by which client, and the kind of its error.
local CALLS = {
  { 20, "good", status, class = "good" },
  { 8, "good", initiate, class = "good" },
  { 4, "wallet", wallet, class = "good" },
  { 12, "denied", initiate, "bad_request", class = "fast" },
  { 12, "broken", status, "decode", class = "fast" },
  { 12, "refused", status, "connect", class = "fast" },
  { 2, "good", mistake, "argument", class = "bad" },
  { 1, "unknown", status, "not_found", class = "bad" },
  { 1, "down", status, "server", class = "bad" },
  { 1, "reset", status, "network", class = "bad" },
  { 1, "reset", initiate, "network", class = "bad" },
  { 1, "cut", status, "network", class = "bad" },
  { 1, "hang", status, "timeout", class = "bad" },
  { 1, "large", status, "too_large", class = "bad" },
  { 1, "zipped", status, "protocol", class = "bad" },
  { 1, "refusing", wallet, "auth", class = "bad" },
}

local Mix = {}
Mix.__index = Mix

local function client_of(self, name)
  local addresses = self.addresses
  local options = { base_url = (name == "refused" and addresses.refused or addresses.tls) .. "/" .. name, max_attempts = 1 }
  if name == "wallet" or name == "refusing" then
    options.provider, options.environment, options.token_url = "enkash", "uat", addresses.tls .. "/login"
    options.client_id, options.client_secret, options.username, options.password, options.partner_id = name, "secret", "u", "p", "P"
    options.shared, options.max_attempts = self.more.shared, 2
  else
    options.provider, options.environment, options.client_id, options.client_secret = "cashfree_ppi", "sandbox", "c", "secret"
    options.webhook_secrets = { WEBHOOK_SECRET, "an older one" }
  end
  if name == "down" then
    options.max_attempts = 2
  elseif name == "hang" then
    options.attempt_timeout_s = 0.05
  elseif name == "leaving" then
    options.attempt_timeout_s = 1
  end
  options.ca_file = self.more.shared == nil and addresses.ca_file or nil -- in nginx it is a directive
  return assert(vkyc.new(options))
end

--- Counts of nothing yet.
function M.counts()
  return { rounds = 0, good = 0, fast = 0, bad = 0, webhooks = 0, stale = 0, surprises = 0 }
end

--- Makes the clients of one host.
---@param addresses table what define returned
---@param more? { shared: any, keep: table? } shared: nginx's dictionary; keep: a table in which every result stays, to see the judge find a leak
---@return table mix
function M.new(addresses, more)
  local self = setmetatable({ addresses = addresses, more = more or {}, clients = {}, seen = {} }, Mix)
  self.counts = M.counts()
  for _, call in ipairs(CALLS) do
    self.clients[call[2]] = self.clients[call[2]] or client_of(self, call[2])
  end
  return self
end

function Mix:note(class, fine, what)
  local counts = self.counts
  counts[class] = counts[class] + 1
  if not fine then
    counts.surprises = counts.surprises + 1
    self.surprise = self.surprise or what()
  end
end

function Mix:call(client, call)
  local result, err = call[3](client)
  local kind = err and err.kind
  local stale = kind == "network" and call[4] ~= "network"
  if stale then
    self.counts.stale, self.stale = self.counts.stale + 1, call[2] .. " ended as " .. tostring(err)
  end
  self:note(call.class, kind == call[4] or stale, function()
    return call[2] .. " ended as " .. tostring(err or "a result")
  end)
  local keep = self.more.keep
  if keep then
    keep[#keep + 1] = result or err
  end
  return result or tostring(err)
end

function Mix:webhook(body, secret, now, kind, headers)
  headers = headers or vkyc.webhook.sign({ provider = "cashfree_ppi", secret = secret, body = body, now = now })
  local event, err = self.clients.good:webhook(headers, body)
  self:note("webhooks", (err and err.kind) == kind, function()
    return "a delivery ended as " .. tostring(err or event)
  end)
  return headers
end

function Mix:webhooks()
  local headers = self:webhook(EVENT, WEBHOOK_SECRET)
  self:webhook(EVENT, "an older one")
  self:webhook(EVENT .. " ", nil, nil, "webhook", headers)
  self:webhook(EVENT, "of somebody else", nil, "webhook")
  self:webhook(EVENT, WEBHOOK_SECRET, 1000, "webhook")
  self:webhook("{", WEBHOOK_SECRET, nil, "decode")
end

--- Every call as often as CALLS says, a client that is made for one call, and deliveries.
function Mix:round()
  for _, call in ipairs(CALLS) do
    for _ = 1, call[1] do
      local result = self:call(self.clients[call[2]], call)
      if type(result) == "table" then
        vkyc.redact(result)
        vkyc.state(result)
      end
    end
  end
  local brief = client_of(self, "good")
  self:call(brief, CALLS[1])
  if self.counts.rounds % 2 == 0 then -- the others are left to the collector
    brief:close()
  end
  self:webhooks()
  self.counts.rounds = self.counts.rounds + 1
end

--- A call that takes a second: to be cancelled, or left.
function Mix:hang()
  self.leaving = self.leaving or client_of(self, "leaving")
  return self.leaving:status(KEY)
end

function Mix:close()
  for _, client in pairs(self.clients) do
    client:close()
  end
  if self.leaving then
    self.leaving:close()
  end
  self.clients, self.leaving = {}, nil
end

M.WEBHOOK_SECRET, M.EVENT = WEBHOOK_SECRET, EVENT
CASES.leaving = CASES.hang

return M
