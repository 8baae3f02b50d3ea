-- What host.c runs at 60 frames a second. It is compiled into the program, as vkyc is: at run time no Lua file is read.
-- Gets where to go, returns the function that the program calls once a frame: true while there is more to do.

local base_url, ca_file, user_id, verification_id = ...
local vkyc = require "vkyc"

local BUDGET_S = 0.002 -- of each frame
local SHOWN_FRAMES = 15 -- between two looks at the case

local simulated = base_url == "simulator"
local key = { user_id = user_id, verification_id = verification_id }

local loop, client, err
loop, err = vkyc.loop.new { prepare = not simulated and { ca_file = ca_file } or nil }
if loop then
  client, err = vkyc.new {
    provider = "cashfree_ppi",
    environment = simulated and "simulator" or "sandbox",
    base_url = not simulated and base_url or nil,
    ca_file = not simulated and ca_file or nil,
    client_id = "demo-client",
    client_secret = simulated and "any" or vkyc.secret.env "VKYC_DEMO_SECRET",
    max_body_bytes = 16384, -- bounds what an answer can take beside Lua's memory
  }
end
if not client then
  error(tostring(err), 0)
end

local function good(result, failure)
  return result or error(tostring(failure), 0)
end

local task = loop:spawn(function()
  good(client:create_user { user_id = user_id, phone = "9876500001", first_name = "Asha" })
  print "the user is there"
  local case = good(client:initiate { user_id = user_id, verification_id = verification_id, notification_modes = { "SMS" } })
  assert(case.vkyc_link, "there is no link for the customer")
  print("the customer has the link; the case is " .. vkyc.state(case))
  for _ = 1, 3 do
    for _ = 1, SHOWN_FRAMES do
      coroutine.yield() -- until the next frame
    end
    print("the case is " .. vkyc.state(good(client:status(key))))
  end
end)

return function()
  if loop:poll(BUDGET_S) > 0 then
    return true
  end
  local _, failure = task:result()
  local status = task:status()
  client:close()
  loop:close()
  return status ~= "done" and error(tostring(failure), 0)
end
