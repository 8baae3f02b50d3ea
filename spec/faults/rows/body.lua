--- I. Body content: strict JSON, every digit, no word taken for a success.

local canaries = require("spec.support.canaries")
local row = require("spec.faults.row")
local unreadable, json = row.unreadable, row.json
local rows = row.list()

local V = canaries.VALUES

local function body(id, name, text, more)
  more = more or {}
  more.steps = json(text)
  rows:add(id, name, unreadable("decode", more))
end

rows:add("I01", "200 text/html: a captive portal", unreadable("decode", { steps = row.answer("Content-Type: text/html\r\nContent-Length: " .. #V.body .. "\r\n",
  V.body), expect = { content_type = "text/html", offset = 0 } }))
body("I02", "HTML labelled JSON", V.body, { expect = { content_type = "application/json", offset = 0 } })
body("I03", "raw invalid UTF-8", '{"status":"RECEIVED' .. "\255" .. '"}')
body("I03b", "overlong UTF-8", '{"status":"' .. "\192\175" .. '"}')
body("I03c", "half a surrogate pair", '{"status":"\\ud800"}')
body("I04", "1,001 deep", '{"a":' .. ("["):rep(1001) .. ("]"):rep(1001) .. "}")
body("I04b", "100,000 deep", ("["):rep(100000) .. ("]"):rep(100000))
body("I05", "duplicate keys", '{"status":"RECEIVED","status":"REJECTED"}')
body("I05b", "duplicate keys, one escaped", '{"status":"RECEIVED","st\\u0061tus":"REJECTED"}')
rows:add("I06", "ids beyond 2^53", {
  steps = json('{"verification_id":"V1","status":"RECEIVED","cf_verification_id":9007199254740993,"n":-9223372036854775808}'),
  expect = { result = { cf_verification_id = "9007199254740993", n = "-9223372036854775808" } } })
body("I07", "1e400", '{"a":1e400}')
for i, number in ipairs({ "NaN", "Infinity", "-Infinity", "0x1F", "0123", "+1", "1.", ".5", "1e" }) do
  body("I08" .. string.char(96 + i), number, '{"a":' .. number .. "}")
end
body("I08", "a raw tab in a string", '{"a":"\t"}')
rows:add("I09", "NUL in an id", unreadable("schema", {
  steps = json('{"verification_id":"V1\\u0000","status":"RECEIVED"}'), expect = { path = "verification_id" } }))
rows:add("I09b", "NUL in a name", { operation = "status", steps = json('{"verification_id":"V1","status":"RECEIVED","agent_remarks":"a\\u0000b"}'),
  expect = { result = { agent_remarks = "a\0b" } } })
for letter, text in pairs({ I10 = '{"a":"\0"}', I10b = row.GOOD .. '\0{"status":"x"}', I10c = "\239\187\191" .. row.GOOD, I10d = "\254\255\0{\0}",
  I10e = row.GOOD .. "x", I10f = '{"a":1,}', I10g = row.GOOD .. row.GOOD, I10h = row.GOOD:sub(1, -2) }) do
  body(letter, ({ I10 = "NUL in a string", I10b = "NUL behind", I10c = "BOM", I10d = "UTF-16", I10e = "junk behind", I10f = "a comma too many",
    I10g = "twice", I10h = "cut" })[letter], text)
end
for i, text in ipairs({ '"text"', "[]", "null", "[{}]", "5", "true" }) do
  rows:add("I11" .. string.char(96 + i), "not an object: " .. text, unreadable("schema", { steps = json(text) }))
end
rows:add("I12", "a status that is a number", unreadable("schema", { steps = json('{"verification_id":"V1","status":5}'), expect = { path = "status" } }))
rows:add("I12b", "a link that is an object", unreadable("schema", { operation = "status", steps = json('{"verification_id":"V1","vkyc_link":{}}'),
  expect = { path = "vkyc_link" } }))
rows:add("I12c", "a remark that is a number: kept, and told", { operation = "status",
  steps = json('{"verification_id":"V1","status":"RECEIVED","agent_remarks":7}'),
  expect = { result = { agent_remarks = 7 }, mismatches = { "agent_remarks" } } })
rows:add("I12d", "an answer about another id", unreadable("schema", { steps = json('{"verification_id":"V2","status":"RECEIVED"}'),
  expect = { path = "verification_id" } }))
rows:add("I13", "an unknown word", { operation = "status", steps = json('{"verification_id":"V1","status":"APPROVED_BY_SOMEBODY"}'),
  expect = { state = "unknown", result = { status = "APPROVED_BY_SOMEBODY" } } })
rows:add("I14", "7 MB of []", row.bad("too_large", { peak_mb = 40, steps = { { "send", row.head("Content-Length: 7340032\r\n") .. '{"a":[[]' },
  { "repeat", 2446673, ",[]" } } }))
rows:add("I14b", "as many [] as are allowed", { peak_mb = 40, garbage_mb = 96, operation = "status",
  steps = { { "send", row.head("Content-Length: 1048575\r\n") .. '{"a":[[]' }, { "repeat", 349521, ",[]" }, { "send", "  ]}" } } })

return rows
