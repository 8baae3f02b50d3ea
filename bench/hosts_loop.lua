--- The figures of vkyc.loop: what is measured against what, and what is good enough.
--
--   hosts_loop.lua DIR URL BUILDS ROUNDS [--json] [--quick]
--
-- In each round a game of 3,000 frames runs on each VM, at 250 frames a second so that nine rounds do not take half an hour: the shorter frame
-- changes what is in the caches (it favours us a little), not what is done. Behind the rounds one game on each VM runs at 60 frames a second;
-- the limits are the same. A game is a process of its own, so that what its first call costs is in it.

local figures = require "figures"
local samples = require "samples"
local workers = require "workers"

local dir, url, builds, rounds = arg[1], arg[2], arg[3], tonumber(arg[4])
local flags = {}
for i = 5, #arg do
  flags[arg[i]] = true
end
local quick = flags["--quick"]

local VMS = { "lua5.4", "luajit" }
local FRAMES = quick and 600 or 3000
local P99_MS, P999_MS = 0.15, 1

local request = samples.request(url)
local processes = workers.new(dir, builds)
local series = processes.series

-- The nine numbers of loop_frames.lua, in milliseconds.
local function game(vm, pace)
  local words = processes:script(vm, "loop_frames.lua", { url, dir .. "/bundle.pem", tostring(FRAMES), tostring(pace) })
  local pipe = assert(io.popen(workers.shell(workers.pinned(words))))
  local found = {}
  for number in pipe:read("a"):gmatch "%S+" do
    found[#found + 1] = tonumber(number) * 1000
  end
  pipe:close()
  return #found == 9 and found or error("bench: a game on " .. vm .. " ended", 0)
end

local PLAN = { { "multi_curl", "call", 4096 } }
processes:start("multi_curl", { dir .. "/multi_curl", request.url, dir .. "/ca.pem", request.body, table.unpack(request.headers) })
for _, vm in ipairs(VMS) do
  processes:start(vm, processes:script(vm, "loop_worker.lua", { url, dir .. "/ca.pem" }))
  for _, each in ipairs { { vm, "loop64", 4096 }, { vm, "cjson", 10000 }, { vm, "idle", 500000 }, { vm, "nothing", 500000 } } do
    PLAN[#PLAN + 1] = each
  end
end

local games = { ["lua5.4"] = {}, luajit = {} }
processes:run(rounds, PLAN, function(round)
  for _, vm in ipairs(VMS) do
    games[vm][round] = round > 0 and game(vm, 0.004) or nil
  end
end)

local found = figures.new(flags["--json"])

local function of(name, clock, scale)
  return figures.statistics(series[name][clock], scale)
end

-- Calls per second.
local function rate(name)
  local time = of(name, "time")
  return { 1 / time[1], 1 / time[3], 1 / time[2] }
end

-- The statistics of one of the nine numbers.
local function frames(list, which)
  local values = {}
  for i, numbers in ipairs(list) do
    values[i] = numbers[which]
  end
  return figures.statistics(values)
end

local function add_frames(name, list)
  found:add("frame's CPU, p99, " .. name, "ms", frames(list, 1), { P99_MS }, "<=", 1)
  found:add("frame's CPU, p99.9, " .. name, "ms", frames(list, 2), { P999_MS }, "<=", 1)
  found:inform("wall p99 : empty one, " .. name, "ms", frames(list, 4), frames(list, 7))
  found:inform("wall p99.9 : empty one, " .. name, "ms", frames(list, 5), frames(list, 8))
end

for _, vm in ipairs(VMS) do
  add_frames(vm, games[vm])
  add_frames("60 fps, " .. vm, { game(vm, 1 / 60) })
  found:add("64 in flight, main thread : cjson, " .. vm, "us", of(vm .. "/loop64", "cpu", 1e6), of(vm .. "/cjson", "cpu", 1e6), "<=", 5)
  found:add("64 in flight : curl_multi_perform, " .. vm, "1/s", rate(vm .. "/loop64"), rate "multi_curl/call", ">=", 1)
  found:add("idle poll : empty C function, " .. vm, "ns", of(vm .. "/idle", "cpu", 1e9), of(vm .. "/nothing", "cpu", 1e9), "<=", 10)
end
found:finish()
