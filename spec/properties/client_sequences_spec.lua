-- No random sequence of operations on clients leaks: file descriptors, threads, entries of Lua's registry, bytes of Lua's heap and of the C heap
-- are the same after the same sequence was repeated. Bytes of the C heap are counted when the specs run in spec/torture/torture.c.

local faults = require "spec.support.faults"
local sequences = require "spec.properties.sequences"

local SEQUENCES = 3

describe("a random sequence of operations", function()
  local server

  setup(function()
    server = assert(faults.start())
    sequences.urls, sequences.ca_file = sequences.serve(server), server:file("ca.pem")
  end)

  teardown(function()
    server:stop()
  end)

  for _, kind in ipairs({ "inline", "loop", "simulator" }) do
    it("leaves nothing behind: " .. kind, function()
      for number = 1, SEQUENCES do
        assert.equal("nothing", sequences.grows(kind, number))
      end
    end)
  end
end)
