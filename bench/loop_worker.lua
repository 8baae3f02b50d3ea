--- One process of a measurement of vkyc.loop: reads lines "NAME COUNT", does NAME that many times, prints the seconds of processor time that
-- the main thread used, and the seconds it took.
--
--   loop_worker.lua URL CA_FILE

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

local loops = {}
for line in io.lines() do
  local name, count = line:match "^(%S+) (%d+)$"
  if not loops[name] then
    loops[name] = LOOPS[name]()
    loops[name](256) -- connections and caches are there before anything counts
  end
  collectgarbage()
  collectgarbage()
  local cpu, time = probe.cpu(), probe.now()
  loops[name](tonumber(count))
  io.write(string.format("%.9f %.9f\n", probe.cpu() - cpu, probe.now() - time))
  io.flush()
end
