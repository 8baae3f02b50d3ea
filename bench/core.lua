--- The figures of bench/run: what is measured against what, and which ratio is good enough.
--
--   core.lua DIR URL BUILDS ROUNDS [--json]
--
-- DIR holds what bench/run made (certificates, peers), BUILDS/VM/lib the modules. VKYC_BENCH_CORE is the processor to measure on, or "".
-- Every round measures everything once, so that a busy machine is busy for both sides of a ratio. A figure is a ratio of medians.

local figures = require "figures"
local samples = require "samples"
local workers = require "workers"

local dir, url, builds, rounds, json = arg[1], arg[2], arg[3], tonumber(arg[4]), arg[5] == "--json"
local VMS = { "lua5.4", "luajit" }
local HEAP_KIB = 200
local BINARY_KIB = 160

local ca_file = dir .. "/ca.pem"
local request = samples.request(url)

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

local processes = workers.new(dir, builds)
local series = processes.series

local function measure()
  processes:start("bare_curl", { dir .. "/bare_curl", request.url, ca_file, request.body, table.unpack(request.headers) })
  processes:start("one_shot_hmac", { dir .. "/one_shot_hmac", samples.secret, samples.delivery })
  for _, vm in ipairs(VMS) do
    local words = processes:script(vm, "worker.lua", { url, ca_file, dir .. "/bundle.pem", table.unpack(request.headers) })
    processes:start(vm, words)
    processes:start(vm .. "-luasec", words)
  end
  processes:run(rounds, PLAN)
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
  local pipe = assert(io.popen(workers.shell(words)))
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
    local heap = read(processes:script(vm, "heap.lua", {}))
    found:add("heap of require and new, " .. vm, "KiB", { heap }, { HEAP_KIB }, "<=", 1)
  end
  for _, vm in ipairs(VMS) do
    local stripped = dir .. "/core-" .. vm .. ".so"
    assert(os.execute(workers.shell { "strip", "-o", stripped, builds .. "/" .. vm .. "/lib/vkyc/core.so" }))
    found:add("core.so stripped, " .. vm, "KiB", { read { "stat", "-c", "%s", stripped } / 1024 }, { BINARY_KIB }, "<=", 1)
  end
end

measure()
evaluate()
found:finish()
