--- One process of a measurement of vkyc.loop; the processor time is the main thread's.
--
--   loop_worker.lua URL CA_FILE

local orders = require "orders"
local probe = require "probe"
local samples = require "samples"
local vkyc = require "vkyc"

local url, ca_file = arg[1], arg[2]
local IN_FLIGHT = 64

local LOOPS = {
  -- So many scripts at a time, each making one call after the other; in between the process waits for the loop's descriptor.
  loop64 = function()
    local client, loop, params = samples.client(url, ca_file), assert(vkyc.loop.new()), samples.params
    return function(count)
      local left, failure = count, nil
      local function script()
        while left > 0 do
          left = left - 1
          local _, err = client:initiate(params)
          failure = failure or err
        end
      end
      for _ = 1, IN_FLIGHT do
        loop:spawn(script)
      end
      local fd = loop:fd()
      while loop:poll() > 0 do
        probe.wait(fd, 10)
      end
      assert(not failure, failure)
    end
  end,

  cjson = function()
    local cjson, params, response = require("cjson").new(), samples.params, samples.response
    return function(count)
      for _ = 1, count do
        cjson.encode(params)
        cjson.decode(response)
      end
    end
  end,

  idle = function()
    local loop = assert(vkyc.loop.new { prepare = { ca_file = ca_file } })
    loop:spawn(function() end)
    loop:poll()
    return function(count)
      for _ = 1, count do
        loop:poll()
      end
    end
  end,

  nothing = function()
    local nothing = probe.nothing
    return function(count)
      for _ = 1, count do
        nothing()
      end
    end
  end,
}

orders.obey(LOOPS, 256, probe.cpu, probe.now)
