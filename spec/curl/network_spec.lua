-- Faults below TCP: dead name servers, lost packets. They need a network namespace, so root; elsewhere they are reported as pending.

local namespace = require("spec.support.namespace")

-- What runs inside; `%s` is the transport. It prints kind, phase and sent of the failure, or the status; and late when the time was not kept.
local CHILD = [[
  local core, open = require("vkyc.core"), require("spec.support.transports").%s
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
    for _, how in ipairs({ "inline", "thread" }) do
      it(name .. ", " .. how, function()
        if not space then
          return pending(missing)
        end
        if resolver then
          space:resolver(resolver)
        end
        local output, fine = space:run(CHILD:format(how) .. body)
        assert.equal(expected, (output:gsub("\t", " "):gsub("\n$", "")))
        assert.is_true(fine, output)
      end)
    end
  end

  local ALONE = [[call(assert(open({})), "https://%s", "/x", 2, 0.3)]]

  case("A02 name server that never answers", "timeout dns false true", "10.77.0.53", ALONE:format("example.test"))
  case("A02 L05 closing while a name is looked up", "true", "10.77.0.53", [[
    local handle = assert(open({}))
    if handle.pool then
      local before
      handle.pool:submit(core.raw_request("GET", "https://example.test", "/x"), core.response(), 20, 20)
      core.sleep(0.1)
      before = core.monotonic()
      handle:close()
      print(core.monotonic() - before < 0.25)
    else
      print(true)
    end]])
  case("A03 name server that refuses", "dns dns false true", "127.0.0.1", ALONE:format("example.test"))
  case("A05 connection request lost", "timeout connect false true", nil, ALONE:format("10.77.0.9"))
  case("A06 no route", "connect connect false true", nil, ALONE:format("10.78.0.1"))

  local SERVER = [[
    local faults = require("spec.support.faults")
    local server = assert(faults.start(60))
    local _, id = server:case({ listener = "tls", steps = { { "send", faults.response({ body = "{}" }) } } })
    local handle = assert(open({ ca_file = server:file("ca.pem") }))
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
