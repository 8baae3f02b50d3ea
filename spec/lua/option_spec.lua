local core = require "vkyc.core"

local function fault(...)
  local found = core.option_fault(...)
  assert.truthy(found == nil or type(found) == "string" and #found < 300)
  return found
end

describe("core.option_fault", function()
  it("takes what fits and says what does not, by kind", function()
    for kind, rows in pairs {
      string = { fine = { "a", "a b", "\195\164", "\255" }, bad = { "", "a\n", "\0", "a\127", 5, true, {}, print, core.null } },
      path = { fine = { "/x", "x", "\255", "a\nb" }, bad = { "", "a\0", 5, {} } },
      url = { fine = { "https://x.example", "https://x.example:1/a/b", "https://127.0.0.1" },
        bad = { "", "http://x.example", "http://127.0.0.1", "x.example", "https://a@x.example", "https://x.example?a", 5 } },
      url_path = { fine = { "/", "/a", "/a/", "/a.b/..c/.d/e~-_", "/a../b." },
        bad = { "", "a", "//", "/a//b", "/.", "/..", "/a/../b", "/a/./b", "/./", "/a?b", "/a#", "/a b", "/%2e", "/\195", "/\0", "@x", 5 } },
      date = { fine = { "2025-11-01", "2024-02-29" }, bad = { "01-11-2025", "2025-02-29", "2025-1-1", "2025-11-01 ", "", 20251101 } },
      proxy = { fine = { "http://p.example:3128", "https://p.example/", "http://u:p@p.example" },
        bad = { "", "p.example", "http://", "https://", "http://u@", "ftp://p.example", "http://a@b@c", "http://p.example/a", "http://a/@b.example", "h", 5 } },
      boolean = { fine = { true, false }, bad = { 0, "true", core.null } },
      table = { fine = { {} }, bad = { "x", 5, core.null } },
      count = { fine = { 1, 3, 1073741824, 2.0 }, bad = { 0, -1, 1.5, 1073741825, 1e12, 1 / 0, -1 / 0, 0 / 0, "3", {} } },
      seconds = { fine = { 0.001, 86400, 1e-9 }, bad = { 0, -1, 86401, 1 / 0, 0 / 0, "1" } },
      ca_file = { fine = {}, bad = { "", "/nonexistent", "/", "a\0", 5 } },
      crl_file = { fine = {}, bad = { "", "/nonexistent", "/", "a\0", 5 } },
      anything = { fine = { 5, "", false, {}, print, core.null }, bad = {} },
    } do
      for _, value in ipairs(rows.fine) do
        assert.is_nil(fault(kind, value), kind .. " " .. tostring(value))
      end
      for _, value in ipairs(rows.bad) do
        assert.is_string(fault(kind, value), kind .. " " .. tostring(value))
      end
    end
  end)

  it("takes http to loopback when it may", function()
    assert.is_nil(fault("url", "http://127.0.0.1:8080", true))
    assert.is_string(fault("url", "http://127.0.0.1.evil.example", true))
    assert.is_string(fault("url", "http://127.0.0.1:8080", false))
  end)

  it("knows the values that a text may have", function()
    assert.is_nil(fault("string", "b", { "a", "b" }))
    for _, value in ipairs { "c", "a,", 5, true, {} } do
      assert.equal("must be one of a, b", fault("string", value, { "a", "b" }))
    end
    assert.equal("must not be empty", fault("string", "", { "a" }))
  end)

  it("takes a kind and a value", function()
    assert.has_error(function() core.option_fault("string") end)
    assert.has_error(function() core.option_fault(5, "x") end)
  end)
end)
