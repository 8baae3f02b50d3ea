-- The table of faults itself: every case of the matrix is in it, and says how.

local shape = require("spec.faults.table")

describe("the table of faults", function()
  it("has every case of the matrix", function()
    local have = {}
    for _, row in ipairs(shape.rows) do
      have[row.id:sub(1, 3)] = true
    end
    local total = 0
    for letter, count in pairs(shape.CASES) do
      for i = 1, count do
        local id = ("%s%02d"):format(letter, i)
        assert.is_true(have[id], id .. " is missing")
        total = total + 1
      end
    end
    assert.equal(143, total)
  end)

  it("names each row once", function()
    local seen = {}
    for _, row in ipairs(shape.rows) do
      assert.is_nil(seen[row.title], row.title)
      assert.equal(row, shape.find(row.title))
      seen[row.title] = true
    end
  end)

  local function is_reason(text)
    return type(text) == "string" and #text > 20
  end

  it("says why, wherever a transport differs or leaves a row out", function()
    for _, row in ipairs(shape.rows) do
      assert.is_true(not row.once or is_reason(row.once), row.title)
      assert.is_true(not row.elsewhere or is_reason(row.why), row.title)
      for _, transport in ipairs({ "inline", "thread", "nginx", "own" }) do
        assert.is_true(not row[transport] or is_reason(row[transport].why), row.title .. ", " .. transport)
        local reason = shape.left_out(row, transport)
        assert.is_true(not reason or is_reason(reason), row.title .. ", " .. transport)
      end
    end
  end)

  it("says what must come of each row", function()
    for _, row in ipairs(shape.rows) do
      local ways = (row.run and 1 or 0) + (row.visit and 1 or 0) + (row.pure and 1 or 0) + (row.elsewhere and 1 or 0)
      assert.is_true(ways <= 1, row.title)
      if ways == 0 and row.kind and not row.refused then
        assert.matches("^[NPI]$", row.retry or "", row.title)
      end
    end
  end)
end)
