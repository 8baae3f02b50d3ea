--- The figures of policy: a call with all of it against one without, and requests to a provider that is down.
--
--   policy.lua DIR URL BUILDS ROUNDS [--json] [--quick]

local core = require "vkyc.core"
local figures = require "figures"
local samples = require "samples"
local workers = require "workers"

local dir, url, builds, rounds = arg[1], arg[2], arg[3], tonumber(arg[4])
local flags = {}
for i = 5, #arg do
  flags[arg[i]] = true
end

local VMS = { "lua5.4", "luajit" }
local CALLS = flags["--quick"] and 100 or 400

local processes = workers.new(dir, builds)
local plan = {}
for _, vm in ipairs(VMS) do
  for _, side in ipairs { "full", "bare" } do
    processes:start(vm .. "-" .. side, processes:script(vm, "policy_worker.lua", { url, dir .. "/ca.pem", side }))
  end
  for _, each in ipairs { { "full", "call", CALLS }, { "bare", "call", CALLS }, { "full", "own_host", 4000 }, { "bare", "own_host", 4000 } } do
    plan[#plan + 1] = { vm .. "-" .. each[1], each[2], each[3] }
  end
end
processes:run(rounds, plan)

local found = figures.new(flags["--json"])

local function cpu(name)
  return figures.statistics(processes.series[name].cpu, 1e6)
end

-- Requests per call of a client whose provider always fails in this way. The waits are not waited.
local function per_call(answer, method)
  local requests, calls, clock = 0, 1000, 0
  local client = samples.client(url, nil, {
    host = {
      send = function()
        requests = requests + 1
        return answer()
      end,
      sleep = function(seconds)
        clock = clock + seconds
      end,
      now = function()
        return clock
      end,
      wall = core.wall,
      random = core.random,
    },
  })
  for _ = 1, calls do
    assert(not client[method](client, samples.params))
  end
  return { requests / calls }
end

for _, vm in ipairs(VMS) do
  found:add("TLS call with policy : without, " .. vm, "us", cpu(vm .. "-full/call"), cpu(vm .. "-bare/call"), "<=", 1.1)
  found:inform("own host with policy : without, " .. vm, "us", cpu(vm .. "-full/own_host"), cpu(vm .. "-bare/own_host"))
end

local function unavailable()
  return { status = 503, headers = { ["content-type"] = "application/json" }, body = "{}" }
end

local function refused()
  return nil, { kind = "connect", sent = false }
end

found:add("requests per call, provider answers 503", "", per_call(unavailable, "initiate"), { 1 }, "<=", 1.1)
found:add("requests per call, its port is closed", "", per_call(refused, "initiate"), { 1 }, "<=", 1.1)
found:finish()
