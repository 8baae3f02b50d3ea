-- Every fault of spec/support/fault_rows.lua against libcurl, on the calling thread and on a loop's: the right kind of failure, in time, with no
-- request too many, no secret in the words, nothing left behind, and a transport that works afterwards.

local core = require("vkyc.core")
local faults = require("spec.support.faults")
local process = require("spec.support.process")
local rows = require("spec.support.fault_rows")
local transports = require("spec.support.transports")

local SECRET = "canary-secret-9a61"
local PERSON = "canary-person-5f20"
local FACTOR = tonumber(os.getenv("VKYC_TIME_FACTOR") or "1")
local REPEATS, SLOW_REPEATS = 8, 2

local function suite(how)
  local server, good

  setup(function()
    server = assert(faults.start())
    good = server:case({ id = "good", steps = { { "send", faults.response({ body = '{"good":1}' }) } } })
  end)

  teardown(function()
    server:stop()
  end)

  local function request_for(row, url)
    local base, path = url:match("^(%a+://[^/]*)(/.*)$")
    local method = row.method or "POST"
    local request = assert(core.raw_request(method, base, path, nil, nil, 32 * 1024 * 1024))
    assert(request:header("x-client-secret", SECRET))
    if method == "POST" then
      assert(request:form("name", PERSON))
      if row.request_size then
        assert(request:form("more", ("x"):rep(row.request_size)))
      end
    end
    return request
  end

  local function call(handle, row, url)
    local response = core.response(1024 * 1024)
    local request = request_for(row, url)
    local before = core.monotonic()
    local status, failure = handle:perform(request, response, row.timeout_s or 2, row.connect_timeout_s or 1)
    return status, failure, response, core.monotonic() - before
  end

  local function open(row)
    return assert(transports[how]({
      ca_file = server:file("ca.pem"),
      crl_file = row.crl and server:file("crl.pem") or nil,
      client_cert = row.client and server:file("client.pem") or nil,
      client_key = row.client and server:file("client.key") or nil,
      allow_http = true,
    }))
  end

  local function check(row, status, failure, response, elapsed)
    if row.status then
      assert.is_nil(failure and failure.kind .. ": " .. failure.reason)
      assert.equal(row.status, status)
      if row.body then
        assert.equal(row.body, response:body())
      end
      return
    end
    assert.is_nil(status)
    assert.equal(0, response:status())
    assert.equal(0, response:size())
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
    assert.is_true(elapsed < limit + 0.25 * FACTOR, "took " .. elapsed .. " s")
  end

  local function once(row, handle)
    local url, id = row.url, nil
    if not url then
      url, id = server:case({ id = row.id, listener = row.listener, host = row.host, steps = row.steps, answers = row.answers })
    end
    local expected = row.requests or 1
    if row.warm then
      assert.equal(200, (call(handle, row, url)))
      expected = expected + 1
      core.sleep((row.wait_s or 0) * FACTOR)
    end
    local before = row.listener and select(2, server:listener(row.listener))
    check(row, call(handle, row, url))
    if id then
      assert.equal(expected, server:count(id))
    end
    if row.requests == 0 and row.listener and row.phase then
      assert.equal(before, (select(2, server:listener(row.listener))))
    end
    if row.new_connection then
      local connections = server:listener(row.listener)
      local other = server:case({ id = "next", listener = row.listener, steps = { { "send", faults.response({ body = "next" }) } } })
      local status, _, response = call(handle, { method = "GET" }, other)
      assert.equal(200, status)
      assert.equal("next", response:body())
      assert.equal(connections + 1, (server:listener(row.listener)))
    end
    local status, _, response = call(handle, { method = "GET" }, good)
    assert.equal(200, status)
    assert.equal('{"good":1}', response:body())
  end

  for _, row in ipairs(rows) do
    it(row.id .. " " .. row.name, function()
      local handle = open(row)
      once(row, handle)
      collectgarbage()
      local files, threads, memory = process.files(), process.threads(), process.resident()
      for _ = 1, row.slow and SLOW_REPEATS or REPEATS do
        once(row, handle)
      end
      collectgarbage()
      -- A connection may be kept for the port of the row and for the good one, whatever was kept before.
      assert.is_true(process.files() <= files + 3, "files: " .. files .. " then " .. process.files())
      assert.is_true(process.threads() <= threads + 1, "threads: " .. threads .. " then " .. process.threads())
      if FACTOR == 1 then
        assert.is_true(process.resident() < memory + 16 * 1024 * 1024, "memory grew")
      end
      handle:close()
    end)
  end

  for _, status in ipairs({ 301, 302, 303, 307, 308 }) do
    it("F01 F03 F05 does not follow " .. status .. " to another server", function()
      local handle = open({})
      local target = server:base("http2")
      local url, id = server:case({ id = "F01", listener = "tls",
        steps = { { "send", faults.response({ status = status .. " Moved", headers = "Location: " .. target .. "/F01\r\nContent-Length: 0\r\n" }) } } })
      local got, failure, response = call(handle, {}, url)
      assert.is_nil(failure)
      assert.equal(status, got)
      assert.equal(target .. "/F01", response:header("location"))
      assert.equal(1, server:count(id))
      assert.equal(0, (server:listener("http2")))
      handle:close()
    end)
  end

  for id, location in pairs({ F04 = "/F04", F06 = "file:///etc/passwd", F06b = "gopher://127.0.0.1/x", F07 = "http://169.254.169.254/latest",
    F08 = "https://other.example/?token=canary" }) do
    it(id .. " does not follow to " .. location, function()
      local handle = open({})
      local headers = "Location: " .. location .. "\r\nContent-Length: 0\r\n"
      local url = server:case({ id = id, steps = { { "send", faults.response({ status = "302 Found", headers = headers }) } } })
      assert.equal(302, (call(handle, {}, url)))
      assert.equal(1, server:count(id))
      handle:close()
    end)
  end
end

for _, how in ipairs({ "inline", "thread" }) do
  describe("a transfer, " .. how .. ",", function()
    suite(how)
  end)
end
