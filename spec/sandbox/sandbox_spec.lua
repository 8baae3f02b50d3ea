-- The real sandbox: nginx, HTTPS, its control commands and its end. It talks through the curl command, not through our own client.

local cjson = require("cjson").new()

local ROOT = debug.getinfo(1, "S").source:match("^@(.*)spec/sandbox/") or ""
ROOT = ROOT == "" and "." or ROOT

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- Runs a command; its output and its exit status.
local function sh(command)
  local pipe = assert(io.popen("{ " .. command .. "\n} 2>&1; printf '\\n%s' $?"))
  local text = pipe:read("*a")
  pipe:close()
  local out, code = text:match("^(.*)\n(%d+)$")
  return (out:gsub("\n$", "")), tonumber(code)
end

local function script(words)
  return sh(quote(ROOT .. "/scripts/sandbox") .. " " .. words)
end

local function exists(path)
  local file = io.open(path)
  return file ~= nil and file:close() ~= nil
end

local function can_run()
  local cpath = os.getenv("VKYC_CPATH") or ROOT .. "/build/luajit/lib/?.so"
  local _, code = sh("PATH=$PATH:/usr/sbin command -v nginx && command -v curl && command -v openssl")
  return code == 0 and exists((cpath:gsub("%?", "vkyc/core")))
end

if not can_run() then
  describe("the sandbox", function()
    pending("needs nginx, curl, openssl and the module built for LuaJIT")
  end)
  return
end

local started = {}

local function start(words)
  local dir = os.tmpname()
  os.remove(dir)
  started[#started + 1] = dir
  local out, code = script("start --seconds 120 --dir " .. quote(dir) .. " " .. (words or ""))
  assert.equal(0, code, out)
  assert.equal(dir .. "/env", out)
  local env = { dir = dir }
  for line in io.lines(out) do
    local name, value = line:match("^VKYC_SANDBOX_([%u_]+)='(.*)'$")
    env[name:lower()] = value
  end
  return env
end

local function stop(env)
  return script("stop --dir " .. quote(env.dir))
end

local function processes(env)
  local count = 0
  for line in (sh("ps -ww -eo args=") .. "\n"):gmatch("(.-)\n") do
    count = count + (line:find("-c " .. env.dir .. "/nginx.conf", 1, true) and 1 or 0)
  end
  return count
end

local function curl(env, method, url, headers, body)
  local words = { "curl -s -m 10 -w '\\n%{http_code}' --cacert", quote(env.ca), "-X", method, quote(url) }
  for name, value in pairs(headers or {}) do
    words[#words + 1] = "-H " .. quote(name .. ": " .. value)
  end
  if body then
    words[#words + 1] = "--data-binary " .. quote(body)
  end
  local out, code = sh(table.concat(words, " "))
  local text, status = out:match("^(.*)\n(%d+)$")
  return tonumber(status), text, code
end

local JSON = { ["content-type"] = "application/json" }

local function cashfree(env, method, path, body)
  local headers = { ["x-client-id"] = "id", ["x-client-secret"] = "secret", ["x-api-version"] = "2024-12-01", ["content-type"] = "application/json" }
  return curl(env, method, env.cashfree_secure_id .. path, headers, body)
end

local function command(env, provider, name, args)
  local status, text = curl(env, "POST", env.url .. "/_sandbox/" .. provider .. "/" .. name, JSON, args or "{}")
  return cjson.decode(text), status
end

local function with_case(env)
  command(env, "cashfree_secure_id", "reset")
  assert.equal(200, (cashfree(env, "POST", "/user", "{\"user_id\":\"U1\",\"phone\":\"9988776655\"}")))
  local body = "{\"user_id\":\"U1\",\"verification_id\":\"V1\",\"notification_types\":[\"sms\"]}"
  assert.equal(200, (cashfree(env, "POST", "/vkyc", body)))
end

describe("the sandbox", function()
  local env

  setup(function()
    env = start()
  end)

  teardown(function()
    for _, dir in ipairs(started) do
      script("stop --dir " .. quote(dir))
    end
  end)

  it("serves every provider with a certificate that its own CA vouches for", function()
    assert.equal(400, (curl(env, "POST", env.cashfree_ppi .. "/ppi/user", JSON, "{}")))
    assert.equal(400, (curl(env, "GET", env.cashfree_secure_id .. "/vkyc")))
    assert.equal(401, (curl(env, "GET", env.enkash .. "/api/v0/partner/enKashCard/vkyc/link?enKashCardId=EKCHUZJWZW")))
    assert.equal(404, (curl(env, "GET", env.url .. "/nothing")))
    local _, code = sh("curl -s -m 10 " .. quote(env.url))
    assert.equal(60, code)
  end)

  it("takes a case from its beginning to approval, steered below the base URL", function()
    with_case(env)
    assert.same({ step = "PRE_VIDEO_CALL/USER_QUEUED" }, (command(env, "cashfree_secure_id", "advance", "{\"id\":\"V1\",\"step\":\"USER_QUEUED\"}")))
    local status, text = cashfree(env, "POST", "/_sandbox/advance", "{\"id\":\"V1\",\"step\":\"approved\"}")
    assert.equal(200, status)
    local step = cjson.decode(text).step
    assert.equal("approved", command(env, "cashfree_secure_id", "statuses").statuses[step])
    local fields = cjson.decode((select(2, cashfree(env, "GET", "/vkyc?verification_id=V1"))))
    assert.equal(step, fields.status .. "/" .. fields.sub_status)
  end)

  it("hands out webhooks once, signed", function()
    with_case(env)
    local list = command(env, "cashfree_secure_id", "webhooks", "{\"twice\":true}").webhooks
    assert.equal(2, #list)
    local headers = list[2].headers
    local key = require("vkyc.core").webhook_key("secret")
    assert.equal(key:sign(headers["x-webhook-timestamp"], list[2].body), headers["x-webhook-signature"])
    assert.equal("2", headers["x-webhook-attempt"])
    assert.equal(0, #command(env, "cashfree_secure_id", "webhooks").webhooks)
  end)

  it("fails on demand, without an answer if need be", function()
    with_case(env)
    command(env, "cashfree_secure_id", "fail", "{\"operation\":\"status\",\"code\":\"too_many_requests_per_ip\"}")
    assert.equal(429, (cashfree(env, "GET", "/vkyc?verification_id=V1")))
    command(env, "cashfree_secure_id", "fail", "{\"operation\":\"status\",\"drop\":true,\"times\":2}")
    for _ = 1, 2 do
      local _, _, code = cashfree(env, "GET", "/vkyc?verification_id=V1")
      assert.equal(52, code)
    end
    assert.equal(200, (cashfree(env, "GET", "/vkyc?verification_id=V1")))
  end)

  it("tells what was asked and sent, and begins anew", function()
    with_case(env)
    local log = command(env, "cashfree_secure_id", "requests").requests
    assert.same({ operation = "initiate", method = "POST", path = "/vkyc", status = 200 }, log[2])
    assert.equal("XXXXXX6655", command(env, "cashfree_secure_id", "notifications").notifications[1].to)
    local options = "{\"credentials\":{\"client_secret\":\"other\"},\"rate_limit\":5}"
    assert.same({ reset = true }, (command(env, "cashfree_secure_id", "reset", options)))
    assert.equal(401, (cashfree(env, "GET", "/vkyc?verification_id=V1")))
    assert.equal(1, #command(env, "cashfree_secure_id", "requests").requests)
  end)

  it("says what is wrong with a command", function()
    local function wrong(name, args)
      local result, status = command(env, "cashfree_secure_id", name, args)
      assert.equal(400, status)
      return result.error
    end
    assert.equal("the simulator knows no case V7", wrong("advance", "{\"id\":\"V7\",\"step\":\"approved\"}"))
    assert.equal("the sandbox has no command nothing", wrong("nothing"))
    assert.equal("the body must be a JSON object", wrong("advance", "{"))
    assert.equal("the simulator has no option wrong", wrong("reset", "{\"wrong\":1}"))
  end)

  it("takes Enkash through a login and a link at any time of day", function()
    command(env, "enkash", "reset")
    local form = "username=6001020040&password=p&grant_type=password&clientId=CEKQ08TRRG"
    local headers = { authorization = "Basic Q0VLUTA4VFJSRzpzM2NyZXQ=", ["content-type"] = "application/x-www-form-urlencoded" }
    local _, text = curl(env, "POST", env.enkash_token, headers, form)
    headers = { authorization = "Bearer " .. cjson.decode(text).access_token, partnerId = "CRM338L2H" }
    local path = "/api/v0/partner/enKashCard/vkyc/link?enKashCardId=EKCHUZJWZW"
    local status, answer = curl(env, "GET", env.enkash .. path, headers)
    assert.equal(200, status)
    assert.matches("kycLink", answer, 1, true)
    -- The control's answers are in the provider's envelope below its base URL.
    status, answer = curl(env, "POST", env.enkash .. "/_sandbox/clock", JSON, "{\"offset_s\":0}")
    assert.same({ 200, 0, 0 }, { status, cjson.decode(answer).code, cjson.decode(answer).payload.offset_s })
    status, answer = curl(env, "POST", env.enkash .. "/_sandbox/advance", JSON, "{\"id\":\"X\"}")
    assert.same({ 400, 1, "the simulator knows no case X" }, { status, cjson.decode(answer).code, cjson.decode(answer).message })
  end)

  describe("posting webhooks", function()
    local socket, ssl = require "socket", require "ssl"

    -- Takes one delivery, answers with a status; the request's head and body.
    local function receive(server, status, key_dir)
      local peer = assert(server:accept())
      peer:settimeout(5)
      if key_dir then
        peer = assert(ssl.wrap(peer, { mode = "server", protocol = "any", key = key_dir .. "/server.key", certificate = key_dir .. "/server.pem" }))
        peer:settimeout(5)
        assert(peer:dohandshake())
      end
      local head, size = {}, 0
      while true do
        local line = assert(peer:receive("*l"))
        if line == "" then
          break
        end
        head[#head + 1] = line
        size = tonumber(line:match("^content%-length: (%d+)")) or size
      end
      local body = assert(peer:receive(size))
      peer:send("HTTP/1.1 " .. status .. " x\r\ncontent-length: 0\r\n\r\n")
      peer:close()
      return table.concat(head, "\n"), body
    end

    for _, scheme in ipairs { "http", "https" } do
      it("goes over " .. scheme .. ", and comes again until it is accepted", function()
        local server = assert(socket.bind("127.0.0.1", 0))
        server:settimeout(10)
        local _, port = server:getsockname()
        local own = start("--webhook-url " .. scheme .. "://127.0.0.1:" .. port .. "/hooks/vkyc?x=1")
        with_case(own)
        local keys = scheme == "https" and env.dir or nil
        local head, body = receive(server, 503, keys)
        assert.matches("^POST /hooks/vkyc%?x=1 HTTP/1%.1", head)
        assert.matches("x-webhook-attempt: 1", head, 1, true)
        assert.equal("V1", cjson.decode(body).data.verification_id)
        local again, same = receive(server, 200, keys)
        assert.matches("x-webhook-attempt: 2", again, 1, true)
        assert.equal(body, same)
        server:settimeout(1.5)
        assert.is_nil((server:accept()))
        server:close()
        stop(own)
      end)
    end

    it("goes to loopback only", function()
      local dir = os.tmpname()
      os.remove(dir)
      started[#started + 1] = dir
      local out, code = script("start --dir " .. quote(dir) .. " --webhook-url https://example.com/")
      assert.equal(1, code)
      assert.matches("webhooks go to", out, 1, true)
      assert.is_false(exists(dir .. "/env"))
    end)
  end)

  it("ends by itself, and leaves what stop then removes", function()
    local own = start("--seconds 1")
    assert.equal(0, (select(2, script("status --dir " .. quote(own.dir)))))
    sh("sleep 1.6")
    assert.equal(3, (select(2, script("status --dir " .. quote(own.dir)))))
    assert.equal(0, processes(own))
    stop(own)
    assert.is_false(exists(own.ca))
  end)

  it("stops only what it started, and leaves nothing", function()
    local own = start()
    assert.is_true(processes(own) > 0)
    assert.equal(1, (select(2, script("start --dir " .. quote(own.dir)))))
    assert.equal("stopped", (stop(own)))
    assert.equal(0, processes(own))
    assert.equal(2, (select(2, sh("ls " .. quote(own.dir)))))
    assert.equal("not running", (stop(own)))
    assert.equal(404, (curl(env, "GET", env.url .. "/still-there")))
  end)

  it("does not trust a number that is somebody else's process", function()
    local own = start()
    stop(own)
    sh("mkdir " .. quote(own.dir) .. "; sleep 30 >/dev/null 2>&1 & echo $! > " .. quote(own.dir .. "/sandbox.pid"))
    local pid = sh("cat " .. quote(own.dir .. "/sandbox.pid"))
    assert.equal("not running", (stop(own)))
    assert.equal(0, (select(2, sh("kill " .. pid))))
  end)

  it("leaves a directory alone that is not its own", function()
    local dir = os.tmpname()
    os.remove(dir)
    sh("mkdir " .. quote(dir) .. "; echo mine > " .. quote(dir .. "/env"))
    local out, code = script("start --dir " .. quote(dir))
    assert.same({ 1, "sandbox: " .. dir .. " is not empty" }, { code, out })
    script("stop --dir " .. quote(dir))
    assert.equal("mine", (sh("cat " .. quote(dir .. "/env") .. "; rm -r " .. quote(dir))))
  end)
end)
