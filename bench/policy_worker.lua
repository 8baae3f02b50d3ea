--- One process of a measurement of what policy costs.
--
--   policy_worker.lua URL CA_FILE full|bare
--
-- full: three attempts, the budget and all four hooks; bare: one attempt, no budget, no hooks.

local core = require "vkyc.core"
local orders = require "orders"
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

local function calls(one)
  local params = samples.params
  return function(count)
    for _ = 1, count do
      assert(one:initiate(params))
    end
  end
end

orders.obey({
  -- Over a kept TLS connection.
  call = function()
    return calls(client())
  end,

  -- A host of one's own that answers at once: nothing but the client is left.
  own_host = function()
    return calls(client {
      send = function()
        return { status = 200, headers = HEADERS, body = samples.response }
      end,
      sleep = core.sleep,
      now = core.monotonic,
      wall = core.wall,
      random = core.random,
    })
  end,
}, 1, os.clock, core.monotonic)
