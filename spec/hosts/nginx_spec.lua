-- The client inside a real nginx: where it may be called, what nginx must be told, who shares a connection, and that libcurl stays out.

local faults = require("spec.support.faults")
local nginx = require("spec.support.nginx")
local socket = require("socket")

local missing = nginx.missing()

-- A client of the Enkash table against faultd, made while nginx starts.
local INIT = [[
  init_by_lua_block {
    vkyc = require "vkyc"
    function options(more)
      local all = {
        provider = "enkash", environment = "uat", base_url = "%s", token_url = "%s", allow_http_loopback = true,
        client_id = "c", client_secret = "s", username = "u", password = "p", partner_id = "P", shared = ngx.shared.vkyc, max_attempts = 1,
      }
      for name, value in pairs(more or {}) do
        all[name] = value ~= "nothing" and value or nil
      end
      return all
    end
    client = assert(vkyc.new(options()))
    function status()
      local result, err = client:vkyc_status { enKashCardId = "C1" }
      return result and "fine " .. result.enkashCardId or err.kind .. ": " .. err.message .. " " .. err.hint
    end
    in_init = status()
  }]]

local PHASES = [[
  location = /rewrite { rewrite_by_lua_block { ngx.say(status()) ngx.exit(200) } }
  location = /access { access_by_lua_block { ngx.say(status()) ngx.exit(200) } }
  location = /content { content_by_lua_block { ngx.say(status()) } }
  location = /timer {
    content_by_lua_block {
      local result
      ngx.timer.at(0, function() result = status() end)
      for _ = 1, 200 do
        if result then break end
        ngx.sleep(0.01)
      end
      ngx.say(result)
    }
  }
  location = /set { set_by_lua_block $r { return status() } content_by_lua_block { ngx.say(ngx.var.r) } }
  location = /filters {
    content_by_lua_block { ngx.say("x") }
    header_filter_by_lua_block { ngx.log(ngx.NOTICE, "in header_filter: ", status()) }
    body_filter_by_lua_block { ngx.log(ngx.NOTICE, "in body_filter: ", status()) }
    log_by_lua_block { ngx.log(ngx.NOTICE, "in log: ", status()) }
  }
  location = /balancer { proxy_pass http://nobody; }]]

local TLS_SERVER = [[
  ssl_session_fetch_by_lua_block { ngx.log(ngx.NOTICE, "in ssl_session_fetch: ", status()) }
  init_worker_by_lua_block { ngx.log(ngx.NOTICE, "in init_worker: ", status()) }
  upstream nobody {
    server 0.0.0.1;
    balancer_by_lua_block { ngx.log(ngx.NOTICE, "in balancer: ", status()) }
  }
  server {
    listen 127.0.0.1:%%(tls_port) ssl;
    ssl_certificate "%s"; ssl_certificate_key "%s";
    ssl_client_hello_by_lua_block { ngx.log(ngx.NOTICE, "in ssl_client_hello: ", status()) }
    ssl_certificate_by_lua_block { ngx.log(ngx.NOTICE, "in ssl_cert: ", status()) }
    server_rewrite_by_lua_block { ngx.log(ngx.NOTICE, "in server_rewrite: ", status()) }
    location / { return 200; }
  }]]

describe("vkyc in nginx", function()
  if missing then
    pending(missing)
    return
  end
  local server, dns, web

  -- Cases whose names are paths: the login, and whatever is asked with the token.
  local function prepare()
    server:case({ id = "login", steps = { { "send", faults.response({ body = '{"access_token":"T1","expires_in":3600}' }) } } })
    server:case({ id = "api", steps = { { "send", faults.response({ body = '{"response_code":0,"payload":{"enkashCardId":"C1"}}' }) } } })
  end

  setup(function()
    server = assert(faults.start())
    dns = assert(nginx.dns())
    prepare()
    web = assert(nginx.start({
      http = ([[
        resolver 127.0.0.1:%d ipv6=off;
        lua_ssl_trusted_certificate "%s";
        lua_shared_dict vkyc 1m;]]):format(dns.port, server:file("ca.pem")) ..
        INIT:format(server:base("http") .. "/api", server:base("http") .. "/login") ..
        TLS_SERVER:format(server:file("good.pem"), server:file("good.key")),
      server = PHASES,
    }))
  end)

  teardown(function()
    if web then
      web:stop()
    end
    if dns then
      dns.stop()
    end
    if server then
      server:stop()
    end
  end)

  describe("works in the phase", function()
    for _, phase in ipairs({ "rewrite", "access", "content", "timer" }) do
      it(phase, function()
        local status, body = web:request({ path = "/" .. phase })
        assert.equal(200, status)
        assert.equal("fine C1\n", body)
      end)
    end

    -- One more is let through (nginx_checks.lua), and not tested: preread is the stream module's, which is not installed.
    for _, phase in ipairs({ "ssl_cert", "server_rewrite" }) do
      it(phase, function()
        assert.is_true((nginx.shell(("curl -sk -m 10 https://127.0.0.1:%d/"):format(web.tls_port))))
        assert.matches("in " .. phase .. ": fine C1", web:log(), 1, true)
      end)
    end
  end)

  describe("says what to do instead in the phase", function()
    local function refused(text, phase)
      assert.matches("config: nginx has no cosockets in the phase " .. phase, text, 1, true)
      assert.matches("ngx.timer.at", text, 1, true)
    end

    it("init, where nginx refuses timers too", function()
      local text = web:run("return in_init")
      refused(text, "init")
      assert.matches("with the first request, or in a timer of each worker: `init_worker_by_lua_block {", text, 1, true)
    end)

    it("set", function()
      refused(select(2, web:request({ path = "/set" })), "set")
    end)

    -- In the last two nginx has cosockets, but can wait only where it and OpenSSL have OpenResty's patches: others end the handshake.
    for _, phase in ipairs({ "header_filter", "body_filter", "log", "balancer", "init_worker", "ssl_client_hello", "ssl_session_fetch" }) do
      it(phase, function()
        web:request({ path = phase == "balancer" and "/balancer" or "/filters" })
        if phase:find("^ssl") then
          nginx.shell(("for i in 1 2; do openssl s_client -connect 127.0.0.1:%d -tls1_2 -sess_out s%d -sess_in s%d </dev/null; done"):gsub("s%%d",
            web.directory .. "/session"):format(web.tls_port))
        end
        local line = nginx.wait_for(2, function()
          return web:log():match("in " .. phase .. ": [^\n]*")
        end)
        refused(line or "", phase)
      end)
    end
  end)

  it("never loads libcurl, and only one libcrypto and one libssl", function()
    web:request({ path = "/content" })
    local maps = nginx.read("/proc/" .. web:workers()[1] .. "/maps")
    assert.matches("vkyc/core.so", maps, 1, true)
    assert.is_nil(maps:find("libcurl", 1, true))
    assert.is_nil(maps:find("vkyc/curl.so", 1, true))
    for _, name in ipairs({ "libcrypto", "libssl" }) do
      local files, count = {}, 0
      for file in maps:gmatch("(/%S*" .. name .. "%S*)") do
        count = count + (files[file] and 0 or 1)
        files[file] = true
      end
      assert.equal(1, count, name)
    end
  end)

  describe("refuses at vkyc.new", function()
    local function fault(more)
      local got = web:run([[
        local client, err = vkyc.new(options(...))
        return { kind = err and err.kind, text = err and tostring(err) }
      ]], more)
      assert.equal("config", got.kind)
      return got.text
    end

    it("options that only directives can honour", function()
      assert.matches("ca_file .*lua_ssl_trusted_certificate", fault({ ca_file = server:file("ca.pem") }))
      assert.matches("crl_file .*lua_ssl_crl", fault({ crl_file = server:file("crl.pem") }))
      assert.matches("proxy .*cosockets", fault({ proxy = "http://127.0.0.1:1" }))
    end)

    it("addresses over https, which nginx cannot check", function()
      assert.matches("base_url must have a name", fault({ base_url = "https://127.0.0.1:8443/x" }), 1, true)
      assert.matches("token_url must have a name", fault({ token_url = "https://[::1]/x" }), 1, true)
    end)

    it("a provider that locks accounts, without a shared dictionary", function()
      local text = fault({ shared = "nothing" })
      assert.matches("lua_shared_dict", text, 1, true)
      assert.matches("ngx.shared", text, 1, true)
      assert.matches("shared must be a table", fault({ shared = true }), 1, true)
      assert.matches("shared.add must be a function", fault({ shared = {} }), 1, true)
    end)

    it("a client certificate that cannot be used", function()
      assert.matches("client_cert", fault({ client_cert = "/no/such/file", client_key = server:file("client.key") }), 1, true)
      assert.matches("client_key", fault({ client_cert = server:file("client.pem"), client_key = server:file("client.pem") }), 1, true)
    end)
  end)

  local function call(to, more, options)
    local args = { url = to }
    for name, value in pairs(more or {}) do
      args[name] = value
    end
    return (options or web):run([[return require("spec.support.nginx_call")(...)]], args)
  end

  it("says which directive is missing", function()
    local bare = assert(nginx.start({}))
    local named = server:case({ id = "named", listener = "tls", host = "localhost", steps = { { "send", faults.response({}) } } })
    local failure = call(named, {}, bare).failure
    assert.same({ "config", "dns", false }, { failure.kind, failure.phase, failure.sent })
    assert.matches("resolver", failure.reason .. failure.hint, 1, true)
    bare:stop()
    bare = assert(nginx.start({ http = ("resolver 127.0.0.1:%d ipv6=off;"):format(dns.port) }))
    failure = call(named, {}, bare).failure
    assert.same({ "tls", "tls", false }, { failure.kind, failure.phase, failure.sent })
    assert.matches("lua_ssl_trusted_certificate", failure.hint, 1, true)
    local text = bare:run([[
      local client = assert(require("vkyc").new {
        provider = "cashfree_ppi", environment = "sandbox", client_id = "c", client_secret = "s", base_url = (...).url,
      })
      local _, err = client:status { user_id = "U", verification_id = "V" }
      return tostring(err)
    ]], { url = named })
    assert.matches("lua_ssl_trusted_certificate", text, 1, true)
    assert.equal(0, server:count("named"))
    bare:stop()
  end)

  it("A02 gives a dead resolver up at the connect timeout", function()
    local silent = assert(socket.udp())
    silent:setsockname("127.0.0.1", 0)
    local _, port = silent:getsockname()
    local deaf = assert(nginx.start({ http = ("resolver 127.0.0.1:%d ipv6=off;"):format(port) }))
    for _ = 1, 3 do
      local got = call("https://api.test/x", { connect_timeout_s = 0.3 }, deaf)
      assert.same({ "timeout", "dns", false }, { got.failure.kind, got.failure.phase, got.failure.sent })
      assert.is_true(got.elapsed >= 0.29 and got.elapsed < 0.6, "took " .. got.elapsed)
    end
    assert.equal(true, deaf:run("return true"))
    assert.is_true(deaf:stop())
    silent:close()
  end)

  it("shares a connection only with the same certificate of the client", function()
    local url = server:case({ id = "mutual", listener = "clientcert", host = "localhost", steps = { { "send", faults.response({ body = "ok" }) } } })
    local with = { client_cert = server:file("client.pem"), client_key = server:file("client.key") }
    local before = server:listener("clientcert")
    for _ = 1, 3 do
      assert.equal(200, call(url, with).status)
    end
    assert.equal(before + 1, (server:listener("clientcert")))
    -- Refused with an alert, behind which the connection may be reset already.
    local failure = call(url).failure
    assert.is_true(failure.kind == "tls" or failure.kind == "network", failure.kind)
    assert.equal(3, server:count("mutual"))
    local other = { client_cert = server:file("good.pem"), client_key = server:file("good.key") }
    before = server:listener("clientcert")
    assert.equal(200, call(url, other).status)
    assert.equal(before + 1, (server:listener("clientcert")))
    failure = call(url, { client_cert = server:file("untrusted.pem"), client_key = server:file("client.key") }).failure
    assert.equal("config", failure.kind)
  end)

  it("shares a connection only with the same host, port and scheme", function()
    local steps = { { "send", faults.response({ body = "ok" }) } }
    local one = server:case({ id = "one", listener = "tls", host = "localhost", steps = steps })
    local before = server:listener("tls")
    assert.equal(200, call(one).status)
    assert.equal(200, call(one).status)
    local opened = server:listener("tls") - before
    assert.is_true(opened <= 1)
    assert.equal("tls", call((one:gsub("localhost", "other.test"))).failure.kind)
    assert.equal("network", call((one:gsub("https", "http"))).failure.kind)
    assert.equal(2, server:count("one"))
    -- Another port with a server that is as good: a kept connection would lead to the first.
    local first, second = server:listener("tls"), server:listener("tls12")
    assert.equal(200, call((one:gsub(":%d+/", ":" .. server.ports.tls12 .. "/"))).status)
    assert.same({ first, second + 1 }, { (server:listener("tls")), (server:listener("tls12")) })
  end)

  it("starts no light thread for a call on a kept connection", function()
    local url = server:case({ id = "kept", listener = "http2", steps = { { "send", faults.response({ body = "ok" }) } } })
    local started = web:run([[
      local spawn, started, each = ngx.thread.spawn, 0, {}
      ngx.thread.spawn = function(...) started = started + 1 return spawn(...) end
      for i = 1, 2 do
        started = 0
        local got = require("spec.support.nginx_call") { url = (...).url, max_idle_s = 1 }
        each[i] = got.status == 200 and started or -1
      end
      ngx.thread.spawn = spawn
      return each]], { url = url })
    assert.is_true(started[1] > 0, "the first call has to connect")
    assert.equal(0, started[2])
  end)

  it("gives a call that must not be repeated no connection that idled for too long", function()
    local url = server:case({ id = "idle", listener = "http2", steps = { { "send", faults.response({ body = "ok" }) } } })
    local function opened(max_idle_s)
      local before = server:listener("http2")
      assert.equal(200, call(url, { max_idle_s = max_idle_s }).status)
      return server:listener("http2") - before
    end
    assert.equal(1, opened(0.2))
    assert.equal(0, opened(0.2))
    socket.sleep(0.3)
    assert.equal(1, opened(0.2))
    -- Others keep theirs for longer, and do not meet.
    assert.equal(1, opened())
    socket.sleep(0.3)
    assert.equal(0, opened())
  end)

  it("A12 sends once on a kept connection that dies, and says so", function()
    local url = server:case({ id = "dies", answers = { { { "send", faults.response({ body = "ok" }) } }, { { "close" } } } })
    assert.equal(200, call(url).status)
    local failure = call(url).failure
    assert.same({ "network", "response", true }, { failure.kind, failure.phase, failure.sent })
    assert.equal(2, server:count("dies"))
  end)

  it("has one deadline over all attempts", function()
    server:case({ id = "api", steps = { { "hang" } } })
    local got = web:run([[
      local client = assert(vkyc.new(options { max_attempts = 3, attempt_timeout_s = 5 }))
      local before = ngx.now()
      local _, err = client:vkyc_status({ enKashCardId = "C1" }, { deadline_s = 0.3 })
      ngx.update_time()
      return { kind = err.kind, phase = err.phase, attempts = err.attempts, elapsed = ngx.now() - before }
    ]])
    prepare()
    assert.same({ "timeout", "response", 1 }, { got.kind, got.phase, got.attempts })
    assert.is_true(got.elapsed < 0.6, "took " .. got.elapsed)
  end)
end)
