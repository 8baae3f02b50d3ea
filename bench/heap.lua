--- Prints the KiB of Lua heap that `require "vkyc"` and `vkyc.new` hold together.

local function kib()
  collectgarbage()
  collectgarbage()
  return collectgarbage "count"
end

local secret = ("s"):rep(32)
local before = kib()
local client = assert(require("vkyc").new { provider = "cashfree_ppi", environment = "sandbox", client_id = "CF10000000BENCH", client_secret = secret })
print(string.format("%.1f", kib() - before))
client:close()
