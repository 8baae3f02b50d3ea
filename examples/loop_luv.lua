-- Calls inside of libuv's loop (luv): the loop's file descriptor says when there is something to do, timers included.
-- It talks to the sandbox, as examples/frame_loop.lua does.

local uv = require "luv"
local vkyc = require "vkyc"

local client = assert(vkyc.new {
  provider = "cashfree_ppi",
  environment = "sandbox",
  base_url = os.getenv "VKYC_SANDBOX_CASHFREE_PPI",
  ca_file = os.getenv "VKYC_SANDBOX_CA",
  client_id = "demo-client",
  client_secret = vkyc.secret.env "VKYC_DEMO_SECRET",
})
local loop = assert(vkyc.loop.new())

-- All there is to it: tasks are spawned here, and libuv watches the loop.
local tasks = assert(require("vkyc.hosts.luv").attach(loop, uv))
for i = 1, 3 do
  tasks:spawn(function()
    local user, err = client:create_user { user_id = "luv-" .. os.time() .. "-" .. i, phone = "9876500001" }
    print(user and "created a user" or err)
  end)
end

-- What else the program does goes on meanwhile.
local ticks = 0
local timer = uv.new_timer()
timer:start(0, 1, function()
  ticks = ticks + 1
end)
timer:unref() -- uv.run ends with the last task; a server would go on for ever

uv.run()
print("ticks: " .. ticks)
timer:close()
tasks:close()
uv.run() -- closes them: luv crashes at the end over a handle that is half closed
client:close()
loop:close()
