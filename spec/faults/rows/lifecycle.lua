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

local function new_client(url, more)
  local options = { provider = "cashfree_ppi", environment = "sandbox", client_id = "C", client_secret = canaries.SECRET, base_url = url,
    allow_http_loopback = true, max_attempts = 1 }
  for name, value in pairs(more or {}) do
    options[name] = value
  end
  return assert(require("vkyc").new(options))
end

local IDS = { user_id = "U1", verification_id = "V1" }

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

rows:add("L01", "an allocation of Lua fails", { elsewhere = "spec/torture/run.lua" })
rows:add("L02", "an allocation of our binaries fails", { elsewhere = "spec/torture/run.lua" })
rows:add("L03", "an allocation of libcurl fails", { elsewhere = "spec/torture/run.lua" })

-- All the memory that the process may have is used up, then a text of 8 MB is to be read.
local STARVED = [[
  local core = require("vkyc.core")
  local cjson = require("cjson").new()
  local text, kept = '{"a":"' .. ("x"):rep(8 * 2 ^ 20) .. '"}', {}
  local response = core.response(64 * 2 ^ 20)
  while pcall(function() kept[#kept + 1] = ("y"):rep(2 ^ 20 + #kept) end) do end
  local fine, status, failure = pcall(function() %s end)
  kept = nil
  print(fine, status, type(failure) == "table" and failure.kind or failure)]]
local HUNGRY = "prlimit --as=268435456"

rows:add("L04", "no memory while JSON is read: lua-cjson ends the process, ours does not", { once = true, run = function()
  if (os.getenv("LD_PRELOAD") or "") ~= "" then
    return "a sanitizer needs more room than the limit of this row leaves"
  end
  local output, fine = process.run(STARVED:format("return response:fill(200, {}, text)"), nil, HUNGRY)
  check(fine, "ours ended the process: %s", output)
  check(output:find("true\tnil\tmemory", 1, true) or output:find("not enough memory", 1, true), "ours said %s", output)
  output, fine = process.run(STARVED:format("return cjson.decode(text)"), nil, HUNGRY)
  check(not fine and output:find("Out of memory", 1, true), "lua-cjson survived, so that this row shows nothing: %s", output)
end })

for name, ending in pairs({ [""] = "", b = "os.exit(0)" }) do
  rows:add("L05" .. name, (ending == "" and "lua_close" or "os.exit") .. " with calls in flight", { once = true, run = function(t)
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

rows:add("L06", "a client used after its end, closed twice, collected in the middle of a call", { once = true, run = function(t)
  local url = good_url(t, "L06")
  local client = new_client(url)
  check(client:status(IDS), "the first call failed")
  client:close()
  client:close()
  local result, err = client:status(IDS)
  check(result == nil and err.kind == "closed" and err.outcome == "not_sent", "a closed client says %s", tostring(err))
  check(select(2, client:webhook({}, "{}")).kind == "closed", "a closed client verifies")
  for _ = 1, 20 do
    local other
    other = new_client(url, { hooks = { on_request = function()
      other = nil
      collectgarbage()
      collectgarbage()
    end } })
    check(other:status(IDS), "a call did not survive a collection")
  end
  local closing
  closing = new_client(url, { hooks = { on_request = function()
    closing:close()
  end } })
  result, err = closing:status(IDS)
  check(result or err.kind, "a client closed under its call says nothing")
  check(select(2, closing:status(IDS)).kind == "closed", "it is not closed")
end })

rows:add("L07", "fork after the client was made", { once = true, run = function(t)
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

rows:add("L08", "calls from other coroutines", { once = true, run = function(t)
  local client = new_client(good_url(t, "L08"))
  for _ = 1, 30 do
    local result, err = coroutine.wrap(function()
      return client:status(IDS)
    end)()
    check(result, "a call in a coroutine failed: %s", tostring(err))
    collectgarbage() -- its coroutine is gone when the next call comes
  end
  check(client:status(IDS), "a call after them failed")
  local loop = assert(require("vkyc.loop").new())
  local task = loop:spawn(function()
    return coroutine.wrap(function()
      return client:status(IDS)
    end)()
  end)
  while loop:poll() > 0 do
    core.sleep(0.001)
  end
  local result, err = task:result()
  check(task:status() == "done" and result == nil and err.kind == "config" and err.outcome == "not_sent", "an unknown coroutine in a task: %s", tostring(err))
  loop:close()
  client:close()
end })

rows:add("L09", "a hook, a clock or a pause that raises", { once = true, run = function(t)
  local url = good_url(t, "L09")
  local function raise()
    error("raised by the caller's own " .. canaries.SECRET)
  end
  local client = new_client(url, { hooks = { on_request = raise, on_response = raise, on_retry = raise, on_error = raise } })
  check(client:status(IDS), "a hook that raises made a call fail")
  check(client:stats().hook_error:find("on_request", 1, true), "nobody is told")
  canaries.refuse(client:stats(), "stats")
  local host = { now = core.monotonic, wall = core.wall, random = core.random, sleep = raise, send = function()
    return nil, { kind = "network", sent = false }
  end }
  client = new_client(url, { host = host, max_attempts = 2 })
  check(not pcall(client.status, client, IDS), "an error of the caller's own pause is lost")
  host.sleep = nil
  client = new_client(url, { host = { now = core.monotonic, wall = core.wall, random = core.random, sleep = function() end, send = raise } })
  local result, err = client:status(IDS)
  check(result == nil and err.kind == "network" and err.outcome == "unknown", "a send that raises: %s", tostring(err))
  canaries.check_error(err)
end })

for letter, jump in pairs({ [""] = "+1d", b = "-1d" }) do
  rows:add("L10" .. letter, "the clock jumps by " .. jump .. " in a call", row.lost("timeout", { slow = true, operation = "min_kyc", timeout_s = 0.3,
    steps = { { "hang" } }, child = { clock = jump } }))
end

rows:add("L11", "1,000 good calls and 1,000 failures: a short form of the soak", { run = function(t)
  local calls = FACTOR >= 20 and 50 or 1000
  local good = t.server:case({ id = "L11", steps = { { "send", row.OK } } })
  local bad = t.server:case({ id = "L11b", steps = { { "rst" } } })
  local closed = t.server:base("refused", "localhost")
  local function round(count)
    local total = 0
    for key, url in pairs({ good = good, bad = bad, closed = closed }) do
      check(t.seat:open(key, { base_url = url, allow_http_loopback = true, max_attempts = 1, connect_timeout_s = 1 }).made, "no client")
      local told = t.seat:series(key, count, "min_kyc")
      check(not told.raised and not told.complaint, "%s", told.raised or told.complaint)
      check(told.fine == (key == "good" and count or 0), "%d of %d calls succeeded", told.fine, count)
      total = total + told.attempts
      t.seat:close(key)
    end
    return total
  end
  round(calls)
  local before = t.seat:usage()
  local counted = t.server:count("L11") + t.server:count("L11b")
  check(round(calls) == t.server:count("L11") + t.server:count("L11b") - counted, "attempts and requests differ")
  core.sleep(0.1)
  local now = t.seat:usage()
  check(now.files <= before.files, "files grew from %d to %d", before.files, now.files)
  check(now.threads <= before.threads, "threads grew from %d to %d", before.threads, now.threads)
  if FACTOR == 1 then
    check(now.memory - before.memory < 1024 * 1024, "memory grew by %.0f KB", (now.memory - before.memory) / 1024)
  end
end })

return rows
