--- A spec of one transport: every row of the table, each a test named by its id.
-- VKYC_FAULT_SECONDS: how long each is repeated (five times in any case). VKYC_FAULT_TIMES: any value prints how long each took.

local faults = require("spec.support.faults")
local namespace = require("spec.support.namespace")
local process = require("spec.support.process")
local runner = require("spec.faults.runner")
local seats = require("spec.faults.seats")
local shape = require("spec.faults.table")
local clocks = require("spec.faults.clocks")
local socket = require("socket")

-- A row in a process of its own: with a network that fails, or another environment.
local CHILD = [[io.stdout:write(require("spec.faults.child")(%q, %q))]]

local TIMES = os.getenv("VKYC_FAULT_TIMES")
local LONG = tonumber(os.getenv("VKYC_FAULT_SECONDS") or "0") > 0

---@param transport string a name of seats.lua
---@param busted table setup, teardown, it, skip: what only spec files have
return function(transport, busted)
  local setup, teardown, it = busted.setup, busted.teardown, busted.it
  local server, seat, space, missing

  setup(function()
    server = assert(faults.start(LONG and 3000 or 600))
    seat = seats[transport].new(server, LONG and 3000 or 600)
  end)

  teardown(function()
    if seat then
      seat:stop()
    end
    if space then
      space:remove()
    end
    if server then
      server:stop()
    end
  end)

  -- Where and how the child of a row runs: a command in front of it, variables of its environment; or nil and why it cannot.
  local function surroundings(row)
    local wants = row.child
    if wants.proxies then
      local proxy = server:base("http2")
      return "", ("http_proxy=%s https_proxy=%s HTTPS_PROXY=%s ALL_PROXY=%s"):format(proxy, proxy, proxy, proxy)
    elseif wants.clock then
      return clocks.surroundings()
    elseif not space and not missing then
      space, missing = namespace.new()
    end
    if not space then
      return nil, missing
    end
    space:resolver(wants.resolver or "127.0.0.1")
    return "ip netns exec " .. space.name, ""
  end

  -- Returns why it cannot be run, if so.
  local function in_child(row)
    local prefix, environment = surroundings(row)
    if not prefix then
      return environment
    end
    local proxied = server:listener("http2")
    local output = process.run(CHILD:format(transport, row.title), environment, prefix)
    if output ~= "fine" then
      error(output, 0)
    elseif server:listener("http2") ~= proxied then
      error("a proxy of the environment was asked", 0)
    end
  end

  for _, each in ipairs(shape.rows) do
    local row = runner.view(each, transport)
    if not shape.left_out(row, transport) then
      it(row.title, function()
        local before, fine, reason = socket.gettime(), true, row.skip and row.why
        if row.child and not row.skip then
          reason = in_child(row)
        elseif not row.skip then
          fine, reason = pcall(runner.run, row, seat, server)
        end
        if TIMES then
          io.stderr:write(("%.2f %s, %s\n"):format(socket.gettime() - before, row.title, transport))
        end
        if not fine then
          error(reason, 0)
        elseif type(reason) == "string" then
          busted.skip(reason)
        end
      end)
    end
  end
end
