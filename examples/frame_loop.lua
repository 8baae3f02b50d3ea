-- A game at 60 frames a second that takes a customer through Video KYC without dropping a frame, and tells what its worst frame spent on it.
-- It talks HTTPS to the sandbox of this repository (scripts/sandbox start, then its env file, VKYC_DEMO_SECRET and this script).

local core = require "vkyc.core" -- its clock and its sleep stand for the engine's own
local vkyc = require "vkyc"

local FRAME_S = 1 / 60
local BUDGET_S = 0.002 -- of each frame, for scripts that have their answers

local function env(name)
  return os.getenv(name) or error("start scripts/sandbox first: " .. name .. " is not set", 0)
end

local ca_file = env "VKYC_SANDBOX_CA"

-- While the game loads: libcurl and the certificates are read on the loop's own thread. With a provider's public certificate it is
-- `prepare = true`.
local loop = assert(vkyc.loop.new { prepare = { ca_file = ca_file } })

local client = assert(vkyc.new {
  provider = "cashfree_ppi",
  environment = "sandbox",
  base_url = env "VKYC_SANDBOX_CASHFREE_PPI",
  ca_file = ca_file,
  client_id = "demo-client",
  client_secret = vkyc.secret.env "VKYC_DEMO_SECRET",
  statuses = vkyc.simulator.statuses.cashfree_ppi,
})

-- The script: it reads as if each call waited, and only this coroutine does.
local caption = "…"

local function onboard(id)
  local key = { user_id = "user-" .. id, verification_id = "case-" .. id }
  caption = "creating the user"
  assert(client:create_user { user_id = key.user_id, phone = "9876500001", first_name = "Asha" })
  caption = "asking for the link"
  local case = assert(client:initiate { user_id = key.user_id, verification_id = key.verification_id, notification_modes = { "SMS" } })
  assert(case.vkyc_link)
  caption = "waiting for the customer" -- whom the sandbox moves on
  for _, step in ipairs { "AADHAAR_VERIFICATION_SUCCESS", "USER_QUEUED", "approved" } do
    assert(client:call { method = "POST", path = "/_sandbox/advance", body = { id = key.verification_id, step = step } })
    local now = assert(client:status(key))
    caption = vkyc.state(now)
  end
  return caption
end

local task = loop:spawn(onboard, string.format("%d", os.time()))

-- The frames. What the game itself does is left out; time is measured around our part only.
local frames, times, total, shown = 0, {}, 0, nil
repeat
  local start = core.monotonic()
  local running = loop:poll(BUDGET_S)
  local spent = core.monotonic() - start
  frames, total = frames + 1, total + spent
  times[frames] = spent
  if caption ~= shown then
    print(string.format("frame %4d: %s", frames, caption))
    shown = caption
  end
  core.sleep(math.max(0, FRAME_S - spent))
until running == 0

local state, err, traceback = task:result()
if task:status() == "failed" then
  io.stderr:write(tostring(err), "\n", traceback or "", "\n")
  os.exit(1)
end
table.sort(times)
local most = times[math.ceil(frames / 2)]
print(string.format("The customer is %s after %d frames. Worst frame: %.2f ms, half of them at most %.2f ms, mean %.3f ms.", state, frames,
  times[frames] * 1000, most * 1000, total / frames * 1000))
client:close()
loop:close()
