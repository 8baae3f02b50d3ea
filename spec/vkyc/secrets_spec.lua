-- Secrets as a script holds them.

local vkyc = require "vkyc"
local secrets = require "vkyc.secrets"

local function file(text)
  local path = os.tmpname()
  local handle = assert(io.open(path, "w"))
  handle:write(text)
  handle:close()
  return path
end

describe("a secret", function()
  it("prints as [REDACTED], alone and joined", function()
    for _, secret in ipairs { vkyc.secret.string("topsecret"), vkyc.secret.file(file("topsecret")) } do
      assert.equal("[REDACTED]", tostring(secret))
      assert.equal("key=[REDACTED]!", "key=" .. secret .. "!")
      assert.is_nil(string.format("%s", tostring(secret)):find("topsecret"))
      assert.is_true(secrets.is(secret))
    end
    for _, value in ipairs { "x", 5, {}, print, io.stdout, false } do
      assert.is_false(secrets.is(value))
    end
  end)

  it("of a file loses the newline at its end, and no more", function()
    for text, expected in pairs { ["abc\n"] = "abc", ["abc"] = "abc", ["abc\r\n"] = "abc", ["abc\n\n"] = "abc\n", [" abc "] = " abc " } do
      local path = file(text)
      assert.is_true(vkyc.secret.file(path):equals(expected), text)
      os.remove(path)
    end
  end)

  it("of an environment variable is read at once", function()
    assert.is_true(vkyc.secret.env("PATH"):equals(os.getenv("PATH")))
    assert.is_nil(secrets.fault(vkyc.secret.env("PATH")))
  end)

  it("that cannot be read is made all the same, and says why when it is used", function()
    assert.equal("the environment variable VKYC_NO_SUCH_VARIABLE is not set or empty", secrets.fault(vkyc.secret.env("VKYC_NO_SUCH_VARIABLE")))
    assert.equal("the secret's file does not exist", secrets.fault(vkyc.secret.file("/nonexistent")))
    local path = file("")
    assert.equal("the secret's file is empty", secrets.fault(vkyc.secret.file(path)))
    os.remove(path)
    assert.equal("the secret is empty or larger than 16 KiB", secrets.fault(vkyc.secret.string("")))
    local late = vkyc.secret.env("VKYC_NO_SUCH_VARIABLE")
    late:replace("now there")
    assert.is_nil(secrets.fault(late))
    local closed = vkyc.secret.string("x")
    closed:close()
    assert.equal("the secret is closed", secrets.fault(closed))
  end)

  it("is made of text only", function()
    for name, fn in pairs(vkyc.secret) do
      for _, value in ipairs { 5, {}, true, name ~= "string" and "" or 5, name ~= "string" and "A\0B" or 5 } do
        local good, err = pcall(fn, value)
        assert.is_false(good)
        assert.truthy(err:find("vkyc.secret." .. name, 1, true))
      end
      assert.is_false((pcall(fn)))
    end
  end)

  it("raises when it is used wrongly, in the line that does", function()
    local secret, closed = vkyc.secret.string("x"), vkyc.secret.string("y")
    closed:close()
    for _, fn in ipairs {
      function() vkyc.secret.env("") return 1 end,
      function() vkyc.secret.file("") return 1 end,
      function() vkyc.secret.string(5) return 1 end,
      function() secret:replace(5) return 1 end,
      function() secret:replace() return 1 end,
      function() secret:replace(closed) return 1 end,
    } do
      local line = debug.getinfo(fn, "S").linedefined
      local good, err = pcall(fn)
      assert.is_false(good)
      assert.truthy(tostring(err):find("secrets_spec.lua:" .. line .. ": vkyc", 1, true), tostring(err))
    end
    assert.is_true(secret:equals("x"))
  end)
end)
