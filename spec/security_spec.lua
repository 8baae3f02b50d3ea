-- SECURITY.md names the specs that test each promise: they exist, so do the rows of the fault suite, and no promise is without one.

local shape = require("spec.faults.table")

local root = debug.getinfo(1, "S").source:match("^@(.*)spec/security_spec%.lua$") or ""

local rows = {}
for _, row in ipairs(shape.rows) do
  rows[row.id], rows[row.id:sub(1, 3)], rows[row.id:sub(1, 1)] = true, true, true
end

-- The ids of "row A12", "rows D17-D22, I04 and E": each of a range, and a letter for all of its rows.
local function rows_of(text)
  local ids = {}
  for list in (text:gsub("`[^`]*`", ";") .. ";"):gmatch("%f[%w]rows? ([^;:]*)") do
    for word in list:gmatch("%f[%w]%u%d?%d?%l?%f[^%w]%-?%w*") do
      local letter, first, last = word:match("^(%u)(%d%d)%-%u(%d%d)$")
      for number = tonumber(first or 1), tonumber(last or 1) do
        ids[#ids + 1] = letter and ("%s%02d"):format(letter, number) or word
      end
    end
  end
  return ids
end

describe("SECURITY.md", function()
  it("names tests that exist, for each promise", function()
    local inside, promises, named = false, 0, 0
    for line in io.lines(root .. "SECURITY.md") do
      if line:find("^## ") then
        inside = line:find("^## Promises") ~= nil
      end
      local promise, tests = line:match("^| (.-) | (.*) |$")
      if inside and promise and promise ~= "promise" then
        promises = promises + 1
        for path in tests:gmatch("`(%l[%w_/.]+)`") do
          local file = io.open(root .. path)
          assert.is_truthy(file, path)
          file:close()
        end
        local ids = rows_of(tests)
        for _, id in ipairs(ids) do
          assert.is_true(rows[id], "there is no row " .. id .. ": " .. promise)
        end
        named = named + #ids
        assert.is_truthy(tests:find("`", 1, true) or ids[1] or tests:find("^every suite"), promise)
      end
    end
    assert.is_true(promises > 20)
    assert.is_true(named > 40, named .. " rows")
  end)

  it("is read as it is written", function()
    assert.same({ "D17", "D18", "I04", "E" }, rows_of("`spec/a_spec.lua`; rows D17-D18, I04, E"))
    assert.same({ "A12" }, rows_of("row A12 and the request count of every row"))
    assert.same({ "F01", "F02" }, rows_of("rows F01-F02: the other server sees no request; `spec/C01.lua`"))
    assert.is_nil(rows.A99)
  end)
end)
