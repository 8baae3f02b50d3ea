--- A game's process: so many frames at a pace, of which every sixth begins a call on a new TLS connection.
--
--   loop_frames.lua URL CA_FILE FRAMES PACE_S
--
-- Every answer of the server ends its connection. Prints, in seconds, the 99th percentile, the 99.9th and the greatest of three things that
-- were measured in each frame: processor time of the main thread in spawn and poll (resuming tasks included), the wall time of the same, and
-- the wall time of an empty stretch of the same frame, which is what the machine adds.

local probe = require "probe"
local samples = require "samples"
local vkyc = require "vkyc"

local url, ca_file, frames, pace = arg[1], arg[2], tonumber(arg[3]), tonumber(arg[4])
local EVERY = 6

local client = samples.client(url .. "/fresh", ca_file)
local loop = assert(vkyc.loop.new { prepare = { ca_file = ca_file } })
local params, answered = samples.params, 0

local function script()
  assert(client:initiate(params))
  answered = answered + 1
end

local cpu, now = probe.cpu, probe.now
local used, wall, control = {}, {}, {}
for frame = 1, frames do -- made now: a growing table is not what is measured
  used[frame], wall[frame], control[frame] = 0, 0, 0
end

local next_frame = now()
for frame = 1, frames do
  local empty = now()
  local start = now()
  local before = cpu()
  if frame % EVERY == 1 then
    assert(loop:spawn(script))
  end
  loop:poll()
  used[frame] = cpu() - before
  wall[frame], control[frame] = now() - start, start - empty
  next_frame = next_frame + pace
  probe.sleep_until(next_frame)
end

local ends = now() + 10
while loop:poll() > 0 and now() < ends do
  probe.sleep_until(now() + 0.001)
end
assert(answered == math.ceil(frames / EVERY), answered .. " calls were answered")

for _, series in ipairs { used, wall, control } do
  table.sort(series)
  for _, share in ipairs { 0.99, 0.999, 1 } do
    io.write(string.format("%.9f ", series[math.ceil(frames * share)]))
  end
end
io.write "\n"
loop:close()
