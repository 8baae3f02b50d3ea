-- What an engine promises beside its answer to faults (spec/faults/): many transfers at a time, cancelling, its thread, its end, forks.

local core = require("vkyc.core")
local curl = require("vkyc.curl")
local faults = require("spec.support.faults")
local process = require("spec.support.process")
local transports = require("spec.support.transports")

local OK = faults.response({ body = '{"ok":true}' })
local FACTOR = tonumber(os.getenv("VKYC_TIME_FACTOR") or "1")
local MAX_IN_FLIGHT, MAX_IDENTITIES = 64, 8

describe("an engine", function()
  local server, url, slow, engine

  setup(function()
    server = assert(faults.start())
  end)

  teardown(function()
    server:stop()
  end)

  before_each(function()
    url = server:case({ id = "good", listener = "tls", steps = { { "send", OK } } })
    slow = server:case({ id = "slow", listener = "tls", steps = { { "pause", 100 }, { "send", OK } } })
    engine = assert(curl.engine())
  end)

  after_each(function()
    engine:close()
  end)

  local function open(options)
    options = options or {}
    options.ca_file = options.ca_file or server:file("ca.pem")
    options.allow_http = true
    return assert(engine:open(options))
  end

  local function submit(transport, to, timeout_s, max_idle_s)
    local base, path = to:match("^(%a+://[^/]*)(/.*)$")
    local request, response = core.raw_request("GET", base, path), core.response()
    assert(request:header("x-client-secret", "canary"))
    local job, number = transport:submit(request, response, (timeout_s or 5) * FACTOR, 2 * FACTOR, max_idle_s)
    return job, number, response
  end

  local function call(transport, to, timeout_s, max_idle_s)
    local job, failure, response = submit(transport, to, timeout_s, max_idle_s)
    if not job then
      return nil, failure
    end
    local status, reason = transports.wait(job, response)
    return status, reason, response
  end

  -- Waits until a condition holds, at most 5 s.
  local function eventually(condition)
    local ends, good = core.monotonic() + 5 * FACTOR, condition()
    while not good and core.monotonic() < ends do
      core.sleep(0.002)
      good = condition()
    end
    assert.is_true(good)
  end

  local function readable(fd)
    local socket = require("socket")
    local found = socket.select({ { getfd = function() return fd end, dirty = function() return false end } }, nil, 0)
    return #found == 1
  end

  it("moves 64 transfers at a time, each with its own answer, and says when it is full", function()
    local transport, jobs = open(), {}
    for i = 1, MAX_IN_FLIGHT do
      local id = "many" .. i
      local to = server:case({ id = id, listener = "tls", steps = { { "pause", 50 }, { "send", faults.response({ body = id }) } } })
      local job, number, response = submit(transport, to)
      jobs[i] = { job = assert(job), response = response, body = id }
      assert.is_true(number >= 0 and number < MAX_IN_FLIGHT)
    end
    local more, nothing = submit(transport, url)
    assert.is_nil(more)
    assert.is_nil(nothing)
    for _, each in ipairs(jobs) do
      assert.equal(200, (transports.wait(each.job, each.response)))
      assert.equal(each.body, each.response:body())
    end
    assert.equal(200, (call(transport, url)))
  end)

  it("keeps connections for one identity and shares none between two", function()
    local one, same = open(), open()
    local other = open({ client_cert = server:file("client.pem"), client_key = server:file("client.key") })
    local before = server:listener("tls")
    assert.equal(200, (call(one, url)))
    assert.equal(200, (call(same, url)))
    assert.equal(before + 1, (server:listener("tls")))
    assert.equal(200, (call(other, url)))
    assert.equal(before + 2, (server:listener("tls")))
    one:close()
    assert.equal(200, (call(same, url)))
    assert.equal(before + 2, (server:listener("tls")))
  end)

  it("keeps a connection for each server", function()
    local transport = open()
    local plain = server:case({ id = "plain", listener = "http", steps = { { "send", OK } } })
    local tls, http = server:listener("tls"), server:listener("http")
    for _ = 1, 3 do
      assert.equal(200, (call(transport, url)))
      assert.equal(200, (call(transport, plain)))
    end
    assert.equal(tls + 1, (server:listener("tls")))
    assert.equal(http + 1, (server:listener("http")))
  end)

  it("has a new connection take the place of one that was idle for too long", function()
    local transport = open()
    assert.equal(200, (call(transport, url)))
    local connections, files = server:listener("tls"), process.files()
    for i = 1, 3 do
      assert.equal(200, (call(transport, url, nil, 0)))
      assert.equal(connections + i, (server:listener("tls")))
    end
    assert.is_true(process.files() <= files)
    assert.equal(200, (call(transport, url)))
    assert.equal(connections + 3, (server:listener("tls")))
  end)

  it("closes an idle connection when its server does", function()
    local transport = open()
    assert.equal(200, (call(transport, url)))
    collectgarbage()
    collectgarbage()
    local files = process.files()
    local closing = server:case({ id = "closing", listener = "http", steps = { { "send", OK }, { "pause", 400 }, { "close" } } })
    assert.equal(200, (call(transport, closing)))
    assert.equal(files + 1, process.files())
    eventually(function()
      return process.files() == files
    end)
  end)

  it("ends each transfer when its own time is over", function()
    local transport, ends = open(), {}
    local to = server:case({ listener = "tls", steps = { { "hang" } } })
    local before = core.monotonic()
    for i, seconds in ipairs({ 0.9, 0.3, 0.6 }) do
      local job, _, response = submit(transport, to, seconds)
      ends[i] = { job = job, response = response, at = seconds * FACTOR }
    end
    for _, i in ipairs({ 2, 3, 1 }) do
      local status, failure = transports.wait(ends[i].job, ends[i].response)
      local took = core.monotonic() - before
      assert.is_nil(status)
      assert.same({ "timeout", "response", true }, { failure.kind, failure.phase, failure.sent })
      assert.is_true(took >= ends[i].at - 0.002 and took < ends[i].at + 0.25 * FACTOR, took)
    end
    assert.equal(200, (call(transport, url)))
  end)

  it("does not send what is late before it is sent", function()
    local transport = open()
    local to, id = server:case({ listener = "tls", steps = { { "send", OK } } })
    assert.equal(200, (call(transport, url)))
    assert(engine:open({})):prepare(0) -- the thread reads the system's certificates for a while
    local status, failure = call(transport, to, 0.002)
    assert.is_nil(status)
    assert.same({ "timeout", false }, { failure.kind, failure.sent })
    assert.is_nil(failure.phase)
    assert.equal(200, (call(transport, url)))
    assert.equal(0, server:count(id))
  end)

  it("says which file of an identity cannot be used, and when there are too many identities", function()
    local _, failure = call(open({ ca_file = "/nonexistent/ca.pem" }), url)
    assert.equal("config", failure.kind)
    assert.is_truthy(failure.reason:find("ca_file", 1, true))
    local kept = {}
    for i = 1, MAX_IDENTITIES - 1 do
      kept[i] = open({ proxy = "http://127.0.0.1:" .. i })
    end
    local none
    none, failure = engine:open({ proxy = "http://127.0.0.1:99" })
    assert.is_nil(none)
    assert.equal("config", failure.kind)
    kept[1]:close()
    eventually(function()
      none = engine:open({ proxy = "http://127.0.0.1:99" })
      return none ~= nil
    end)
  end)

  describe("cancels", function()
    local function cancelled(listener, sent)
      local transport = open()
      local to = server:case({ listener = listener, steps = { { "hang" } } })
      local job, _, response = submit(transport, to)
      core.sleep(0.05 * FACTOR)
      local before = core.monotonic()
      job:cancel()
      job:cancel()
      local status, failure = transports.wait(job, response)
      assert.is_nil(status)
      assert.equal("cancelled", failure.kind)
      assert.equal(sent, failure.sent)
      assert.is_true(core.monotonic() - before < 0.1 * FACTOR)
      assert.equal(200, (call(transport, url)))
    end

    it("a transfer whose request was sent", function()
      cancelled("tls", true)
    end)

    it("a transfer in its TLS handshake", function()
      cancelled("stall", false)
    end)

    it("a transfer that was not begun", function()
      local transport = open()
      local job, _, response = submit(transport, url)
      job:cancel()
      local status, failure = transports.wait(job, response)
      if not status then -- the thread may have been faster
        assert.equal("cancelled", failure.kind)
      end
    end)

    it("nothing that has ended", function()
      local job, _, response = submit(open(), url)
      eventually(function()
        return engine:ready()
      end)
      job:cancel()
      assert.equal(200, (transports.wait(job, response)))
      job:cancel()
      local status, failure = job:finish(response)
      assert.is_nil(status)
      assert.equal("closed", failure.kind)
    end)

    it("what nobody waits for any more", function()
      local transport = open()
      local to = server:case({ listener = "tls", steps = { { "hang" } } })
      for _ = 1, 3 do
        for _ = 1, MAX_IN_FLIGHT do
          local job
          eventually(function()
            job = submit(transport, to)
            return job ~= nil
          end)
        end
        collectgarbage()
        collectgarbage()
      end
      eventually(function()
        return (call(transport, url)) == 200
      end)
    end)

    it("what belongs to a transport that is closed, and to no other", function()
      local one, other = open(), open()
      local to = server:case({ listener = "tls", steps = { { "hang" } } })
      local job, _, response = submit(one, to)
      local kept, _, kept_response = submit(other, slow)
      core.sleep(0.03)
      one:close()
      one:close()
      local status, failure = transports.wait(job, response)
      assert.is_nil(status)
      assert.equal("closed", failure.kind)
      assert.equal(200, (transports.wait(kept, kept_response)))
      status, failure = call(one, url)
      assert.is_nil(status)
      assert.equal("closed", failure.kind)
    end)
  end)

  describe("tells", function()
    it("of each transfer once, through a file descriptor too", function()
      local transport = open()
      assert.is_false(engine:ready())
      assert.is_false(readable(engine:fd()))
      local job, number, response = submit(transport, slow)
      assert.is_false(engine:ready())
      assert.is_false(job:finish(response))
      eventually(function()
        return readable(engine:fd())
      end)
      assert.is_true(engine:ready())
      assert.is_false(readable(engine:fd()))
      assert.equal(number, engine:next())
      assert.is_nil(engine:next())
      assert.is_false(engine:ready())
      assert.equal(200, (job:finish(response)))
    end)

    it("the thread of a batch when its owner looks or sets the alarm", function()
      local transport, to, id = open(), server:case({ listener = "tls", steps = { { "send", OK } } })
      local base, path = to:match("^(%a+://[^/]*)(/.*)$")
      local request, response = core.raw_request("GET", base, path), core.response()
      assert.equal(200, (call(transport, to)))
      for number, look in ipairs({ "ready", "alarm", "checker" }) do
        core.sleep(0.05) -- the thread has nothing to do any more
        local job = transport:submit(request, response, 5 * FACTOR, 2 * FACTOR, nil, true)
        if look == "checker" then
          engine:checker()()
        else
          engine[look](engine)
        end
        assert.equal(200, (transports.wait(job, response)))
        assert.equal(number + 1, server:count(id))
      end
    end)

    it("nobody through a file descriptor that was not asked for, and everybody once it is", function()
      local transport = open()
      local job, _, response = submit(transport, url)
      assert.equal(200, (call(transport, slow))) -- the other has ended before
      assert.is_true(readable(engine:fd()))
      assert.is_true(engine:checker()())
      assert.is_false(readable(engine:fd()))
      assert.equal(200, (transports.wait(job, response)))
    end)

    it("when the time has come", function()
      engine:alarm(core.monotonic() + 0.05)
      assert.is_false(engine:ready())
      engine:alarm(core.monotonic() + 0.02)
      local before = core.monotonic()
      eventually(function()
        return readable(engine:fd())
      end)
      assert.is_true(core.monotonic() - before >= 0.019 and core.monotonic() - before < 0.2 * FACTOR)
      assert.is_true(engine:ready())
      engine:alarm(core.monotonic() + 0.02)
      engine:alarm(nil)
      core.sleep(0.05)
      assert.is_false(engine:ready())
      engine:alarm(0)
      assert.is_true(readable(engine:fd()))
      assert.is_true(engine:ready())
    end)
  end)

  it("prepares libcurl and the system's certificates before there is a call", function()
    local transport = assert(engine:open({}))
    assert.is_true(transport:prepare(5 * FACTOR))
    local before = core.monotonic()
    assert.is_true(transport:prepare(5))
    assert.is_true(core.monotonic() - before < 0.02 * FACTOR)
  end)

  it("blocks every signal in its thread, of which it has one", function()
    local threads = process.threads()
    local transport = open()
    assert.equal(threads, process.threads())
    assert.equal(200, (call(transport, url)))
    assert.equal(threads + 1, process.threads())
    local id, blocked = process.id(), nil
    local tasks = assert(io.popen("ls /proc/" .. id .. "/task"))
    for task in tasks:lines() do
      if task ~= id then
        local file = assert(io.open("/proc/" .. id .. "/task/" .. task .. "/status"))
        blocked = file:read("*a"):match("SigBlk:%s*(%x+)")
        file:close()
      end
    end
    tasks:close()
    -- All but KILL, STOP and the two that glibc needs for itself.
    assert.is_truthy(blocked:find("ffffffe7ffbfeff", 1, true)) -- the first digit is valgrind's
    engine:close()
    assert.equal(threads, process.threads())
  end)

  it("gives its thread the stack that limits.h says #process", function()
    if FACTOR ~= 1 then
      return pending("sanitizers and valgrind make stacks of their own")
    end
    local output, fine = process.run(([[
      local core, curl = require("vkyc.core"), require("vkyc.curl")
      local function stacks()
        local count, last = 0, nil
        for line in io.lines("/proc/self/maps") do
          local from, to, access, name = line:match("^(%%x+)%%-(%%x+) (%%S+) %%S+ %%S+ %%S+ *(%%S*)")
          local size = tonumber(to, 16) - tonumber(from, 16)
          -- The page below is its guard, and may count as part of it.
          if access == "rw-p" and name == "" and last == "---p" and (size == 262144 or size == 262144 - 4096) then
            count = count + 1
          end
          last = access
        end
        return count
      end
      local engine = assert(curl.engine())
      local transport = assert(engine:open({ ca_file = %q }))
      local before = stacks()
      local job = assert(transport:submit(core.raw_request("GET", %q, "/slow"), core.response(), 5, 2))
      print(before, stacks())
      engine:close()]]):format(server:file("ca.pem"), server:base("tls")))
    assert.is_true(fine, output)
    assert.equal("0\t1\n", output)
  end)

  it("L05 L06 ends with transfers under way, in time, and twice", function()
    engine:close()
    collectgarbage() -- what earlier tests left must not go meanwhile
    collectgarbage()
    core.sleep(0.3) -- a thread that goes on for a moment takes its own along when it ends
    local files, threads = process.files(), process.threads()
    for _, listener in ipairs({ "tls", "stall", "http" }) do
      engine = assert(curl.engine())
      local transport = open()
      local to = server:case({ listener = listener, steps = { { "hang" } } })
      local jobs = {}
      for i = 1, 20 do
        jobs[i] = { submit(transport, to) }
      end
      core.sleep(0.03)
      local before = core.monotonic()
      engine:close()
      engine:close()
      assert.is_true(core.monotonic() - before < (0.25 + 0.1) * FACTOR) -- the promise, and a busy machine
      for _, job in ipairs(jobs) do
        local status, failure = job[1]:finish(job[3])
        assert.is_nil(status)
        assert.equal("closed", failure.kind)
        job[1]:cancel()
      end
      local status, failure = call(transport, url)
      assert.is_nil(status)
      assert.equal("closed", failure.kind)
      transport:close()
      assert.is_false(engine:ready())
      assert.is_nil(engine:next())
      assert.is_nil(engine:fd())
      engine:alarm(0)
    end
    local waits = 0
    while (process.files() > files or process.threads() > threads) and waits < 40 do
      core.sleep(0.05)
      waits = waits + 1
    end
    assert.is_true(process.files() <= files)
    assert.is_true(process.threads() <= threads)
    local none, failure = engine:open({})
    assert.is_nil(none)
    assert.equal("closed", failure.kind)
  end)

  it("L05 ends when it is collected, with all that is its own", function()
    collectgarbage()
    local threads = process.threads()
    for _ = 1, 5 do
      local own = assert(curl.engine())
      local transport = assert(own:open({ ca_file = server:file("ca.pem") }))
      submit(transport, slow)
    end
    collectgarbage()
    collectgarbage()
    eventually(function()
      collectgarbage()
      return process.threads() == threads
    end)
  end)

  local CHILD = [[
    local core, curl = require("vkyc.core"), require("vkyc.curl")
    local engine = assert(curl.engine())
    local transport = assert(engine:open({ ca_file = %q }))
    local jobs = {}
    for i = 1, 30 do
      local request, response = core.raw_request("GET", %q, "/slow"), core.response()
      jobs[i] = { transport:submit(request, response, 5, 2) }
    end
    core.sleep(%g)
    %s]]

  for name, how in pairs({ ["lua_close"] = "", ["os.exit"] = "os.exit(0)" }) do
    it("L05 lets the process end by " .. name .. " at any moment #process", function()
      for i = 0, 9 do
        local output, fine = process.run(CHILD:format(server:file("ca.pem"), server:base("tls"), i * i / 1000, how))
        assert.is_true(fine, output)
        assert.equal("", output)
      end
    end)
  end

  it("L07 gives a forked child an engine of its own #process", function()
    local has_ffi, ffi = pcall(require, "ffi")
    if not has_ffi then
      return pending("fork needs LuaJIT's ffi")
    end
    pcall(ffi.cdef, "int fork(void); int waitpid(int, int *, int); void _exit(int);")
    local transport, unused = open(), open({ proxy = "http://127.0.0.1:1" })
    assert.equal(200, (call(transport, url)))
    local connections = server:listener("tls")
    local job, _, response = submit(transport, slow)
    core.sleep(0.02)
    local child = ffi.C.fork()
    if child == 0 then
      -- No assert of busted here: a failure must end the child, not go on in the test runner.
      local fine = pcall(function()
        assert(process.threads() == 1)
        assert(engine:ready())
        assert(engine:next())
        local status, failure = job:finish(response)
        assert(status == nil and failure.kind == "cancelled" and failure.sent == true)
        assert(call(transport, url) == 200)
        assert(call(transport, url) == 200)
        unused:close()
        transport:close()
        engine:close()
        assert(process.threads() == 1)
      end)
      ffi.C._exit(fine and 0 or 1)
    end
    local status = ffi.new("int[1]")
    ffi.C.waitpid(child, status, 0)
    assert.equal(0, status[0])
    assert.equal(200, (transports.wait(job, response)))
    assert.equal(200, (call(transport, url)))
    assert.equal(connections + 1, (server:listener("tls")))
  end)

  it("refuses what is not its own", function()
    local transport = open()
    local request, response = core.raw_request("GET", url, ""), core.response()
    assert.has_error(function() transport:submit(response, response, 1, 1) end)
    assert.has_error(function() transport:submit(request, request, 1, 1) end)
    assert.has_error(function() transport:submit(request, response, "soon", 1) end)
    assert.has_error(function() transport.submit(engine, request, response, 1, 1) end)
    assert.has_error(function() engine.open(transport, {}) end)
    assert.has_error(function() engine:open({ proxy = 5 }) end)
    assert.has_error(function() engine:open() end)
    assert.has_error(function() engine.ready() end)
  end)
end)
