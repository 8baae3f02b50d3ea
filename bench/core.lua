--- The figures of bench/run: what is measured against what, and which ratio is good enough.
--
--   core.lua DIR URL BUILDS ROUNDS [--json]
--
-- DIR holds what bench/run made (certificates, peers), BUILDS/VM/lib the modules. VKYC_BENCH_CORE is the processor to measure on, or "".
-- Every round measures everything once, so that a busy machine is busy for both sides of a ratio. A figure is a ratio of medians.

local figures = require "figures"
local samples = require "samples"

local dir, url, builds, rounds, json = arg[1], arg[2], arg[3], tonumber(arg[4]), arg[5] == "--json"
local here = arg[0]:match "^(.*)/[^/]*$"

local VMS = { "lua5.4", "luajit" }
local HEAP_KIB = 200
local BINARY_KIB = 160

local ca_file = dir .. "/ca.pem"
local request = samples.request(url)

local function shell(words)
  local quoted = {}
  for i, word in ipairs(words) do
    quoted[i] = "'" .. word:gsub("'", "'\\''") .. "'"
  end
  return table.concat(quoted, " ")
end

-- The words that start a program on the processor to measure on.
local function pinned(words)
  local core = os.getenv "VKYC_BENCH_CORE" or ""
  return core == "" and words or { "taskset", "-c", core, table.unpack(words) }
end

-- The words that start a script of this directory on a VM with the modules built for it.
local function script(vm, name, words)
  return { "env", "LUA_CPATH=" .. builds .. "/" .. vm .. "/lib/?.so;;", vm, here .. "/" .. name, table.unpack(words) }
end

local Worker = {}
Worker.__index = Worker

-- A process that takes its orders from a named pipe, because popen has one direction only.
local function start(name, words)
  local pipe = dir .. "/" .. name .. ".orders"
  assert(os.execute(shell { "mkfifo", pipe }))
  local answers = assert(io.popen(shell(pinned(words)) .. " <" .. shell { pipe }))
  return setmetatable({ name = name, answers = answers, orders = assert(io.open(pipe, "w")) }, Worker)
end

function Worker:measure(loop, count)
  self.orders:write(loop, " ", count, "\n")
  self.orders:flush()
  local cpu, time = (self.answers:read "l" or ""):match "^(%S+) (%S+)$"
  if not cpu then
    error("bench: " .. self.name .. " ended at " .. loop, 0)
  end
  return cpu / count, time / count
end

-- worker, loop, how often in a round
local PLAN = { { "bare_curl", "call", 400 }, { "one_shot_hmac", "hmac", 5000 } }
for _, vm in ipairs(VMS) do
  for _, each in ipairs {
    { vm, "call", 400 },
    { vm .. "-luasec", "luasec", 400 },
    { vm, "decode", 10000 },
    { vm, "cjson_decode", 10000 },
    { vm, "encode", 20000 },
    { vm, "cjson_encode", 20000 },
    { vm, "webhook", 4000 },
    { vm, "cjson_webhook", 8000 },
    { vm, "connect_bundle", 20 },
    { vm, "connect_one", 20 },
  } do
    PLAN[#PLAN + 1] = each
  end
end

-- "worker/loop" -> { cpu = seconds of one operation per round, time = … }
local series = {}

local function measure()
  local workers = {
    bare_curl = start("bare_curl", { dir .. "/bare_curl", request.url, ca_file, request.body, table.unpack(request.headers) }),
    one_shot_hmac = start("one_shot_hmac", { dir .. "/one_shot_hmac", samples.secret, samples.delivery }),
  }
  for _, vm in ipairs(VMS) do
    local words = script(vm, "worker.lua", { url, ca_file, dir .. "/bundle.pem", table.unpack(request.headers) })
    workers[vm] = start(vm, words)
    workers[vm .. "-luasec"] = start(vm .. "-luasec", words)
  end
  for round = 0, rounds do
    for _, each in ipairs(PLAN) do
      local name, loop, count = each[1], each[2], each[3]
      local cpu, time = workers[name]:measure(loop, count)
      if round > 0 then -- the first one warms up
        local samples_of = series[name .. "/" .. loop] or { cpu = {}, time = {} }
        series[name .. "/" .. loop] = samples_of
        samples_of.cpu[round], samples_of.time[round] = cpu, time
      end
    end
  end
  -- A worker holds the pipes of those before it: all orders end, then all workers.
  for _, worker in pairs(workers) do
    worker.orders:close()
  end
  for _, worker in pairs(workers) do
    worker.answers:close()
  end
end

-- Median, least and most of a series in `unit`; of several series, their sums.
local function statistics(names, clock, unit)
  local sum = { 0, 0, 0 }
  for _, name in ipairs(names) do
    for i, seconds in ipairs(figures.statistics(series[name][clock])) do
      sum[i] = sum[i] + seconds
    end
  end
  if unit == "1/s" then
    return { 1 / sum[1], 1 / sum[3], 1 / sum[2] }
  end
  return { sum[1] * 1e6, sum[2] * 1e6, sum[3] * 1e6 }
end

local found = figures.new(json)

local function read(words)
  local pipe = assert(io.popen(shell(words)))
  local text = pipe:read "a"
  pipe:close()
  return tonumber(text) or error("bench: no number from " .. words[1], 0)
end

local function evaluate()
  for _, vm in ipairs(VMS) do
    local function of(loop, clock, unit)
      return statistics({ vm .. "/" .. loop }, clock, unit)
    end
    found:add("call against bare libcurl, " .. vm, "us", of("call", "cpu", "us"), statistics({ "bare_curl/call" }, "cpu", "us"), "<=", 1.25)
    found:add("calls against LuaSec + cjson, " .. vm, "1/s", of("call", "time", "1/s"), statistics({ vm .. "-luasec/luasec" }, "time", "1/s"), ">", 1)
    found:add("decode and check against cjson, " .. vm, "1/s", of("decode", "cpu", "1/s"), of("cjson_decode", "cpu", "1/s"), ">=", 1.3)
    found:add("check and encode against cjson, " .. vm, "1/s", of("encode", "cpu", "1/s"), of("cjson_encode", "cpu", "1/s"), ">=", 1.3)
    local by_hand = statistics({ "one_shot_hmac/hmac", vm .. "/cjson_webhook" }, "cpu", "us")
    found:add("webhook against HMAC() + cjson, " .. vm, "us", of("webhook", "cpu", "us"), by_hand, "<=", 1)
    found:add("connection, CA bundle against one CA, " .. vm, "us", of("connect_bundle", "cpu", "us"), of("connect_one", "cpu", "us"), "<=", 2)
  end
  for _, vm in ipairs(VMS) do
    local heap = read(script(vm, "heap.lua", {}))
    found:add("heap of require and new, " .. vm, "KiB", { heap }, { HEAP_KIB }, "<=", 1)
  end
  for _, vm in ipairs(VMS) do
    local stripped = dir .. "/core-" .. vm .. ".so"
    assert(os.execute(shell { "strip", "-o", stripped, builds .. "/" .. vm .. "/lib/vkyc/core.so" }))
    found:add("core.so stripped, " .. vm, "KiB", { read { "stat", "-c", "%s", stripped } / 1024 }, { BINARY_KIB }, "<=", 1)
  end
end

measure()
evaluate()
found:finish()
