-- What counts as flat, and what does not.

local judge = require("spec.soak.judge")

local MIB = 1048576

-- Forty samples of a quiet process; `change` alters one in place, given its share of the time.
local function samples(change)
  local list = {}
  for i = 1, 40 do
    list[i] = { resident = 20 * MIB, files = 12, threads = 2, heap = 900 }
    if change then
      change(list[i], i / 40)
    end
  end
  return list
end

local REST = { files = 6, threads = 1 }

describe("the judge of the soak", function()
  local function faults(change, seconds, last)
    return judge.faults(samples(change), seconds or 900, REST, last or REST)
  end

  it("takes what stays, a warm-up and a peak that passes for flat", function()
    assert.same({}, faults())
    assert.same({}, faults(function(sample, time)
      sample.resident = time < 0.2 and 10 * MIB or sample.resident
      sample.heap = time < 0.2 and 300 or sample.heap
    end))
    assert.same({}, faults(function(sample, time)
      sample.files = time == 0.95 and 40 or sample.files + (time > 0.5 and 2 or 0)
    end))
  end)

  it("sees each thing that grows", function()
    local function one(pattern, ...)
      local found = faults(...)
      assert.equal(1, #found)
      assert.matches(pattern, found[1])
    end
    one("^resident grew", function(sample, time) sample.resident = sample.resident + 4 * MIB * time end)
    one("^heap grew", function(sample, time) sample.heap = sample.heap + 200 * time end)
    one("^files grew", function(sample, time) sample.files = sample.files + math.floor(12 * time) end)
    one("^threads grew", function(sample, time) sample.threads = sample.threads + math.floor(3 * time) end)
    one("^6 files before the first call, 7 after the last$", nil, nil, { files = 7, threads = 1 })
    one("^1 threads before the first call, 2 after the last$", nil, nil, { files = 6, threads = 2 })
  end)

  it("is gentler with memory in a short run, and with nothing else", function()
    local function grow(sample, time)
      sample.resident, sample.heap = sample.resident + 4 * MIB * time, sample.heap + 200 * time
    end
    assert.equal(2, #faults(grow, 900))
    assert.same({}, faults(grow, 10))
    assert.equal(1, #faults(function(sample, time) sample.files = sample.files + math.floor(12 * time) end, 10))
  end)

  it("is not content with a process that told too little, or never ended", function()
    assert.equal(1, #judge.faults({ {}, {} }, 900))
    assert.same({ "it did not come to its end" }, judge.faults(samples(), 900, REST, nil))
  end)
end)
