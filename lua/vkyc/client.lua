--- The client: options checked once, then every operation of its provider as a method.

local auth = require "vkyc.auth"
local core = require("vkyc.core").uncompiled()
local errors = require "vkyc.errors"
local hosts = require "vkyc.hosts"
local options_of = require "vkyc.options"
local providers = require "vkyc.provider"
local retry = require "vkyc.retry"
local states = require "vkyc.states"
local version = require "vkyc.version"

local M = {}

-- Loaded for the first call and the first delivery: a script that only takes deliveries makes no calls.
local exchange, webhook

-- A client is an empty table; what it holds is here, where no script changes it by accident.
local insides = setmetatable({}, { __mode = "k" })

local Inside = {}
Inside.__index = Inside

--- The host for this call and its transport, opened once per host.
---@return table|nil host
---@return any transport, or the error
function Inside:open_host()
  if self.closed then
    return nil, errors.new { kind = "closed", message = "the client is closed", provider = self.provider.name }
  elseif self.options.hooks and self.hooking[coroutine.running() or "main"] then -- it would be told of its own calls, or wait for itself
    local hint = "Make it in a task or timer that the hook starts, or with another client."
    return nil, errors.new { kind = "config", message = "a hook called its own client", provider = self.provider.name, hint = hint }
  end
  local host, err = hosts.pick(self.own_host)
  if not host then
    err.provider = self.provider.name
    return nil, err
  end
  local transport = self.transports[host]
  if not transport then
    local failure
    transport, failure = host.open(self.options)
    if not transport then
      return nil, errors.new { kind = failure.kind, message = failure.reason, provider = self.provider.name }
    end
    self.transports[host] = transport
  end
  return host, transport
end

---@class vkyc.Client
---@field create_user fun(self, params: table, options?: vkyc.CallOptions): table|nil, vkyc.Error|nil
---@field initiate fun(self, params: table, options?: vkyc.CallOptions): table|nil, vkyc.Error|nil
---@field status fun(self, params: table, options?: vkyc.CallOptions): table|nil, vkyc.Error|nil
local Client = {}

---@class vkyc.CallOptions
---@field deadline_s? number over all attempts and waits
---@field max_attempts? integer
---@field traceparent? string W3C trace context, passed through
---@field extra? table fields that the documentation does not have, sent as they are

-- The inside of the receiver; anything else is a mistake of the script.
local function inside_of(client, name)
  local inside = insides[client]
  if not inside then
    error("vkyc: call it with a colon, on a client: client:" .. name .. "(…)", 3)
  end
  return inside
end

-- What every call begins with: misuse is told at the level of the script.
local function begin(inside, name, options)
  if options ~= nil and type(options) ~= "table" then
    error("vkyc: the second argument of " .. name .. " is a table of options", 3)
  end
  if inside.allowed and not inside.allowed[name] then
    return errors.new {
      kind = "config",
      provider = inside.provider.name,
      operation = name,
      message = name .. " is not in this client's `operations`",
      hint = "Add it to the option `operations`, or make the call with another client.",
    }
  end
  exchange = exchange or core.require "vkyc.exchange"
  return nil
end

local function method(operation)
  return function(client, params, options)
    local inside = inside_of(client, operation.name)
    if type(params) ~= "table" then
      error("vkyc: " .. operation.name .. " takes a table of request fields", 2)
    end
    local result, err = nil, begin(inside, operation.name, options)
    if not err then
      result, err = exchange.run(inside, operation, params, options, nil, 2)
    end
    return result, err -- no tail call: misuse is told by its level
  end
end

local RAW_CALL = { method = "string", path = "string", query = "table", body = "table" }

--- A call that is not described: `client:call{ method = "POST", path = "/ppi/…", query = {…}, body = {…} }`.
-- Signed, limited and checked like the others, and never repeated by itself. The result has no state.
---@param request { method: string, path: string, query?: table, body?: table } path: below the base URL, percent-encoded for you
---@param options? vkyc.CallOptions
---@return table|nil result
---@return vkyc.Error|nil err
function Client:call(request, options)
  local inside = inside_of(self, "call")
  if type(request) ~= "table" or type(request.method) ~= "string" or type(request.path) ~= "string" then
    error("vkyc: call takes { method = \"…\", path = \"/…\", query = {…}, body = {…} }", 2)
  end
  for name, value in next, request do
    local kind = RAW_CALL[name] or error("vkyc: call has no " .. tostring(name) .. ", known are method, path, query and body", 2)
    if type(value) ~= kind then
      error("vkyc: " .. name .. " of call must be a " .. kind, 2)
    end
  end
  local result, err = nil, begin(inside, "call", options)
  if not err then
    result, err = exchange.run_raw(inside, request, options, 2)
  end
  return result, err
end

--- Verifies a webhook delivery, then reads it. Give the raw body: a parsed and re-written one has another signature.
---@param headers table name -> value, in any case; a value may be an array when a header came twice
---@param body string raw
---@param options? { tolerance_s?: number, seen?: fun(id: string): boolean } seen only looks up: who acted on the event remembers its id
---@return vkyc.Event|nil event
---@return vkyc.Error|nil err
function Client:webhook(headers, body, options)
  local inside = inside_of(self, "webhook")
  if inside.closed then
    return nil, errors.new { kind = "closed", message = "the client is closed", provider = inside.provider.name }
  end
  webhook = webhook or core.require "vkyc.webhook"
  inside.webhook_keys = inside.webhook_keys or webhook.keys(inside.provider, inside.options.credentials)
  local event, err = webhook.verify_for(inside.provider, inside.states, inside.webhook_keys, headers, body, options or {}, inside.wall(), 2)
  return event, err
end

--- When the provider's agents are at home next. Advisory: holidays are not known.
---@param unix_s? number from when; now by default
---@return number unix_s the same when they are at home, or keep no hours
function Client:next_open(unix_s)
  local inside = inside_of(self, "next_open")
  if unix_s ~= nil and not (type(unix_s) == "number" and math.abs(unix_s) < 1e15) then
    error("vkyc: next_open takes a time in Unix seconds, a number", 2)
  end
  return core.next_open(inside.provider.spec.hours, unix_s or inside.wall())
end

---@class vkyc.Stats
---@field calls integer calls begun; of those that ended, `kinds` tells how
---@field kinds table<string, integer> "ok" and kinds of errors -> calls that ended so
---@field in_flight integer calls that wait for an answer, or to send again
---@field requests integer sent by calls that ended, reading back included, logins not
---@field logins integer logins sent by this client
---@field budget_left number of the retry budget (500 when it is full; a retry takes 14)
---@field login_refused boolean
---@field login_refused_since? number Unix seconds
---@field token_age_s? number nil without a token
---@field hook_error? string the first error that one of the hooks raised, scrubbed

--- Figures of this client, in this Lua state.
---@return vkyc.Stats
function Client:stats()
  local inside = inside_of(self, "stats")
  local tokens, kinds, in_flight = inside.tokens or {}, { ok = inside.succeeded }, 0
  for kind, count in pairs(inside.kinds) do
    kinds[kind] = count
  end
  for _, busy in pairs(inside.in_flight) do
    in_flight = in_flight + (busy and 1 or 0)
  end
  return {
    calls = inside.calls,
    kinds = kinds,
    in_flight = in_flight,
    requests = inside.requests,
    logins = tokens.logins or 0,
    budget_left = inside.budget.left,
    login_refused = tokens.refused ~= nil,
    login_refused_since = tokens.refused and tokens.refused_at,
    token_age_s = tokens.renew_at and math.max(inside.wall() - tokens.fetched_at, 0) or nil,
    hook_error = inside.hook_error,
  }
end

--- Closes connections and wipes what is the client's own. Secrets that were given as objects stay their owner's. Idempotent.
function Client:close()
  local inside = inside_of(self, "close")
  if inside.closed then
    return
  end
  inside.closed = true
  for _, transport in pairs(inside.transports) do
    if type(transport) == "userdata" then
      transport:close()
    end
  end
  inside.transports = {}
  if inside.tokens then
    inside.tokens:drop()
  end
  if inside.webhook_keys then
    inside.webhook_keys:close()
  end
end

-- provider -> metatable with its methods; made of data that nobody changes.
local metatables = setmetatable({}, { __mode = "k" })

local function metatable_of(provider)
  local mt = metatables[provider]
  if mt then
    return mt
  end
  local methods = {}
  for name, fn in pairs(Client) do
    methods[name] = fn
  end
  for name, operation in pairs(provider.operations) do
    methods[name] = method(operation)
  end
  for alias, name in pairs(provider.spec.aliases or {}) do
    methods[alias] = methods[name]
  end
  mt = {
    __index = methods,
    __name = "vkyc.Client",
    __metatable = "vkyc.Client",
    __newindex = function()
      error("vkyc: a client's options are fixed when it is made", 2)
    end,
    __tostring = function(client)
      local inside = insides[client]
      return "vkyc.Client(" .. provider.name .. (inside and inside.closed and ", closed" or "") .. ")"
    end,
    __close = Client.close,
    __gc = function(client)
      if insides[client] then
        Client.close(client)
      end
    end,
  }
  metatables[provider] = mt
  return mt
end

local function fault_error(provider, faults)
  return nil, errors.violations("config", faults, { provider = provider })
end

local function allow_list(options, provider)
  if not options.operations then
    return nil
  end
  local allowed = {}
  for _, name in ipairs(options.operations) do
    allowed[(provider.spec.aliases or {})[name] or name] = true
  end
  return allowed
end

--- Makes a client.
---@param options table see docs/options.md
---@param level integer of the script, for misuse
---@return vkyc.Client|nil
---@return vkyc.Error|nil err of kind config, with every fault of the options at once
function M.new(options, level)
  if type(options) ~= "table" then
    error("vkyc.new takes a table of options", level)
  end
  local provider, faults = providers.load(options.provider)
  if not provider then
    return fault_error(nil, faults)
  end
  local checked, err = options_of.check(options, provider, level)
  if not checked then
    return nil, err
  end
  local compiled
  compiled, faults = states.compile(provider.spec.states, checked.statuses)
  if not compiled then
    return fault_error(provider.name, faults)
  end
  local parts
  parts, faults = auth.prepare(provider, checked.credentials)
  if faults then
    return fault_error(provider.name, faults)
  end
  local own_host
  if checked.host then
    own_host = hosts.custom(checked.host)
  elseif checked.environment == "simulator" then
    own_host = hosts.custom((core.require "vkyc.simulator.host"(provider, checked)))
  end
  local transports = {}
  if not own_host then
    transports, faults = hosts.prepare(checked, provider)
    if not transports then
      return fault_error(provider.name, faults)
    end
  end
  local inside = setmetatable({
    provider = provider,
    options = checked,
    states = compiled,
    parts = parts,
    heads = {},
    plans = {},
    spare_requests = {},
    spare_responses = {},
    own_host = own_host,
    transports = setmetatable(transports, { __mode = "k" }), -- a loop goes when its script drops it
    budget = retry.budget(),
    calls = 0,
    succeeded = 0,
    requests = 0,
    kinds = {},
    in_flight = setmetatable({}, { __mode = "k" }), -- responses; those of a coroutine that was dropped in the middle go with it
    hooking = setmetatable({}, { __mode = "k" }), -- coroutines in which a hook runs
    allowed = allow_list(checked, provider),
    id_prefix = core.random_hex(4) .. "-",
    user_agent = "vkyc/" .. version,
    wall = own_host and own_host.wall or core.wall,
  }, Inside)
  if provider.spec.token then
    inside.tokens = core.require("vkyc.tokens").new(provider, checked)
  end
  local client = setmetatable({}, metatable_of(provider))
  insides[client] = inside
  return client
end

return M
