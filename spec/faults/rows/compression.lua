--- E. Compression: we ask for none and decode none, so that no bomb can go off.

local row = require("spec.faults.row")
local answer, bad = row.answer, row.bad
local rows = row.list()

local GZIP = "\31\139\8\0\0\0\0\0\0\3\171\174\5\0\67\191\166\163\2\0\0\0" -- {}

local function check_asked(t)
  for _, request in ipairs(t.server:requests(t.id)) do
    if not request:lower():find("\r\naccept-encoding: identity\r\n", 1, true) then
      error("the request does not ask for identity", 0)
    end
  end
end

rows:add("E01", "gzip though identity was asked for", bad("protocol", { new_connection = true, check = check_asked,
  steps = answer("Content-Encoding: gzip\r\nContent-Length: 22\r\n", GZIP) }))
-- 200 MB from 200 KB; that it is refused by its name is the point, so that its bytes need not be deflated ones.
rows:add("E01b", "gzip of 200 KB", bad("protocol", { peak_mb = 16,
  steps = { { "send", row.head("Content-Encoding: gzip\r\nContent-Length: 204800\r\n") .. GZIP:sub(1, 10) }, { "repeat", 204790, "\0" } } }))
rows:add("E02", "gzip declared, not gzip", bad("protocol", { steps = answer("Content-Encoding: gzip\r\nContent-Length: 2\r\n", "{}") }))
rows:add("E03", "gzip cut in half", bad("protocol", { steps = answer("Content-Encoding: gzip\r\nContent-Length: 11\r\n", GZIP:sub(1, 11)) }))
rows:add("E04", "unknown Content-Encoding", bad("protocol", { steps = answer("Content-Encoding: banana\r\nContent-Length: 2\r\n", "{}") }))

return rows
