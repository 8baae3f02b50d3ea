--- B. Slow and stuck.

local row = require("spec.faults.row")
local head, OK = row.head, row.OK
local rows = row.list()

local function stuck(fields)
  fields.slow, fields.timeout_s = true, fields.timeout_s or 0.15
  return row.lost("timeout", fields)
end

rows:both("B01", "never answers", stuck({ steps = { { "hang" } } }))
rows:add("B02", "TLS handshake never answered", { slow = true, listener = "stall", connect_timeout_s = 0.15, kind = "timeout", phase = "tls", sent = false,
  retry = "P" })
rows:both("B03", "head byte by byte", stuck({ steps = { { "slow", 20, OK } } }))
rows:add("B04", "body byte by byte", stuck({ listener = "tls", steps = { { "send", head("Content-Length: 100\r\n") }, { "slow", 20, ("x"):rep(100) } } }))
rows:add("B05", "body stalls part way", stuck({ listener = "tls", steps = { { "send", head("Content-Length: 100\r\n") .. "part" }, { "hang" } } }))
rows:both("B06", "kept connection falls silent", stuck({ warm = true, new_connection = true, steps = { { "hang" } } }))
-- The packets of the connections that are there are lost for good; those of new ones are not.
rows:add("B06b", "kept connection whose packets are lost", stuck({ listener = "tls", timeout_s = 0.3, warm = true, operation = "min_kyc", new_connection = true,
  quiet = true, requests = 0, attempts = 1, own = { skip = true, why = "it keeps no connection" },
  child = { setup = { "for port in $(ss -Htn dport = :{port} | awk '{ sub(/.*:/, \"\", $4); print $4 }');"
    .. " do nft add rule inet net out tcp sport $port tcp dport {port} drop; done" } } }))
rows:both("B07", "endless 100 Continue", row.bad("too_large", { steps = { { "loop", "HTTP/1.1 100 Continue\r\n\r\n" } } }))
rows:add("B08", "endless headers, slowly", stuck({ steps = { { "send", "HTTP/1.1 200 OK\r\n" }, { "slow", 10, ("X-Line: 1\r\n"):rep(20) } } }))
-- A server that asks to wait longer than there is time: nobody sleeps towards a deadline.
rows:add("B09", "a wait longer than the deadline", row.answered("server", { operation = "status", deadline_s = 0.5, bound_s = 0.05, outcome = "refused",
  expect = { status = 503, retry_after = 1, retries = 0 }, steps = row.json("{}", "503 Service Unavailable", "Retry-After: 1\r\n") }))
rows:add("B10", "never reads the body of the request", row.lost("timeout", { slow = true, phase = "send",
  timeout_s = 0.2, bound_s = 1, garbage_mb = 64, listener = "tls", operation = "call", quiet = true,
  params = { method = "POST", path = "/x", size = 16 * 1024 * 1024 }, options = { max_body_bytes = 32 * 1024 * 1024 },
  steps = { { "headonly" }, { "pause", 400 }, { "cut" } } }))

return rows
