-- One login for all that wait, in hosts whose calls are coroutines, and what workers share of it in a dictionary.

local canaries = require "spec.support.canaries"
local core = require "vkyc.core"
local vkyc = require "vkyc"
local shared_login = require "vkyc.stores.shared_login"

-- A dictionary as ngx.shared has them, with a clock that stands still.
local function dictionary()
  local values, left = {}, {}
  return {
    values = values,
    get = function(_, key)
      return values[key]
    end,
    set = function(_, key, value, seconds)
      values[key], left[key] = value, seconds or 0
      return true
    end,
    add = function(_, key, value, seconds)
      if values[key] ~= nil then
        return nil, "exists"
      end
      values[key], left[key] = value, seconds or 0
      return true
    end,
    delete = function(_, key)
      values[key] = nil
    end,
    ttl = function(_, key)
      return left[key]
    end,
  }
end

-- A host whose send and sleep yield, so that many calls are in flight at once; `login` answers the logins.
local function host(login)
  local self = { logins = 0, calls = 0, clock = 0 }
  function self.send(request)
    coroutine.yield()
    if request.url:find("/oauth/token", 1, true) then
      self.logins = self.logins + 1
      return login(self.logins)
    end
    self.calls = self.calls + 1
    return { status = 200, headers = {}, body = '{"response_code":0,"payload":{"enkashCardId":"C1"}}' }
  end
  function self.sleep(seconds)
    self.clock = self.clock + seconds / 10
    coroutine.yield()
  end
  function self.now()
    return self.clock
  end
  function self.wall()
    return 1700000000 + self.clock
  end
  function self.random()
    return 0.5
  end
  return self
end

local function client(on, dict, password)
  return assert(vkyc.new {
    provider = "enkash", environment = "uat", host = on, shared = dict, max_attempts = 1, hooks = canaries.hooks(),
    client_id = "c", client_secret = canaries.SECRET, username = "u", password = password or canaries.PASSWORD, partner_id = "P",
  })
end

-- Runs calls of these clients at once; returns how often each outcome came.
local function all(clients, count)
  local tasks, outcomes = {}, {}
  for i = 1, count do
    tasks[i] = coroutine.create(function()
      local result, err = clients[i % #clients + 1]:vkyc_status { enKashCardId = "C1" }
      local outcome = result and "fine" or canaries.check_error(err).kind
      outcomes[outcome] = (outcomes[outcome] or 0) + 1
    end)
  end
  repeat
    local alive = 0
    for _, task in ipairs(tasks) do
      if coroutine.status(task) ~= "dead" then
        alive = alive + 1
        assert(coroutine.resume(task))
      end
    end
  until alive == 0
  return outcomes
end

local function token()
  return { status = 200, headers = {}, body = '{"access_token":"' .. canaries.TOKEN .. '","expires_in":100}' }
end

local function refusal()
  return { status = 401, headers = {}, body = ('{"error":"invalid_grant","error_description":"%s, %s"}'):format(canaries.PASSWORD, canaries.SECRET) }
end

describe("a login of many coroutines", function()
  if _VERSION == "Lua 5.1" and not rawget(_G, "jit") then
    pending("Lua 5.1 cannot yield across pcall")
    return
  end

  after_each(canaries.check_hooks)

  it("is one", function()
    local on = host(token)
    assert.same({ fine = 50 }, all({ client(on) }, 50))
    assert.equal(1, on.logins)
    assert.equal(50, on.calls)
  end)

  it("fails for all that waited, each with an error of its own, and once", function()
    local on = host(refusal)
    local one = client(on)
    assert.same({ auth = 50 }, all({ one }, 50))
    assert.same({ auth = 10 }, all({ one }, 10))
    assert.equal(1, on.logins)
  end)

  it("does not wait for ever for one that never ends", function()
    local on = host(function(turn)
      while turn == 1 do
        coroutine.yield()
      end
      return token()
    end)
    local one = client(on)
    local stuck = coroutine.create(function()
      one:vkyc_status { enKashCardId = "C1" }
    end)
    for _ = 1, 3 do
      assert(coroutine.resume(stuck))
    end
    assert.same({ fine = 5 }, all({ one }, 5))
    assert.equal(2, on.logins)
  end)

  it("is one for all clients that share a dictionary", function()
    local on, dict = host(token), dictionary()
    assert.same({ fine = 60 }, all({ client(on, dict), client(on, dict), client(on, dict) }, 60))
    assert.equal(1, on.logins)
    assert.same({ fine = 5 }, all({ client(on, dict) }, 5))
    assert.equal(1, on.logins)
  end)

  it("stays refused for all that share a dictionary, until the credentials are others", function()
    local on, dict = host(refusal), dictionary()
    assert.same({ auth = 60 }, all({ client(on, dict), client(on, dict) }, 60))
    assert.same({ auth = 3 }, all({ client(on, dict) }, 3))
    assert.equal(1, on.logins)
    assert.same({ auth = 3 }, all({ client(on, dict, "other") }, 3))
    assert.equal(2, on.logins)
    for key, value in pairs(dict.values) do
      canaries.refuse(key .. tostring(value), "the dictionary")
    end
  end)
end)

describe("shared_login", function()
  local function key(url, more)
    local credentials = { client_id = "c", password = core.secret("p") }
    for name, value in pairs(more or {}) do
      credentials[name] = value
    end
    return shared_login.new(dictionary(), url, credentials):key(1)
  end

  it("knows credentials by a digest of them all", function()
    assert.matches("^vkyc:%x+$", key("https://a"))
    assert.equal(key("https://a"), key("https://a"))
    assert.is_not.equal(key("https://a"), key("https://b"))
    for _, more in ipairs { { client_id = "d" }, { password = core.secret("q") }, { username = "u" } } do
      assert.is_not.equal(key("https://a"), key("https://a", more))
    end
  end)

  it("gives the right to log in to one, and back only by its owner", function()
    local dict = dictionary()
    local one, two = shared_login.new(dict, "https://a", {}), shared_login.new(dict, "https://a", {})
    local name = one:key(1)
    local owner = one:lock(name, 5)
    assert.is_string(owner)
    assert.is_nil(two:lock(name, 5))
    two:unlock(name, "somebody else")
    assert.is_nil(two:lock(name, 5))
    one:unlock(name, owner)
    assert.is_string(two:lock(name, 5))
  end)
end)
