-- Tasks of a loop: scripts that look as if they waited, over the real thread and a server that misbehaves.

local canaries = require("spec.support.canaries")
local core = require("vkyc.core")
local curl = require("vkyc.curl")
local faults = require("spec.support.faults")
local process = require("spec.support.process")
local vkyc = require("vkyc")

local FACTOR = tonumber(os.getenv("VKYC_TIME_FACTOR") or "1")

local function record(id)
  return faults.response({ body = '{"user_id":"U1","verification_id":"' .. (id or "V1") .. '","status":"LINK_GENERATED","vkyc_link":"https://x.example"}' })
end

local KEY = { user_id = "U1", verification_id = "V1" }
local UNAVAILABLE = faults.response({ status = "503 Unavailable", body = "{}" })

describe("a loop", function()
  local server, loop, clients

  setup(function()
    server = assert(faults.start())
  end)

  teardown(function()
    server:stop()
  end)

  before_each(function()
    clients = {}
    loop = assert(vkyc.loop.new())
  end)

  after_each(function()
    loop:close()
    for _, client in ipairs(clients) do
      client:close()
    end
    canaries.check_hooks()
  end)

  -- A client whose requests get these steps or answers, and the id that counts them.
  local function client_of(case, options)
    case.listener = case.listener or "tls"
    local url, id = server:case(case)
    local all = {
      provider = "cashfree_ppi", environment = "sandbox", base_url = url, client_id = "CF10KEY", client_secret = canaries.SECRET, hooks = canaries.hooks(),
      ca_file = server:file("ca.pem"), connect_timeout_s = 3 * FACTOR, attempt_timeout_s = 10 * FACTOR, deadline_s = 30 * FACTOR,
    }
    for name, value in pairs(options or {}) do
      all[name] = value
    end
    clients[#clients + 1] = assert(vkyc.new(all))
    return clients[#clients], id
  end

  local function run(own)
    own = own or loop
    local ends = core.monotonic() + 20 * FACTOR
    while own:poll() > 0 and core.monotonic() < ends do
      core.sleep(0.001)
    end
  end

  local function readable()
    local fd = loop:fd()
    local found = require("socket").select({ { getfd = function() return fd end, dirty = function() return false end } }, nil, 0)
    return #found == 1
  end

  it("runs scripts side by side, while poll never waits", function()
    local client, id = client_of({ steps = { { "pause", 150 }, { "send", record() } } })
    local tasks, worst = {}, 0
    for i = 1, 10 do
      tasks[i] = loop:spawn(function(number)
        local first = client:status(KEY)
        local second = client:status(KEY)
        return number, first.status, second.status, nil
      end, i)
      assert.equal("running", tasks[i]:status())
      assert.is_nil(tasks[i]:result())
    end
    assert.equal(0, server:count(id))
    local before = core.monotonic()
    repeat
      local start = core.monotonic()
      local running = loop:poll()
      worst = math.max(worst, core.monotonic() - start)
      core.sleep(0.002)
    until running == 0
    assert.is_true(core.monotonic() - before < 1.5 * FACTOR)
    assert.is_true(worst < 0.1 * FACTOR, "a poll took " .. worst .. " s")
    assert.equal(20, server:count(id))
    for i, task in ipairs(tasks) do
      assert.equal("done", task:status())
      assert.same({ i, "LINK_GENERATED", "LINK_GENERATED" }, { task:result() })
      assert.equal(4, select("#", task:result()))
    end
  end)

  it("begins a task with the next poll, and tells its file descriptor", function()
    local begun = false
    assert.is_false(readable())
    loop:spawn(function()
      begun = true
    end)
    assert.is_false(begun)
    assert.is_true(readable())
    assert.equal(0, loop:poll())
    assert.is_true(begun)
    assert.is_false(readable())
  end)

  it("keeps an error as the task's result, with a traceback", function()
    local failing = loop:spawn(function()
      error("broken script")
    end)
    local strange = loop:spawn(function()
      error({ code = 5 })
    end)
    local other = loop:spawn(function()
      return "fine"
    end)
    run()
    local nothing, err, traceback = failing:result()
    assert.equal("failed", failing:status())
    assert.is_nil(nothing)
    assert.is_truthy(err:find("broken script", 1, true))
    assert.is_truthy(traceback:find("loop_spec.lua", 1, true))
    assert.same({ code = 5 }, (select(2, strange:result())))
    assert.equal("fine", other:result())
  end)

  it("L09 is not stopped by a hook that raises", function()
    local client = client_of({ steps = { { "send", record() } } }, { hooks = {
      on_request = function() error("hook") end,
      on_response = function() error({}) end,
    } })
    local task = loop:spawn(function()
      return client:status(KEY)
    end)
    run()
    assert.equal("LINK_GENERATED", task:result().status)
  end)

  it("goes on with a task that yields by itself, once a poll", function()
    local turns = 0
    loop:spawn(function()
      for _ = 1, 3 do
        turns = turns + 1
        coroutine.yield("of its own")
      end
    end)
    for turn = 1, 3 do
      assert.equal(1, loop:poll())
      assert.equal(turn, turns)
      assert.is_true(readable())
    end
    assert.equal(0, loop:poll())
  end)

  it("leaves what is over the budget for the next poll", function()
    local begun = 0
    for _ = 1, 3 do
      loop:spawn(function()
        begun = begun + 1
      end)
    end
    assert.equal(2, loop:poll(0))
    assert.equal(1, begun)
    assert.is_true(readable())
    assert.equal(1, loop:poll(0))
    assert.equal(0, loop:poll(1))
    assert.equal(3, begun)
  end)

  it("waits between attempts without stopping others, and wakes by its file descriptor", function()
    local client, id = client_of({ answers = { { { "send", UNAVAILABLE } }, { { "send", record() } } } })
    local other = client_of({ steps = { { "send", record() } } })
    local slow = loop:spawn(function()
      return client:status(KEY)
    end)
    local quick = loop:spawn(function()
      return other:status(KEY)
    end)
    local first
    local ends = core.monotonic() + 10 * FACTOR
    repeat
      require("socket").select({ { getfd = function() return loop:fd() end, dirty = function() return false end } }, nil, 5)
      loop:poll()
      first = first or (quick:status() == "done" and slow:status())
    until slow:status() ~= "running" or core.monotonic() > ends
    assert.equal("LINK_GENERATED", slow:result().status)
    assert.equal(2, server:count(id))
    assert.equal(2, vkyc.meta(slow:result()).attempts)
  end)

  describe("cancels", function()
    it("a call that is under way, whose script goes on", function()
      local client, id = client_of({ steps = { { "hang" } } })
      local task = loop:spawn(function()
        local _, err = client:create_user({ user_id = "U1", phone = "9876500000" })
        local _, later = client:status(KEY)
        return err, later
      end)
      repeat
        loop:poll()
        core.sleep(0.001)
      until server:count(id) == 1
      task:cancel()
      task:cancel()
      assert.equal("running", task:status())
      local before = core.monotonic()
      run()
      assert.is_true(core.monotonic() - before < 0.25 * FACTOR)
      local err, later = task:result()
      assert.equal("cancelled", task:status())
      assert.equal("cancelled", err.kind)
      assert.equal("unknown", err.outcome)
      assert.equal("cancelled", later.kind)
      assert.equal("not_sent", later.outcome)
      assert.equal(1, server:count(id))
      task:cancel()
      assert.equal("cancelled", task:status())
    end)

    it("a wait between attempts", function()
      local later = faults.response({ status = "429 Slow", headers = "Retry-After: 15\r\nContent-Length: 2\r\n", body = "{}" })
      local client, id = client_of({ steps = { { "send", later } } })
      local task = loop:spawn(function()
        return client:status(KEY)
      end)
      repeat
        loop:poll()
        core.sleep(0.001)
      until server:count(id) == 1
      core.sleep(0.05)
      loop:poll()
      local before = core.monotonic()
      task:cancel()
      assert.is_true(readable())
      run()
      assert.is_true(core.monotonic() - before < 1 * FACTOR)
      assert.equal("cancelled", task:status())
      assert.equal("cancelled", select(2, task:result()).kind)
    end)

    it("a task that has not begun", function()
      local begun = false
      local task = loop:spawn(function()
        begun = true
      end)
      task:cancel()
      assert.equal(0, loop:poll())
      assert.equal("cancelled", task:status())
      assert.equal("cancelled", select(2, task:result()).kind)
      assert.is_false(begun)
    end)

    it("itself", function()
      local client = client_of({ steps = { { "send", record() } } })
      local task
      task = loop:spawn(function()
        task:cancel()
        return client:status(KEY)
      end)
      run()
      assert.equal("cancelled", task:status())
      assert.equal("cancelled", select(2, task:result()).kind)
    end)

    it("nothing that has ended", function()
      local task = loop:spawn(function()
        return 5
      end)
      run()
      task:cancel()
      assert.equal("done", task:status())
      assert.equal(5, task:result())
    end)
  end)

  describe("and coroutines of the script's own:", function()
    local function calls_in(make)
      local client, id = client_of({ steps = { { "pause", 20 }, { "send", record() } } })
      local task = loop:spawn(function()
        return make(function()
          local result, err = client:status(KEY)
          return result and result.status, err
        end)
      end)
      run()
      return task, id
    end

    it("one that the loop does not know cannot wait, and says so", function()
      local task, id = calls_in(function(call)
        return coroutine.wrap(call)()
      end)
      local status, err = task:result()
      assert.is_nil(status)
      assert.equal("config", err.kind)
      assert.is_truthy(err.hint:find("loop:wrap", 1, true))
      assert.equal(0, server:count(id))
    end)

    it("a wrapped one hands its values to its script and its waits to the loop", function()
      local task = calls_in(function(call)
        local values = {}
        local thread = coroutine.create(function(a)
          local b = coroutine.yield(a + 1)
          coroutine.yield(call() .. b)
          return "end"
        end)
        local step = loop:wrap(thread)
        values[1] = step(1)
        values[2] = step("!")
        values[3] = step()
        return values
      end)
      assert.same({ 2, "LINK_GENERATED!", "end" }, task:result())
    end)

    it("so do several, one in the other", function()
      local task = calls_in(function(call)
        return loop:wrap(function()
          return loop:wrap(function()
            return loop:wrap(call)()
          end)()
        end)()
      end)
      assert.equal("LINK_GENERATED", task:result())
    end)

    it("an error in a wrapped one reaches its script", function()
      local task = calls_in(function()
        return pcall(loop:wrap(function()
          error("inside", 0)
        end))
      end)
      assert.same({ false, "inside" }, { task:result() })
    end)

    it("another scheduler may resume a wrapped one as often as it likes", function()
      local client = client_of({ steps = { { "pause", 20 }, { "send", record() } } })
      local result
      local step = loop:wrap(function()
        result = client:status(KEY)
      end)
      local turns = 0
      repeat
        assert.is_nil(step())
        turns = turns + 1
        core.sleep(0.001)
      until result
      assert.is_true(turns > 3)
      assert.equal("LINK_GENERATED", result.status)
    end)

    it("a C function in between cannot wait, and says so", function()
      if not coroutine.isyieldable then
        return pending("this VM cannot tell")
      end
      local task = calls_in(function(call)
        local status, err
        table.sort({ 1, 2 }, function()
          status, err = call()
          return false
        end)
        return status, err
      end)
      local status, err = task:result()
      assert.is_nil(status)
      assert.equal("config", err.kind)
    end)

    it("calls outside of tasks are made at once", function()
      local client = client_of({ steps = { { "send", record() } } })
      loop:spawn(function()
        coroutine.yield()
      end)
      loop:poll()
      assert.equal("LINK_GENERATED", client:status(KEY).status)
      assert.equal("LINK_GENERATED", coroutine.wrap(function()
        return client:status(KEY).status
      end)())
    end)
  end)

  it("logs in once for all its tasks, also when the first of them is cancelled", function()
    local _, login = server:case({ id = "login", listener = "tls", steps = { { "pause", 60 }, { "send",
      faults.response({ body = '{"access_token":"' .. canaries.TOKEN .. '","token_type":"bearer","expires_in":86399}' }) } } })
    local client = client_of({ steps = { { "send", faults.response({ body = '{"response_code":0,"payload":{"kycStatus":"X"}}' }) } } }, {
      provider = "enkash", environment = "uat", client_id = "CEK1", username = "6001020040", password = canaries.PASSWORD, partner_id = "CR1",
      company_id = "CEK1", card_account_id = "CA1", token_url = server:base("tls") .. "/login",
    })
    local tasks = {}
    for i = 1, 12 do
      tasks[i] = loop:spawn(function()
        local result, err = client:vkyc_status({ enKashCardId = "CARD1" })
        return result ~= nil or err.operation ~= "login", err
      end)
    end
    loop:poll()
    tasks[1]:cancel()
    run()
    assert.equal(1, server:count(login))
    assert.equal("cancelled", tasks[1]:status())
    for i = 2, 12 do
      assert.equal("done", tasks[i]:status())
      assert.is_true((tasks[i]:result()))
    end
  end)

  it("runs a task to its end though nobody kept its handle", function()
    local client, id = client_of({ steps = { { "pause", 20 }, { "send", record() } } })
    local done = {}
    for i = 1, 3 do
      loop:spawn(function()
        local word = client:status(KEY).status
        done[#done + 1] = i .. " " .. word
        coroutine.yield() -- of its own: goes on with the next poll
        done[#done + 1] = i .. " end"
      end)
    end
    local ends = core.monotonic() + 20 * FACTOR
    repeat
      collectgarbage()
      core.sleep(0.001)
    until loop:poll() == 0 or core.monotonic() > ends
    table.sort(done)
    assert.same({ "1 LINK_GENERATED", "1 end", "2 LINK_GENERATED", "2 end", "3 LINK_GENERATED", "3 end" }, done)
    assert.equal(3, server:count(id))
  end)

  it("makes more tasks wait than can be under way", function()
    local client, id = client_of({ steps = { { "pause", 10 }, { "send", record() } } })
    local done = 0
    for _ = 1, 150 do
      loop:spawn(function()
        local result = client:status(KEY)
        done = done + (result and 1 or 0)
      end)
    end
    run()
    assert.equal(150, done)
    assert.equal(150, server:count(id))
  end)

  describe("ends", function()
    it("L05 L06 with calls under way, and twice", function()
      local client, id = client_of({ steps = { { "hang" } } })
      local threads = process.threads()
      local waiting = loop:spawn(function()
        return client:status(KEY)
      end)
      local new
      repeat
        loop:poll()
        core.sleep(0.001)
      until server:count(id) == 1
      new = loop:spawn(function() end)
      local before = core.monotonic()
      loop:close()
      loop:close()
      assert.is_true(core.monotonic() - before < 0.25 * FACTOR)
      assert.equal(threads, process.threads())
      for _, task in ipairs({ waiting, new }) do
        assert.equal("cancelled", task:status())
        assert.equal("cancelled", select(2, task:result()).kind)
      end
      assert.equal(0, loop:poll())
      assert.is_nil(loop:fd())
      local none, err = loop:spawn(function() end)
      assert.is_nil(none)
      assert.equal("closed", err.kind)
    end)

    it("in one of its own tasks", function()
      local task = loop:spawn(function()
        loop:close()
        return 5
      end)
      assert.equal(0, loop:poll())
      assert.equal("cancelled", task:status())
    end)

    it("with to-be-closed variables closed", function()
      if _VERSION ~= "Lua 5.4" then
        return pending("only Lua 5.4 has them")
      end
      local load_chunk = load
      local closed = {}
      local body = load_chunk([[
        local closed, name, wait = ...
        local guard <close> = setmetatable({}, { __close = function() closed[#closed + 1] = name end })
        wait()]])
      loop:spawn(body, closed, "left", coroutine.yield)
      loop:spawn(body, closed, "failed", error)
      loop:poll()
      loop:close()
      table.sort(closed)
      assert.same({ "failed", "left" }, closed)
    end)

    it("when it is dropped, with its tasks", function()
      local client, id = client_of({ steps = { { "hang" } } })
      collectgarbage()
      local threads = process.threads()
      do
        local own = assert(vkyc.loop.new())
        own:spawn(function()
          return client:status(KEY)
        end)
        repeat
          own:poll()
          core.sleep(0.001)
        until server:count(id) == 1
        assert.equal(threads + 1, process.threads())
      end
      local ends, jit = core.monotonic() + 5, rawget(_G, "jit")
      repeat
        if jit then
          jit.flush() -- what LuaJIT compiled holds on to the values that closures never change
        end
        collectgarbage()
      until process.threads() == threads or core.monotonic() > ends
      assert.equal(threads, process.threads())
    end)

    it("L06 a call whose client is closed under it", function()
      local client, id = client_of({ steps = { { "hang" } } })
      local task = loop:spawn(function()
        return client:create_user({ user_id = "U1", phone = "9876500000" })
      end)
      repeat
        loop:poll()
        core.sleep(0.001)
      until server:count(id) == 1
      client:close()
      run()
      local _, err = task:result()
      assert.equal("closed", err.kind)
      assert.equal("unknown", err.outcome)
    end)
  end)

  it("loads what the first call needs when it is prepared, and otherwise leaves it to that call", function()
    local exchange = package.loaded["vkyc.exchange"]
    finally(function() package.loaded["vkyc.exchange"] = exchange end)
    for _, prepare in ipairs({ false, true }) do
      package.loaded["vkyc.exchange"] = nil
      local own = assert(vkyc.loop.new({ prepare = prepare }))
      own:close()
      assert.equal(prepare, package.loaded["vkyc.exchange"] ~= nil)
    end
  end)

  it("is prepared within its bound, also for the options of a client", function()
    for _, prepare in ipairs({ true, { ca_file = server:file("ca.pem") } }) do
      local before = core.monotonic()
      local own = assert(vkyc.loop.new({ prepare = prepare }))
      assert.is_true(core.monotonic() - before < (0.25 + 0.1) * FACTOR) -- the bound, and a busy machine
      own:close()
    end
  end)

  it("has read the certificates when it is prepared, and otherwise leaves them to the first call", function()
    for _, prepare in ipairs({ false, true }) do
      local name = os.tmpname()
      local from, to = assert(io.open(server:file("ca.pem"))), assert(io.open(name, "w"))
      to:write(from:read("*a"))
      from:close()
      to:close()
      local client = client_of({ steps = { { "send", record() } } }, { ca_file = name })
      local own = assert(vkyc.loop.new({ prepare = prepare and { ca_file = name } or nil }))
      assert(os.remove(name))
      local task = own:spawn(client.status, client, KEY)
      run(own)
      local result, err = task:result()
      own:close()
      assert.equal(prepare, result ~= nil, tostring(err))
    end
  end)

  it("refuses wrong use", function()
    assert.error_matches(function() vkyc.loop.new({ prepared = true }) end, "unknown option prepared, known is prepare")
    assert.error_matches(function() loop:spawn("text") end, "takes a function")
    assert.error_matches(function() loop:wrap("text") end, "takes a coroutine or a function")
    local task = loop:spawn(function()
      loop:spawn(function() end)
      loop:poll()
    end)
    run()
    assert.is_truthy(select(2, task:result()):find("was called by a task", 1, true))
  end)

  it("is not for nginx #process", function()
    local output = process.run([[
      ngx = { socket = {} }
      local loop, err = require("vkyc.loop").new()
      print(loop, err.kind, package.loaded["vkyc.curl"])]])
    assert.equal("nil\tconfig\tnil\n", output)
  end)

  it("costs little to poll while nothing is ready", function()
    local client = client_of({ steps = { { "hang" } } })
    local engine = assert(curl.engine())
    loop:spawn(function()
      return client:status(KEY)
    end)
    for _ = 1, 10 do
      loop:poll()
      core.sleep(0.005)
    end
    local function measure(fn, receiver)
      local best = math.huge
      for _ = 1, 5 do
        local before = core.monotonic()
        for _ = 1, 20000 do
          fn(receiver)
        end
        best = math.min(best, core.monotonic() - before)
      end
      return best
    end
    -- engine:next of an engine without a thread: a C function that does next to nothing.
    local ratio = measure(loop.poll, loop) / measure(engine.next, engine)
    engine:close()
    assert.is_true(ratio < 10 * FACTOR, "ratio " .. ratio)
  end)
end)
