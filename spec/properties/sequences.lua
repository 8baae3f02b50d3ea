--- Random sequences of operations on clients, and what must not grow when they are repeated (client_sequences_spec.lua). They run where this file
-- is required: in a script, or in nginx.

local core = require "vkyc.core"
local faults = require "spec.support.faults"
local process = require "spec.support.process"
local seed = require "spec.properties.seed"
local vkyc = require "vkyc"

local FACTOR = tonumber(os.getenv("VKYC_TIME_FACTOR") or "1")
local STEPS, WARMING, REPEATS = 25, 6, 30

local KEY = { user_id = "U1", verification_id = "V1" }
local RECORD = '{"user_id":"U1","verification_id":"V1","status":"LINK_GENERATED","vkyc_link":"https://x.example"}'
local DELIVERY = '{"event_type":"VKYC_USER_LINK_GENERATED","event_time":"2025-05-22T03:51:14Z","data":{"verification_id":"V1"}}'

local torture = rawget(_G, "torture")

local function registry_size()
  local count = 0
  for _ in pairs(debug.getregistry()) do
    count = count + 1
  end
  return count
end

-- What must not grow.
local function held()
  if rawget(_G, "jit") then
    rawget(_G, "jit").flush() -- traces are counted with Lua's heap
  end
  for _ = 1, 3 do
    collectgarbage()
  end
  local all = { files = process.files(), threads = process.threads(), registry = registry_size(), lua = collectgarbage("count") * 1024 }
  if torture then
    local _
    all.blocks, all.bytes, _, _, all.heap = torture.live()
  end
  return all
end

--- `urls`: good, bad, silent; `ca_file`: nil in nginx.
local M = { urls = {} }

--- Defines what servers of a sequence answer.
---@param server table of faults.lua
---@return table urls
function M.serve(server)
  local function url(id, answers)
    return (server:case({ id = id, listener = "tls", answers = answers }))
  end
  return {
    good = url("good", { { { "send", faults.response({ body = RECORD }) } } }),
    bad = url("bad", { { { "send", faults.response({ status = "400 Bad", body = '{"code":"x_invalid","message":"no"}' }) } }, { { "close" } },
      { { "send", faults.response({ body = "<html>" }) } }, { { "rst" } } }),
    silent = url("silent", { { { "hang" } } }),
  }
end

-- State of one sequence: a client, perhaps a loop with tasks.
local function new_client(at, url)
  local options = { provider = "cashfree_ppi", environment = "sandbox", client_id = "CF10KEY", client_secret = "s3cret", max_attempts = 2,
    attempt_timeout_s = 2 * FACTOR, connect_timeout_s = 2 * FACTOR, deadline_s = 2 * FACTOR, webhook_secrets = { "whsec" } }
  if at.kind == "simulator" then
    options.environment = "simulator"
  else
    options.base_url, options.ca_file = url, M.ca_file
  end
  return assert(vkyc.new(options))
end

local function call(at, client, ...)
  if not at.loop then
    return client:status(...)
  end
  local task = at.loop:spawn(client.status, client, ...)
  local ends = core.monotonic() + 10 * FACTOR
  while task and task:status() == "running" and core.monotonic() < ends do
    at.loop:poll()
    core.sleep(0.0002)
  end
end

local OPERATIONS = {
  function(at) -- a new client for the old, which is closed or left to the collector
    if at.draw.chance(2) then
      at.client:close()
    end
    at.client = new_client(at, M.urls.good)
  end,
  function(at) call(at, at.client, KEY) end,
  function(at) call(at, at.client, KEY, { deadline_s = 1, extra = { more = { 1 } } }) end,
  function(at) call(at, at.client, { user_id = "a b", verification_id = 5, userid = 1 }) end,
  function(at) call(at, at.bad, KEY) end,
  function(at) pcall(call, at, at.client, 5) end,
  function(at) pcall(at.client.status, {}, KEY) end,
  function() pcall(vkyc.new, { provider = "cashfree_ppi", environment = "sandbox", client_idd = 1 }) end,
  function() vkyc.new({ provider = "cashfree_ppi", environment = "sandbox", client_secret = 5, ca_file = "/dev/null" }) end,
  function(at) at.client:webhook(vkyc.webhook.sign({ provider = "cashfree_ppi", secret = "whsec", body = DELIVERY }), DELIVERY) end,
  function(at) at.client:webhook({ ["x-webhook-signature"] = "x", ["x-webhook-timestamp"] = "1" }, DELIVERY) end,
  function(at) -- closed, then used
    local client = new_client(at, M.urls.good)
    call(at, client, KEY)
    client:close()
    client:close()
    call(at, client, KEY)
    client:webhook({}, DELIVERY)
  end,
  function(at) -- a task that is cancelled, or lost with its loop
    if at.loop then
      local task = at.loop:spawn(at.silent.status, at.silent, KEY)
      at.loop:poll()
      if at.draw.chance(2) then
        task:cancel()
        at.loop:poll()
      end
    end
  end,
  function(at) -- another loop
    if at.loop then
      at.loop:close()
      at.loop = assert(vkyc.loop.new())
    end
  end,
  function(at) -- closed under a call
    if at.loop then
      local client = new_client(at, M.urls.silent)
      at.loop:spawn(client.status, client, KEY)
      at.loop:poll()
      client:close()
    end
  end,
  function() collectgarbage("step") end,
  function() collectgarbage() end,
  function(at) vkyc.redact({ name = "x", note = at.client }) end,
}

local function run(kind, number)
  local at = { kind = kind, draw = seed.new(number), loop = kind == "loop" and assert(vkyc.loop.new()) or nil }
  at.client, at.bad, at.silent = new_client(at, M.urls.good), new_client(at, M.urls.bad), new_client(at, M.urls.silent)
  for _ = 1, STEPS do
    at.draw.pick(OPERATIONS)(at)
  end
  if at.loop and at.draw.chance(2) then
    at.loop:close()
  end
  if at.draw.chance(2) then
    at.client:close()
  end
end

-- A loop that the collector ended closes with its thread: a moment later.
local ngx = rawget(_G, "ngx")
local pause = ngx and ngx.sleep or core.sleep

local function settled(wanted)
  local now = held()
  local ends = core.monotonic() + 5 * FACTOR
  repeat
    local last = now
    pause(0.01)
    now = held()
  until (now.threads <= (wanted or last).threads and now.files <= (wanted or last).files) or core.monotonic() > ends
  return now
end

--- Repeats a sequence. Returns what grew, or "nothing".
---@param kind string "inline", "loop", "simulator" or "nginx"
---@param number integer of the sequence
---@return string
function M.grows(kind, number)
  for _ = 1, WARMING do
    run(kind, number)
  end
  local before = settled()
  for _ = 1, REPEATS do
    run(kind, number)
  end
  local after, grown = settled(before), {}
  for what, was in pairs(before) do
    -- What VM and OpenSSL keep larger than it need be, once; what grows with each repetition is far more.
    local slack = what == "heap" and 131072 or (what == "lua" or what == "bytes") and 16384 or 0
    if after[what] - was > slack then
      grown[#grown + 1] = ("%s from %d to %d"):format(what, was, after[what])
    end
  end
  return grown[1] and ("VKYC_SEED=%d, sequence %d of %s: %s"):format(seed.given, number, kind, table.concat(grown, ", ")) or "nothing"
end

return M
