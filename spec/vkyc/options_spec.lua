-- The options of a client: every fault named at once, nothing guessed, nothing ignored.

local vkyc = require "vkyc"
local canaries = require "spec.support.canaries"
local scripted = require "spec.support.scripted_host"

local function with(provider, more)
  return scripted.options(provider, scripted.new {}, more)
end

-- Without a host of its own.
local function bare(more)
  local options = with("cashfree_ppi", more)
  options.host = nil
  return options
end

-- The paths of the faults, in order.
local function faults(options)
  local client, err = vkyc.new(options)
  assert.is_nil(client)
  canaries.check_error(err, "config")
  local paths = {}
  for i, violation in ipairs(err.violations) do
    paths[i] = violation.path
    assert.truthy(violation.message ~= "" and tostring(err.message) ~= "")
  end
  return table.concat(paths, " "), err
end

describe("options", function()
  after_each(canaries.check_hooks)

  it("are told all their faults at once", function()
    local paths, err = faults { provider = "cashfree_ppi" }
    assert.equal("client_id client_secret environment", paths)
    assert.equal("environment is required: one of production, sandbox, simulator", err.violations[3].path .. " " .. err.violations[3].message)
    assert.equal("cashfree_ppi", err.provider)
    assert.equal("client_id client_secret environment partner_id password username", (faults { provider = "enkash" }))
    assert.equal("base_url token_url", (faults(with("enkash", { environment = "production" }))))
    assert(vkyc.new(with("enkash", { environment = "production", base_url = "https://pay.example", token_url = "https://api.example/oauth/token" })))
  end)

  it("are each checked", function()
    for name, values in pairs {
      environment = { "", "staging", 5, true, "simulator\n" }, name = { "", 5, "a\nb", "a\0b" }, base_url = { 5, "", "a\r\nb" }, token_url = { "x" },
        ca_file = { "", 5, "a\0b" },
      client_cert = { 5 }, client_key = { 5 }, proxy = { "", 5 }, connect_timeout_s = { 0, -1, 86401, "5", 0 / 0, math.huge }, attempt_timeout_s = { 0,
        {} }, deadline_s = { 0, false },
      max_attempts = { 0, 1.5, "3", -1, 0 / 0, math.huge }, max_body_bytes = { 0, 1.5, 2 ^ 31 }, statuses = { 5, "approved" }, hooks = { 5, print },
        operations = { 5, "status" },
      host = { 5, "loop" }, allow_http_loopback = { 1, "yes" }, keep_raw = { 1 }, client_id = { "", 5, "a\r\nX-Injected: 1", "a\0" }, client_secret = { 5,
        {}, true },
      api_version = { "2025", "25-11-01", "2025-13-01", "2025-02-30", "latest", 20251101, "2025-11-01 " }, public_key_file = { "", 5 },
        webhook_secrets = { 5, true },
      status_path = { "/other", "" },
    } do
      for _, value in ipairs(values) do
        local paths = faults(with("cashfree_ppi", { [name] = value }))
        assert.truthy((" " .. paths .. " "):find(" " .. name .. " ", 1, true) or name:find("^client_[ck]e"), name .. " = " .. tostring(value) .. ": " .. paths)
      end
    end
  end)

  it("take secrets that hold something, and say why others do not", function()
    local closed = vkyc.secret.string("x")
    closed:close()
    for _, row in ipairs {
      { "", "empty" }, { vkyc.secret.string(""), "empty" }, { vkyc.secret.env("VKYC_NO_SUCH_VARIABLE"), "VKYC_NO_SUCH_VARIABLE is not set" },
      { vkyc.secret.file("/nonexistent/secret"), "does not exist" }, { vkyc.secret.file("/"), "cannot be read" }, { closed, "closed" }, { ("x"):rep(16385),
        "16 KiB" },
    } do
      local paths, err = faults(with("cashfree_ppi", { client_secret = row[1] }))
      assert.equal("client_secret", paths)
      assert.truthy(err.message:find(row[2], 1, true), err.message)
    end
  end)

  it("take no address that leads elsewhere than it reads (J05-J10)", function()
    for _, url in ipairs {
      "https://good@evil.example", "https://user:pass@evil.example", "https://good.example\\@evil.example", "https://evil.example#@good.example",
        "https://good.example#x",
      "http://api.example", "http://10.0.0.1", "http://localhost.evil.example", "http://127.0.0.1.evil.example", "https://2130706433", "https://0x7f.1",
        "https://0177.0.0.1",
      "https://127.1", "https://[::ffff:127.0.0.1]", "https://0.0.0.0", "https://[::]", "file:///etc/passwd", "gopher://x.example", "ftp://x.example",
        "https:///ok", "http:///ok",
      "https://", "//x.example", "x.example", "https://x.example?a=b", "https://x.example/../y", "https://x.example/%2e%2e/y", "https://x.example:0",
        "https://x.example:65536",
      "https://x.example:443:443", "https://x .example", "https://x.example/a b", "https://ex\228mple.com", "javascript:alert(1)", "https://x.example/a\\b",
        "https://x.example./..",
    } do
      for _, name in ipairs { "base_url", "token_url" } do
        local paths, err = faults(with("enkash", { [name] = url, allow_http_loopback = true }))
        assert.equal(name, paths, url)
        assert.is_nil(err.message:find("user:pass", 1, true))
      end
    end
  end)

  it("take no path that leads to another host", function()
    for _, path in ipairs { "@evil.example/x", ".evil.example/x", ":8443/x", "vkyc", "//evil.example", "/a/../b", "/a/./b", "/a/..", "/a?b", "/a#b", "/a b",
      "/a\\b", "/a%2f", "/ä" } do
      assert.equal("status_path", (faults(with("enkash", { status_path = path }))), path)
      assert.equal("status_path", (faults(with("cashfree_secure_id", { status_path = path }))), path)
    end
    assert(vkyc.new(with("enkash", { status_path = "/api/v1/vkyc-status.json/~x" })))
  end)

  it("take http only to loopback, and only when told", function()
    for _, url in ipairs { "http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080", "http://127.9.9.9" } do
      assert.equal("base_url", (faults(with("cashfree_ppi", { base_url = url }))))
      assert(vkyc.new(with("cashfree_ppi", { base_url = url, allow_http_loopback = true })))
      assert(vkyc.new(with("cashfree_ppi", { base_url = (url:gsub("http", "https")) })))
    end
  end)

  it("take a base URL with a path, with and without a slash at its end", function()
    for _, slash in ipairs { "", "/", "//" } do
      local host = scripted.new { scripted.reply(200, "{}") }
      local client = assert(vkyc.new(scripted.options("cashfree_ppi", host, { base_url = "https://proxy.example:8443/cashfree" .. slash })))
      assert(client:status { user_id = "U", verification_id = "V" })
      assert.equal("https://proxy.example:8443/cashfree/ppi/kyc/vkyc/details", host.requests[1].url)
    end
  end)

  it("check files when the client is made (C14)", function()
    for _, path in ipairs { "/nonexistent/ca.pem", "/", "/dev/null", "/etc/hostname" } do
      assert.equal("ca_file", (faults(bare { ca_file = path })))
      assert.equal("crl_file", (faults(bare { crl_file = path })))
      assert.equal("ca_file crl_file", (faults(bare { ca_file = path, crl_file = path })))
      assert.equal("public_key_file", (faults(with("cashfree_ppi", { public_key_file = path }))))
    end
    assert.equal("client_key", (faults(bare { client_cert = "/x" })))
    assert.equal("client_cert", (faults(bare { client_key = "/x" })))
  end)

  it("refuse what a host of one's own would pass over", function()
    for _, name in ipairs { "ca_file", "crl_file", "client_cert", "client_key", "proxy" } do
      local paths, err = faults(with("cashfree_ppi", { [name] = "https://proxy.example" }))
      assert.equal(name, paths)
      assert.truthy(err.message:find("own TLS options", 1, true), err.message)
    end
  end)

  it("take a proxy with a scheme and a host", function()
    for _, proxy in ipairs { "proxy.example:3128", "socks5://proxy.example", "http://", "https://:3128", "http:///x", "http://proxy.example/x",
      "http://proxy.example?a=b", "http://user:canary@", "http://evil.example/@proxy.example", "http://proxy .example", "http", "htt", "http:// " } do
      local paths, err = faults(bare { proxy = proxy })
      assert.equal("proxy", paths, proxy)
      assert.is_nil(err.message:find("canary", 1, true))
    end
    for _, proxy in ipairs { "http://proxy.example:3128", "https://user:pa%40ss@proxy.example", "http://127.0.0.1:1", "http://[::1]:8080/" } do
      assert(vkyc.new(bare { proxy = proxy }))
    end
  end)

  it("take webhook secrets that hold something, as a list or as one", function()
    local closed = vkyc.secret.string("x")
    closed:close()
    local seventeen = {}
    for i = 1, 17 do
      seventeen[i] = "x"
    end
    for _, row in ipairs {
      { {}, "" }, { "", "" }, { seventeen, "" }, { { "" }, "[1]" }, { { 5 }, "[1]" }, { { "a", {} }, "[2]" }, { { "a", closed }, "[2]" }, { closed, "" },
      { { vkyc.secret.env("VKYC_NO_SUCH_VARIABLE"), "a" }, "[1]" }, { vkyc.null, "" },
    } do
      assert.equal("webhook_secrets" .. row[2], (faults(with("cashfree_ppi", { webhook_secrets = row[1] }))))
    end
    for _, value in ipairs { "a", vkyc.secret.string("a"), { "a", vkyc.secret.string("b") }, function() error("asked") end } do
      assert(vkyc.new(with("cashfree_ppi", { webhook_secrets = value })))
    end
  end)

  it("say what is wrong in one sentence each", function()
    for name, row in pairs {
      client_id = { "", "must not be empty" },
      max_body_bytes = { 1e12, "from 1 to 1073741824" },
      max_attempts = { 0, "from 1 to 1073741824" },
      environment = { 5, "must be one of production, sandbox, simulator" },
      name = { "a\127b", "control characters" },
      client_secret = { vkyc.null, "must be a string or a secret" },
      keep_raw = { vkyc.null, "must be true or false" },
      deadline_s = { "5", "must be seconds" },
      statuses = { { [1] = "approved" }, "has a key that is no word" },
    } do
      local paths, err = faults(with("cashfree_ppi", { [name] = row[1] }))
      assert.equal(name == "statuses" and "statuses.1" or name, paths)
      assert.truthy(err.message:find(row[2], 1, true), err.message)
    end
  end)

  it("name each function that a host or a hook lacks", function()
    assert.equal("host.now host.random host.send host.sleep host.wall", (faults(with("cashfree_ppi", { host = {} }))))
    assert.equal("hooks.on_error hooks.on_login", (faults(with("cashfree_ppi", { hooks = { on_error = 5, on_login = print, on_retry = print } }))))
  end)

  it("name operations that are none", function()
    local paths, err = faults(with("cashfree_ppi", { operations = { "status", "vkyc_link", 5 } }))
    assert.equal("operations operations", paths)
    assert.truthy(err.message:find("vkyc_link", 1, true))
  end)

  it("take a simulator only where one is used", function()
    local simulator = vkyc.simulator.new { provider = "cashfree_ppi" }
    assert.equal("simulator", (faults(with("cashfree_ppi", { simulator = simulator }))))
    for _, value in ipairs { 5, "yes", {}, { handle = print } } do
      assert.equal("simulator", (faults { provider = "cashfree_ppi", environment = "simulator", client_id = "i", client_secret = "s", simulator = value }))
    end
    assert(vkyc.new { provider = "cashfree_ppi", environment = "simulator", client_id = "i", client_secret = "s", simulator = simulator })
    assert(vkyc.new { provider = "cashfree_ppi", environment = "simulator", client_id = "i", client_secret = "s" })
  end)

  it("are copied: a change afterwards changes nothing", function()
    local host = scripted.new { scripted.reply(200, '{"status":"X"}') }
    local options = scripted.options("cashfree_ppi", host, { statuses = { X = "in_review" }, operations = { "status" }, hooks = {}, webhook_secrets = { "a" } })
    local client = assert(vkyc.new(options))
    local called = false
    options.statuses.X, options.operations[1], options.hooks.on_request, options.base_url, options.client_id = "approved", "initiate",
      function() called = true end, "https://evil.example", "Z"
    local result = assert(client:status { user_id = "U", verification_id = "V" })
    assert.same({ "in_review", false, "CF10KEY", "https://sandbox.cashfree.com/ppi/kyc/vkyc/details" },
      { (vkyc.state(result)), called, host.requests[1].headers["x-client-id"], host.requests[1].url })
  end)

  it("show no secret in their faults", function()
    for name in pairs { client_id = 1, api_version = 1, environment = 1, base_url = 1, status_path = 1, ca_file = 1, name = 1, public_key_file = 1 } do
      faults(with("cashfree_ppi", { [name] = canaries.SECRET .. "\n" }))
    end
  end)

  it("of an unknown provider are refused", function()
    for _, provider in ipairs { "cashfree", "", "../x", "enkash_simulator", "ENKASH", 5, true } do
      assert.equal("provider", (faults { provider = provider, environment = "sandbox" }))
    end
    assert.equal("provider", (faults {}))
  end)
end)
