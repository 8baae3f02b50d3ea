-- The host of plain scripts: its clocks, and a call through it.

local blocking = require("vkyc.hosts.blocking")
local core = require("vkyc.core")
local faults = require("spec.support.faults")
local process = require("spec.support.process")

describe("the blocking host", function()
  local server

  setup(function()
    server = assert(faults.start())
  end)

  teardown(function()
    server:stop()
  end)

  it("sends a request and fills the response", function()
    local _, id = server:case({ listener = "tls", steps = { { "send", faults.response({ status = "201 Created", body = '{"a":1}' }) } } })
    local transport = assert(blocking.open({ ca_file = server:file("ca.pem") }))
    local request, response = core.raw_request("POST", server:base("tls"), "/" .. id, nil, { b = 2 }), core.response()
    assert.equal(201, (blocking.send(transport, request, response, { timeout_s = 2, connect_timeout_s = 1 })))
    assert.equal('{"a":1}', response:body())
    assert.equal(1, server:count(id))
    transport:close()
  end)

  it("passes the limits on", function()
    local good = { { "send", faults.response({ body = "{}" }) } }
    local _, id = server:case({ answers = { good, good, { { "hang" } } } })
    local transport = assert(blocking.open({ allow_http = true }))
    local request, response = core.raw_request("GET", server:base("http"), "/" .. id), core.response()
    local before = server:listener("http")
    assert.equal(200, (blocking.send(transport, request, response, { timeout_s = 2, connect_timeout_s = 1 })))
    assert.equal(200, (blocking.send(transport, request, response, { timeout_s = 2, connect_timeout_s = 1, max_idle_s = 0 })))
    assert.equal(before + 2, (server:listener("http")))
    local start = blocking.now()
    local status, failure = blocking.send(transport, request, response, { timeout_s = 0.1, connect_timeout_s = 1 })
    assert.is_nil(status)
    assert.equal("timeout", failure.kind)
    assert.is_true(blocking.now() - start < 1)
    transport:close()
  end)

  it("returns what is wrong with a file", function()
    local transport, failure = blocking.open({ ca_file = "/nonexistent/ca.pem" })
    assert.is_nil(transport)
    assert.equal("config", failure.kind)
  end)

  it("is loaded without libcurl, and says so when it is missing", function()
    local output, fine = process.run([[
      local blocking = require("vkyc.hosts.blocking")
      assert(package.loaded["vkyc.curl"] == nil)
      package.preload["vkyc.curl"] = function() error("no libcurl here") end
      local transport, failure = blocking.open({})
      print(transport, failure.kind, failure.sent)]])
    assert.is_true(fine, output)
    assert.equal("nil\tconfig\tfalse\n", output)
  end)

  it("sleeps, tells the time and draws numbers", function()
    local start = blocking.now()
    blocking.sleep(0.05)
    local slept = blocking.now() - start
    assert.is_true(slept >= 0.05 and slept < 1, "slept " .. slept)
    assert.is_true(math.abs(blocking.wall() - os.time()) < 5)
    for _ = 1, 100 do
      local number = blocking.random()
      assert.is_true(number >= 0 and number < 1)
    end
  end)
end)
