-- The module itself: what it holds, what it refuses, and that loading it changes nothing.

local core = require "vkyc.core"

local function library()
  return assert(package.searchpath("vkyc.core", package.cpath))
end

describe("vkyc.core", function()
  it("has the version of the Lua files", function()
    assert.equal(require "vkyc.version", core._VERSION)
  end)

  it("has functions, one null, one limit and nothing else", function()
    local others = { null = "userdata", _VERSION = "string", max_body = "number" }
    for name, value in pairs(core) do
      assert.equal(others[name] or "function", type(value), name)
    end
    for _, name in ipairs { "schema", "array", "request", "raw_request", "check", "response", "secret", "secret_env", "secret_file", "scrub",
      "redact", "url" } do
      assert.equal("function", type(core[name]), name)
    end
    assert.is_nil(getmetatable(core))
  end)

  it("makes no global and changes no library", function()
    local function names(of)
      local list = {}
      for name, value in pairs(of) do
        list[#list + 1] = tostring(name) .. "=" .. tostring(value)
      end
      table.sort(list)
      return list
    end
    local before = { names(_G), names(string), names(table), names(math), names(package.loaded) }
    local again = assert(package.loadlib(library(), "luaopen_vkyc_core"))()
    assert.same(before, { names(_G), names(string), names(table), names(math), names(package.loaded) })
    assert.is_nil(getmetatable(core.null))
    -- A second opening shares its types with the first: a reload must not make strangers of live values.
    assert.is_nil(again.check(core.schema {}, {}))
    assert.equal(200, core.response().fill(again.response(), 200))
    assert.equal(core.null, again.null)
  end)

  it("has LuaJIT interpret the files of a call, because compiling would halt a frame", function()
    assert.equal(core, core.uncompiled())
    local jit, compiled = rawget(_G, "jit"), {}
    local function attempt(what, _, fn, at)
      local info = what == "start" and require("jit.util").funcinfo(fn, at)
      compiled[info and info.source and info.source:match("vkyc/[%w_/]+%.lua$") or "others"] = true
    end
    local scripted = require "spec.support.scripted_host"
    local host = scripted.new { scripted.reply(200, '{"verification_id":"V1","user_id":"U1","status":"RECEIVED"}') }
    local client = scripted.client("cashfree_ppi", host, { hooks = { on_request = function() end } })
    if jit then
      jit.attach(attempt, "trace")
    end
    local sum = 0
    for i = 1, 1000 do -- something that is compiled now, whatever earlier specs were
      sum = sum + i
    end
    assert.equal(500500, sum)
    for _ = 1, 300 do
      assert(client:status { user_id = "U1", verification_id = "V1" })
    end
    if jit then
      jit.attach(attempt)
      assert.equal(jit.status(), compiled.others == true) -- it does compile what is not of these files, unless it is off
    end
    for _, name in ipairs { "client", "exchange", "answer", "auth", "hooks", "hosts" } do
      assert.is_nil(compiled["vkyc/" .. name .. ".lua"], name)
    end
  end)

  it("refuses another Lua", function()
    local open = assert(package.loadlib(library(), "luaopen_vkyc_core"))
    local kept = _VERSION
    for _, version in ipairs { "Lua 5.0", "Luau", false } do
      rawset(_G, "_VERSION", version)
      local good, err = pcall(open)
      rawset(_G, "_VERSION", kept)
      assert.is_false(good)
      assert.truthy(tostring(err):find("was built for " .. kept, 1, true), tostring(err))
    end
    assert.equal("table", type(open()))
  end)

  it("hands out no metatable", function()
    for name, value in pairs {
      ["vkyc.Schema"] = core.schema {},
      ["vkyc.Request"] = core.raw_request("GET", "https://a", "/x"),
      ["vkyc.Response"] = core.response(),
      ["vkyc.Secret"] = core.secret("x1234567"),
    } do
      assert.equal(name, getmetatable(value))
      assert.has_error(function()
        setmetatable(value, {})
      end)
      assert.has_error(function()
        value.field = 1
      end)
      assert.is_nil(value.no_such_method)
    end
  end)

  it("tells its types apart, whatever is given", function()
    local values = { core.schema {}, core.raw_request("GET", "https://a", "/x"), core.response(), core.secret("x1234567"), io.stdout, core.null, {},
      "x", 5, true, print }
    local methods = {
      [1] = { "decode", "sensitive", "suggest", "names" },
      [2] = { "header", "basic", "form", "clear_headers", "size", "export", "close" },
      [3] = { "fill", "status", "header", "headers", "body", "size", "reset", "close" },
    }
    for owner, names in pairs(methods) do
      for _, name in ipairs(names) do
        for at, value in ipairs(values) do
          if at ~= owner then
            assert.is_false((pcall(values[owner][name], value, "x", "y", "z")))
          end
        end
        assert.is_false((pcall(values[owner][name])))
      end
    end
  end)

  it("takes no light userdata for null but NULL", function()
    assert.equal("userdata", type(core.null))
    assert.is_true(core.null == require("cjson").null)
    local schema = assert(core.schema { { name = "v", type = "any" } })
    local other = io.stdout
    assert.equal("type", core.check(schema, { v = other })[1].rule)
  end)

  it("runs in a coroutine like anywhere else", function()
    local thread = coroutine.create(function()
      local schema = assert(core.schema { { name = "v", type = "array", items = { type = "object", fields = { { name = "a", type = "int" } } } } })
      coroutine.yield()
      local result = assert(schema:decode('{"v":[{"a":1},{"a":2}]}'))
      coroutine.yield()
      return assert(core.request("POST", "https://a", "/x", schema, result)):export().body
    end)
    assert(coroutine.resume(thread))
    collectgarbage()
    assert(coroutine.resume(thread))
    local _, body = coroutine.resume(thread)
    assert.equal('{"v":[{"a":1},{"a":2}]}', body)
  end)

  it("has stack enough for the deepest and widest values", function()
    -- 32 levels, each reached through a schema, from a coroutine that has used much of its stack already.
    local fields = { { name = "leaf", type = "int" } }
    local params = { leaf = "no" }
    for _ = 1, 15 do
      fields = { { name = "list", type = "array", items = { type = "object", fields = fields } } }
      params = { list = { params } }
    end
    local schema = assert(core.schema(fields))
    local function down(levels, ...)
      if levels == 0 then
        return core.check(schema, params), select("#", ...)
      end
      local violations, count = down(levels - 1, levels, ...)
      return violations, count
    end
    local violations = coroutine.wrap(down)(150)
    assert.equal("type", violations[1].rule)
    assert.equal(("list[1]."):rep(15) .. "leaf", violations[1].path)
  end)
end)
