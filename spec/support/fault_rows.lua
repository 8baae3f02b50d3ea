--- The bad cases that a transport meets, one row each; ids are those of the fault matrix, with a letter where a case has variants.
--
-- B10 and C15 are additions.
--
-- A row: `listener` and `answers` or `steps` say what the server does (faults.lua). Then what must come of it:
--   status           the HTTP status, when the call succeeds; `body` too, when given
--   kind, phase, sent  the failure otherwise; `phase` may be nil where a transport cannot know
--   requests         how many requests the server counts for the row's call (1 by default)
-- and how to call:
--   method, timeout_s, connect_timeout_s, url (instead of the listener's), host, request_size (bytes of the body)
--   warm             a good call goes before on the same connection; wait_s passes between the two
--   slow             waits by nature: repeated less often
--   new_connection   the next call must not use this connection
--   nginx            what differs with cosockets, and `why`

local faults = require("spec.support.faults")

local OK = faults.response({ body = '{"ok":true}' })

local function head(lines, status)
  return faults.response({ status = status, headers = lines, body = "" })
end

local function answer(lines, body, status)
  return { { "send", faults.response({ status = status, headers = lines, body = body }) } }
end

local function closed(lines, body, status)
  local steps = answer(lines, body, status)
  steps[2] = { "close" }
  return steps
end

local rows = {}

local function row(id, name, fields)
  fields.id = id
  fields.name = name
  if not fields.url then
    fields.listener = fields.listener or "http"
  end
  rows[#rows + 1] = fields
end

--- The same over plain and TLS connections.
local function both(id, name, fields)
  for _, listener in ipairs({ "http", "tls" }) do
    local copy = {}
    for key, value in pairs(fields) do
      copy[key] = value
    end
    copy.listener = listener
    row(id, name .. " (" .. listener .. ")", copy)
  end
end

local function fails(kind, fields)
  fields.kind = kind
  fields.phase = fields.phase or "response"
  fields.sent = true
  return fields
end

-- A. Name, connect, network
row("A01", "unknown name", { url = "https://no-such-host.invalid/x", kind = "dns", phase = "dns", sent = false, requests = 0, connect_timeout_s = 3 })
row("A04", "closed port", { listener = "refused", kind = "connect", phase = "connect", sent = false, requests = 0 })
both("A08", "reset before any byte", fails("network", { steps = { { "rst" } } }))
both("A09", "reset in the body", fails("network", { steps = { { "send", head("Content-Length: 100\r\n") .. "part" }, { "pause", 20 }, { "rst" } } }))
both("A10", "closed without a byte", fails("network", { steps = { { "close" } } }))
both("A10b", "cut without a byte", fails("network", { steps = { { "cut" } } }))
both("A11", "idle connection closed by the server", { slow = true, warm = true, wait_s = 0.2, status = 200,
  answers = { { { "send", OK }, { "pause", 30 }, { "close" } }, { { "send", OK } } } })
both("A11b", "idle connection cut by the server", { slow = true, warm = true, wait_s = 0.2, status = 200,
  answers = { { { "send", OK }, { "pause", 30 }, { "cut" } }, { { "send", OK } } } })
both("A11c", "idle connection reset by the server", { slow = true, warm = true, wait_s = 0.2, status = 200,
  answers = { { { "send", OK }, { "pause", 30 }, { "rst" } }, { { "send", OK } } } })
for _, method in ipairs({ "POST", "GET" }) do
  both("A12", "kept connection: " .. method .. " read, then closed without a byte", fails("network", { warm = true, method = method,
    answers = { { { "send", OK } }, { { "close" } }, { { "send", OK } } } }))
  both("A12b", "kept connection: " .. method .. " read, then reset", fails("network", { warm = true, method = method,
    answers = { { { "send", OK } }, { { "rst" } }, { { "send", OK } } } }))
end

-- B. Slow and stuck
both("B01", "never answers", fails("timeout", { slow = true, timeout_s = 0.2, steps = { { "hang" } } }))
row("B02", "TLS handshake never answered", { slow = true, listener = "stall", connect_timeout_s = 0.2,
  kind = "timeout", phase = "tls", sent = false, requests = 0 })
both("B03", "head byte by byte", fails("timeout", { slow = true, timeout_s = 0.3, steps = { { "slow", 20, OK } } }))
both("B04", "body byte by byte", fails("timeout", { slow = true, timeout_s = 0.3,
  steps = { { "send", head("Content-Length: 100\r\n") }, { "slow", 20, ("x"):rep(100) } } }))
both("B05", "body stalls part way", fails("timeout", { slow = true, timeout_s = 0.2,
  steps = { { "send", head("Content-Length: 100\r\n") .. "part" }, { "hang" } } }))
both("B06", "kept connection falls silent", fails("timeout", { slow = true, warm = true, timeout_s = 0.2, new_connection = true,
  answers = { { { "send", OK } }, { { "hang" } }, { { "send", OK } } } }))
both("B07", "endless 100 Continue", fails("too_large", { steps = { { "loop", "HTTP/1.1 100 Continue\r\n\r\n" } } }))
row("B08", "endless headers, slowly", fails("timeout", { slow = true, timeout_s = 0.3,
  steps = { { "send", "HTTP/1.1 200 OK\r\n" }, { "slow", 10, ("X-Line: 1\r\n"):rep(20) } } }))
both("B10", "never reads the body of the request", fails("timeout", { slow = true, phase = "send", timeout_s = 0.3, request_size = 24 * 1024 * 1024,
  steps = { { "headonly" }, { "pause", 600 }, { "cut" } } }))

-- C. TLS
local function untrusted(id, listener, host, nginx)
  row(id, listener .. " certificate", { listener = listener, host = host, kind = "tls", phase = "tls", sent = false, requests = 0, nginx = nginx })
end
local ONE_WORD = { kind = "network", why = "nginx says 'handshake failed' of a disagreement and of a broken connection; the second may be tried again" }
untrusted("C01", "expired")
untrusted("C02", "future")
untrusted("C03", "wronghost", "localhost")
untrusted("C04", "prefix", "localhost")
untrusted("C05", "selfsigned")
untrusted("C06", "untrusted")
row("C07", "revoked, no list of revocations", { listener = "revoked", status = 200, steps = { { "send", OK } } })
row("C07b", "revoked", { listener = "revoked", crl = true, kind = "tls", phase = "tls", sent = false, requests = 0 })
row("C07c", "not revoked, with a list of revocations", { listener = "tls", crl = true, status = 200, steps = { { "send", OK } } })
untrusted("C08", "tls10", nil, ONE_WORD)
untrusted("C09", "tls11", nil, ONE_WORD)
untrusted("C10", "weak")
row("C11", "TLS 1.3 only", { listener = "tls13", status = 200, steps = { { "send", OK } } })
row("C11b", "TLS 1.2 only", { listener = "tls12", status = 200, steps = { { "send", OK } } })
row("C12", "not TLS at all", { listener = "banner", kind = "tls", phase = "tls", sent = false, requests = 0, nginx = ONE_WORD })
row("C13", "handshake cut", { listener = "cut", kind = "network", phase = "tls", sent = false, requests = 0 })
row("C13b", "closed during the handshake", { listener = "leave", kind = "network", phase = "tls", sent = false, requests = 0 })
row("C15", "certificate of the client missing", { listener = "clientcert", kind = "tls", requests = 0, steps = { { "send", OK } } })
row("C15b", "certificate of the client given", { listener = "clientcert", client = true, status = 200, steps = { { "send", OK } } })

-- D. Framing
both("D01", "body shorter than Content-Length", fails("network", { steps = closed("Content-Length: 100\r\n", "short") }))
row("D01b", "body shorter, no farewell over TLS", fails("network", { listener = "tls",
  steps = { { "send", head("Content-Length: 100\r\n") .. "short" }, { "cut" } } }))
both("D02", "body longer than Content-Length", { status = 200, body = '{"ok":true}', new_connection = true, steps = { { "send", OK .. "more" } } })
both("D02b", "a second answer nobody asked for", { slow = true, warm = true, wait_s = 0.2, status = 200, body = '{"ok":true}',
  answers = { { { "send", OK }, { "pause", 30 }, { "send", faults.response({ body = "SMUGGLED!!!" }) } }, { { "send", OK } } } })
row("D03", "negative Content-Length", fails("protocol", { steps = answer("Content-Length: -5\r\n", "hello") }))
row("D04", "Content-Length: 12abc", fails("protocol", { new_connection = true, steps = answer("Content-Length: 12abc\r\n", "0123456789ab") }))
row("D05", "two different Content-Length", fails("protocol", { new_connection = true,
  steps = answer("Content-Length: 9\r\nContent-Length: 3\r\n", "012345678") }))
row("D06", "Content-Length 10^12", fails("too_large", { steps = answer("Content-Length: 1000000000000\r\n", "x") }))
row("D06b", "Content-Length of 30 digits", fails("too_large", { steps = answer("Content-Length: " .. ("9"):rep(30) .. "\r\n", "x") }))
row("D07", "Content-Length and chunked", fails("protocol", { new_connection = true,
  steps = answer("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n") }))
local CHUNKED = "Transfer-Encoding: chunked\r\n"
both("D08", "bad chunk size", fails("protocol", { steps = answer(CHUNKED, "zz\r\nhello\r\n0\r\n\r\n") }))
both("D08b", "reset inside a chunk", fails("network", { steps = { { "send", head(CHUNKED) .. "ff\r\nhello" }, { "pause", 20 }, { "rst" } } }))
both("D09", "chunk cut", fails("network", { steps = closed(CHUNKED, "ff\r\nhello") }))
both("D10", "no last chunk", fails("network", { steps = closed(CHUNKED, '2\r\n{}\r\n') }))
row("D11", "chunk size of 17 digits", fails("protocol", { steps = answer(CHUNKED, "1000000000000000f\r\nhello\r\n0\r\n\r\n") }))
row("D12", "unknown Transfer-Encoding", fails("protocol", { steps = answer("Transfer-Encoding: banana\r\n", "hello") }))
row("D12b", "gzip, chunked", fails("protocol", { steps = answer("Transfer-Encoding: gzip, chunked\r\n", "5\r\nhello\r\n0\r\n\r\n") }))
both("D13", "no length, closed", { status = 200, body = '{"ok":true}', steps = closed("", '{"ok":true}') })
row("D14", "garbage instead of a status line", fails("protocol", { steps = { { "send", "lorem ipsum dolor sit amet\r\n\r\n" }, { "close" } } }))
row("D14b", "an answer of HTTP/0.9", fails("protocol", { steps = { { "send", '{"ok":true}' }, { "close" } } }))
row("D15", "status 999", fails("protocol", { steps = answer(nil, "{}", "999 What") }))
row("D16", "status 000", fails("protocol", { steps = answer(nil, "{}", "000 What") }))
row("D16b", "status in words", fails("protocol", { steps = answer(nil, "{}", "abc What") }))
row("D16c", "HTTP/9.9", fails("protocol", { steps = { { "send", "HTTP/9.9 200 OK\r\nContent-Length: 2\r\n\r\n{}" } } }))
row("D16d", "switching protocols unasked", fails("protocol", { steps = answer("Upgrade: h2c\r\n", "", "101 Switching Protocols") }))
both("D17", "a header of 400 KB", fails("too_large", {
  steps = { { "send", "HTTP/1.1 200 OK\r\nX-Long: " }, { "repeat", 400000, "a" }, { "send", "\r\n\r\n" } } }))
both("D18", "20,000 headers", fails("too_large", {
  steps = { { "send", "HTTP/1.1 200 OK\r\n" }, { "repeat", 20000, "X-Many: 1\r\n" }, { "send", "\r\n" } } }))
row("D18b", "endless headers", fails("too_large", { steps = { { "send", "HTTP/1.1 200 OK\r\n" }, { "loop", "X-Many: 1\r\n" } } }))
row("D18c", "endless trailers", fails("too_large", { steps = { { "send", head(CHUNKED) .. "2\r\n{}\r\n0\r\n" }, { "loop", "X-Many: 1\r\n" } } }))
row("D19", "NUL in a header", fails("protocol", { steps = answer("X-Nul: a\0b\r\nContent-Length: 2\r\n", "{}") }))
row("D20", "header line without a colon", fails("protocol", { steps = answer("no colon here\r\nContent-Length: 2\r\n", "{}") }))
row("D20b", "folded header", fails("protocol", { steps = answer("X-Fold: a\r\n b\r\nContent-Length: 2\r\n", "{}") }))
row("D20c", "space before the colon", fails("protocol", { steps = answer("X-Space : a\r\nContent-Length: 2\r\n", "{}") }))
both("D21", "a body of 1 GB", fails("too_large", { bulk = true,
  steps = { { "send", head("Content-Length: 1073741824\r\n") }, { "repeat", 1073741824, "x" } } }))
both("D22", "an endless chunked body", fails("too_large", { bulk = true,
  steps = { { "send", head(CHUNKED) }, { "loop", "400\r\n" .. ("x"):rep(1024) .. "\r\n" } } }))
row("D22b", "an endless body", fails("too_large", { bulk = true, steps = { { "send", head("") }, { "loop", ("x"):rep(1024) } } }))

-- E. Compression
local GZIP = "\31\139\8\0\0\0\0\0\0\3\171\174\5\0\67\191\166\163\2\0\0\0" -- {}
row("E01", "gzip though identity was asked for", fails("protocol", { new_connection = true,
  steps = answer("Content-Encoding: gzip\r\nContent-Length: 22\r\n", GZIP) }))
row("E02", "gzip declared, not gzip", fails("protocol", { steps = answer("Content-Encoding: gzip\r\nContent-Length: 2\r\n", "{}") }))
row("E03", "gzip cut in half", fails("protocol", { steps = answer("Content-Encoding: gzip\r\nContent-Length: 11\r\n", GZIP:sub(1, 11)) }))
row("E04", "unknown Content-Encoding", fails("protocol", { steps = answer("Content-Encoding: banana\r\nContent-Length: 2\r\n", "{}") }))

return rows
