-- The login store in memory, by itself and under several clients; and what any store of one's own is asked for.

local login = require "vkyc.stores.login"
local canaries = require "spec.support.canaries"
local core = require "vkyc.core"
local scripted = require "spec.support.scripted_host"
local vkyc = require "vkyc"

local reply = scripted.reply
local FINE = reply(200, '{"code":0,"payload":{"enkashCardId":"E"}}')

describe("the login store in memory", function()
  after_each(canaries.check_hooks)

  it("keeps values for as long as it is told", function()
    local store = login.new()
    assert.is_nil(store:get("a"))
    assert.is_nil(store:ttl("a"))
    assert.is_true(store:set("a", "1"))
    assert.same({ "1", 0 }, { store:get("a"), store:ttl("a") })
    assert.is_nil(store:add("a", "2", 5))
    assert.equal("1", store:get("a"))
    store:delete("a")
    assert.is_true(store:add("a", "2", 0.05))
    assert.is_true(store:ttl("a") > 0 and store:ttl("a") <= 0.05)
    assert.equal("2", store:get("a"))
    core.sleep(0.06)
    assert.is_nil(store:get("a"))
    assert.is_nil(store:ttl("a"))
    assert.is_true(store:add("a", "3", 5))
    assert.equal("vkyc.MemoryLogins", tostring(store))
  end)

  it("makes one login of several clients', and one refusal", function()
    for _, answer in ipairs { scripted.token(), reply(401) } do
      local store, logins, results, errors = login.new(), 0, 0, 0
      for _ = 1, 3 do
        local host = scripted.new { FINE }
        local send = host.send
        function host.send(request, limits)
          if request.url:find("/oauth/token", 1, true) then
            logins = logins + 1
            return answer
          end
          return send(request, limits)
        end
        local client = scripted.client("enkash", host, { shared = store })
        for _ = 1, 2 do
          local result = client:vkyc_status { enKashCardId = "E" }
          results, errors = results + (result and 1 or 0), errors + (result and 0 or 1)
        end
      end
      assert.same({ 1, answer.status == 200 and 6 or 0, answer.status == 200 and 0 or 6 }, { logins, results, errors })
    end
  end)

  it("holds no credential", function()
    local store = login.new()
    local client = scripted.client("enkash", scripted.new { reply(401) }, { shared = store })
    assert.is_nil(client:vkyc_status { enKashCardId = "E" })
    canaries.refuse(store, "the store")
  end)
end)

describe("a login store of one's own", function()
  it("has five methods, and which are missing is said", function()
    local _, err = vkyc.new(scripted.options("enkash", scripted.new {}, { shared = { get = print, set = print, add = print } }))
    local paths = {}
    for i, violation in ipairs(canaries.check_error(err, "config").violations) do
      paths[i] = violation.path
    end
    assert.same({ "shared.delete", "shared.ttl" }, paths)
    for _, value in ipairs { true, "redis", 5, print } do
      _, err = vkyc.new(scripted.options("enkash", scripted.new {}, { shared = value }))
      assert.equal("shared", canaries.check_error(err, "config").violations[1].path)
    end
  end)

  if _VERSION ~= "Lua 5.1" or rawget(_G, "jit") then
    it("may yield in each of them, as one behind a socket does", function()
      local memory, store = login.new(), {}
      for _, name in ipairs { "get", "set", "add", "delete", "ttl" } do
        store[name] = function(_, ...)
          coroutine.yield()
          return memory[name](memory, ...)
        end
      end
      local logins, fine, tasks = 0, 0, {}
      local host = scripted.new { FINE }
      local send = host.send
      function host.send(request, limits)
        coroutine.yield()
        if request.url:find("/oauth/token", 1, true) then
          logins = logins + 1
          return scripted.token()
        end
        return send(request, limits)
      end
      function host.sleep(seconds)
        host.clock = host.clock + seconds / 100
        coroutine.yield()
      end
      local clients = { scripted.client("enkash", host, { shared = store, hooks = {} }), scripted.client("enkash", host, { shared = store, hooks = {} }) }
      for i = 1, 100 do
        tasks[i] = coroutine.create(function()
          assert(clients[i % 2 + 1]:vkyc_status { enKashCardId = "E" })
          fine = fine + 1
        end)
      end
      while #tasks > 0 do
        for i = #tasks, 1, -1 do
          assert(coroutine.resume(tasks[i]))
          if coroutine.status(tasks[i]) == "dead" then
            table.remove(tasks, i)
          end
        end
      end
      assert.same({ 1, 100 }, { logins, fine })
    end)
  end
end)
