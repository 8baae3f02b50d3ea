--- The figures of hosts_nginx: what is measured against what, and which ratio is good enough.
--
--   hosts_nginx.lua DIR PORT ROUNDS --json|"" --quick|""
--
-- DIR holds the load program and the files of the nginx under test, which listens on PORT. Every round measures everything once.

local figures = require "figures"

local dir, port, rounds, json, quick = arg[1], arg[2], tonumber(arg[3]), arg[4] == "--json", arg[5] == "--quick"

local AT_ONCE = 32
local REQUESTS = quick and 1000 or 4000
local SLOW = 64
local PINGS = quick and 500 or 1500
local FEW, MANY = 8, 512
local EACH = quick and 8 or 64 -- calls of each of so many connections: making those to nginx is not what is measured
local LEAST, MOST = 64, 512 -- calls in flight, between which the slope of memory is taken
local FLAT_CALLS = quick and 20000 or 200000
local FLAT_KIB = 1024
local SLOPE_KIB = 24
local TICKS = 100 -- a second, of /proc

local function shell(words)
  local quoted = {}
  for i, word in ipairs(words) do
    quoted[i] = "'" .. tostring(word):gsub("'", "'\\''") .. "'"
  end
  return table.concat(quoted, " ")
end

local function begin(path, connections, count, pause_ms, spread_ms)
  return assert(io.popen(shell { dir .. "/load", port, path, connections, count, pause_ms or 0, spread_ms or 0 }))
end

local function finish(load, path)
  local seconds, half, most = (load:read "l" or ""):match "^(%S+) (%S+) (%S+) %S+$"
  if not load:close() or not seconds then
    error("bench: the load on " .. path .. " failed; see nginx's log:\n" .. io.open(dir .. "/worker.log"):read("a"):sub(-2000), 0)
  end
  return tonumber(seconds), tonumber(half), tonumber(most)
end

local function load(path, ...)
  return finish(begin(path, ...), path)
end

local function read(path)
  local file = io.open(path, "rb")
  local text = file and file:read "a" or ""
  if file then
    file:close()
  end
  return text
end

local function pause(seconds)
  os.execute("sleep " .. seconds)
end

-- The worker's process id; the same nginx gets another one with each reload.
local function worker()
  local master = read(dir .. "/worker.pid"):match "%d+"
  local children = {}
  for pid in read("/proc/" .. master .. "/task/" .. master .. "/children"):gmatch "%d+" do
    children[#children + 1] = pid
  end
  return #children == 1 and children[1] or nil, master
end

-- A worker without a past: what was measured before left no memory in it.
local function fresh()
  local old, master = worker()
  os.execute("kill -HUP " .. master)
  for _ = 1, 200 do
    local pid = worker()
    if pid and pid ~= old then
      return pid
    end
    pause(0.05)
  end
  error("bench: nginx made no new worker", 0)
end

-- Processor seconds of a process: of the scheduler, which counts nanoseconds, else of its ticks.
local function cpu_of(pid)
  local ns = tonumber(read("/proc/" .. pid .. "/schedstat"):match "^%d+")
  if ns and ns > 0 then
    return ns / 1e9
  end
  local user, system = read("/proc/" .. pid .. "/stat"):match "^.*%) %S+ %S+ %S+ %S+ %S+ %S+ %S+ %S+ %S+ %S+ %S+ (%d+) (%d+)"
  return (user + system) / TICKS
end

local function rss_of(pid)
  return tonumber(read("/proc/" .. pid .. "/status"):match "VmRSS:%s+(%d+)")
end

-- name -> what each round found
local series = {}

local function note(name, value)
  series[name] = series[name] or {}
  table.insert(series[name], value)
end

local function of(name, scale)
  return figures.statistics(series[name], scale)
end

local PEERS = { "vkyc", "capture", "cosocket" }
if arg[6] == "--resty" then
  PEERS[#PEERS + 1] = "resty"
end

-- Calls per second and processor time of each, the worker as busy as it can be.
local function throughput()
  local pid = worker()
  for _, scheme in ipairs { "http", "tls" } do
    for _, peer in ipairs(PEERS) do
      local path = "/" .. peer .. "/" .. scheme
      local before = cpu_of(pid)
      local seconds = load(path, AT_ONCE, REQUESTS)
      note(path, REQUESTS / seconds)
      note(path .. " cpu", (cpu_of(pid) - before) / REQUESTS)
    end
  end
end

-- How long a cheap request takes at most, while slow ones wait.
local function pings()
  for _, peer in ipairs { "vkyc", "cosocket" } do
    local slow = begin("/" .. peer .. "/slow", SLOW, SLOW * (quick and 4 or 8), 0.001, 300)
    pause(0.4)
    local _, _, most = load("/ping", 1, PINGS, 1)
    note("ping " .. peer, most)
    finish(slow, "/" .. peer .. "/slow")
  end
end

-- How much work many calls at a time are, each.
local function crowd()
  local pid = worker()
  for _, peer in ipairs { "vkyc", "cosocket", "capture" } do
    for _, count in ipairs { FEW, MANY } do
      load("/" .. peer .. "/http", count, count) -- connections are there before anything counts
      local before = cpu_of(pid)
      load("/" .. peer .. "/http", count, MANY * EACH)
      note(peer .. " cpu at " .. count, (cpu_of(pid) - before) / (MANY * EACH))
    end
  end
end

-- The most memory that a worker takes while so many slow calls are in flight.
local function peak(pid, path, connections, cycles)
  local slow = begin(path, connections, connections * cycles)
  local most = 0
  for _ = 1, cycles * 3 - 1 do
    pause(0.1)
    most = math.max(most, rss_of(pid))
  end
  finish(slow, path)
  return most
end

local function memory()
  for _, peer in ipairs { "vkyc", "cosocket" } do
    for _, scheme in ipairs { "slow", "slow_tls" } do
      local pid = fresh()
      local path = "/" .. peer .. "/" .. scheme
      local least = peak(pid, path, LEAST, 5)
      note("slope " .. path, (peak(pid, path, MOST, 5) - least) / (MOST - LEAST))
    end
  end
end

-- What a worker takes more at the end of many calls than after the first tenth of them.
local function growth()
  local pid = fresh()
  local tenth = FLAT_CALLS // 10
  local first, last
  for i = 1, 10 do
    load("/vkyc/" .. (i % 2 == 0 and "tls" or "http"), AT_ONCE, tenth)
    last = rss_of(pid)
    first = math.max(first or 0, i <= 2 and last or 0)
  end
  return last - first
end

local function measure()
  for round = 0, rounds do
    throughput()
    pings()
    crowd()
    if round == 0 then -- the first one warms up
      series = {}
    end
  end
  for _ = 1, rounds do
    memory()
  end
end

measure()
local found = figures.new(json)
for _, scheme in ipairs { "http", "tls" } do
  local ours, subrequest = "/vkyc/" .. scheme, "/capture/" .. scheme
  found:add("nginx, requests against a subrequest, " .. scheme, "1/s", of(ours), of(subrequest), ">=", 0.9)
  found:inform("nginx, processor time of these, " .. scheme, "us", of(ours .. " cpu", 1e6), of(subrequest .. " cpu", 1e6))
  found:inform("nginx, processor time, bare cosocket, " .. scheme, "us", of(ours .. " cpu", 1e6), of("/cosocket/" .. scheme .. " cpu", 1e6))
  if series["/resty/" .. scheme] then
    found:inform("nginx, requests against resty.http, " .. scheme, "1/s", of(ours), of("/resty/" .. scheme))
    found:inform("nginx, processor time, resty.http, " .. scheme, "us", of(ours .. " cpu", 1e6), of("/resty/" .. scheme .. " cpu", 1e6))
  end
end
found:add("nginx, p99 of a ping beside slow calls", "us", of "ping vkyc", of "ping cosocket", "<=", 3)
found:add("nginx, processor time at 512 against 8", "us", of("vkyc cpu at " .. MANY, 1e6), of("vkyc cpu at " .. FEW, 1e6), "<=", 1.2)
found:inform("nginx, the same of a bare cosocket", "us", of("cosocket cpu at " .. MANY, 1e6), of("cosocket cpu at " .. FEW, 1e6))
found:inform("nginx, the same of a subrequest", "us", of("capture cpu at " .. MANY, 1e6), of("capture cpu at " .. FEW, 1e6))
for _, path in ipairs { "/slow", "/slow_tls" } do
  local ours, bare = of("slope /vkyc" .. path), of("slope /cosocket" .. path)
  found:add("nginx, memory of a call, " .. (path == "/slow" and "http" or "tls"), "KiB", ours, { bare[1] + SLOPE_KIB }, "<=", 1)
end
found:add(("nginx, growth over %d calls"):format(FLAT_CALLS), "KiB", { growth() }, { FLAT_KIB }, "<=", 1)
found:finish()
