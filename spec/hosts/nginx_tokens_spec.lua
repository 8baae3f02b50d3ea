-- Logins inside nginx: one for all requests of a worker and for all workers, nobody's end takes it away, and a refusal stays.

local canaries = require("spec.support.canaries")
local faults = require("spec.support.faults")
local nginx = require("spec.support.nginx")
local socket = require("socket")

local missing = nginx.missing()

local HTTP = [[
  lua_shared_dict vkyc 1m;
  init_by_lua_block {
    canaries = require "spec.support.canaries"
    -- Each worker has hooks of its own: what they see goes into the log, where nothing may be.
    hooks = canaries.hooks(function(where) ngx.log(ngx.ERR, "hooks or log lines show: ", where) end)
    client = assert(require "vkyc".new {
      provider = "enkash", environment = "uat", base_url = "%s", token_url = "%s", allow_http_loopback = true,
      client_id = "c", client_secret = canaries.SECRET, username = "u", password = canaries.PASSWORD, partner_id = "P",
      shared = ngx.shared.vkyc, max_attempts = 1, attempt_timeout_s = %g, hooks = hooks,
    })
  }]]

local SERVER = [[
  location = /status {
    lua_check_client_abort on;
    content_by_lua_block {
      local result, err = client:vkyc_status({ enKashCardId = "C1" }, { deadline_s = 8 })
      ngx.print(result and "fine" or err.kind .. " " .. (err.operation or "") .. " " .. err.attempts)
    }
  }]]

local T1, T2 = canaries.TOKEN .. "1", canaries.TOKEN .. "2"

local function token(text)
  return { "send", faults.response({ body = '{"access_token":"' .. text .. '","expires_in":3600}' }) }
end
local SHORT = faults.response({ body = '{"access_token":"' .. T1 .. '","expires_in":1}' })
local FINE = { "send", faults.response({ body = '{"response_code":0,"payload":{"enkashCardId":"C1"}}' }) }
local ECHO = ('{"response_code":401,"response_message":"%s","error":"invalid_grant","error_description":"%s, %s, %s"}'):format(T1, T1, canaries.SECRET,
  canaries.PASSWORD)
local UNAUTHORIZED = { "send", faults.response({ status = "401 Unauthorized", body = ECHO }) }

describe("a login in nginx", function()
  if missing then
    pending(missing)
    return
  end
  local server, web
  local STATUS = { path = "/status" }

  setup(function()
    server = assert(faults.start())
  end)

  teardown(function()
    server:stop()
  end)

  after_each(function()
    assert.is_true(web:stop())
    canaries.refuse(web.last_log, "nginx's log")
    assert.is_nil(web.last_log:find("%[error%] [^\n]*"), web.last_log:match("%[error%] [^\n]*"))
  end)

  local function start(login, api, workers, attempt_timeout_s)
    server:case({ id = "login", answers = login })
    server:case({ id = "api", answers = api or { { FINE } } })
    web = assert(nginx.start({
      workers = workers, server = SERVER,
      http = HTTP:format(server:base("http") .. "/api", server:base("http") .. "/login", attempt_timeout_s or 5),
    }))
  end

  -- Every key and value of the shared dictionary.
  local function kept()
    return web:run([[
      local all = {}
      for _, key in ipairs(ngx.shared.vkyc:get_keys(0)) do
        all[#all + 1] = key .. "=" .. tostring(ngx.shared.vkyc:get(key))
      end
      return table.concat(all, "\n")
    ]])
  end

  it("is one for all requests that wait", function()
    start({ { { "pause", 200 }, token(T1) } })
    assert.same({ fine = 40 }, web:many(40, STATUS))
    assert.equal(1, server:count("login"))
    assert.equal(40, server:count("api"))
    assert.matches("Authorization: Bearer " .. T1 .. "\r\n", server:requests("api")[1], 1, true)
    assert.matches("pa55word%26canary", server:requests("login")[1], 1, true)
  end)

  it("is not lost with the request that began it", function()
    start({ { { "pause", 300 }, token(T1) } })
    local first = web:begin(STATUS)
    socket.sleep(0.1)
    local others = {}
    for i = 1, 5 do
      others[i] = web:begin(STATUS)
    end
    first:close()
    for i = 1, 5 do
      assert.equal("fine", select(2, web:finish(others[i])))
    end
    assert.equal(1, server:count("login"))
  end)

  it("gives its failure to all that wait, and is tried anew by the next", function()
    start({ { { "pause", 100 }, { "close" } }, { token(T1) } })
    assert.same({ ["network login 0"] = 20 }, web:many(20, STATUS))
    assert.equal(1, server:count("login"))
    assert.same({ fine = 1 }, web:many(1, STATUS))
    assert.equal(2, server:count("login"))
  end)

  it("is one for eight workers, and over a reload", function()
    start({ { { "pause", 100 }, token(T1) } }, nil, 8)
    assert.same({ fine = 64 }, web:many(64, STATUS))
    assert.is_true(web:reload())
    assert.same({ fine = 64 }, web:many(64, STATUS))
    assert.equal(1, server:count("login"))
    -- All that lies in the dictionary is the token, under a digest: no credential, nothing of a customer.
    assert.matches("^vkyc:%x+:token=%x+" .. T1 .. "$", kept())
  end)

  it("with a wrong password is one for eight workers, and stays refused over a reload", function()
    start({ { { "pause", 100 }, UNAUTHORIZED } }, nil, 8)
    assert.same({ ["auth login 0"] = 64 }, web:many(64, STATUS))
    for _ = 1, 2 do
      assert.is_true(web:reload())
      assert.same({ ["auth login 0"] = 64 }, web:many(64, STATUS))
    end
    assert.equal(1, server:count("login"))
    assert.equal(0, server:count("api"))
    -- Only a digest of the credentials is known there.
    assert.matches("^vkyc:%x+:refused=%d+$", kept())
    -- Who deletes that, and reloads, allows one more.
    server:again("login")
    web:run([[ ngx.shared.vkyc:delete(ngx.shared.vkyc:get_keys(0)[1]) ]])
    assert.same({ ["auth login 0"] = 64 }, web:many(64, STATUS))
    assert.is_true(server:count("login") <= 1, "workers that know of it tried again")
    assert.is_true(web:reload())
    assert.same({ ["auth login 0"] = 64 }, web:many(64, STATUS))
    assert.equal(1, server:count("login"))
    -- Other credentials are another login.
    server:case({ id = "login", steps = { token(T2) } })
    assert.equal("fine", web:run([[
      local options = { provider = "enkash", environment = "uat", base_url = (...).base_url, token_url = (...).token_url, allow_http_loopback = true,
        client_id = "c", client_secret = canaries.SECRET, username = "u", password = "corrected", partner_id = "P", shared = ngx.shared.vkyc,
        hooks = hooks }
      local result, err = assert(require "vkyc".new(options)):vkyc_status { enKashCardId = "C1" }
      return result and "fine" or tostring(err)
    ]], { base_url = server:base("http") .. "/api", token_url = server:base("http") .. "/login" }))
    assert.equal(1, server:count("login"))
  end)

  it("H07 is repeated once when the token is refused, whoever asks", function()
    local api = {}
    start({ { { "pause", 50 }, token(T1) }, { { "pause", 50 }, token(T2) } }, api, 4)
    server:case({ id = "api", steps = { FINE } })
    assert.same({ fine = 32 }, web:many(32, STATUS))
    -- From now on T1 is worth nothing, as seven answers say: some of them when there is a new token already.
    local refusals = {}
    for i = 1, 7 do
      refusals[i] = { { "pause", 60 * i }, UNAUTHORIZED }
    end
    refusals[8] = { FINE }
    server:case({ id = "api", answers = refusals })
    assert.same({ fine = 7 }, web:many(7, STATUS))
    assert.is_true(server:count("login") == 2, server:count("login") .. " logins")
    assert.same({ fine = 32 }, web:many(32, STATUS))
    assert.is_true(server:count("login") == 2, server:count("login") .. " logins")
  end)

  it("is one for a thousand calls at once, when the token has expired", function()
    server:case({ id = "login", answers = { { { "send", SHORT } }, { { "pause", 100 }, token(T2) } } })
    server:case({ id = "api", answers = { { FINE } } })
    web = assert(nginx.start({
      connections = 4096, main = "worker_rlimit_nofile 8192;",
      http = HTTP:format(server:base("http") .. "/api", server:base("http") .. "/login", 20):gsub("max_attempts = 1,", "%0 connect_timeout_s = 20,"),
    }))
    local outcomes = web:run([[
      assert(client:vkyc_status { enKashCardId = "C1" })
      ngx.sleep(1)
      local outcomes, threads = {}, {}
      for i = 1, 1000 do
        threads[i] = ngx.thread.spawn(function()
          local result, err = client:vkyc_status { enKashCardId = "C1" }
          local outcome = result and "fine" or tostring(err)
          outcomes[outcome] = (outcomes[outcome] or 0) + 1
        end)
      end
      for _, thread in ipairs(threads) do
        ngx.thread.wait(thread)
      end
      outcomes.logins = client:stats().logins
      return outcomes
    ]])
    assert.same({ fine = 1000, logins = 2 }, outcomes)
    assert.same({ 2, 1001 }, { server:count("login"), server:count("api") })
  end)

  it("is taken over when its worker was killed", function()
    start({ { { "hang" } }, { token(T1) } }, nil, 2, 0.5)
    local first = web:begin(STATUS)
    assert(nginx.wait_for(5, function()
      return server:count("login") == 1
    end))
    for _, pid in ipairs(web:workers()) do
      web:signal("KILL", pid)
    end
    first:close()
    assert(nginx.wait_for(5, function()
      return #web:workers() == 2
    end))
    assert.same({ fine = 8 }, web:many(8, STATUS))
    assert.equal(2, server:count("login"))
  end)
end)
