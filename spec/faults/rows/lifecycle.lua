--- L. Life cycle, memory, host.

local canaries = require("spec.support.canaries")
local core = require("vkyc.core")
local process = require("spec.support.process")
local row = require("spec.faults.row")
local rows = row.list()

local FACTOR = tonumber(os.getenv("VKYC_TIME_FACTOR") or "1")

local function check(condition, text, ...)
  if not condition then
    error(select("#", ...) > 0 and text:format(...) or text, 0)
  end
end

local function good_url(t, id)
  return (t.server:case({ id = id, steps = { { "send", row.OK } } }))
end

-- Runs code in a process of its own. It finds `url` and `client`.
local function child(code, url, prefix)
  return process.run(([[
    local vkyc = require("vkyc")
    local url = %q
    local client = assert(vkyc.new { provider = "cashfree_ppi", environment = "sandbox", client_id = "C", client_secret = "S", base_url = url,
      allow_http_loopback = true, max_attempts = 1 })
    local function status() return client:status { user_id = "U1", verification_id = "V1" } end
    %s]]):format(url or "http://127.0.0.1:1", code), nil, prefix)
end

local TORTURE = "a process of its own, whose allocator fails, makes the calls, inline, in a loop and with a host of its own; nginx cannot be run in it"

rows:add("L01", "an allocation of Lua fails", { elsewhere = "spec/torture/run.lua", why = TORTURE })
rows:add("L02", "an allocation of our binaries fails", { elsewhere = "spec/torture/run.lua", why = TORTURE })
rows:add("L03", "an allocation of libcurl fails", { elsewhere = "spec/torture/run.lua", why = TORTURE })

-- All the memory that the process may have is used up, then a text of 8 MB is to be read.
local STARVED = [[
  local core = require("vkyc.core")
  local cjson = require("cjson").new()
  local text, kept = '{"a":"' .. ("x"):rep(8 * 2 ^ 20) .. '"}', {}
  local response, reader = core.response(64 * 2 ^ 20), core.schema({ { name = "a", type = "string" } })
  assert(response:fill(200, {}, text))
  while pcall(function() kept[#kept + 1] = ("y"):rep(2 ^ 20 + #kept) end) do end
  local fine, status, failure = pcall(function() %s end)
  kept = nil
  print(fine, status, type(failure) == "table" and failure.kind or failure)]]
local HUNGRY = "prlimit --as=268435456"

local READS = "a process of its own reads, no transport takes part"

rows:add("L04", "no memory while JSON is read: lua-cjson ends the process, ours does not", { once = READS, run = function()
  if (os.getenv("LD_PRELOAD") or "") ~= "" then
    return "a sanitizer needs more room than the limit of this row leaves"
  end
  local output, fine = process.run(STARVED:format("return reader:decode(response)"), nil, HUNGRY)
  check(fine, "ours ended the process: %s", output)
  check(output:find("true\tnil\tmemory", 1, true) or output:find("not enough memory", 1, true), "ours said %s", output)
  output, fine = process.run(STARVED:format("return cjson.decode(text)"), nil, HUNGRY)
  check(not fine and output:find("Out of memory", 1, true), "lua-cjson survived, so that this row shows nothing: %s", output)
end })

local LOOPS_END = "only a loop has calls in flight when Lua ends; workers of nginx end in spec/hosts/nginx_survival_spec.lua"

for name, ending in pairs({ [""] = "", b = "os.exit(0)" }) do
  rows:add("L05" .. name, (ending == "" and "lua_close" or "os.exit") .. " with calls in flight", { once = LOOPS_END, run = function(t)
    local url = t.server:case({ id = "L05", steps = { { "hang" } } })
    for _ = 1, 3 do
      local before = core.monotonic()
      local output, fine = child([[
        local loop = assert(vkyc.loop.new())
        for _ = 1, 5 do loop:spawn(status) end
        for _ = 1, 20 do loop:poll() require("vkyc.core").sleep(0.005) end
        io.write("ended ")
        ]] .. ending, url)
      check(fine and output == "ended ", "the process ended with %s", output)
      check(core.monotonic() - before < (0.25 + 1) * FACTOR, "it took %.2f s", core.monotonic() - before)
      check(t.server:count("L05") > 0, "no call was in flight")
    end
  end })
end

rows:add("L06", "a client used after its end, closed twice, collected in the middle of a call", { visit = function(site)
  local client = site.new()
  check(site.status(client), "the first call failed")
  client:close()
  client:close()
  local result, err = site.status(client)
  check(result == nil, "a closed client makes calls")
  canaries.check_error(err, "closed")
  check(err.outcome == "not_sent" and err.attempts == 0, "a closed client says %s", tostring(err))
  check(select(2, client:webhook({}, "{}")).kind == "closed", "a closed client verifies")
  for _ = 1, 20 do
    local other
    other = site.new({ hooks = { on_request = function()
      other = nil
      collectgarbage()
      collectgarbage()
    end } })
    check(site.status(other), "a call did not survive a collection")
  end
  local closing
  closing = site.new({ hooks = { on_request = function()
    closing:close()
  end } })
  result, err = site.status(closing)
  check(result or err.kind == "closed", "a client closed under its call says %s", tostring(err))
  check(select(2, site.status(closing)).kind == "closed", "it is not closed")
  closing = nil -- LuaJIT never collects a client that its own hook holds
  return 21 + (result and 1 or err.attempts)
end })

local FORKS = "a process of its own forks; a loop's does in spec/curl/engine_spec.lua, and nginx forks its workers in each spec of spec/hosts/"

rows:add("L07", "fork after the client was made", { once = FORKS, run = function(t)
  if not pcall(require, "ffi") then
    return "fork needs LuaJIT's ffi; nginx's workers are forked in spec/hosts/"
  end
  local url = good_url(t, "L07")
  local connections = t.server:listener("http")
  local output, fine = child([[
    local ffi = require("ffi")
    ffi.cdef("int fork(void); int waitpid(int, int *, int); void _exit(int);")
    assert(status())
    local pid = ffi.C.fork()
    if pid == 0 then
      local fine = pcall(function() for _ = 1, 3 do assert(status()) end client:close() end)
      ffi.C._exit(fine and 7 or 1)
    end
    local how = ffi.new("int[1]")
    ffi.C.waitpid(pid, how, 0)
    assert(status())
    io.write(how[0] / 256)]], url)
  check(fine and output == "7", "the child or its parent failed: %s", output)
  check(t.server:count("L07") == 5, "%d requests instead of 5", t.server:count("L07"))
  check(t.server:listener("http") == connections + 2, "parent and child share a connection, or did not keep theirs")
end })

rows:add("L08", "calls from other coroutines", { visit = function(site)
  local client = site.new()
  local function call()
    return site.status(client)
  end
  local step = coroutine.wrap
  if site.loop then -- which has to know of a coroutine that is to wait
    local result, err = coroutine.wrap(call)()
    check(result == nil, "a coroutine that the loop does not know makes calls")
    canaries.check_error(err, "config")
    check(err.outcome == "not_sent" and err.hint:find("loop:wrap", 1, true), "an unknown coroutine in a task: %s", tostring(err))
    step = function(fn)
      return site.loop:wrap(fn)
    end
  end
  for _ = 1, 30 do
    local result, err = step(call)()
    check(result, "a call in a coroutine failed: %s", tostring(err))
    collectgarbage() -- its coroutine is gone when the next call comes
  end
  check(call(), "a call after them failed")
  client:close()
  return 31
end })

local function raise()
  error("raised by the caller's own " .. canaries.SECRET)
end

rows:add("L09", "a hook that raises", { visit = function(site)
  local client = site.new({ hooks = { on_request = raise, on_response = raise, on_retry = raise, on_error = raise } })
  for _ = 1, 2 do
    check(site.status(client), "a hook that raises made a call fail")
  end
  check(client:stats().hook_error:find("on_request", 1, true), "nobody is told")
  canaries.refuse(client:stats(), "stats")
  client:close()
  return 2
end })

local NO_SCRIPTS_CLOCK = { skip = true, why = "clock, pause and send are the module's own here, no code of the caller's runs in them" }

rows:add("L09b", "a clock, a pause or a send of the caller's that raises", { inline = NO_SCRIPTS_CLOCK, thread = NO_SCRIPTS_CLOCK, nginx = NO_SCRIPTS_CLOCK,
  visit = function(site)
    local function host(own)
      for name, fn in pairs({ now = core.monotonic, wall = core.wall, random = core.random, sleep = core.sleep, send = function()
        return nil, { kind = "network", sent = false }
      end }) do
        own[name] = own[name] or fn
      end
      return own
    end
    local function raises(name, client)
      local fine, raised = pcall(site.status, client)
      check(not fine and tostring(raised):find("raised by the caller's own", 1, true), "an error of the caller's own %s is lost", name)
    end
    raises("pause", site.new({ host = host({ sleep = raise }), max_attempts = 2 }))
    raises("clock", site.new({ host = host({ now = raise }) }))
    local client = site.new({ host = host({ send = raise }) })
    local result, err = site.status(client)
    check(result == nil and err.outcome == "unknown" and err.attempts == 1, "a send that raises: %s", tostring(err))
    canaries.check_error(err, "network")
    client:close()
    return 0
  end })

for letter, jump in pairs({ [""] = "+1d", b = "-1d" }) do
  rows:add("L10" .. letter, "the clock jumps by " .. jump .. " in a call", row.lost("timeout", { slow = true, operation = "min_kyc", timeout_s = 0.3,
    steps = { { "hang" } }, child = { clock = jump } }))
end

rows:add("L11", "1,000 good calls and 1,000 failures: a short form of the soak", { repeats = 0, run = function(t)
  local calls = FACTOR >= 20 and 50 or 1000
  local good = t.server:case({ id = "L11", steps = { { "send", row.OK } } })
  local bad = t.server:case({ id = "L11b", steps = { { "rst" } } })
  local closed = t.server:base("refused", "localhost")
  local function round(count)
    local total = 0
    for key, url in pairs({ fine = good, bad = bad, closed = closed }) do
      check(t.seat:open(key, { base_url = url, allow_http_loopback = true, max_attempts = 1, connect_timeout_s = 1 }).made, "no client")
      local told = t.seat:series(key, count, "min_kyc")
      check(not told.raised and not told.complaint, "%s", told.raised or told.complaint)
      check(told.fine == (key == "fine" and count or 0), "%d of %d calls succeeded", told.fine, count)
      total = total + told.attempts
      t.seat:close(key)
    end
    return total
  end
  local grown = {}
  round(calls)
  repeat -- memory that is there once more is not a leak: the kernel hands it out in pieces of up to 2 MB
    local before = t.seat:usage()
    local counted = t.server:count("L11") + t.server:count("L11b")
    check(round(calls) == t.server:count("L11") + t.server:count("L11b") - counted, "attempts and requests differ")
    core.sleep(0.1)
    local now = t.seat:usage()
    check(now.files <= before.files, "files grew from %d to %d", before.files, now.files)
    check(now.threads <= before.threads, "threads grew from %d to %d", before.threads, now.threads)
    grown[#grown + 1] = math.floor((now.memory - before.memory) / 1024)
  until FACTOR ~= 1 or grown[#grown] < 1024 or #grown == 4
  check(FACTOR ~= 1 or grown[#grown] < 1024, "memory grew each time, by %s KB", table.concat(grown, ", "))
end })

return rows
