-- What only a dead name server shows, beside the rows of spec/faults/. It needs a network namespace, so root; elsewhere it is reported as pending.

local namespace = require("spec.support.namespace")

local CHILD = [[
  local core, open = require("vkyc.core"), require("spec.support.transports").thread
  local handle = assert(open({}))
  handle.pool:submit(core.raw_request("GET", "https://example.test", "/x"), core.response(), 20, 20)
  core.sleep(0.1)
  local before = core.monotonic()
  handle:close()
  print(core.monotonic() - before < 0.25)]]

describe("a name server that never answers", function()
  it("A02 L05 does not hold up the end of a loop", function()
    local space, missing = namespace.new()
    if not space then
      return pending(missing)
    end
    space:resolver("10.77.0.53")
    local output, fine = space:run(CHILD)
    space:remove()
    assert.equal("true\n", output)
    assert.is_true(fine, output)
  end)
end)
