-- A server with two addresses (libcurl takes localhost for 127.0.0.1 and ::1) of which one does not answer: libcurl tries the other one too, and
-- closes the slower socket without telling us. Its number is another connection's soon.

local core = require("vkyc.core")
local curl = require("vkyc.curl")
local faults = require("spec.support.faults")
local socket = require("socket")
local transports = require("spec.support.transports")

local FACTOR = tonumber(os.getenv("VKYC_TIME_FACTOR") or "1")

-- A listener whose queue is full: whoever comes is not even refused.
local function deafen(listener, make, host, port)
  assert(listener:listen(0))
  local held = { listener }
  for i = 1, 4 do
    held[i + 1] = make()
    held[i + 1]:settimeout(0.02)
    held[i + 1]:connect(host, port)
  end
  return held
end

-- The same port of both addresses; nil where there is no IPv6.
local function both()
  for _ = 1, 10 do
    local old, new = socket.tcp4(), socket.tcp6()
    if not new or not old:bind("127.0.0.1", 0) then
      return nil
    end
    local _, port = old:getsockname()
    if new:bind("::1", tonumber(port)) then
      return old, new, tonumber(port)
    end
    old:close()
    new:close()
  end
end

describe("a loop's thread and two addresses of which one is deaf:", function()
  local server, old, new, port, held, served, engine, transport

  setup(function()
    server = assert(faults.start())
  end)

  teardown(function()
    server:stop()
  end)

  before_each(function()
    old, new, port = both()
    engine = assert(curl.engine())
    transport = assert(engine:open({ allow_http = true, ca_file = server:file("ca.pem") }))
    served = {}
  end)

  after_each(function()
    engine:close()
    for _, each in ipairs(held or {}) do
      each:close()
    end
    for _, each in ipairs(served) do
      each:close()
    end
    held = nil
  end)

  local function submit(base)
    local request, response = core.raw_request("GET", base, "/x"), core.response()
    return assert(transport:submit(request, response, 5 * FACTOR, 3 * FACTOR, nil)), response
  end

  -- A call whose server is this process, at the address that listens.
  local function call(listener)
    local job, response = submit("http://localhost:" .. port)
    listener:settimeout(5 * FACTOR)
    local connection = assert(listener:accept())
    served[#served + 1] = connection
    repeat
      local line = connection:receive("*l")
    until not line or line == ""
    connection:send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
    return (transports.wait(job, response))
  end

  for name, is_old_deaf in pairs({ ["127.0.0.1"] = true, ["::1"] = false }) do
    it(name .. "; the other one serves, and later connections are left alone", function()
      if not old then
        return pending("needs IPv6")
      end
      local listener = is_old_deaf and new or old
      held = is_old_deaf and deafen(old, socket.tcp4, "127.0.0.1", port) or deafen(new, socket.tcp6, "::1", port)
      assert(listener:listen(16))
      local closing = faults.response({ headers = "Content-Length: 2\r\nConnection: close\r\n", body = "{}" })
      local url = server:case({ listener = "tls", steps = { { "send", closing }, { "close" } } })
      for _ = 1, 3 do
        assert.equal(200, call(listener))
        for _ = 1, 4 do
          assert.equal(200, (transports.wait(submit(url))))
        end
      end
      listener:close()
    end)
  end
end)
