-- The client: its methods, its allow-list, its end, and misuse told in the line that misuses.

local vkyc = require "vkyc"
local canaries = require "spec.support.canaries"
local scripted = require "spec.support.scripted_host"

local IDS = { user_id = "U1", verification_id = "V1" }
local OK = scripted.reply(200, '{"status":"RECEIVED","sub_status":"LINK_GENERATED"}')

local function ppi(answers, more)
  local host = scripted.new(answers or { OK })
  return scripted.client("cashfree_ppi", host, more), host
end

-- The function must raise, with its own line in the message.
local function misuse(fn, text)
  local line = debug.getinfo(fn, "S").linedefined
  local good, err = pcall(fn)
  assert.is_false(good)
  assert.truthy(tostring(err):find("client_spec.lua:" .. line .. ": vkyc", 1, true), tostring(err))
  assert.truthy(tostring(err):find(text, 1, true), tostring(err))
end

describe("a client", function()
  after_each(canaries.check_hooks)

  it("has every operation of its provider, and the three names that all have", function()
    for _, provider in ipairs { "cashfree_ppi", "cashfree_secure_id", "enkash" } do
      local client = scripted.client(provider, scripted.new {})
      for name in pairs(require("vkyc.providers." .. provider).operations) do
        assert.is_function(client[name], name)
      end
      for _, name in ipairs { "create_user", "initiate", "status", "call", "webhook", "next_open", "stats", "close" } do
        assert.is_function(client[name], provider .. " " .. name)
      end
      assert.is_nil(client.no_such_operation)
      assert.equal("vkyc.Client(" .. provider .. ")", tostring(client))
      assert.is_nil(next(client))
      assert.equal("vkyc.Client", getmetatable(client))
    end
  end)

  it("makes calls only that its list allows, by either name", function()
    local client, host = ppi(nil, { operations = { "status" } })
    assert(client:status(IDS))
    for _, name in ipairs { "initiate", "create_user" } do
      local _, err = client[name](client, IDS)
      assert.same({ name, 0, "not_sent" }, { canaries.check_error(err, "config").operation, err.attempts, err.outcome })
    end
    canaries.check_error(select(2, client:call { method = "GET", path = "/x" }), "config")
    assert.equal(1, #host.requests)
    client, host = ppi(nil, { operations = { "call" } })
    assert(client:call { method = "GET", path = "/x" })
    canaries.check_error(select(2, client:status(IDS)), "config")
    assert.equal(1, #host.requests)
    local enkash = scripted.client("enkash", scripted.new { scripted.token(), scripted.reply(200, '{"code":0,"payload":{}}') }, { operations = { "status" } })
    assert(enkash:vkyc_status { enKashCardId = "E" })
    assert(enkash:status { enKashCardId = "E" })
    canaries.check_error(select(2, enkash:initiate { enKashCardId = "E" }), "config")
  end)

  it("is closed once and for all, and twice", function()
    local client, host = ppi()
    assert(client:status(IDS))
    client:close()
    client:close()
    for _, name in ipairs { "status", "initiate", "create_user" } do
      canaries.check_error(select(2, client[name](client, IDS)), "closed")
    end
    canaries.check_error(select(2, client:call { method = "GET", path = "/x" }), "closed")
    canaries.check_error(select(2, client:webhook({}, "")), "closed")
    assert.equal(1, #host.requests)
    assert.equal("vkyc.Client(cashfree_ppi, closed)", tostring(client))
    assert.equal(1, client:stats().calls)
  end)

  it("leaves a secret that it was given to its owner", function()
    local secret = vkyc.secret.string(canaries.SECRET)
    local one = ppi(nil, { client_secret = secret })
    one:close()
    local two, host = ppi(nil, { client_secret = secret })
    assert(two:status(IDS))
    assert.equal(canaries.SECRET, host.requests[1].headers["x-client-secret"])
  end)

  it("uses a new secret from the next attempt on", function()
    local secret = vkyc.secret.string("before")
    local client, host
    client, host = ppi({ function()
      secret:replace("after")
      return scripted.reply(503)
    end, OK }, { client_secret = secret })
    assert(client:status(IDS))
    assert.same({ "before", "after" }, { host.requests[1].headers["x-client-secret"], host.requests[2].headers["x-client-secret"] })
  end)

  it("says when a secret it was given is closed", function()
    local secret = vkyc.secret.string("x")
    local client, host = ppi(nil, { client_secret = secret })
    secret:close()
    local _, err = client:status(IDS)
    assert.equal("client_secret", canaries.check_error(err, "config").violations[1].path)
    assert.equal(0, #host.requests)
    secret:replace("y")
    assert(client:status(IDS))
    secret:close() -- also when it was used before
    canaries.check_error(select(2, client:status(IDS)), "config")
    assert.equal(1, #host.requests)
  end)

  it("is collected, with and without a call", function()
    for _ = 1, 50 do
      local client = ppi()
      client:status(IDS)
    end
    collectgarbage()
    collectgarbage()
    local watch = setmetatable({}, { __mode = "v" })
    watch[1] = ppi()
    collectgarbage()
    collectgarbage()
    collectgarbage()
    assert.is_nil(watch[1])
  end)

  if _VERSION == "Lua 5.4" then
    it("is closed at the end of a scope", function()
      local client = assert(load([[
        local client = ...
        do local scoped <close> = client end
        return client
      ]]))((ppi()))
      canaries.check_error(select(2, client:status(IDS)), "closed")
    end)
  end

  it("keeps to itself: several at a time do not mix", function()
    local one, host_one = ppi(nil, { client_secret = "one", base_url = "https://one.example/base/" })
    local two, host_two = ppi(nil, { client_secret = "two" })
    assert(one:status(IDS))
    assert(two:status(IDS))
    assert(one:status(IDS))
    assert.equal("https://one.example/base/ppi/kyc/vkyc/details", host_one.requests[2].url)
    assert.same({ "one", "two", 2, 1 }, { host_one.requests[1].headers["x-client-secret"], host_two.requests[1].headers["x-client-secret"],
      one:stats().calls, two:stats().calls })
  end)

  it("serves all coroutines", function()
    local host = scripted.new { OK }
    local send = host.send
    function host.send(...)
      coroutine.yield()
      return send(...)
    end
    -- The module wraps send in pcall, through which 5.1 cannot yield: there a host of one's own must not yield.
    if _VERSION == "Lua 5.1" and not rawget(_G, "jit") then
      return
    end
    local client = scripted.client("cashfree_ppi", host)
    local tasks, results = {}, {}
    for i = 1, 4 do
      tasks[i] = coroutine.wrap(function()
        results[i] = client:status { user_id = "U1", verification_id = "V" .. i }
      end)
      tasks[i]()
    end
    for i = 4, 1, -1 do
      tasks[i]()
    end
    local ids = {}
    for i = 1, 4 do
      assert.equal("created", (vkyc.state(results[i])))
      ids[vkyc.meta(results[i]).call_id] = true
      assert.truthy(host.requests[i].body:find('"V' .. (5 - i) .. '"', 1, true))
    end
    local count = 0
    for _ in pairs(ids) do
      count = count + 1
    end
    assert.equal(4, count)
  end)

  it("calls every call by another id", function()
    local client = ppi()
    local one, two = vkyc.meta(client:status(IDS)).call_id, vkyc.meta(client:status(IDS)).call_id
    assert.not_equal(one, two)
    assert.not_equal(one:match("^%x+"), vkyc.meta((ppi()):status(IDS)).call_id:match("^%x+"))
  end)

  it("raises when it is used wrongly, in the line that does", function()
    local client, host = ppi()
    misuse(function() client.initiate(IDS) return 1 end, "call it with a colon")
    misuse(function() client.initiate() return 1 end, "client:initiate(")
    misuse(function() client.call { method = "GET", path = "/" } return 1 end, "call it with a colon")
    misuse(function() client.close() return 1 end, "call it with a colon")
    misuse(function() client.stats({}) return 1 end, "call it with a colon")
    misuse(function() client:initiate() return 1 end, "takes a table")
    misuse(function() client:initiate("V1") return 1 end, "takes a table")
    misuse(function() client:initiate(IDS, 5) return 1 end, "table of options")
    misuse(function() client:status(IDS, { deadline = 5 }) return 1 end, "unknown option deadline")
    misuse(function() client:status(IDS, { [1] = 5 }) return 1 end, "unknown option 1")
    misuse(function() client:status(IDS, { deadline_s = "5" }) return 1 end, "must be a number")
    misuse(function() client:status(IDS, { extra = 5 }) return 1 end, "must be a table")
    misuse(function() client:call("/") return 1 end, "call takes")
    misuse(function() client:call { method = "GET" } return 1 end, "call takes")
    misuse(function() client:call { method = "POST", path = "/", body = "{}" } return 1 end, "body of call must be a table")
    misuse(function() client:call { method = "POST", path = "/", query = "a=b" } return 1 end, "query of call must be a table")
    misuse(function() client:call { method = "POST", path = "/", params = {} } return 1 end, "call has no params")
    misuse(function() client:call({ method = "POST", path = "/" }, 5) return 1 end, "table of options")
    misuse(function() client:call({ method = "POST", path = "/" }, { retries = 1 }) return 1 end, "unknown option retries")
    for _, value in ipairs { "x", {}, true, 0 / 0, math.huge, -math.huge, 1e300 } do
      misuse(function() client:next_open(value) return 1 end, "next_open takes a time in Unix seconds")
    end
    misuse(function() client.deadline_s = 5 return 1 end, "fixed when it is made")
    misuse(function() vkyc.new() return 1 end, "takes a table of options")
    misuse(function() vkyc.new("cashfree_ppi") return 1 end, "takes a table of options")
    misuse(function() vkyc.new { provider = "cashfree_ppi", clientid = "x" } return 1 end, "unknown option clientid, did you mean client_id?")
    misuse(function() vkyc.new { provider = "cashfree_ppi", zzz = 1 } return 1 end, "unknown option zzz for provider cashfree_ppi")
    misuse(function() vkyc.new { provider = "cashfree_ppi", username = "x" } return 1 end, "unknown option username")
    misuse(function() vkyc.new { provider = "cashfree_ppi", [1] = "x" } return 1 end, "unknown option 1")
    assert.equal(0, #host.requests)
  end)
end)
