--- H. HTTP status and Retry-After.

local canaries = require("spec.support.canaries")
local row = require("spec.faults.row")
local answered, json, OK = row.answered, row.json, row.OK
local rows = row.list()

local V = canaries.VALUES
local GOOD = { { "send", OK } }
local OWN_PAUSE_S = 0.15 -- the first pause of a retry is at most 0.1 s

local function busy(value, status)
  return json("{}", status or "503 Service Unavailable", "Retry-After: " .. value .. "\r\n")
end

rows:add("H01", "429, Retry-After: 1", {
  repeats = 1, operation = "min_kyc", requests = 2, answers = { busy("1", "429 Too Many Requests"), GOOD }, least_s = 1, bound_s = 1.2,
  expect = { retries = 1 } })
rows:add("H02", "503, Retry-After: a date", { repeats = 1, operation = "status", requests = 2, fresh = true, answers = { busy("{date}"), GOOD },
  least_s = 0.9, bound_s = 2.2, expect = { retries = 1 } })
rows:add("H02b", "503 to a call that must not be repeated", answered("server", { operation = "min_kyc", outcome = "unknown", bound_s = 0.1,
  steps = busy("1"), expect = { status = 503, retry_after = 1 } }))
for letter, value in pairs({ H03 = "banana", H04 = "99999999999999999999", H05 = "-5" }) do
  rows:add(letter, "503, Retry-After: " .. value, { operation = "status", requests = 2, answers = { busy(value), GOOD }, bound_s = OWN_PAUSE_S })
end
rows:add("H06", "Retry-After longer than there is time", answered("rate_limited", { bound_s = 0.1, steps = busy("3600", "429 Too Many Requests"),
  expect = { status = 429, retry_after = 3600, retryable = true } }))

-- A client with a token. `{login}` counts the logins; the server knows the second token only, and both are canaries.
local FIRST, SECOND = canaries.TOKEN .. "1", canaries.TOKEN .. "2"
local LOGINS = {
  { { "pause", 20 }, { "send", row.whole('{"access_token":"' .. FIRST .. '","expires_in":3600}') } },
  { { "send", row.whole('{"access_token":"' .. SECOND .. '","expires_in":3600}') } } }
local sequence = 0

local function token_client(t, api, logins)
  sequence = sequence + 1
  local token_url = t.server:case({ id = "login", answers = logins or LOGINS })
  local base_url = t.server:case({ id = "api", answers = api })
  assert(t.seat:open("token", { provider = "enkash", base_url = base_url, token_url = token_url, allow_http_loopback = true, shared = "vkyc",
    client_id = "CLIENT" .. os.time() .. "x" .. sequence, attempt_timeout_s = 5 }).made)
end

local function expect(name, expected, got)
  if expected ~= got then
    error(("%s: %s is expected, not %s"):format(name, tostring(expected), tostring(got)), 0)
  end
end

local TOKEN_GOOD = { { "send", row.whole('{"response_code":0,"payload":{"enkashCardId":"C1"}}') } }

-- A refusal that says again, in each of its texts, what the client sent.
local function echoing(status, word)
  local text = ("%s: %s and %s of %s"):format(word, canaries.PASSWORD, canaries.SECRET, V.email)
  return json(('{"response_code":401,"response_message":"%s","error":"%s","error_description":"%s","code":"%s","message":"%s","type":"%s"}'):format(
    text, word, text, canaries.PASSWORD, text, word), status, ("X-Request-Id: %s\r\nWWW-Authenticate: Bearer realm=\"%s\"\r\n"):format(word, text))
end

local REFUSED = "401 Unauthorized"

-- The canaries were there to be leaked.
local function sent(t, id, text)
  for _, request in ipairs(t.server:requests(id)) do
    if request:find(text, 1, true) then
      return
    end
  end
  error("no request held the canary", 0)
end

local function refused(t, logins, requests)
  local told = t.seat:call("token", "vkyc_status", { enKashCardId = "C1" })
  expect("raised", nil, told.raised)
  expect("canaries", nil, told.complaint)
  expect("kind", "auth", told.kind)
  expect("logins", logins, t.server:count("login"))
  expect("requests", requests, t.server:count("api"))
  sent(t, "login", "pa55word%26canary")
  return told
end

rows:add("H07", "401 to a client with a token: one login again, then an end", { run = function(t)
  token_client(t, { echoing(REFUSED, FIRST), echoing(REFUSED, SECOND) })
  local told = refused(t, 2, 2)
  expect("outcome", "refused", told.outcome)
  expect("attempts", 2, told.attempts)
  sent(t, "api", "Bearer " .. FIRST)
  sent(t, "api", "Bearer " .. SECOND)
  t.seat:close("token")
end })
rows:add("H07b", "a token that is no longer good, and 100 callers", {
  thread = { kept = 64, why = "a loop keeps up to 64 connections, as many as it needed at a time" }, run = function(t)
    token_client(t, { { { "when", "Bearer " .. SECOND }, TOKEN_GOOD[1] }, json("{}", REFUSED) })
    local told = t.seat:many("token", 100, "vkyc_status", { enKashCardId = "C1" })
    expect("raised", nil, told.raised)
    expect("canaries", nil, told.complaint)
    expect("calls that succeeded", 100, told.fine)
    expect("logins", 2, t.server:count("login"))
    expect("attempts", t.server:count("api"), told.attempts)
    t.seat:close("token")
  end })
for letter, status in pairs({ d = REFUSED, e = "200 OK", f = "403 Forbidden" }) do
  rows:add("H07" .. letter, "a refused login that echoes password and secret, " .. status, { run = function(t)
    token_client(t, { TOKEN_GOOD }, { echoing(status, canaries.SECRET) })
    for _ = 1, 2 do -- the second time it is not even tried
      local told = refused(t, 1, 0)
      expect("outcome", "not_sent", told.outcome)
      expect("attempts", 0, told.attempts)
    end
    t.seat:close("token")
  end })
end
rows:add("H07g", "a token and then the login are refused, each with an echo", { run = function(t)
  token_client(t, { echoing(REFUSED, FIRST) }, { LOGINS[1], echoing(REFUSED, canaries.PASSWORD) })
  for _ = 1, 2 do
    refused(t, 2, 1)
  end
  sent(t, "api", "Bearer " .. FIRST)
  t.seat:close("token")
end })
rows:add("H07c", "401 to a client without a token", answered("auth", {
  steps = json("{}", "401 Unauthorized"), expect = { status = 401, retryable = false } }))
rows:add("H08", "403, address not on the allow-list", answered("forbidden", { expect = { status = 403, code = "ip_validation_failed" },
  steps = json(('{"type":"authentication_error","code":"ip_validation_failed","message":"%s may not, key %s"}'):format(V.email, canaries.SECRET),
    "403 Forbidden") }))

local CONFLICT = json('{"type":"validation_error","code":"verification_id_already_exists","message":"verification_id already exists"}', "409 Conflict")
local MISSING = json('{"type":"validation_error","code":"verification_id_not_found","message":"no such id"}', "404 Not Found")

rows:add("H09", "409 to a first attempt", answered("conflict", { operation = "initiate", steps = CONFLICT, expect = { status = 409 } }))
rows:add("H09b", "a lost answer: read back", { operation = "initiate", requests = 2, answers = { { { "rst" } }, GOOD }, expect = { reconciled = true } })
rows:add("H09c", "a lost answer, certainly missing: sent again", { operation = "initiate", max_attempts = 3, requests = 3,
  options = { provider = "cashfree_secure_id" }, answers = { { { "rst" } }, MISSING, GOOD }, expect = { retries = 1 } })
rows:add("H09d", "a lost answer, missing, sent again, 409: read back once more", { operation = "initiate", max_attempts = 3, requests = 4,
  options = { provider = "cashfree_secure_id" }, answers = { { { "rst" } }, MISSING, CONFLICT, GOOD }, expect = { reconciled = true } })
rows:add("H09e", "a lost answer, and the read-back fails", row.lost("network", { operation = "initiate", requests = 2,
  answers = { { { "rst" } }, json("{}", "404 Not Found") }, expect = { retries = 1 } }))

local echo = ('{"type":"validation_error","code":"document_invalid","message":"%s of %s, born %s, key %s, %s"}'):format(V.pan, V.name, V.dob,
  canaries.SECRET, V.aadhaar)
rows:add("H10", "400 that echoes secret and request", answered("bad_request", { operation = "min_kyc", steps = json(echo, "400 Bad Request"),
  expect = { status = 400, code = "document_invalid" } }))
-- A name or a date is known by the request only; these have a shape of their own.
local shapes = ('{"code":"document_invalid","message":"%s, %s, %s, %s, %s, %s"}'):format(V.pan, V.email, V.phone, V.aadhaar, V.link, canaries.SECRET)
rows:add("H10b", "400 that tells secret and PAN of whomever", answered("bad_request", {
  steps = json(shapes, "400 Bad Request"), expect = { status = 400 } }))
local home = ('{"code":"address_invalid","message":"%s does not live at %s; call %s"}'):format(V.name, V.address, V.phone)
rows:add("H10c", "400 that echoes name and address", answered("bad_request", { operation = "create_user", options = { provider = "cashfree_secure_id" },
  steps = json(home, "400 Bad Request"), expect = { status = 400, code = "address_invalid" }, check = function(t)
    sent(t, t.id, V.address)
  end }))
rows:add("H10d", "a user whose name and address come back", { operation = "create_user", options = { provider = "cashfree_secure_id" },
  steps = json(('{"user_id":"U1","name":"%s","address":"%s"}'):format(V.name, V.address)), expect = { result = { address = V.address } } })
for letter, status in pairs({ H11 = "500 Internal Server Error", H11b = "502 Bad Gateway", H11c = "504 Gateway Timeout" }) do
  rows:add(letter, status .. " with HTML", {
    kind = "server", phase = "response", sent = true, retry = "I", outcome = { never = "unknown", safe = "refused" },
    steps = row.answer("Content-Type: text/html\r\nContent-Length: " .. #V.body .. "\r\n", V.body, status), expect = { status = tonumber(status:sub(1, 3)) } })
end
rows:add("H12", "503 without end", { kind = "server", phase = "response", sent = true, retry = "I", operation = "status", max_attempts = 3, outcome = "refused",
  steps = json("{}", "503 Service Unavailable"), bound_s = 0.4, expect = { status = 503, attempts = 3, retries = 2 } })
rows:add("H12b", "503 without end: 1,000 calls, at most 1,100 requests", { repeats = 1, run = function(t)
  if tonumber(os.getenv("VKYC_TIME_FACTOR") or "1") >= 20 then
    return "1,000 calls take too long here"
  end
  local url = t.server:case({ id = "H12b", steps = json("{}", "503 Service Unavailable") })
  assert(t.seat:open("row", { base_url = url, allow_http_loopback = true }).made)
  local told = t.seat:series("row", 1000, "status")
  expect("raised", nil, told.raised)
  expect("canaries", nil, told.complaint)
  expect("calls that failed", 1000, told.kinds.server)
  expect("attempts", t.server:count("H12b"), told.attempts)
  if told.attempts < 1001 or told.attempts > 1100 then
    error(told.attempts .. " requests for 1,000 calls", 0)
  end
  t.seat:close("row")
end })
rows:add("H13", "204 where a body is due", row.unreadable("schema", { steps = row.answer("", "", "204 No Content"), expect = { status = 204 } }))
rows:add("H13b", "200 without a body", row.unreadable("schema", { steps = row.answer("Content-Length: 0\r\n", ""), expect = { status = 200 } }))

return rows
