-- The module: what it loads, what it leaves alone.

-- A fresh state of the same Lua, with the same paths.
local function fresh(script)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(script)
  file:close()
  local lua = arg and arg[-1] or "lua"
  local i = -1
  while arg and arg[i] do
    lua = arg[i]
    i = i - 1
  end
  local quote = function(text)
    return "'" .. text:gsub("'", "'\\''") .. "'"
  end
  -- 5.4 prefers its own variables
  local paths = "LUA_INIT= LUA_INIT_5_4= LUA_INIT_5_3= LUA_PATH_5_4=" .. quote(package.path) .. " LUA_CPATH_5_4=" .. quote(package.cpath)
    .. " LUA_PATH=" .. quote(package.path) .. " LUA_CPATH=" .. quote(package.cpath)
  local pipe = assert(io.popen("env " .. paths .. " " .. quote(rawget(_G, "jit") and "luajit" or lua) .. " " .. path .. " 2>&1"))
  local said = pipe:read("*a")
  pipe:close()
  os.remove(path)
  return said
end

describe("the module", function()
  it("writes no global, in all its files", function()
    assert.equal("done\n", fresh([[
      local before = {}
      for name in pairs(_G) do before[name] = true end
      setmetatable(_G, { __newindex = function(_, name) error("global " .. tostring(name) .. " written", 2) end })
      local vkyc = require "vkyc"
      for _, name in ipairs { "answer", "auth", "client", "errors", "exchange", "hosts", "options", "provider", "redact", "results", "retry", "secrets",
        "simulator",
        "states", "tokens", "version", "webhook" } do
        require("vkyc." .. name)
      end
      for _, provider in ipairs { "cashfree_ppi", "cashfree_secure_id", "enkash" } do
        local client = assert(vkyc.new { provider = provider, environment = "simulator", client_id = "i", client_secret = "s",
          username = provider == "enkash" and "u" or nil, password = provider == "enkash" and "p" or nil, partner_id = provider == "enkash" and "c" or nil })
        client:initiate {}
        client:status { enKashCardId = provider == "enkash" and "E" or nil, verification_id = provider ~= "enkash" and "V" or nil }
        client:close()
      end
      setmetatable(_G, nil)
      for name in pairs(_G) do if not before[name] then print("global " .. name) end end
      print "done"
    ]]))
  end)

  it("does nothing when it is required: no file, no variable, no chance, no clock", function()
    assert.equal("done\n", fresh([[
      local function forbid(where, name)
        where[name] = function() error(name .. " was called") end
      end
      for _, name in ipairs { "open", "popen", "lines", "read", "write", "tmpfile" } do forbid(io, name) end
      for _, name in ipairs { "getenv", "execute", "time", "clock", "remove", "tmpname" } do forbid(os, name) end
      for _, name in ipairs { "random", "randomseed" } do forbid(math, name) end
      require "vkyc"
      require "vkyc.client"
      print "done"
    ]]))
  end)

  it("loads neither simulator, flow, stores, curl nor cjson before they are asked for", function()
    assert.equal("", fresh([[
      local vkyc = require "vkyc"
      local host = { send = function() return { status = 200, body = '{"status":"RECEIVED"}' } end, sleep = print, now = os.clock, wall = os.time,
        random = math.random }
      local client = assert(vkyc.new { provider = "cashfree_ppi", environment = "sandbox", client_id = "i", client_secret = "s", host = host })
      assert(client:status { user_id = "U", verification_id = "V" })
      for name in pairs(package.loaded) do
        if name:find("simulator") or name:find("flow") or name:find("stores") or name:find("cjson") or name:find("curl") or name:find("enkash") then
          print(name)
        end
      end
    ]]))
  end)

  it("loads the rest by itself", function()
    local vkyc = require "vkyc"
    assert.is_function(vkyc.webhook.verify)
    assert.is_function(vkyc.simulator.new)
    assert.is_function(vkyc.redact)
    assert.is_nil(vkyc.no_such_thing)
    assert.truthy(vkyc._VERSION:find("^%d+%.%d+%.%d+"))
    assert.equal(vkyc.null, require("vkyc.core").null)
  end)

  it("says what to do when its binary is of another Lua", function()
    local said = fresh([[
      package.preload["vkyc.core"] = function() error("error loading module 'vkyc.core': core.so: undefined symbol: lua_newuserdatauv") end
      print(select(2, pcall(require, "vkyc")))
      package.loaded.vkyc, package.loaded["vkyc.core"] = nil, nil
      package.preload["vkyc.core"] = function() error("vkyc.core was built for Lua 5.3") end
      print(select(2, pcall(require, "vkyc")))
      package.loaded.vkyc, package.loaded["vkyc.core"] = nil, nil
      package.preload["vkyc.core"] = function() error("out of luck") end
      print(select(2, pcall(require, "vkyc")))
    ]])
    local _, sentences = said:gsub("build it again with %-DVKYC_LUA", "")
    assert.equal(2, sentences)
    assert.truthy(said:find("undefined symbol: lua_newuserdatauv", 1, true))
    assert.truthy(said:find("built for Lua 5.3", 1, true))
    assert.truthy(said:find("out of luck", 1, true))
  end)
end)
