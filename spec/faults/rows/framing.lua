--- D. HTTP framing: what is not HTTP as it should be is never half believed.

local row = require("spec.faults.row")
local head, answer, closed, bad, lost = row.head, row.answer, row.closed, row.bad, row.lost
local OK, GOOD = row.OK, row.GOOD
local rows = row.list()

local CHUNKED = "Transfer-Encoding: chunked\r\n"

rows:both("D01", "body shorter than Content-Length", lost("network", { steps = closed("Content-Length: 100\r\n", "short") }))
rows:add("D01b", "body shorter, no farewell", lost("network", { listener = "tls",
  steps = { { "send", head("Content-Length: 100\r\n") .. "short" }, { "cut" } } }))
rows:both("D02", "body longer than Content-Length", { new_connection = true, steps = { { "send", OK .. "more" } } })
rows:both("D02b", "a second answer nobody asked for", { slow = true, wait_s = 0.15,
  warm = { { "send", OK }, { "pause", 10 }, { "send", (OK:gsub("RECEIVED", "SMUGGLED")) } }, expect = { result = { status = "RECEIVED" } } })
rows:add("D02c", "JSON that ends before its Content-Length", row.unreadable("decode", {
  steps = answer("Content-Length: " .. #GOOD + 4 .. "\r\n", GOOD .. "more") }))
rows:add("D03", "negative Content-Length", bad("protocol", { steps = answer("Content-Length: -5\r\n", "hello") }))
rows:add("D04", "Content-Length: 12abc", bad("protocol", { new_connection = true, steps = answer("Content-Length: 12abc\r\n", "0123456789ab") }))
rows:add("D05", "two different Content-Length", bad("protocol", { new_connection = true,
  steps = answer("Content-Length: 9\r\nContent-Length: 3\r\n", "012345678") }))
rows:add("D06", "Content-Length 10^12", bad("too_large", { steps = answer("Content-Length: 1000000000000\r\n", "x") }))
rows:add("D06b", "Content-Length of 30 digits", bad("too_large", { steps = answer("Content-Length: " .. ("9"):rep(30) .. "\r\n", "x") }))
rows:add("D07", "Content-Length and chunked", bad("protocol", { new_connection = true,
  steps = answer("Content-Length: 3\r\n" .. CHUNKED, "5\r\nhello\r\n0\r\n\r\n") }))
rows:both("D08", "bad chunk size", bad("protocol", { steps = answer(CHUNKED, "zz\r\nhello\r\n0\r\n\r\n") }))
rows:both("D08b", "reset inside a chunk", lost("network", { steps = { { "send", head(CHUNKED) .. "ff\r\nhello" }, { "pause", 10 }, { "rst" } } }))
rows:both("D09", "chunk cut", lost("network", { steps = closed(CHUNKED, "ff\r\nhello") }))
rows:both("D10", "no last chunk, though the JSON is whole", lost("network", { steps = closed(CHUNKED, ("%x\r\n%s\r\n"):format(#GOOD, GOOD)) }))
rows:add("D11", "chunk size of 17 digits", bad("protocol", { steps = answer(CHUNKED, "1000000000000000f\r\nhello\r\n0\r\n\r\n") }))
rows:add("D12", "unknown Transfer-Encoding", bad("protocol", { steps = answer("Transfer-Encoding: banana\r\n", "hello") }))
rows:add("D12b", "gzip, chunked", bad("protocol", { steps = answer("Transfer-Encoding: gzip, chunked\r\n", "5\r\nhello\r\n0\r\n\r\n") }))
rows:both("D13", "no length, closed", { steps = closed("", GOOD) })
rows:add("D13b", "no length, closed too early", row.unreadable("decode", {
  steps = closed("", GOOD:sub(1, -2)) }))
rows:add("D14", "garbage instead of a status line", bad("protocol", { steps = { { "send", "lorem ipsum dolor sit amet\r\n\r\n" }, { "close" } } }))
rows:add("D14b", "an answer of HTTP/0.9", bad("protocol", { steps = { { "send", GOOD }, { "close" } },
  own = { kind = "network", retry = "I", why = "it waits for the end of the first line before it judges it" } }))
rows:add("D15", "status 999", bad("protocol", { steps = answer(nil, "{}", "999 What") }))
rows:add("D16", "status 000", bad("protocol", { steps = answer(nil, "{}", "000 What") }))
rows:add("D16b", "status in words", bad("protocol", { steps = answer(nil, "{}", "abc What") }))
rows:add("D16c", "HTTP/9.9", bad("protocol", { steps = { { "send", "HTTP/9.9 200 OK\r\nContent-Length: 2\r\n\r\n{}" } } }))
rows:add("D16d", "switching protocols unasked", bad("protocol", { steps = answer("Upgrade: h2c\r\n", "", "101 Switching Protocols") }))
rows:both("D17", "a header of 400 KB", bad("too_large", {
  steps = { { "send", "HTTP/1.1 200 OK\r\nX-Long: " }, { "repeat", 400000, "a" }, { "send", "\r\n\r\n" } } }))
rows:both("D18", "20,000 headers", bad("too_large", {
  steps = { { "send", "HTTP/1.1 200 OK\r\n" }, { "repeat", 20000, "X-Many: 1\r\n" }, { "send", "\r\n" } } }))
rows:add("D18b", "endless headers", bad("too_large", { steps = { { "send", "HTTP/1.1 200 OK\r\n" }, { "loop", "X-Many: 1\r\n" } } }))
rows:add("D18c", "endless trailers", bad("too_large", { steps = { { "send", head(CHUNKED) .. "2\r\n{}\r\n0\r\n" }, { "loop", "X-Many: 1\r\n" } } }))
rows:add("D19", "NUL in a header", bad("protocol", { steps = answer("X-Nul: a\0b\r\nContent-Length: 2\r\n", "{}") }))
rows:add("D20", "header line without a colon", bad("protocol", { steps = answer("no colon here\r\nContent-Length: 2\r\n", "{}") }))
rows:add("D20b", "folded header", bad("protocol", { steps = answer("X-Fold: a\r\n b\r\nContent-Length: 2\r\n", "{}") }))
rows:add("D20c", "space before the colon", bad("protocol", { steps = answer("X-Space : a\r\nContent-Length: 2\r\n", "{}") }))
rows:both("D21", "a body of 1 GB", bad("too_large", { peak_mb = 16,
  steps = { { "send", head("Content-Length: 1073741824\r\n") }, { "repeat", 1073741824, "x" } } }))
rows:both("D22", "an endless chunked body", bad("too_large", { peak_mb = 16,
  steps = { { "send", head(CHUNKED) }, { "loop", "400\r\n" .. ("x"):rep(1024) .. "\r\n" } } }))
rows:add("D22b", "an endless body", bad("too_large", { peak_mb = 16, steps = { { "send", head("") }, { "loop", ("x"):rep(1024) } } }))

return rows
