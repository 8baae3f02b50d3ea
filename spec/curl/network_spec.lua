-- Faults below TCP: dead name servers, lost packets. They need a network namespace, so root; elsewhere they are reported as pending.

local namespace = require("spec.support.namespace")

-- What runs inside; `%s` is the body. It prints kind, phase and sent of the failure, or the status; and late when the time was not kept.
local CHILD = [[
  local core, curl = require("vkyc.core"), require("vkyc.curl")
  local function call(handle, base, path, timeout_s, connect_timeout_s)
    local before = core.monotonic()
    local status, failure = handle:perform(core.raw_request("GET", base, path), core.response(), timeout_s, connect_timeout_s)
    local limit = failure and not failure.sent and connect_timeout_s or timeout_s
    print(status or failure.kind, failure and failure.phase, failure and failure.sent, core.monotonic() - before < limit + 0.25 or "late")
  end
  local function sh(command)
    assert(os.execute(command))
  end
]]

describe("a network that fails", function()
  local space, missing

  setup(function()
    space, missing = namespace.new()
  end)

  teardown(function()
    if space then
      space:remove()
    end
  end)

  local function case(name, expected, resolver, body)
    it(name, function()
      if not space then
        return pending(missing)
      end
      if resolver then
        space:resolver(resolver)
      end
      local output, fine = space:run(CHILD .. body)
      assert.equal(expected, (output:gsub("\t", " "):gsub("\n$", "")))
      assert.is_true(fine, output)
    end)
  end

  local ALONE = [[call(assert(curl.new({})), "https://%s", "/x", 2, 0.3)]]

  case("A02 name server that never answers", "timeout dns false true", "10.77.0.53", ALONE:format("example.test"))
  case("A03 name server that refuses", "dns dns false true", "127.0.0.1", ALONE:format("example.test"))
  case("A05 connection request lost", "timeout connect false true", nil, ALONE:format("10.77.0.9"))
  case("A06 no route", "connect connect false true", nil, ALONE:format("10.78.0.1"))

  local SERVER = [[
    local faults = require("spec.support.faults")
    local server = assert(faults.start(60))
    local _, id = server:case({ listener = "tls", steps = { { "send", faults.response({ body = "{}" }) } } })
    local handle = assert(curl.new({ ca_file = server:file("ca.pem") }))
    local function again(timeout_s)
      call(handle, server:base("tls"), "/" .. id, timeout_s, timeout_s)
    end
  ]]

  case("B06 kept connection whose packets are lost", "200 nil nil true\ntimeout response true true\n200 nil nil true\n2", nil, SERVER .. [[
    again(2)
    sh("nft 'add rule inet net out tcp dport " .. server.ports.tls .. " drop'")
    again(0.3)
    sh("nft flush chain inet net out")
    again(2)
    print((server:listener("tls")))
    server:stop()]])

  case("A07 one packet in three lost", ("200 nil nil true\n"):rep(3) .. "3", nil, SERVER .. [[
    local rule = "nft 'add rule inet net out tcp %s " .. server.ports.tls .. " numgen random mod 100 < 30 drop'"
    sh(rule:format("dport"))
    sh(rule:format("sport"))
    for _ = 1, 3 do
      again(30)
    end
    sh("nft flush chain inet net out")
    print(server:count(id))
    server:stop()]])
end)
