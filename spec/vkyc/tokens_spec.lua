-- Tokens of a password login: how often the provider is asked for one, and what a refusal does to the account.

local vkyc = require "vkyc"
local canaries = require "spec.support.canaries"
local scripted = require "spec.support.scripted_host"

local reply = scripted.reply
local STATUS = reply(200, '{"code":0,"payload":{"enkashCardId":"E"}}')
local UNAUTHORIZED = reply(401, '{"error":"invalid_token","error_description":"' .. canaries.TOKEN .. " of 9988776655, " .. canaries.SECRET .. '"}')

-- Answers logins with `token` and the rest by the script; counts both.
local function client(answers, more, token)
  local host = scripted.new(answers)
  local send = host.send
  host.logins, host.token = 0, token or scripted.token(canaries.TOKEN)
  function host.send(request, limits)
    if request.url:find("/oauth/token", 1, true) then
      host.logins = host.logins + 1
      host.last_login = request
      local answer = type(host.token) == "function" and host.token(host.logins) or host.token
      if answer.failure then
        return nil, answer.failure
      end
      return answer
    end
    return send(request, limits)
  end
  return scripted.client("enkash", host, more), host
end

local function status(c)
  return c:vkyc_status { enKashCardId = "E" }
end

describe("tokens", function()
  after_each(canaries.check_hooks)

  it("are fetched once and renewed early", function()
    local c, host = client { STATUS }
    for _ = 1, 5 do
      assert(status(c))
    end
    assert.equal(1, host.logins)
    host.clock = host.clock + 86399 * 0.8 - 10
    assert(status(c))
    assert.equal(1, host.logins)
    host.clock = host.clock + 86399 * 0.1
    assert(status(c))
    assert.equal(2, host.logins)
  end)

  it("are read in every spelling, at the root and in a payload", function()
    for _, body in ipairs {
      '{"access_token":"T1","expires_in":100}', '{"accessToken":"T1","expiresIn":100}', '{"code":0,"payload":{"access_token":"T1","expires_in":100}}',
      '{"payload":{"accessToken":"T1"}}', '{"access_token":"T1","expires_in":"soon"}', '{"access_token":"T1","expires_in":-5}',
        '{"access_token":"T1","payload":5}',
    } do
      local c, host = client({ STATUS }, nil, reply(200, body))
      assert(status(c))
      assert.equal("Bearer T1", host.requests[1].headers["Authorization"])
      host.clock = host.clock + (body:find("100", 1, true) and 79 or 239)
      assert(status(c))
      assert.equal(1, host.logins)
      host.clock = host.clock + 100
      assert(status(c))
      assert.equal(2, host.logins)
    end
  end)

  it("are fetched again once after a 401, and the call is sent once more", function()
    for _, call in ipairs { { "vkyc_status", { enKashCardId = "E" } }, { "vkyc_link", { enKashCardId = "E" } }, { "top_up", { amount = 1,
      transactionType = "CR" } } } do
      local c, host = client { UNAUTHORIZED, STATUS }
      local res = assert(c[call[1]](c, call[2]))
      assert.same({ 2, 2, 2 }, { host.logins, #host.requests, vkyc.meta(res).attempts })
      assert.same({ "the token was refused" }, vkyc.meta(res).retries)
      c, host = client { UNAUTHORIZED }
      local _, err = c[call[1]](c, call[2])
      canaries.check_error(err, "auth")
      assert.same({ 2, 2, 2, 401, "refused", "invalid_token" }, { host.logins, #host.requests, err.attempts, err.status, err.outcome, err.code })
    end
  end)

  it("are not asked for again after a refused login, not on later calls either", function()
    for _, answer in ipairs { reply(400, '{"error":"invalid_grant","error_description":"Bad credentials for 9988776655"}'), reply(401, ""), reply(403,
      "<html>"),
      reply(422, "{}"), reply(423, "{}"), reply(200, '{"code":1,"message":"locked","payload":"locked"}'), reply(200, '{"access_token":""}') } do
      local c, host = client({ STATUS }, nil, answer)
      for i = 1, 5 do
        local _, err = status(c)
        canaries.check_error(err, "auth")
        assert.same({ "login", "not_sent", 0, i == 1 and answer.status or nil }, { err.operation, err.outcome, err.attempts, err.status })
        assert.truthy(err.hint:find("secret:replace", 1, true))
      end
      assert.same({ 1, 0, true }, { host.logins, #host.requests, c:stats().login_refused })
    end
  end)

  it("tell the provider's code of a refused login, and what the table says of it", function()
    local provider = {}
    for name, value in pairs(require "vkyc.providers.enkash") do
      provider[name] = value
    end
    local map = { locked = { kind = "forbidden", hint = "Ask for an unlock." }, busy = "rate_limited", down = "server" }
    provider.errors = { code = { "code", "error" }, map = map }
    local function login(answer)
      local host = scripted.new { answer }
      local c = scripted.client("enkash", host, { provider = provider, max_attempts = 1 })
      local _, err = status(c)
      local _, again = status(c)
      return canaries.check_error(err), canaries.check_error(again), #host.requests
    end
    for code, shown in pairs { invalid_grant = "invalid_grant", ["9988776655"] = false, [canaries.SECRET] = false, ["two words"] = false } do
      local err, again = login(reply(400, '{"error":"' .. code .. '"}'))
      assert.same({ "auth", shown or nil, shown or nil }, { err.kind, err.code, again.code })
      assert.truthy(err.hint:find("Correct client_id, client_secret, username or password (", 1, true))
      assert.equal(err.hint, again.hint)
    end
    local err, again, count = login(reply(401, '{"code":"locked"}'))
    assert.same({ "forbidden", "Ask for an unlock.", "locked", 401, "forbidden", "Ask for an unlock.", 1 },
      { err.kind, err.hint, err.code, err.status, again.kind, again.hint, count })
    for code, kind in pairs { busy = "rate_limited", down = "server" } do
      for _, http in ipairs { 200, 400 } do
        err, again, count = login(reply(http, '{"code":"' .. code .. '"}', { ["retry-after"] = "9" }))
        assert.same({ kind, kind, 9, true, "login", 2 }, { err.kind, again.kind, err.retry_after, err.retryable, err.operation, count })
      end
    end
    local other = {}
    for name, value in pairs(provider) do
      other[name] = value
    end
    provider = other -- a table is read once
    provider.token = { form = { { name = "u", option = "username" }, { name = "p", option = "password" }, { name = "u2", option = "username" } },
      access_token = { "t" }, expires_in_s = { "e" }, lifetime_s = 60 }
    assert.truthy(login(reply(401)).hint:find("Correct username or password (", 1, true))
  end)

  it("are asked for again when a secret was replaced, once for each replacement", function()
    local password = vkyc.secret.string("wrong one")
    local c, host = client({ STATUS }, { password = password }, reply(401))
    status(c)
    status(c)
    assert.equal(1, host.logins)
    password:replace("wrong two")
    status(c)
    status(c)
    assert.equal(2, host.logins)
    assert.truthy(host.last_login.body:find("password=wrong%20two", 1, true))
    host.token = scripted.token()
    password:replace(canaries.PASSWORD)
    assert(status(c))
    assert.same({ 3, false }, { host.logins, c:stats().login_refused })
  end)

  it("are asked for again when the file of a secret changed, before or after the refusal", function()
    local path = os.tmpname()
    local function write(text)
      local file = assert(io.open(path, "w"))
      file:write(text, "\n")
      file:close()
    end
    write("old password")
    local c, host = client({ STATUS }, { password = vkyc.secret.file(path) }, function(number)
      return number == 2 and scripted.token() or reply(401)
    end)
    write("new password") -- rotated while we ran
    assert(status(c))
    assert.equal(2, host.logins)
    assert.truthy(host.last_login.body:find("password=new%20password", 1, true))
    c, host = client({ STATUS }, { password = vkyc.secret.file(path) }, function(number)
      return number == 2 and scripted.token() or reply(401)
    end)
    canaries.check_error(select(2, status(c)), "auth")
    canaries.check_error(select(2, status(c)), "auth")
    assert.equal(1, host.logins)
    write("corrected")
    assert(status(c))
    assert.equal(2, host.logins)
    os.remove(path)
  end)

  it("are not asked for blindly after a lost login", function()
    local c, host = client({ STATUS }, nil, scripted.lost("timeout", "no answer to " .. canaries.PASSWORD))
    local _, err = status(c)
    canaries.check_error(err, "timeout")
    assert.same({ 1, 0, "login", true, "not_sent" }, { host.logins, #host.requests, err.operation, err.retryable, err.outcome })
    host.token = scripted.token()
    assert(status(c)) -- the next call tries again
  end)

  it("are asked for up to max_attempts when nothing was sent", function()
    local c, host = client({ STATUS }, nil, scripted.unsent("dns"))
    local _, err = status(c)
    assert.same({ 3, 0, "dns" }, { host.logins, #host.requests, canaries.check_error(err, "dns").kind })
    c, host = client({ STATUS }, nil, function(number)
      return number < 3 and scripted.unsent("connect") or scripted.token()
    end)
    assert(status(c))
    assert.same({ 3, 1 }, { host.logins, #host.requests })
  end)

  it("are not made of anything else than a token", function()
    for _, row in ipairs {
      { reply(500, "<html>"), "server" }, { reply(429), "rate_limited" }, { reply(302, "", { location = "https://evil.example" }), "redirect" },
      { reply(200, canaries.VALUES.body), "decode" }, { reply(200, '{"access_token":5}'), "decode" }, { reply(200, "[]"), "decode" },
    } do
      local c, host = client({ STATUS }, nil, row[1])
      local _, err = status(c)
      canaries.check_error(err, row[2])
      assert.same({ 1, 0, "login" }, { host.logins, #host.requests, err.operation })
    end
  end)

  it("that no header may hold are refused", function()
    local c, host = client({ STATUS }, nil, reply(200, '{"access_token":"a\\r\\nX-Injected: 1"}'))
    local _, err = status(c)
    canaries.check_error(err, "config")
    assert.equal(0, #host.requests)
  end)

  it("wait for credentials that were closed or cannot be sent", function()
    local password = vkyc.secret.string("p")
    local c, host = client({ STATUS }, { password = password })
    password:close()
    canaries.check_error(select(2, status(c)), "config")
    assert.equal(0, host.logins)
    password:replace("open again")
    assert(status(c))
    c = client({ STATUS }, { client_id = "a:b" })
    assert.truthy(canaries.check_error(select(2, status(c)), "config").message:find("colon", 1, true))
  end)

  it("are forgotten by a client that is closed", function()
    local c = client { STATUS }
    assert(status(c))
    c:close()
    canaries.check_error(select(2, status(c)), "closed")
  end)

  describe("are not seen, though an answer repeats", function()
    local OLD, NEW = canaries.TOKEN .. "1", canaries.TOKEN .. "2"
    local function login(number)
      return scripted.token(number == 1 and OLD or NEW, 1000)
    end
    local function echo(code)
      return reply(code, ('{"response_code":%d,"response_message":"%s or %s","code":"x"}'):format(code, OLD, NEW), { ["x-request-id"] = OLD })
    end

    it("one that was renewed meanwhile", function()
      local c, host, depth = nil, nil, 0
      c, host = client({ function()
        depth = depth + 1
        if depth > 1 then
          return STATUS
        end
        host.clock = host.clock + 950 -- it is the next call's to renew; the provider takes both
        assert(status(c))
        return echo(400)
      end }, { max_attempts = 1, attempt_timeout_s = 5000, deadline_s = 6000 }, login)
      canaries.check_error(select(2, status(c)), "bad_request")
      assert.equal(2, host.logins)
    end)

    it("one that was refused before", function()
      local c, host = client({ reply(401, "{}"), echo(400) }, nil, login)
      canaries.check_error(select(2, status(c)), "bad_request")
      assert.equal(2, host.logins)
    end)

    it("one that was refused, in the login that follows", function()
      local c, host = client({ UNAUTHORIZED }, nil, function(number)
        return number == 1 and scripted.token(OLD) or echo(503)
      end)
      canaries.check_error(select(2, status(c)), "server")
      assert.equal(2, host.logins)
    end)
  end)
end)
