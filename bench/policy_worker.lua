--- One process of a measurement of what policy costs: reads lines "NAME COUNT", does NAME that many times, prints the CPU seconds and the
-- seconds it took.
--
--   policy_worker.lua URL CA_FILE full|bare
--
-- full: three attempts, the budget and all four hooks; bare: one attempt, no budget, no hooks.

local core = require "vkyc.core"
local retry = require "vkyc.retry"
local samples = require "samples"

local url, ca_file, full = arg[1], arg[2], arg[3] == "full"

local policy = { max_attempts = 1 }
if full then
  local seen = {}
  policy = { max_attempts = 3, hooks = {} }
  for _, name in ipairs { "on_request", "on_response", "on_retry", "on_error" } do
    seen[name] = 0
    policy.hooks[name] = function(event)
      seen[name] = seen[name] + (event.attempt or 1)
    end
  end
else
  retry.succeeded = function() end
end

local HEADERS = { ["content-type"] = "application/json" }

local function client(host)
  return samples.client(url, ca_file, { max_attempts = policy.max_attempts, hooks = policy.hooks, host = host })
end

local LOOPS = {
  -- Over a kept TLS connection.
  call = function()
    return client()
  end,

  -- A host of one's own that answers at once: nothing but the client is left.
  own_host = function()
    return client {
      send = function()
        return { status = 200, headers = HEADERS, body = samples.response }
      end,
      sleep = core.sleep,
      now = core.monotonic,
      wall = core.wall,
      random = core.random,
    }
  end,
}

local clients, params = {}, samples.params
for line in io.lines() do
  local name, count = line:match "^(%S+) (%d+)$"
  if not clients[name] then
    clients[name] = LOOPS[name]()
    assert(clients[name]:initiate(params)) -- the connection is there before anything counts
  end
  local one = clients[name]
  collectgarbage()
  collectgarbage()
  local cpu, time = os.clock(), core.monotonic()
  for _ = 1, tonumber(count) do
    assert(one:initiate(params))
  end
  io.write(string.format("%.9f %.9f\n", os.clock() - cpu, core.monotonic() - time))
  io.flush()
end
