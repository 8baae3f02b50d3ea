-- client:stats(): what a client counts, and that it counts it once.

local canaries = require "spec.support.canaries"
local scripted = require "spec.support.scripted_host"
local retry = require "vkyc.retry"
local vkyc = require "vkyc"

local reply, lost = scripted.reply, scripted.lost
local CASE = '{"verification_id":"V1","user_id":"U1","status":"RECEIVED","sub_status":"LINK_GENERATED"}'
local IDS = { user_id = "U1", verification_id = "V1" }
local NOT_FOUND = reply(404, '{"code":"verification_id_not_found"}')

local function client(provider, answers, more)
  local host = scripted.new(answers)
  return scripted.client(provider, host, more), host
end

describe("stats", function()
  after_each(canaries.check_hooks)

  it("count calls by how they ended, and their requests, reading back included", function()
    local c, host = client("cashfree_secure_id", { reply(200, CASE), reply(503), reply(200, CASE), reply(403), lost(), NOT_FOUND, reply(200, CASE),
      lost(), reply(200, CASE), lost(), reply(403) })
    assert.same({ calls = 0, kinds = { ok = 0 }, in_flight = 0, requests = 0, logins = 0, budget_left = retry.BUDGET, login_refused = false }, c:stats())
    local case = { verification_id = "V1" }
    assert(c:status(case))
    assert(c:status(case))
    assert.is_nil(c:status(case)) -- 403
    assert(c:initiate(IDS)) -- lost, missing, sent again
    assert(c:initiate(IDS)) -- lost, read back
    assert.is_nil(c:initiate(IDS)) -- lost, and not read back
    assert.is_nil(c:status {}) -- argument
    assert.is_nil(c:call { method = "BREW", path = "/" })
    local stats = c:stats()
    assert.same({ ok = 4, forbidden = 1, timeout = 1, argument = 2 }, stats.kinds)
    assert.same({ 8, 11, #host.requests, 0 }, { stats.calls, stats.requests, stats.requests, stats.in_flight })
    local ended = 0
    for _, count in pairs(stats.kinds) do
      ended = ended + count
    end
    assert.equal(stats.calls, ended)
    stats.kinds.ok = 99
    assert.equal(4, c:stats().kinds.ok) -- a copy
  end)

  it("count a call once, also while it reads back", function()
    local c, seen = nil, {}
    local function look()
      seen[#seen + 1] = c:stats().in_flight
      return #seen == 1 and lost() or reply(200, CASE)
    end
    c = client("cashfree_secure_id", { look, look })
    assert(c:initiate(IDS))
    assert.same({ 1, 1 }, seen)
    assert.equal(0, c:stats().in_flight)
  end)

  it("count no request that never left", function()
    local c = client("cashfree_ppi", { scripted.unsent() })
    assert.is_nil(c:status(IDS))
    assert.same({ 0, 1 }, { c:stats().requests, c:stats().kinds.connect })
  end)

  if _VERSION ~= "Lua 5.1" or rawget(_G, "jit") then
    it("count what is in flight, and forget what was dropped in the middle", function()
      local host = scripted.new { reply(200, CASE) }
      local send = host.send
      function host.send(...)
        coroutine.yield()
        return send(...)
      end
      local c = scripted.client("cashfree_ppi", host)
      local tasks = {}
      for i = 1, 5 do
        tasks[i] = coroutine.create(function() assert(c:status(IDS)) end)
        assert(coroutine.resume(tasks[i]))
        assert.equal(i, c:stats().in_flight)
      end
      assert(coroutine.resume(tasks[2]))
      assert.equal(4, c:stats().in_flight)
      tasks = { tasks[1] } -- as nginx does with a request whose client went away
      for _ = 1, 3 do
        collectgarbage()
      end
      assert.equal(1, c:stats().in_flight)
      assert(coroutine.resume(tasks[1]))
      assert.same({ 0, { ok = 2 }, 5 }, { c:stats().in_flight, c:stats().kinds, c:stats().calls })
    end)
  end

  it("tell the age of a token and since when a login is refused", function()
    local password = vkyc.secret.string("wrong")
    local c, host = client("enkash", { reply(401), scripted.token(), reply(200, '{"code":0,"payload":{}}') }, { password = password })
    assert.same({ false }, { c:stats().login_refused, c:stats().login_refused_since, c:stats().token_age_s })
    host.clock = host.clock + 5
    assert.is_nil(c:vkyc_status { enKashCardId = "E" })
    host.clock = host.clock + 60
    assert.is_nil(c:vkyc_status { enKashCardId = "E" })
    local stats = c:stats()
    assert.same({ true, scripted.WALL + 5, 1, 2 }, { stats.login_refused, stats.login_refused_since, stats.logins, stats.kinds.auth })
    password:replace("right")
    assert(c:vkyc_status { enKashCardId = "E" })
    host.clock = host.clock + 90
    stats = c:stats()
    assert.same({ false, 2, 90 }, { stats.login_refused, stats.logins, stats.token_age_s })
    assert.is_nil(stats.login_refused_since)
    c:close()
    assert.is_nil(c:stats().token_age_s)
  end)

  it("tell them of a login that another client made, too", function()
    local logins = require("vkyc.stores.login").new()
    local one, host = client("enkash", { scripted.token(), reply(200, '{"code":0,"payload":{}}') }, { shared = logins })
    assert(one:vkyc_status { enKashCardId = "E" })
    local two, other = client("enkash", { reply(200, '{"code":0,"payload":{}}') }, { shared = logins })
    other.clock = host.clock + 30
    assert(two:vkyc_status { enKashCardId = "E" })
    assert.same({ 0, 30, 1 }, { two:stats().logins, two:stats().token_age_s, one:stats().logins })
  end)
end)
