-- Runs the soak: a server that misbehaves, one process for each host and VM, an nginx with several workers; samples what they hold, prints
-- a table, and ends with 0 when all of them stayed flat. Started by scripts/soak.
--
--   luajit run.lua SECONDS BUILDS [leak]

local faults = require("spec.support.faults")
local judge = require("spec.soak.judge")
local nginx = require("spec.support.nginx")
local socket = require("socket")
local traffic = require("spec.soak.traffic")
local webhook = require("vkyc.webhook")

local seconds, builds, leak = tonumber(arg[1]), arg[2], arg[3] == "leak"
local SLICE_S = math.max(0.5, math.min(5, seconds / 40))
local LONG_S, LONG_CALLS = 900, 100000 -- a run of that length must have made so many good and so many failing calls
local NGINX_WORKERS = 3
local STALE_OF = 20000 -- one call in so many may meet a connection that its server gives up at that moment

local function say(...)
  print(...)
  io.stdout:flush()
end

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

-- Processes -------------------------------------------------------------------------------------------------------------------------------

local HOSTS = {
  { host = "inline", vm = "lua5.4" }, { host = "inline", vm = "luajit" }, { host = "loop", vm = "lua5.4" }, { host = "loop", vm = "luajit" },
  { host = "own", vm = "lua5.4" }, { host = "own", vm = "luajit" },
}

local function start_worker(of, directory)
  of.output = ("%s/%s-%s"):format(directory, of.host, of.vm)
  local line = "LUA_CPATH='%s/%s/lib/?.so;;' exec timeout -k 2 %d %s spec/soak/worker.lua %s %s/addresses.lua %g %g %s >%s 2>&1"
  of.pipe = assert(io.popen(line:format(builds, of.vm, seconds + 120, of.vm, of.host, directory, seconds, SLICE_S, leak and "leak" or "", of.output)))
end

local FIELDS = { "resident", "files", "threads", "heap", "rounds", "good", "fast", "bad", "webhooks", "stale", "surprises" }

-- What a worker has written.
local function read_worker(of)
  of.name, of.samples = of.host .. ", " .. of.vm, {}
  local known = { start = true, sample = true, ["end"] = true, surprise = true, stale = true }
  for line in io.lines(of.output) do
    local word, rest = line:match("^(%a+) (.*)$")
    local numbers = {}
    for number in (rest or ""):gmatch("%S+") do
      numbers[#numbers + 1] = tonumber(number)
    end
    if word == "sample" then
      local sample = {}
      for i, name in ipairs(FIELDS) do
        sample[name] = numbers[i]
      end
      of.samples[#of.samples + 1], of.counts = sample, sample
    elseif word == "start" or word == "end" then
      of[word] = { files = numbers[1], threads = numbers[2] }
    elseif word == "surprise" or word == "stale" then
      of[word] = rest
    end
    if not known[word] then
      of.surprise = of.surprise or line
    end
  end
end

-- nginx -----------------------------------------------------------------------------------------------------------------------------------

local HTTP = [[
  resolver 127.0.0.1:%d ipv6=off;
  lua_ssl_trusted_certificate "%s";
  lua_ssl_verify_depth 3;
  lua_socket_keepalive_timeout 200ms;
  lua_shared_dict vkyc 1m;
  lua_shared_dict soak 1m;
  init_by_lua_block { soak = require("spec.soak.nginx_worker") soak.init("%s", %s) }
  init_worker_by_lua_block { soak.start(%g) }]]

local SERVER = [[
  location = /round { content_by_lua_block { soak.round() } }
  location = /leave { lua_check_client_abort on; content_by_lua_block { soak.hang() } }
  location = /hook { content_by_lua_block { soak.hook() } }
  location = /report { content_by_lua_block { soak.report() } }]]

local function report(web)
  local values = {}
  for name, value in select(2, web:request({ path = "/report" })):gmatch("(%S+) ([^\n]*)\n") do
    values[name] = tonumber(value) or value
  end
  return values
end

local function count(pattern)
  local _, output = nginx.shell(pattern)
  return tonumber(output:match("%d+"))
end

-- What each worker holds; nothing is under way.
local function sample_nginx(web, workers)
  local told = report(web)
  for _, of in ipairs(workers) do
    local status = nginx.read("/proc/" .. of.pid .. "/status")
    of.samples[#of.samples + 1] = {
      resident = (tonumber(status:match("VmRSS:%s*(%d+)")) or 0) * 1024, threads = tonumber(status:match("Threads:%s*(%d+)")) or 0,
      files = count("ls /proc/" .. of.pid .. "/fd | wc -l"), heap = told["heap:" .. of.pid] or 0,
    }
  end
end

local function deliver(web, body, more)
  local headers = webhook.sign({ provider = "cashfree_ppi", secret = traffic.WEBHOOK_SECRET, body = traffic.EVENT, attempt = more })
  return (web:request({ method = "POST", path = "/hook", headers = headers, body = body }))
end

local surprises = {}

local function expect(what, wanted, got)
  if wanted ~= got then
    surprises[#surprises + 1] = ("%s: %s instead of %s"):format(what, tostring(got), tostring(wanted))
  end
end

-- Until nothing is under way: timers that were begun, calls whose client left unnoticed (a second), kept connections (0.2 s).
local function settle(web)
  nginx.wait_for(60, function()
    return report(web).running == 0
  end)
  socket.sleep(1.5)
end

-- Requests until a moment: rounds, eight at a time, clients that leave, deliveries of every sort.
local function drive(web, ends)
  repeat
    for body, times in pairs(web:many(8, { path = "/round", timeout_s = 60 })) do
      expect(times .. " rounds", "done", body)
    end
    for _ = 1, 4 do
      local client = web:begin({ path = "/leave" })
      socket.sleep(0.01)
      client:close()
    end
    expect("a good delivery", 200, deliver(web, traffic.EVENT))
    expect("a delivery that fails", 503, deliver(web, traffic.EVENT, 2))
    expect("a changed delivery", 401, deliver(web, traffic.EVENT .. " "))
    expect("a delivery of 40 KB", 401, deliver(web, ("x"):rep(40000)))
    expect("a delivery of 2 MB", 413, deliver(web, ("x"):rep(2000000)))
  until socket.gettime() >= ends
end

-- Files and threads of each worker when no connection is kept any more.
local function rest(workers, wanted)
  for _, of in ipairs(workers) do
    local files
    nginx.wait_for(10, function()
      files = count("ls /proc/" .. of.pid .. "/fd | wc -l")
      return not wanted or files == of.start.files
    end)
    of[wanted and "end" or "start"] = { files = files, threads = count("ls /proc/" .. of.pid .. "/task | wc -l") }
  end
end

-- The table -------------------------------------------------------------------------------------------------------------------------------

local function quarters(of, name, unit)
  if #of.samples < 4 then
    return "-"
  end
  local before, after = judge.quarters(of.samples, name)
  return ("%.1f > %.1f"):format(before / unit, after / unit)
end

local ROW = "%-15s %8s %8s %7s %8s  %-15s %-18s %-13s %-10s %s"

local function row(of, verdict)
  local c = of.counts or {}
  say(ROW:format(of.name, c.good or "", c.fast or "", c.bad or "", c.webhooks or "", quarters(of, "resident", 1048576), quarters(of, "heap", 1),
    quarters(of, "files", 1), quarters(of, "threads", 1), verdict))
end

local function run(directory)
  local server = assert(faults.start(math.floor(seconds) + 240))
  local dns = assert(nginx.dns(math.floor(seconds) + 240))
  local addresses = traffic.define(server)
  write(directory .. "/addresses.lua", ("return { tls = %q, refused = %q, ca_file = %q }\n"):format(addresses.tls, addresses.refused, addresses.ca_file))
  local web = assert(nginx.start({
    workers = NGINX_WORKERS, seconds = math.floor(seconds) + 240, server = SERVER, level = "error",
    http = HTTP:format(dns.port, server:file("ca.pem"), directory .. "/addresses.lua", tostring(leak), math.min(1, SLICE_S)),
  }))
  local workers = {}
  assert(nginx.wait_for(5, function()
    return #web:workers() == NGINX_WORKERS
  end))
  for i, pid in ipairs(web:workers()) do
    workers[i] = { name = "nginx worker " .. i, pid = pid, samples = {} }
  end
  web:many(24, { path = "/round", timeout_s = 60 }) -- each worker has met all of it once
  settle(web)
  rest(workers)

  for _, of in ipairs(HOSTS) do
    start_worker(of, directory)
  end
  local began, told, expired = socket.gettime(), 0, 0
  while socket.gettime() - began < seconds or #workers[1].samples < 8 do
    drive(web, socket.gettime() + SLICE_S)
    settle(web)
    sample_nginx(web, workers)
    local passed = socket.gettime() - began
    if passed - expired >= 5 then
      traffic.expire_token(server)
      expired = passed
    end
    if passed - told >= 60 then
      told = passed
      say(("%4d s, %d requests served"):format(passed, server:total()))
    end
  end
  for _, of in ipairs(HOSTS) do
    of.pipe:close()
    read_worker(of)
  end
  rest(workers, true)
  local totals = report(web)
  local served = server:total()
  web:stop()
  dns.stop()
  server:stop()
  for _, word in ipairs({ "%[alert%]", "%[emerg%]", "signal" }) do
    expect("a line of nginx's log with " .. word, nil, web.last_log:match("[^\n]*" .. word .. "[^\n]*"))
  end
  say(ROW:format("", "good", "failing", "others", "webhooks", "resident MiB", "heap KiB", "files", "threads", ""))
  workers[1].counts, workers[1].stale = totals, totals["stale-one"] -- the workers' together
  local good, fast, stale, steep = 0, 0, 0, 0
  local all = {}
  for _, list in ipairs({ HOSTS, workers }) do
    for _, of in ipairs(list) do
      all[#all + 1] = of
    end
  end
  for _, of in ipairs(all) do
    local found = judge.faults(of.samples, seconds, of.start, of["end"])
    row(of, #found == 0 and "flat" or "NOT FLAT: " .. table.concat(found, "; "))
    steep = steep + (#found > 0 and 1 or 0)
    local counts = of.counts or {}
    good, fast, stale = good + (counts.good or 0), fast + (counts.fast or 0), stale + (counts.stale or 0)
    if of.surprise or (counts.surprises or 0) > 0 then
      surprises[#surprises + 1] = ("%s, %d surprises, one: %s"):format(of.name, counts.surprises or 0, of.surprise or counts.surprise or "?")
    end
  end
  say(("%d good calls, %d fast failures, %d on a connection that just ended; %d requests served in %d s"):format(good, fast, stale, served, seconds))
  if stale * STALE_OF > good + fast then
    surprises[#surprises + 1] = ("more than one call in %d met a connection that just ended"):format(STALE_OF)
  end
  if seconds >= LONG_S and (good < LONG_CALLS or fast < LONG_CALLS) then
    surprises[#surprises + 1] = ("fewer than %d good calls or fast failures"):format(LONG_CALLS)
  end
  for _, of in ipairs(all) do
    if of.stale then
      say(("%s: %d on a connection that just ended, one: %s"):format(of.name, of.counts.stale, of.stale))
    end
  end
  for _, text in ipairs(surprises) do
    say("surprise: " .. text)
  end
  say(("soak: %d passed, %d failed"):format(#all - steep, steep + #surprises))
  return steep + #surprises == 0
end

local made = assert(io.popen("mktemp -d"))
local directory = made:read("*l")
made:close()
local good, result = xpcall(run, debug.traceback, directory)
nginx.shell("rm -rf '" .. directory .. "'") -- a process that still runs ends with it
if not good then
  say(result)
end
os.exit(good and result and 0 or 1)
