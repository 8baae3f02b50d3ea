--- A provider that answers without a network, for tests and demonstrations.
-- This file is the frame: routing, authentication, checks, faults, time and webhooks. What one provider does is in
-- `vkyc.providers.NAME_simulator`. Whatever no page documents is marked with the header `x-simulated`.
--
--    local sim = simulator.new{ provider = "cashfree_ppi", now = function() return t end }
--    local response = sim:handle{ method = "POST", path = "/ppi/user", headers = {…}, body = "{…}" }
--    sim:advance("VERIFICATION1", "approved")

local auth = require "vkyc.simulator.auth"
local cases = require "vkyc.simulator.cases"
local check = require "vkyc.simulator.check"
local clock = require "vkyc.simulator.clock"
local json = require "vkyc.simulator.json"
local routes = require "vkyc.simulator.routes"
local text = require "vkyc.simulator.text"
local webhooks = require "vkyc.simulator.webhooks"

local M = {}

---@class vkyc.Simulator
local Simulator = {}
Simulator.__index = Simulator

--- The words that a provider's simulator invents, by provider: what `vkyc.new{ statuses = … }` takes.
---@type table<string, table<string, string>>
M.statuses = setmetatable({}, {
  __index = function(_, name)
    local ok, behaviour = pcall(require, "vkyc.providers." .. tostring(name) .. "_simulator")
    return ok and behaviour.statuses or nil
  end,
})

local function behaviour_of(name)
  local ok, behaviour = pcall(require, "vkyc.providers." .. tostring(name) .. "_simulator")
  if not ok then
    error("there is no simulator of " .. tostring(name) .. ": pass behaviour = {…} (" .. tostring(behaviour):match("^[^\n]*") .. ")", 3)
  end
  return behaviour
end

local OPTIONS = {
  provider = true, behaviour = true, now = true, clock_offset_s = true, credentials = true, api_path_prefix = true, paths = true, seed = true,
  timetable = true, hours = true, accept_unknown = true, rate_limit = true, decrypt = true, webhook_secret = true, token_lifetime_s = true,
  token_spelling = true, token_in_payload = true, envelope = true, first_reference_id = true,
}

--- Makes a simulator.
--
-- `provider`: a name or a provider's table. `now`: a function that returns unix seconds (default: the system's clock, moved into
-- the provider's service hours where it has any). `credentials`: option name -> text or secret; what is not given may be
-- anything but empty. `timetable`: { {after_s=, step=}, … } for every new case. `seed`: another number makes other ids and
-- links. `hours = false`: open day and night. `rate_limit`: calls a minute that are let through (default: all).
-- `accept_unknown`: fields that the provider's table does not have. `paths`: option name -> a further path for operations with a
-- `path_option`. `api_path_prefix`: what to strip from paths. `decrypt`: function(base64) -> plain text or nil, for x-cf-signature.
-- `webhook_secret`: a text or secret. `first_reference_id`: digits. `token_spelling = "camel"`, `token_in_payload`, `token_lifetime_s`,
-- `envelope = "code"|"response_code"`: the spellings a server may use. `behaviour`: for a provider's table of one's own.
---@param options table
---@return vkyc.Simulator
function M.new(options)
  if type(options) ~= "table" then
    error("simulator.new wants a table of options", 2)
  end
  for name in pairs(options) do
    if not OPTIONS[name] then
      error("the simulator has no option " .. tostring(name), 2)
    end
  end
  local provider = options.provider
  if type(provider) == "string" then
    provider = require("vkyc.providers." .. provider)
  elseif type(provider) ~= "table" then
    error("the simulator's provider must be a name or a table", 2)
  end
  local behaviour = options.behaviour or behaviour_of(provider.name)
  local self = setmetatable({
    provider = provider,
    behaviour = behaviour,
    options = options,
    credentials = options.credentials or {},
    routes = routes.new(provider, options.paths or {}),
    prefixes = routes.prefixes(provider, options.api_path_prefix),
    offset_s = options.clock_offset_s or not options.now and options.hours ~= false and clock.into_hours(provider.hours, os.time()) or 0,
    random_state = (options.seed or 1) % 2147483646 + 1,
    cases = {},
    case_list = {},
    tokens = {},
    refused_logins = 0,
    faults = {},
    log = {},
    messages = {},
    webhooks = {},
    window = {},
    store = {},
  }, Simulator)
  cases.check_timetable(self, options.timetable or {}, 2)
  if behaviour.start then
    behaviour.start(self)
  end
  return self
end

-- Time and chance ------------------------------------------------------------------------------------------------------

--- The simulated time, unix seconds.
---@return number
function Simulator:now()
  return (self.options.now or os.time)() + self.offset_s
end

--- Moves the simulated clock away from its source.
---@param offset_s? number seconds; nil only asks
---@return number now the simulated time
---@return number offset_s
function Simulator:clock(offset_s)
  self.offset_s = offset_s or self.offset_s
  return self:now(), self.offset_s
end

--- An integer in 1..n, the same sequence for the same seed on every VM (Park and Miller's generator).
---@param n integer
---@return integer
function Simulator:random(n)
  self.random_state = self.random_state * 16807 % 2147483647
  return math.floor(self.random_state % n) + 1
end

--- Random text of an alphabet (default: letters and digits).
---@param size integer
---@param alphabet? string
---@return string
function Simulator:random_text(size, alphabet)
  alphabet = alphabet or "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
  local out = {}
  for i = 1, size do
    local at = self:random(#alphabet)
    out[i] = alphabet:sub(at, at)
  end
  return table.concat(out)
end

--- Whether the provider's agents are at work.
---@return boolean
function Simulator:is_open()
  local hours = self.provider.hours
  return self.options.hours == false or not hours or clock.open_at(hours, self:now())
end

-- Cases ----------------------------------------------------------------------------------------------------------------

--- For behaviours: (re)starts the time of a case.
---@param case table
function Simulator:begin(case)
  case.idle, case.created_at = nil, self:now()
  case.timetable, case.next = case.own_timetable or self.options.timetable or {}, 1
end

--- For behaviours: takes up a case, at its first `step`. `expires_at` ends it while its state waits for the customer. An `idle` one has
-- no timetable before `begin`.
---@param case { id: string, step: string, expires_at: number|nil, idle: boolean|nil }
---@return table case
function Simulator:add_case(case)
  case.timetable, case.next = {}, 1
  if not case.idle then
    self:begin(case)
  end
  self.cases[case.id] = case
  self.case_list[#self.case_list + 1] = case
  cases.move(self, case, case.step, self:now())
  return case
end

--- Moves a case on.
---@param id string what the merchant calls it (or the wallet)
---@param step string "STATUS/SUB_STATUS", its second half, or a state such as "approved"
---@return string step the full name of where the case is now
function Simulator:advance(id, step)
  cases.catch_up(self)
  local case = self.cases[id] or error("the simulator knows no case " .. tostring(id), 2)
  local name = cases.resolve(self, step, 2)
  cases.move(self, case, name, self:now())
  return name
end

--- Gives one case its own timetable, counted from its beginning.
---@param id string
---@param timetable { after_s: number, step: string }[]
function Simulator:schedule(id, timetable)
  local case = self.cases[id] or error("the simulator knows no case " .. tostring(id), 2)
  cases.check_timetable(self, timetable, 2)
  case.own_timetable = timetable
  if not case.idle then
    case.timetable, case.next = timetable, 1
  end
end

-- Faults ---------------------------------------------------------------------------------------------------------------

--- Spoils coming calls. `operation`: its name, "token", or nil for any but token. `code`: a documented error. `status`, `body` (text or
-- table), `headers`: an answer. `drop`: no answer. `after`: the work is done first. `times`: how often (1).
---@param fault table
function Simulator:fail(fault)
  if not (fault.drop or fault.status or fault.code or fault.body) then
    error("a fault needs drop, status, code or body", 2)
  end
  if fault.code and not self.behaviour.errors[fault.code] then
    error("the simulator of " .. self.provider.name .. " knows no code " .. tostring(fault.code), 2)
  end
  local name = (self.provider.aliases or {})[fault.operation] or fault.operation
  if name and name ~= "token" and not self.provider.operations[name] then
    error(self.provider.name .. " has no operation " .. tostring(name), 2)
  end
  local copy = { left = fault.times or 1, operation = name }
  for _, field in ipairs { "drop", "status", "code", "body", "headers", "after" } do
    copy[field] = fault[field]
  end
  self.faults[#self.faults + 1] = copy
end

local function take_fault(self, operation)
  for _, fault in ipairs(self.faults) do
    if fault.left > 0 and (fault.operation == operation or (fault.operation == nil and operation ~= "token")) then
      fault.left = fault.left - 1
      return fault
    end
  end
end

local function spoiled(self, fault)
  if fault.drop then
    return nil
  end
  local response
  if fault.body then
    response = { status = fault.status or 200, headers = { ["content-type"] = "application/json" }, body = fault.body }
    if type(fault.body) == "table" then
      response.body = json.write(fault.body)
    end
  else
    response = self.behaviour.error(self, fault.code, fault.status)
  end
  for name, value in pairs(fault.headers or {}) do
    response.headers[name:lower()] = value
  end
  return response
end

-- Calls ----------------------------------------------------------------------------------------------------------------

--- For behaviours: a response with a JSON body.
---@param status integer
---@param body table
---@param simulated boolean|nil true: no page documents this
---@return table
function Simulator.reply(_, status, body, simulated)
  local headers = { ["content-type"] = "application/json", ["x-simulated"] = simulated and "yes" or nil }
  return { status = status, headers = headers, body = json.write(body) }
end

--- For behaviours: a message to a customer.
---@param channel string
---@param phone string
---@param id string the verification
function Simulator:notify(channel, phone, id)
  self.messages[#self.messages + 1] = { channel = channel, to = text.mask(phone), verification_id = id, at = self:now() }
end

-- Counts a call in the current minute. Adds the provider's headers to `headers`.
local function count_call(self, headers)
  local names = self.provider.rate_limit
  if not names then
    return true
  end
  local now, limit, window = self:now(), self.options.rate_limit or self.behaviour.rate_limit, self.window
  if not window.ends_at or now >= window.ends_at then
    window.ends_at, window.count = now + 60, 0
  end
  window.count = window.count + 1
  local reset = string.format("%d", math.ceil(window.ends_at - now))
  headers[names.limit] = string.format("%d", limit)
  headers[names.remaining] = string.format("%d", math.max(0, limit - window.count))
  headers[names.reset_s] = reset
  if self.options.rate_limit and window.count > limit then
    headers[names.retry_s] = reset
    return false
  end
  return true
end

local function fields_of(self, request, operation)
  if operation.method == "GET" then
    return text.form(request.query or "")
  elseif not (request.headers["content-type"] or ""):find("^application/json") then
    return nil, self.behaviour.refuse(self, "media", "application/json")
  end
  local fields = json.read(request.body or "")
  if not fields then
    return nil, self.behaviour.refuse(self, "json")
  end
  return fields
end

local function run(self, request, name, path)
  if name == "token" then
    return auth.token(self, request)
  end
  local refusal = auth.check(self, request.headers)
  if refusal then
    return refusal
  end
  local operation = self.provider.operations[name]
  local fields, refused = fields_of(self, request, operation)
  if not fields then
    return refused
  end
  local violations = check.request(operation, fields, { in_query = operation.method == "GET", accept_unknown = self.options.accept_unknown })
  if violations[1] then
    return self.behaviour.invalid(self, name, violations)
  end
  for field, value in pairs(fields) do
    if value == json.null then
      fields[field] = nil
    end
  end
  return self.behaviour.operations[name](self, fields, path)
end

--- Answers a request.
---@param request { method: string, path: string, query: string|nil, headers: table<string, string>, body: string|nil } header names in lower case
---@return { status: integer, headers: table<string, string>, body: string }|nil response nil when no answer comes
---@return string|nil why "drop"
function Simulator:handle(request)
  cases.catch_up(self)
  local name, path, known = routes.find(self.routes, self.prefixes, request.method, request.path)
  local fault, response, limits = name and take_fault(self, name), nil, {}
  if not name then
    response = self.behaviour.refuse(self, known and "method" or "path")
  elseif not fault or fault.after then
    local within = name == "token" or count_call(self, limits)
    response = within and run(self, request, name, path) or self.behaviour.refuse(self, "rate")
  end
  if fault then
    response = spoiled(self, fault)
  end
  local status = response and response.status
  self.log[#self.log + 1] = { operation = name, method = request.method, path = path, status = status, dropped = not status or nil }
  if not response then
    return nil, "drop"
  end
  for header, value in pairs(limits) do
    response.headers[header] = response.headers[header] or value
  end
  if self.offset_s ~= 0 then
    local moved = "clock=" .. text.time("%Y-%m-%dT%H:%M:%SZ", self:now())
    response.headers["x-simulated"] = response.headers["x-simulated"] and response.headers["x-simulated"] .. ", " .. moved or moved
  end
  return response
end

--- What was asked so far, without bodies and without queries.
---@return { operation: string|nil, method: string, path: string, status: integer|nil, dropped: boolean|nil }[]
function Simulator:requests()
  return self.log
end

--- Messages that would have gone to customers; never the link itself.
---@return { channel: string, to: string, verification_id: string, at: number }[]
function Simulator:notifications()
  return self.messages
end

--- Makes every token that was issued so far invalid.
function Simulator:revoke_tokens()
  self.tokens = {}
end

--- Takes the webhooks that are due, as they would be posted. Options: `twice`, `shuffled`, `test` (a test delivery first).
---@param options? table
---@return { headers: table<string, string>, body: string, verification_id: string|nil }[]
function Simulator:deliveries(options)
  cases.catch_up(self)
  return webhooks.take(self, options or {})
end

--- Hands each webhook that is due to `fn(headers, body)`. What it refuses - false, `nil, err`, or a status other than 2xx - comes
-- again with the next call and a higher attempt. Options as of deliveries.
---@param fn fun(headers: table<string, string>, body: string): any
---@param options? table
---@return integer delivered
---@return integer refused
function Simulator:deliver(fn, options)
  cases.catch_up(self)
  return webhooks.deliver(self, fn, options or {})
end

return M
