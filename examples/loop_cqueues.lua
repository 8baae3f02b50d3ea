-- Calls inside of cqueues: one of its coroutines waits for the loop's file descriptor, timers included.
-- It talks to the sandbox, as examples/frame_loop.lua does.

local cqueues = require "cqueues"
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
local scheduler = cqueues.new()

for i = 1, 3 do
  loop:spawn(function()
    local user, err = client:create_user { user_id = "cqueues-" .. os.time() .. "-" .. i, phone = "9876500001" }
    print(user and "created a user" or err)
  end)
end

-- All there is to it. It ends with the last task; a server would go on for ever.
local working = true
scheduler:wrap(function()
  local source = { pollfd = loop:fd(), events = "r" }
  while loop:poll() > 0 do
    cqueues.poll(source)
  end
  working = false
end)

-- What else the program does goes on meanwhile.
local ticks = 0
scheduler:wrap(function()
  while working do
    ticks = ticks + 1
    cqueues.sleep(0.001)
  end
end)

assert(scheduler:loop())
print("ticks: " .. ticks)
client:close()
loop:close()
