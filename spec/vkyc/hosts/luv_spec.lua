-- Tasks of a loop inside of libuv's: it runs as long as they do.

local has_luv, uv = pcall(require, "luv")
local core = require("vkyc.core")
local vkyc = require("vkyc")

describe("the adapter for luv", function()
  if not has_luv then
    pending("needs lua-luv")
    return
  end
  local loop, tasks

  before_each(function()
    loop = assert(vkyc.loop.new())
    tasks = assert(require("vkyc.hosts.luv").attach(loop, uv))
  end)

  after_each(function()
    tasks:close()
    tasks:close()
    uv.run()
    loop:close()
  end)

  local function wait(seconds)
    local ends = core.monotonic() + seconds
    while core.monotonic() < ends do
      loop.host.sleep(0.005)
    end
  end

  it("runs tasks, their waits and those that they spawn, and ends with the last", function()
    local order = {}
    local first = tasks:spawn(function(name)
      wait(0.03)
      order[#order + 1] = name
      loop:spawn(function()
        wait(0.01)
        order[#order + 1] = "inner"
      end)
      return "result"
    end, "outer")
    tasks:spawn(function()
      order[#order + 1] = "quick"
    end)
    uv.run()
    assert.same({ "quick", "outer", "inner" }, order)
    assert.equal("result", (first:result()))
    assert.equal(0, loop:poll())
  end)

  it("may be used again after it ended, and ends at once without a task", function()
    local runs = 0
    for i = 1, 3 do
      uv.run()
      assert.equal(i - 1, runs)
      tasks:spawn(function()
        wait(0.005)
        runs = runs + 1
      end)
      uv.run()
      assert.equal(i, runs)
    end
  end)

  it("lets others of libuv go on meanwhile", function()
    local ticks, timer = 0, uv.new_timer()
    timer:start(0, 1, function()
      ticks = ticks + 1
    end)
    timer:unref()
    tasks:spawn(wait, 0.1)
    uv.run()
    timer:close()
    assert.is_true(ticks > 1)
  end)

  it("says that a loop is closed", function()
    loop:close()
    local task, err = tasks:spawn(function() end)
    assert.is_nil(task)
    assert.equal("closed", err.kind)
  end)
end)
