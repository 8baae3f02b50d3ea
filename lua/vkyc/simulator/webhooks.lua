--- The webhooks of a simulator: a queue of events, signed when they are sent.

local json = require "vkyc.simulator.json"
local text = require "vkyc.simulator.text"

local M = {}

-- The one thing that is not the simulator's own: HMAC needs libcrypto.
local function sign(secret, timestamp, body)
  return assert(assert(require("vkyc.core").webhook_key(secret)):sign(timestamp, body))
end

local function secret_of(sim)
  local several = sim.credentials.webhook_secrets
  return sim.options.webhook_secret or (type(several) == "table" and several[1]) or sim.credentials[sim.provider.webhook.secret] or sim.seen_secret
    or error("the simulator knows no secret to sign webhooks with: give credentials or webhook_secret, or make a call first", 4)
end

--- Puts an event into the queue.
---@param sim table
---@param id string the case
---@param body table what json.write takes
---@param simulated boolean|nil the event, or the form of its data, is not documented
function M.push(sim, id, body, simulated)
  local queue = sim.webhooks
  queue[#queue + 1] = { id = id, body = json.write(body), attempt = 0, simulated = simulated }
end

local function sealed(sim, entry)
  local webhook = sim.provider.webhook
  entry.attempt = entry.attempt + 1
  local timestamp = string.format("%d", math.floor(sim:now() * (webhook.timestamp_unit == "ms" and 1000 or 1)))
  local headers = {
    ["content-type"] = "application/json",
    ["content-length"] = string.format("%d", #entry.body),
    [webhook.signature_header] = sign(secret_of(sim), timestamp, entry.body),
    [webhook.timestamp_header] = timestamp,
    ["x-simulated"] = entry.simulated and "yes" or nil,
  }
  if webhook.attempt_header then
    headers[webhook.attempt_header] = string.format("%d", entry.attempt)
  end
  if webhook.version_header then
    headers[webhook.version_header] = sim.behaviour.webhook_version
  end
  return { headers = headers, body = entry.body, verification_id = entry.id }
end

local function shuffle(sim, list)
  for i = #list, 2, -1 do
    local j = sim:random(i)
    list[i], list[j] = list[j], list[i]
  end
  -- Out of order is a promise, not a chance.
  for i = 2, #list do
    if list[i] < list[i - 1] then
      return
    end
  end
  list[1], list[#list] = list[#list], list[1]
end

-- The order in which the queue's entries go out: each index once or twice.
local function plan(sim, options)
  local order = {}
  for i = 1, #sim.webhooks do
    order[#order + 1] = i
    if options.twice then
      order[#order + 1] = i
    end
  end
  if options.shuffled then
    shuffle(sim, order)
  end
  return order
end

local function prepare(sim, options)
  if not sim.provider.webhook then
    return {}
  end
  if options.test then
    M.push(sim, nil, sim.behaviour.test_webhook(sim), true)
  end
  return plan(sim, options)
end

--- Everything that is due, as it would be posted; the queue is empty afterwards.
---@param sim table
---@param options table twice, shuffled, test
---@return table[] deliveries { headers, body, verification_id }
function M.take(sim, options)
  local out = {}
  for _, i in ipairs(prepare(sim, options)) do
    out[#out + 1] = sealed(sim, sim.webhooks[i])
  end
  sim.webhooks = {}
  return out
end

-- false, an HTTP status other than 2xx, and nil with an error are refusals; silence is not.
local function accepted(count, first)
  if count == 0 then
    return true
  elseif type(first) == "number" then
    return first >= 200 and first <= 299
  end
  return first ~= false and not (first == nil and count > 1)
end

local function result_of(...)
  return accepted(select("#", ...), (...))
end

--- Hands everything that is due to a function. What it refuses stays in the queue for the next time.
---@param sim table
---@param fn fun(headers: table, body: string): any
---@param options table twice, shuffled, test
---@return integer delivered
---@return integer refused
function M.deliver(sim, fn, options)
  local order, queue, kept = prepare(sim, options), sim.webhooks, {}
  local delivered, refused, done = 0, 0, {}
  sim.webhooks = {}
  for _, i in ipairs(order) do
    local delivery = sealed(sim, queue[i])
    if result_of(fn(delivery.headers, delivery.body)) then
      delivered, done[i] = delivered + 1, true
    else
      refused = refused + 1
    end
  end
  for i, entry in ipairs(queue) do
    if not done[i] then
      kept[#kept + 1] = entry
    end
  end
  -- What the function itself caused comes after.
  for _, entry in ipairs(sim.webhooks) do
    kept[#kept + 1] = entry
  end
  sim.webhooks = kept
  return delivered, refused
end

--- A time as webhooks write it.
---@param t number
---@return string
function M.time(t)
  return text.time("%Y-%m-%dT%H:%M:%SZ", t)
end

return M
