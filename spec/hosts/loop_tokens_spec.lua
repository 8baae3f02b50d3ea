-- Logins in a loop: one for all tasks that wait, and nobody's end takes it away.

local canaries = require "spec.support.canaries"
local core = require "vkyc.core"
local faults = require "spec.support.faults"
local vkyc = require "vkyc"

local FACTOR = tonumber(os.getenv("VKYC_TIME_FACTOR") or "1")

local T1, T2 = canaries.TOKEN .. "1", canaries.TOKEN .. "2"

local function token(text, seconds)
  return { "send", faults.response({ body = '{"access_token":"' .. text .. '","expires_in":' .. seconds .. "}" }) }
end
local FINE = { "send", faults.response({ body = '{"code":0,"payload":{"enkashCardId":"C1"}}' }) }
local ECHO = ('{"code":401,"message":"%s","error":"invalid_grant","error_description":"%s, %s, %s"}'):format(T1, T1, canaries.SECRET, canaries.PASSWORD)
local UNAUTHORIZED = { "send", faults.response({ status = "401 Unauthorized", body = ECHO }) }

describe("a login in a loop", function()
  local server, loop, client

  setup(function()
    server = assert(faults.start())
  end)

  teardown(function()
    server:stop()
  end)

  before_each(function()
    loop = assert(vkyc.loop.new())
  end)

  after_each(function()
    loop:close()
    client:close()
    canaries.check_hooks()
  end)

  local function start(login, api)
    server:case({ id = "login", answers = login })
    server:case({ id = "api", answers = api or { { FINE } } })
    client = assert(vkyc.new {
      provider = "enkash", environment = "uat", base_url = server:base("http") .. "/api", token_url = server:base("http") .. "/login",
      allow_http_loopback = true, client_id = "c", client_secret = canaries.SECRET, username = "u", password = canaries.PASSWORD, partner_id = "P",
      max_attempts = 1, hooks = canaries.hooks(), connect_timeout_s = 10 * FACTOR, attempt_timeout_s = 10 * FACTOR, deadline_s = 30 * FACTOR,
    })
  end

  -- Calls of so many tasks at once: how often each outcome came.
  local function all(count)
    local outcomes = {}
    for _ = 1, count do
      loop:spawn(function()
        local result, err = client:vkyc_status { enKashCardId = "C1" }
        local outcome = result and "fine" or canaries.check_error(err).kind .. " " .. err.operation
        outcomes[outcome] = (outcomes[outcome] or 0) + 1
      end)
    end
    local ends = core.monotonic() + 40 * FACTOR
    while loop:poll() > 0 and core.monotonic() < ends do
      core.sleep(0.001)
    end
    return outcomes
  end

  it("is one for a thousand calls at once, when the token has expired", function()
    start { { token(T1, 1) }, { { "pause", 100 }, token(T2, 3600) } }
    assert.same({ fine = 1 }, all(1))
    core.sleep(1)
    assert.same({ fine = 1000 }, all(1000))
    assert.same({ 2, 1001, 2 }, { server:count("login"), server:count("api"), client:stats().logins })
    assert.matches("Authorization: Bearer " .. T2 .. "\r\n", server:requests("api")[2], 1, true)
  end)

  it("that is refused is one for all, and stays refused", function()
    start { { { "pause", 50 }, UNAUTHORIZED } }
    assert.same({ ["auth login"] = 100 }, all(100))
    assert.same({ ["auth login"] = 100 }, all(100))
    assert.same({ 1, 0 }, { server:count("login"), server:count("api") })
  end)

  it("is repeated once when the token is refused, whoever asks", function()
    local refusals = {}
    for i = 1, 7 do
      refusals[i] = { { "pause", 30 * i }, UNAUTHORIZED } -- some of them when there is a new token already
    end
    refusals[8] = { FINE }
    start({ { token(T1, 3600) }, { { "pause", 50 }, token(T2, 3600) } }, refusals)
    assert.same({ fine = 20 }, all(20))
    assert.same({ 2, 27 }, { server:count("login"), server:count("api") })
  end)

  it("is not lost with the task that began it", function()
    start { { { "pause", 200 }, token(T1, 3600) } }
    local first = loop:spawn(function()
      return client:vkyc_status { enKashCardId = "C1" }
    end)
    local ends = core.monotonic() + 10 * FACTOR
    repeat
      loop:poll()
      core.sleep(0.001)
    until server:count("login") == 1 or core.monotonic() > ends
    first:cancel()
    assert.same({ fine = 10 }, all(10))
    assert.equal("cancelled", first:status())
    assert.equal(1, server:count("login"))
  end)
end)
