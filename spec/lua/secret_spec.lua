local core = require "vkyc.core"

-- Writes `text` to a fresh file and returns its path.
local paths = {}
local function file_with(text)
  local path = os.tmpname()
  local f = assert(io.open(path, "wb"))
  assert(f:write(text))
  f:close()
  paths[#paths + 1] = path
  return path
end

local function rewrite(path, text)
  local f = assert(io.open(path, "wb"))
  assert(f:write(text))
  f:close()
end

describe("core.secret", function()
  after_each(function()
    for i = #paths, 1, -1 do
      os.remove(paths[i])
      paths[i] = nil
    end
  end)

  it("shows nothing of its value", function()
    local s = core.secret("canary-value")
    assert.equal("[REDACTED]", tostring(s))
    assert.equal("Bearer [REDACTED]", "Bearer " .. s)
    assert.equal("[REDACTED]!", s .. "!")
    assert.equal("[REDACTED]1", s .. 1)
    assert.equal("[REDACTED][REDACTED]", s .. s)
    assert.equal("x[REDACTED]", setmetatable({}, { __tostring = function() return "x" end }) .. s)
    assert.has_error(function() return s .. {} end, "attempt to concatenate a table value")
    assert.has_error(function() return #s end)
    assert.is_nil(s.bytes)
    assert.equal("vkyc.Secret", getmetatable(s))
    assert.has_error(function() s.value = 1 end)
  end)

  it("compares with texts and secrets", function()
    local s = core.secret("abc")
    assert.is_true(s:equals("abc"))
    assert.is_true(s:equals(core.secret("abc")))
    assert.is_false(s:equals("abd"))
    assert.is_false(s:equals("abcd"))
    assert.is_false(s:equals(""))
    assert.is_false(s:equals(nil))
    assert.is_false(s:equals({}))
    assert.is_true(core.secret("a\0b"):equals("a\0b"))
    assert.is_false(core.secret("a\0b"):equals("a\0c"))
    assert.is_false(core.secret("12"):equals(12))
  end)

  it("is replaced for all holders", function()
    local s = core.secret("one")
    local holder = { s }
    assert.equal(1, s:generation())
    assert.is_true(s:replace("two"))
    assert.equal(2, holder[1]:generation())
    assert.is_true(holder[1]:equals("two"))
    assert.is_true(s:replace(core.secret("three")))
    assert.is_true(s:replace(s))
    assert.is_true(s:equals("three"))
    assert.equal(4, s:generation())
    assert.same({ nil, "empty" }, { s:replace("") })
    assert.same({ nil, "too_large" }, { s:replace(("x"):rep(16385)) })
    assert.is_true(s:equals("three"))
    assert.has_error(function() s:replace(5) end)
    assert.has_error(function() s:replace() end)
    assert.is_true(s:reload())
    assert.equal(4, s:generation())
  end)

  it("refuses what is no secret", function()
    assert.same({ nil, "empty" }, { core.secret("") })
    assert.same({ nil, "too_large" }, { core.secret(("x"):rep(16385)) })
    assert.is_true(core.secret(("x"):rep(16384)):equals(("x"):rep(16384)))
    for _, value in ipairs { 1, true, {}, print } do
      assert.has_error(function() core.secret(value) end)
    end
    assert.has_error(function() core.secret() end)
  end)

  it("is gone when closed, until it is replaced", function()
    local s = core.secret("abc")
    s:close()
    s:close()
    assert.is_false(s:equals("abc"))
    assert.is_false(s:equals(""))
    assert.is_false(s:equals(s))
    assert.same({ nil, "closed" }, { s:reload() })
    assert.equal("[REDACTED]", tostring(s))
    assert.is_true(s:replace("def"))
    assert.is_true(s:equals("def"))
    local other = core.secret("x")
    other:close()
    assert.has_error(function() s:replace(other) end)
  end)

  it("checks the receiver of its methods", function()
    local s = core.secret("abc")
    for _, name in ipairs { "replace", "reload", "generation", "equals", "close" } do
      assert.has_error(function() s[name](io.stdout) end)
      assert.has_error(function() s[name]({}) end)
      assert.has_error(function() s[name]() end)
    end
  end)

  it("comes from the environment", function()
    local home = os.getenv("HOME")
    assert.truthy(home and home ~= "", "the spec needs HOME")
    assert.is_true(core.secret_env("HOME"):equals(home))
    assert.same({ nil, "missing" }, { core.secret_env("VKYC_NO_SUCH_VARIABLE") })
    assert.has_error(function() core.secret_env("HOME\0X") end)
    assert.has_error(function() core.secret_env("") end)
    assert.has_error(function() core.secret_env(1) end)
  end)

  it("comes from a file, without its last line end", function()
    assert.is_true(core.secret_file(file_with("abc\n")):equals("abc"))
    assert.is_true(core.secret_file(file_with("abc\r\n")):equals("abc"))
    assert.is_true(core.secret_file(file_with("abc")):equals("abc"))
    assert.is_true(core.secret_file(file_with("abc\n\n")):equals("abc\n"))
    assert.is_true(core.secret_file(file_with(" a\0b ")):equals(" a\0b "))
    assert.same({ nil, "empty" }, { core.secret_file(file_with("")) })
    assert.same({ nil, "empty" }, { core.secret_file(file_with("\n")) })
    assert.same({ nil, "too_large" }, { core.secret_file(file_with(("x"):rep(16385))) })
    assert.same({ nil, "missing" }, { core.secret_file("/nonexistent/file") })
    assert.same({ nil, "unreadable" }, { core.secret_file("/tmp") })
    assert.has_error(function() core.secret_file("a\0b") end)
  end)

  it("reads its file again", function()
    local path = file_with("one\n")
    local s = core.secret_file(path)
    assert.equal(1, s:generation())
    assert.is_true(s:reload())
    assert.equal(1, s:generation())
    rewrite(path, "two\n")
    assert.is_true(s:equals("one"))
    assert.is_true(s:reload())
    assert.is_true(s:equals("two"))
    assert.equal(2, s:generation())
    rewrite(path, "")
    assert.same({ nil, "empty" }, { s:reload() })
    os.remove(path)
    assert.same({ nil, "missing" }, { s:reload() })
    assert.is_true(s:equals("two"))
  end)

  it("is collected with many others", function()
    for _ = 1, 20000 do
      core.secret("x")
    end
    collectgarbage()
    collectgarbage()
    local maps = io.open("/proc/self/maps")
    if maps then
      local lines = 0
      for _ in maps:lines() do
        lines = lines + 1
      end
      maps:close()
      assert.is_true(lines < 5000)
    end
  end)

  if (tonumber(_VERSION:match("5%.%d")) or 0) >= 5.4 then
    it("closes at the end of its block", function()
      local load_text = load
      local s = core.secret("abc")
      assert(load_text("local s <close> = ..."))(s)
      assert.is_false(s:equals("abc"))
    end)
  end
end)
