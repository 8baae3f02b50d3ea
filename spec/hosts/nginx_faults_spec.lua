-- Every fault of spec/support/fault_rows.lua through cosockets in a real nginx: the same kind, phase, sent flag and number of requests as with
-- libcurl, in time, without a secret in the words, and nothing left behind. Where nginx must differ, the row says how and why.

local faults = require("spec.support.faults")
local nginx = require("spec.support.nginx")
local rows = require("spec.support.fault_rows")

local SECRET = "canary-secret-9a61"
local PERSON = "canary-person-5f20"
local FACTOR = tonumber(os.getenv("VKYC_TIME_FACTOR") or "1")
local REPEATS, SLOW_REPEATS = 5, 1

local CALL = [[return require("spec.support.nginx_call")(...)]]

local missing = nginx.missing()

describe("a transfer in nginx", function()
  if missing then
    pending(missing)
    return
  end
  local server, dns, web, strict, good

  setup(function()
    server = assert(faults.start())
    dns = assert(nginx.dns())
    local http = ([[
      resolver 127.0.0.1:%d ipv6=off;
      lua_ssl_trusted_certificate "%s";
      lua_ssl_protocols TLSv1.2 TLSv1.3;]]):format(dns.port, server:file("ca.pem"))
    web = assert(nginx.start({ seconds = 300, http = http }))
    -- A pool cannot tell apart which directives held when its connections were made, so that these are another nginx.
    strict = assert(nginx.start({ seconds = 300, http = http .. (' lua_ssl_crl "%s";'):format(server:file("crl.pem")) }))
    good = server:case({ id = "good", steps = { { "send", faults.response({ body = '{"good":1}' }) } } })
  end)

  teardown(function()
    if web then
      web:stop()
    end
    if strict then
      strict:stop()
    end
    if dns then
      dns.stop()
    end
    if server then
      server:stop()
    end
  end)

  local function call(row, url)
    return (row.crl and strict or web):run(CALL, {
      url = url, method = row.method, secret = SECRET, person = PERSON, request_size = row.request_size,
      timeout_s = row.timeout_s, connect_timeout_s = row.connect_timeout_s,
      client_cert = row.client and server:file("client.pem") or nil,
      client_key = row.client and server:file("client.key") or nil,
    })
  end

  -- The row as nginx sees it. A certificate is checked against a name only, so that addresses become names.
  local function in_nginx(row)
    local copy = {}
    for key, value in pairs(row) do
      copy[key] = value
    end
    for key, value in pairs(row.nginx or {}) do
      copy[key] = value
    end
    if copy.listener and not copy.listener:find("^http") then
      copy.host = copy.host or "localhost"
    end
    return copy
  end

  local function check(row, got)
    local failure = got.failure
    if row.status then
      assert.is_nil(failure and failure.kind .. ": " .. failure.reason)
      assert.equal(row.status, got.status)
      if row.body then
        assert.equal(row.body, got.body)
      end
      return
    end
    assert.is_nil(got.status)
    assert.equal(row.kind, failure.kind)
    if row.phase then
      assert.equal(row.phase, failure.phase)
      assert.equal(row.sent, failure.sent)
    end
    for _, text in pairs(failure) do
      assert.is_nil(tostring(text):find("canary", 1, true))
    end
    local limit = row.timeout_s or 2
    if not row.sent then
      limit = math.min(limit, row.connect_timeout_s or 1)
    end
    assert.is_true(got.elapsed < limit + 0.25 * FACTOR, "took " .. got.elapsed .. " s")
  end

  local function once(row)
    local url, id = row.url, nil
    if not url then
      url, id = server:case({ id = row.id, listener = row.listener, host = row.host, steps = row.steps, answers = row.answers })
    end
    local expected = row.requests or 1
    if row.warm then
      assert.equal(200, call(row, url).status)
      expected = expected + 1
      require("socket").sleep(row.wait_s or 0)
    end
    local before = row.listener and select(2, server:listener(row.listener))
    check(row, call(row, url))
    if id then
      assert.equal(expected, server:count(id))
    end
    if row.requests == 0 and row.listener and row.phase then
      assert.equal(before, (select(2, server:listener(row.listener))))
    end
    if row.new_connection then
      local connections = server:listener(row.listener)
      local other = server:case({ id = "next", listener = row.listener, host = row.host, steps = { { "send", faults.response({ body = "next" }) } } })
      local got = call({ method = "GET" }, other)
      assert.equal(200, got.status)
      assert.equal("next", got.body)
      assert.equal(connections + 1, (server:listener(row.listener)))
    end
    local got = call({ method = "GET" }, good)
    assert.equal(200, got.status)
    assert.equal('{"good":1}', got.body)
  end

  local function worker()
    local pid = web:workers()[1]
    local _, files = nginx.shell("ls /proc/" .. pid .. "/fd | wc -l")
    return tonumber(files:match("%d+")), tonumber(nginx.read("/proc/" .. pid .. "/status"):match("VmRSS:%s*(%d+)")) * 1024, pid
  end

  for _, each in ipairs(rows) do
    local row = in_nginx(each)
    it(row.id .. " " .. row.name, function()
      once(row)
      web:run("collectgarbage() collectgarbage() return true")
      local files, memory, pid = worker()
      for _ = 1, row.slow and SLOW_REPEATS or REPEATS do
        once(row)
      end
      web:run("collectgarbage() collectgarbage() return true")
      local files_now, memory_now, pid_now = worker()
      assert.equal(pid, pid_now, "the worker died")
      assert.is_true(files_now <= files + 3, "files: " .. files .. " then " .. files_now)
      if FACTOR == 1 then
        assert.is_true(memory_now < memory + 32 * 1024 * 1024, "memory grew from " .. memory .. " to " .. memory_now)
      end
    end)
  end

  for _, status in ipairs({ 301, 302, 303, 307, 308 }) do
    it("F01 F03 F05 does not follow " .. status .. " to another server", function()
      local target = server:base("http2")
      local url, id = server:case({ id = "F01", listener = "tls", host = "localhost",
        steps = { { "send", faults.response({ status = status .. " Moved", headers = "Location: " .. target .. "/F01\r\nContent-Length: 0\r\n" }) } } })
      local got = call({}, url)
      assert.equal(status, got.status)
      assert.equal(target .. "/F01", got.headers.location)
      assert.equal(1, server:count(id))
      assert.equal(0, (server:listener("http2")))
    end)
  end

  it("says nothing of a request in nginx's log", function()
    assert.is_nil(web:log():find("canary", 1, true))
    assert.is_nil(web:log():find("%[alert%]"))
  end)
end)
