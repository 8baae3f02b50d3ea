--- Runs rows of the fault matrix (spec/faults/rows/) through a transport, with the seven asserts on each of them.
--
-- A1 in time · A2 nothing raised · A3 no canary anywhere (caller.lua looks; here also at nginx's log) · A4 `attempts` is what the server counted
-- · A5 a good call right after · A6 no growth when it is repeated · A7 the same on every VM: the table is one.
--
-- A row of a network says what the server does and what must come of it:
--   listener, host     where the client goes (faults.lua); `url` instead of both; `target` is a second listener that must see nothing
--   steps              what the server does with a request (faultd.c); `answers`: with the first, the second …
--   warm               a good call goes before on the same connection: true, or the steps of its answer; wait_s passes between the two
--   kind, phase, sent  the failure, or nothing when the call succeeds; what else must be in the error or result: `expect`
--   retry              the letter of the matrix: N never, P nothing was sent, I perhaps done. Where a server asks to wait, `requests` says what comes
--   requests, attempts, outcome  where they do not follow from that: a value, or { never =, safe = } by what a repeat of the call does
--   operation, params, call_options, options  of the call and the client; without `operation` both a call that must never be repeated
--                      (min_kyc) and one that reads (status) are made
--   refused            vkyc.new refuses the options: no call is made
--   timeout_s, connect_timeout_s, deadline_s, max_attempts
--   crl, client        with a list of revocations, with a certificate of the client
--   good_elsewhere     its server never gives a good answer
--   settle_s           how long what was left behind may take to end
--   bound_s            the longest it may take, where that does not follow from these
--   slow               waits by nature: repeated less often
--   repeats            how often, instead; 0: it repeats itself, and looks for growth itself
--   unheard            not even a connection is made
--   garbage_mb         how much memory the system may see grow: Lua's collector takes its time
--   kept               how many connections more a transport may keep open after it than before
--   new_connection     the next call must not use this connection
--   peak_mb            the most memory that one call may take
--   check(t, told)     more to check: t.server, t.id, t.seat
--   inline, thread, nginx, own  what differs with that transport, and `why`; `skip` says why a row is none of its business
--   child              runs in a process of its own: resolver, setup and restore (commands) in a network of its own; proxies of the environment
--                      that nobody may ask; or clock, by how much the time of day jumps during the call
--   fresh              the server is told anew before each call: steps may hold {date}, two seconds from then
--   least_s            the shortest that the call may take
-- Others have a function, which raises when something is wrong. What it does not check itself of A1-A4 is checked only where it is said here:
--   run(t)             with t.server and t.seat; calls that it makes through the seat look for A2 and A3
--   visit(site)        runs where calls are made, in each transport, and makes clients of its own: site.new(options), site.status(client),
--                      site.transport, site.loop. Hooks are searched (A3); it returns how many requests the server must have counted (A4)
--   pure()             needs no server; it runs where calls are made, in a script and in nginx
-- A5 and A6 hold for these, too, but for those with `once`: all they do is done by processes of their own, which end.
-- `once`: why one transport is enough. `elsewhere`: the file that has the case, and `why`.

local core = require("vkyc.core")
local clocks = require("spec.faults.clocks")
local shape = require("spec.faults.row")

local M = {}

local FACTOR = tonumber(os.getenv("VKYC_TIME_FACTOR") or "1")
local SECONDS = tonumber(os.getenv("VKYC_FAULT_SECONDS") or "0")
local CRAWLING = FACTOR >= 20 -- under a tool that makes everything tens of times slower
local REPEATS, SLOW_REPEATS, MOST = CRAWLING and 1 or 5, CRAWLING and 1 or 3, 1000
local LATE_S = 0.25
local LEAK_EACH, LEAK, ROUNDS = 64 * 1024, 16 * 1024 * 1024, 5 -- a KB that a call leaks is seen by scripts/soak and spec/torture/
local HEAP, HEAP_EACH = 64 * 1024, 1024 -- traces of LuaJIT are in its heap, and stop growing only after a thousand rounds

M.factor = FACTOR

local GOOD_STEPS = { { "send", shape.OK } }

local REPEATS_OF = { min_kyc = "never", otp_submit = "never", call = "never", status = "safe", initiate = "keyed", create_user = "keyed" }

local function fail(text, ...)
  error(select("#", ...) > 0 and text:format(...) or text, 0)
end

local function equal(name, expected, got)
  if expected ~= got then
    fail("%s: %s is expected, not %s", name, tostring(expected), tostring(got))
  end
end

-- Each field of `part` is in `whole`.
local function includes(name, part, whole)
  for key, value in pairs(part) do
    local found
    if type(whole) == "table" then
      found = whole[key]
    end
    if type(value) == "table" then
      includes(name .. "." .. tostring(key), value, found)
    else
      equal(name .. "." .. tostring(key), value, found)
    end
  end
end

--- The row as a transport sees it.
function M.view(row, transport)
  local copy = {}
  for key, value in pairs(row) do
    copy[key] = value
  end
  for key, value in pairs(row[transport] or {}) do
    copy[key] = value
  end
  if copy.timeout_s and CRAWLING then
    copy.timeout_s = copy.timeout_s * 4
  end
  if not copy.listener and not copy.url then
    copy.listener = "http"
  end
  if transport == "nginx" and copy.listener and not copy.listener:find("^http") then
    copy.host = copy.host or "localhost" -- nginx checks a certificate against names only
  end
  return copy
end

local function by_repeats(value, repeats)
  if type(value) == "table" then
    return value[repeats]
  end
  return value
end

--- What must come of a call.
local function expectation(row, operation, max_attempts)
  local repeats = REPEATS_OF[operation]
  local e = { kind = row.kind, phase = row.phase, requests = 1, tries = 1 }
  if row.retry == "P" then
    e.requests, e.tries = 0, max_attempts
  elseif row.retry == "I" and repeats == "safe" then
    e.requests, e.tries = max_attempts, max_attempts
  elseif row.retry == "N" and row.sent == false then
    e.requests = 0
  end
  if row.kind then
    e.outcome = by_repeats(row.outcome, repeats) or row.sent == false and "not_sent" or "unknown"
  end
  e.requests = by_repeats(row.requests, repeats) or e.requests
  e.attempts = by_repeats(row.attempts, repeats) or e.requests
  e.tries = math.max(e.tries, e.requests)
  return e
end

-- The longest that the call may take.
local function bound(row, e)
  local each = row.timeout_s or 2
  if row.sent == false then
    each = math.min(each, row.connect_timeout_s or 1)
  end
  local all = row.bound_s or e.tries * each + (e.tries - 1) * 0.2
  return math.min(all, row.deadline_s or 5) + LATE_S * FACTOR
end

-- Compares what came with what must come.
local function judge(row, e, told, requests)
  if told.raised then
    fail("A2: an error was raised: %s", told.raised)
  elseif told.complaint then
    fail("A3: %s", told.complaint)
  end
  if e.kind then
    if told.fine then
      fail("the call succeeded, %s is expected", e.kind)
    end
    equal("kind", e.kind, told.kind)
    if e.phase then
      equal("phase", e.phase, told.phase)
    end
    equal("outcome", e.outcome, told.outcome)
  elseif not told.fine then
    fail("the call failed: %s (%s): %s", told.kind, tostring(told.phase), tostring(told.message))
  end
  if requests then
    equal("requests that the server counted", e.requests, requests)
  end
  equal("A4: attempts", e.attempts, told.attempts)
  includes("told", row.expect or {}, told)
  if told.elapsed and told.elapsed > bound(row, e) then
    fail("A1: it took %.3f s, at most %.3f s are allowed", told.elapsed, bound(row, e))
  elseif row.least_s and told.elapsed < row.least_s then
    fail("it took %.3f s, at least %.3f s are due", told.elapsed, row.least_s)
  end
end

-- A row that cannot fail proves nothing: each of its expectations, made wrong, must be seen.
local function judge_the_judge(row, e, told, requests)
  local wrong = {
    kind = e.kind and (e.kind == "tls" and "network" or "tls") or "tls",
    outcome = e.kind and (e.outcome == "unknown" and "refused" or "unknown") or nil,
    phase = e.phase and "elsewhere" or nil,
    requests = requests and e.requests + 1 or nil,
    attempts = e.attempts + 1,
  }
  for name, value in pairs(wrong) do
    local spoiled = {}
    for key, each in pairs(e) do
      spoiled[key] = each
    end
    spoiled[name] = value
    if pcall(judge, row, spoiled, told, requests) then
      fail("a wrong %s goes unseen", name)
    end
  end
end

local function fill(text, t, row)
  return (text:gsub("{(%l+)}", {
    base = row.listener and t.server:base(row.listener, row.host), port = row.listener and t.server.ports[row.listener],
    target = row.target and t.server:base(row.target, row.host),
    date = os.date("!%a, %d %b %Y %H:%M:%S GMT", os.time() + 2),
  }))
end

local function shell(commands, t, row)
  for _, command in ipairs(commands or {}) do
    command = fill(command, t, row)
    local pipe = io.popen("{ " .. command .. "; } 2>&1 && echo fine")
    local output = pipe:read("*a")
    pipe:close()
    if not output:find("fine\n$") then
      fail("%s: %s", command, output)
    end
  end
end

-- Steps name servers as well as options do.
local function fill_steps(steps, t, row)
  local filled = {}
  for i, step in ipairs(steps) do
    filled[i] = step[1] == "send" and { "send", fill(step[2], t, row) } or step
  end
  return filled
end

-- Tells the server what its next requests get: those of the row, then good ones.
local function prepare(t, row, e)
  local answers = {}
  if row.warm then
    answers[1] = row.warm == true and GOOD_STEPS or row.warm
  end
  for i = 1, math.max(e.requests, e.kind and e.attempts or 1) do
    local steps = row.answers and row.answers[math.min(i, #row.answers)] or row.steps or GOOD_STEPS
    answers[#answers + 1] = (row.target or row.fresh) and fill_steps(steps, t, row) or steps
  end
  answers[#answers + 1] = GOOD_STEPS
  return t.server:case({ id = t.id, listener = row.listener, host = row.host, answers = answers })
end

local function options_of(t, row)
  local options = {
    base_url = row.url or t.url, connect_timeout_s = row.connect_timeout_s or 1, attempt_timeout_s = row.timeout_s or 2,
    deadline_s = row.deadline_s or 5, allow_http_loopback = true, crl = row.crl, client = row.client,
  }
  for name, value in pairs(row.options or {}) do
    options[name] = type(value) == "string" and fill(value, t, row) or value
  end
  return options
end

-- A good call right after (A5): by the same client where its server can answer, else by another one of the same transport.
local function good_call(t, row, operation)
  local told
  if row.url or row.sent == false and not row.unheard or row.refused or row.good_elsewhere then
    told = t.seat:call("good", "status", nil, { max_attempts = 1 })
  else
    told = t.seat:call("row", operation, nil, { max_attempts = 1 })
  end
  if not told.fine then
    fail("A5: the next call failed: %s: %s", tostring(told.kind or told.raised), tostring(told.message))
  end
end

-- One call of a row with all that belongs to it.
local function once(t, row, operation, max_attempts)
  local server, e = t.server, expectation(row, operation, max_attempts)
  local plain = row.params and "status" or operation -- calls of one kind share connections
  if row.fresh then
    prepare(t, row, e)
  elseif not row.url then
    server:again(t.id)
  end
  local before = 0
  if row.warm then
    local told = t.seat:call("row", plain, nil, { max_attempts = 1 })
    if not told.fine then
      fail("the first of two calls failed: %s: %s", tostring(told.kind or told.raised), tostring(told.message))
    end
    before = 1
    core.sleep((row.wait_s or 0) * FACTOR)
  end
  local connections, bytes
  if row.listener then
    connections, bytes = server:listener(row.listener)
  end
  local target = row.target and server:listener(row.target)
  shell(row.child and row.child.setup, t, row)
  if row.child and row.child.clock then
    clocks.jump(row.child.clock, 0.1)
  end
  local options = { max_attempts = max_attempts }
  for name, value in pairs(row.call_options or {}) do
    options[name] = value
  end
  local told = t.seat:call("row", operation, row.params, options)
  shell(row.child and row.child.restore, t, row)
  t.retried = (told.retries or 0) > 0
  local requests = not row.url and server:count(t.id) - before or nil
  judge(row, e, told, requests)
  judge_the_judge(row, e, told, requests)
  if row.sent == false and row.listener then
    equal("bytes of requests that arrived", bytes, select(2, server:listener(row.listener)))
    if row.unheard then
      equal("connections", connections, (server:listener(row.listener)))
    end
  end
  if target then
    equal("connections to the other server", target, (server:listener(row.target)))
  end
  if row.check then
    row.check(t, told)
  end
  if row.new_connection then
    connections = server:listener(row.listener)
    good_call(t, row, plain)
    equal("new connections of the next call", connections + 1, (server:listener(row.listener)))
  else
    good_call(t, row, plain)
  end
end

-- The canaries were there to be leaked.
local function check_request(t, operation)
  local canaries = require("spec.support.canaries")
  for _, request in ipairs(t.server:requests(t.id)) do
    if request:find("^POST") and request:find(canaries.SECRET, 1, true) and (operation ~= "min_kyc" or request:find(canaries.VALUES.pan, 1, true)) then
      return
    end
  end
  fail("no request held the canaries")
end

-- Waits for what ends on other threads.
local function settle(t, before, name)
  local ends = core.monotonic() + (t.row.settle_s or 1)
  local now
  repeat
    now = t.seat:usage()
    if now[name] <= before[name] + (name == "files" and t.row.kept or 0) then
      return now
    end
    core.sleep(0.02)
  until core.monotonic() > ends
  fail("A6: %s grew from %d to %d", name, before[name], now[name])
end

-- Returns whether memory grew by more than noise.
local function grows(t, row, again, least)
  local before = t.seat:usage()
  local start, count = core.monotonic(), 0
  repeat
    again()
    count = count + 1
    -- A client that sends again has a budget, which ends.
  until count >= least and (core.monotonic() - start >= SECONDS or count >= MOST or row.slow or row.repeats or t.retried)
  for _, name in ipairs({ "files", "threads" }) do
    settle(t, before, name)
  end
  local now = t.seat:usage()
  local allowed = { heap = HEAP + HEAP_EACH * count, memory = row.garbage_mb and row.garbage_mb * 1024 * 1024 or math.min(LEAK_EACH * count, LEAK) }
  for name, most in pairs(FACTOR == 1 and allowed or {}) do
    if now[name] - before[name] > most then
      return ("%s by %.0f KB in %d repetitions"):format(name, (now[name] - before[name]) / 1024, count)
    end
  end
  return nil
end

-- What VMs and allocators keep larger than it was ends some time, a leak goes on: it is one that is there in every series of repetitions.
local function repeated(t, row, again)
  local least = row.repeats or row.slow and SLOW_REPEATS or REPEATS
  if least == 0 then
    return
  end
  local grown
  for _ = 1, ROUNDS do
    grown = grows(t, row, again, least)
    if not grown then
      return
    end
  end
  fail("A6: it grew each time, at last %s", grown)
end

local function run_refused(t, row)
  local function again()
    local told = t.seat:open("row", options_of(t, row))
    if told.made then
      t.seat:close("row")
      fail("vkyc.new takes the options, %s is expected", row.kind)
    end
    local e = { kind = row.kind, outcome = "not_sent", requests = 0, attempts = 0, tries = 1 }
    judge(row, e, told, 0)
    judge_the_judge(row, e, told, 0)
    good_call(t, row)
  end
  again()
  repeated(t, row, again)
end

-- Rows that have a function. Returns why it cannot be run, if so.
local function run_function(t, row)
  local url = row.visit and t.server:case({ id = t.id, steps = GOOD_STEPS })
  local function each()
    if row.run then
      return row.run(t)
    elseif row.pure then
      local reason = t.seat:pure(row.title)
      return reason ~= "fine" and fail("%s", reason) or nil
    end
    t.server:again(t.id)
    local before = core.monotonic()
    local requests = t.seat:visit(row.title, url)
    local elapsed = core.monotonic() - before
    if type(requests) ~= "number" then
      fail("%s", tostring(requests))
    elseif elapsed > 2 * FACTOR then
      fail("A1: it took %.3f s", elapsed)
    end
    equal("A4: requests that the server counted", requests, t.server:count(t.id))
  end
  if row.once then
    return each()
  end
  t.good_url = t.server:case({ id = "good", steps = GOOD_STEPS })
  assert(t.seat:open("good", { base_url = t.good_url, allow_http_loopback = true }).made)
  good_call(t, { good_elsewhere = true }) -- what it opens stays open
  local reason = each()
  if type(reason) == "string" then
    t.seat:close("good")
    return reason
  end
  good_call(t, { good_elsewhere = true })
  repeated(t, row, function()
    each()
    good_call(t, { good_elsewhere = true })
  end)
  t.seat:close("good")
  return nil
end

--- Runs a row; raises a text when it fails.
---@param row table as of `view`
---@param seat table a transport with call, open, close, usage (seats.lua)
---@param server table of faults.lua
function M.run(row, seat, server)
  local t = { server = server, seat = seat, id = row.id, row = row }
  if row.run or row.visit or row.pure then
    return run_function(t, row)
  elseif row.elsewhere then
    local file = io.open(row.elsewhere, "r")
    local text = file and file:read("*a") or ""
    if file then
      file:close()
    end
    return not text:find(row.id, 1, true) and fail("%s does not have %s", row.elsewhere, row.id)
  end
  t.good_url = server:case({ id = "good", steps = GOOD_STEPS })
  assert(seat:open("good", { base_url = t.good_url, allow_http_loopback = true }).made)
  if row.refused then
    t.url = server:base(row.listener, row.host) .. "/" .. t.id
    run_refused(t, row)
    return seat:close("good")
  end
  local operations = row.operation and { row.operation } or { "min_kyc", "status" }
  local opened
  for i, operation in ipairs(operations) do
    local max_attempts = row.max_attempts or 2
    if not row.url then
      t.url = prepare(t, row, expectation(row, operation, max_attempts))
    end
    if not opened then
      local before = row.peak_mb and seat:peak(true)
      opened = seat:open("row", options_of(t, row))
      if not opened.made then
        fail("vkyc.new: %s: %s", tostring(opened.kind or opened.raised), tostring(opened.message))
      end
      once(t, row, operation, max_attempts)
      if before and FACTOR == 1 then
        local peak = seat:peak() - before
        if peak > row.peak_mb * 1024 * 1024 then
          fail("it took %.0f MB of memory", peak / 1024 / 1024)
        end
      end
    else
      once(t, row, operation, max_attempts)
    end
    if i == 1 and not row.url and not row.quiet and expectation(row, operation, max_attempts).requests > 0 then
      check_request(t, operation)
    end
  end
  local max_attempts = row.max_attempts or row.retry == "P" and 1 or 2
  if not row.url and #operations > 1 then
    prepare(t, row, expectation(row, operations[1], max_attempts))
  end
  repeated(t, row, function()
    once(t, row, operations[1], max_attempts)
  end)
  seat:close("row")
  seat:close("good")
end

return M
