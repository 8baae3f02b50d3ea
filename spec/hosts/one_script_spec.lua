-- One script, byte for byte, in a plain interpreter and in a task of a loop. Its run inside nginx is in one_script_nginx_spec.lua.

local one_script = require("spec.support.one_script")

describe("one script", function()
  local sandbox, missing

  setup(function()
    sandbox, missing = one_script.sandbox()
  end)

  teardown(function()
    if sandbox then
      sandbox:stop()
    end
  end)

  it("onboards the same three customers with libcurl and in a task of a loop", function()
    if not sandbox then
      return pending("needs the sandbox: " .. missing)
    end
    local plain, fine = sandbox:plain()
    assert.is_true(fine, plain)
    assert.matches("Three customers onboarded.", plain, 1, true)
    assert.equal(3, select(2, plain:gsub("state +approved", "")), plain)
    local looped
    looped, fine = sandbox:process([[
      local core, one_script, vkyc = require("vkyc.core"), require("spec.support.one_script"), require("vkyc")
      local loop = assert(vkyc.loop.new())
      local task = loop:spawn(one_script.run)
      local polls = 0
      while loop:poll() > 0 do
        polls = polls + 1
        core.sleep(0.001)
      end
      assert(task:status() == "done", select(2, task:result()))
      assert(polls > 30, "the calls did not wait in the loop") -- there are more calls than that
      io.write(task:result())]])
    assert.is_true(fine, looped)
    assert.equal(plain, looped)
  end)
end)
