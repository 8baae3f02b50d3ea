-- SECURITY.md names the specs that test each promise: they exist, and no promise is without one.

local root = debug.getinfo(1, "S").source:match("^@(.*)spec/security_spec%.lua$") or ""

describe("SECURITY.md", function()
  it("names tests that exist, for each promise", function()
    local inside, promises = false, 0
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
        assert.is_truthy(tests:find("`", 1, true) or tests:find("^row") or tests:find("^every suite"), promise)
      end
    end
    assert.is_true(promises > 20)
  end)
end)
