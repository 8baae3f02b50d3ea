-- What a failed transfer leaves to its caller, on the calling thread and on a loop's: where it stopped, whether anything was sent, and an empty
-- response, however much of it had come. What all faults come to is in spec/faults/.

local core = require("vkyc.core")
local faults = require("spec.support.faults")
local transports = require("spec.support.transports")

local function head(lines)
  return faults.response({ headers = lines, body = "" })
end

local CASES = {
  { "refused", "connect", "connect", false },
  { "stall", "timeout", "tls", false },
  { "expired", "tls", "tls", false },
  { "tls", "network", "response", true, { { "send", head("Content-Length: 100\r\n") .. "part" }, { "close" } } },
  { "tls", "network", "response", true, { { "send", head("Transfer-Encoding: chunked\r\n") .. "ff\r\npart" }, { "rst" } } },
  { "http", "timeout", "response", true, { { "send", head("Content-Length: 100\r\n") .. "part" }, { "hang" } } },
  { "http", "protocol", "response", true, { { "send", head("Transfer-Encoding: chunked\r\n") .. "4\r\npart\r\nzz\r\n" } } },
  { "tls", "too_large", "response", true, { { "send", head("Content-Length: 1073741824\r\n") }, { "repeat", 1073741824, "x" } } },
}

for _, how in ipairs({ "inline", "thread" }) do
  describe("a transfer that fails, " .. how .. ",", function()
    local server

    setup(function()
      server = assert(faults.start())
    end)

    teardown(function()
      server:stop()
    end)

    for _, case in ipairs(CASES) do
      it("says " .. case[2] .. " at " .. case[3] .. " on " .. case[1] .. ", and leaves nothing", function()
        local transport = assert(transports[how]({ ca_file = server:file("ca.pem"), allow_http = true }))
        local url = server:case({ id = "fault", listener = case[1], steps = case[5] })
        local base, path = url:match("^(%a+://[^/]*)(/.*)$")
        local response = core.response(1024 * 1024)
        local status, failure = transport:perform(core.raw_request("GET", base, path), response, case[2] == "timeout" and 0.2 or 2, 1)
        assert.is_nil(status)
        assert.same({ case[2], case[3], case[4] }, { failure.kind, failure.phase, failure.sent })
        assert.same({ 0, 0 }, { response:status(), response:size() })
        assert.same({}, response:headers())
        transport:close()
      end)
    end

    it("keeps a connection over which TLS spoke to itself", function()
      local transport = assert(transports[how]({ ca_file = server:file("ca.pem"), allow_http = true }))
      local url = server:case({ listener = "tls", steps = { { "send", faults.response({ body = "{}" }) }, { "rekey" } } })
      local base, path = url:match("^(%a+://[^/]*)(/.*)$")
      local before = server:listener("tls")
      for _ = 1, 3 do
        assert.equal(200, (transport:perform(core.raw_request("GET", base, path), core.response(), 5, 1)))
        core.sleep(0.03)
      end
      assert.equal(before + 1, (server:listener("tls")))
      transport:close()
    end)

    for _, listener in ipairs({ "http", "tls" }) do
      it("reads an answer that came before the request had gone, though the connection was reset behind it: " .. listener, function()
        local transport = assert(transports[how]({ ca_file = server:file("ca.pem"), allow_http = true }))
        local refusal = faults.response({ status = "413 Content Too Large", body = "{}" })
        for _ = 1, 5 do
          local url = server:case({ id = "early", listener = listener, steps = { { "headonly" }, { "send", refusal }, { "rst" } } })
          local base, path = url:match("^(%a+://[^/]*)(/.*)$")
          local request, response = core.raw_request("POST", base, path, nil, nil, 8e6), core.response()
          assert(request:form("x", ("y"):rep(4e6)))
          assert.equal(413, (transport:perform(request, response, 5, 1)))
          assert.equal("{}", response:body())
        end
        transport:close()
      end)
    end
  end)
end
