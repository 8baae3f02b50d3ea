--- A. Name, connect, network.

local row = require("spec.faults.row")
local head, OK = row.head, row.OK
local rows = row.list()

-- What a host of one's own cannot do with LuaSocket.
local SLOW_NAMES = "LuaSocket asks the system's resolver, which knows no time limit: names are the duty of the host's author"

rows:add("A01", "unknown name", { url = "https://no-such-host.invalid", kind = "dns", phase = "dns", sent = false, retry = "P",
  slow = true, connect_timeout_s = 10, timeout_s = 10, deadline_s = 25 }) -- the machine's own resolver is asked
rows:add("A02", "a name server that never answers", { url = "https://example.test", kind = "timeout", phase = "dns", sent = false, retry = "P",
  slow = true, connect_timeout_s = 0.3, child = { resolver = "10.77.0.53" },
  settle_s = 4, -- the system's resolver goes on asking, on a thread that libcurl leaves to itself
  own = { skip = true, why = SLOW_NAMES } })
rows:add("A03", "a name server that refuses", { url = "https://example.test", kind = "dns", phase = "dns", sent = false, retry = "P",
  child = { resolver = "127.0.0.1" }, nginx = { kind = "timeout", connect_timeout_s = 0.3, slow = true,
    why = "nginx asks a name server that refuses again until its time is over" } })
rows:add("A04", "closed port", { listener = "refused", kind = "connect", phase = "connect", sent = false, retry = "P" })
rows:add("A05", "connection request lost", { url = "https://10.77.0.9", kind = "timeout", phase = "connect", sent = false, retry = "P",
  slow = true, connect_timeout_s = 0.2, child = {}, nginx = row.named("https://lost.test") })
rows:add("A06", "no route", { url = "https://10.78.0.1", kind = "connect", phase = "connect", sent = false, retry = "P", child = {},
  nginx = row.named("https://unroutable.test") })
rows:add("A07", "one packet in three lost", { listener = "tls", slow = true, operation = "status", timeout_s = 30, connect_timeout_s = 30,
  deadline_s = 60, quiet = true, child = {
    setup = { "nft 'add rule inet net out tcp dport {port} numgen inc mod 3 == 0 drop'",
      "nft 'add rule inet net out tcp sport {port} numgen inc mod 3 == 0 drop'" },
    restore = { "nft flush chain inet net out" } } })
rows:both("A08", "reset before any byte", row.lost("network", { steps = { { "rst" } } }))
rows:both("A09", "reset in the body", row.lost("network", { steps = { { "send", head("Content-Length: 100\r\n") .. "part" }, { "pause", 10 }, { "rst" } } }))
rows:both("A10", "closed without a byte", row.lost("network", { steps = { { "close" } } }))
rows:both("A10b", "cut without a byte", row.lost("network", { steps = { { "cut" } } }))
rows:both("A11", "idle connection closed by the server", { slow = true, wait_s = 0.15, warm = { { "send", OK }, { "pause", 10 }, { "close" } } })
rows:both("A11b", "idle connection cut by the server", { slow = true, wait_s = 0.15, warm = { { "send", OK }, { "pause", 10 }, { "cut" } } })
rows:both("A11c", "idle connection reset by the server", { slow = true, wait_s = 0.15, warm = { { "send", OK }, { "pause", 10 }, { "rst" } } })
rows:both("A12", "kept connection: request read, then closed without a byte", row.lost("network", { warm = true, steps = { { "close" } } }))
rows:both("A12b", "kept connection: request read, then reset", row.lost("network", { warm = true, steps = { { "rst" } } }))
-- A library that sends again, as libcurl does when HTTP is left to it, does so with a GET as readily.
rows:add("A12c", "kept connection: GET read, then closed without a byte", row.lost("network", { listener = "tls", warm = true, steps = { { "close" } },
  operation = "status", options = { provider = "cashfree_secure_id" }, quiet = true }))

return rows
