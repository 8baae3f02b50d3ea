local core = require "vkyc.core"

describe("clocks", function()
  it("run forward", function()
    local last = core.monotonic()
    for _ = 1, 1000 do
      local now = core.monotonic()
      assert.is_true(now >= last)
      last = now
    end
  end)

  it("agree with the system's", function()
    assert.is_true(math.abs(core.wall() - os.time()) <= 2)
  end)

  it("sleep as long as asked", function()
    local start = core.monotonic()
    core.sleep(0.05)
    local slept = core.monotonic() - start
    assert.is_true(slept >= 0.05 and slept < 1)
    start = core.monotonic()
    core.sleep(0)
    assert.is_true(core.monotonic() - start < 0.5)
    for _, wrong in ipairs { -1, 0 / 0, 1 / 0, 2e9, "x", {} } do
      assert.has_error(function() core.sleep(wrong) end)
    end
  end)
end)

describe("core.random", function()
  it("is in [0, 1), spread and different each time", function()
    local sum, seen, halves = 0, {}, 0
    for _ = 1, 10000 do
      local x = core.random()
      assert.is_true(x >= 0 and x < 1)
      assert.is_nil(seen[x])
      seen[x] = true
      sum = sum + x
      halves = halves + (x < 0.5 and 1 or 0)
    end
    assert.is_true(math.abs(sum / 10000 - 0.5) < 0.03)
    assert.is_true(math.abs(halves - 5000) < 400)
  end)

  it("gives hexadecimal", function()
    assert.truthy(core.random_hex(16):match("^[0-9a-f]+$"))
    assert.equal(32, #core.random_hex(16))
    assert.equal(2048, #core.random_hex(1024))
    assert.not_equal(core.random_hex(8), core.random_hex(8))
    for _, wrong in ipairs { 0, -1, 1025, 0 / 0, "x" } do
      assert.has_error(function() core.random_hex(wrong) end)
    end
  end)
end)
