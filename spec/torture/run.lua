--- Lets memory run out at every single allocation: torture run.lua [--all] [PROGRAM]
--
-- L01: allocations of Lua, L02: those of our own binaries, L03: those of libcurl. The first and each one after it fail ("sticky"), for every
-- N until the program runs to its end; for L02 and L03 also the N-th alone ("single"). Each time: no signal, no hang, an error that says
-- so, a truthful outcome; with memory back the same client makes a good call; nothing is left when the state is closed.

local faults = require "spec.support.faults"
local programs = require "spec.torture.programs"

local torture = rawget(_G, "torture")
local SECONDS = 20

local all, wanted = false, nil
for _, word in ipairs { ... } do
  if word == "--all" then
    all = true
  else
    wanted = word
  end
end

-- The binaries are known by name once they are loaded.
for _, name in ipairs { "core", "curl" } do
  for template in package.cpath:gmatch("[^;]+") do
    if package.loadlib(template:gsub("%?", "vkyc/" .. name), "luaopen_vkyc_" .. name) then
      break
    end
  end
end

local OK = '{"user_id":"U1","verification_id":"V1","cf_verification_id":8901234567890123458,"status":"RECEIVED","vkyc_link":"https://x.example/1"}'
local server = assert(faults.start(3600))
local url, id = server:case { id = "torture", listener = "tls", steps = { { "send", faults.response { body = OK } } } }
local large = server:case { id = "large", listener = "tls", steps = { { "send", faults.response { body = '{"text":"' .. ("y"):rep(200000) .. '"}' } } } }
local silent = server:case { id = "silent", listener = "tls", steps = { { "hang" } } }
local values = {
  BASE = url, LARGE = large, SILENT = silent, MUTUAL = (url:gsub(":%d+/", ":" .. server.ports.clientcert .. "/")), CA = server:file("ca.pem"),
  CERT = server:file("client.pem"), CERT_KEY = server:file("client.key"),
}

local ROWS = { { "lua", "sticky", "L01" }, { "ours", "sticky", "L02" }, { "ours", "single", "L02" }, { "libcurl", "sticky", "L03" },
  { "libcurl", "single", "L03" } }

local function code_of(program, source)
  local parts = {}
  for name, value in pairs(values) do
    parts[#parts + 1] = ("local %s = %q "):format(name, value)
  end
  if source == "lua" and rawget(_G, "jit") then
    parts[#parts + 1] = "jit.off() jit.flush() " -- when a trace is made depends on addresses
  end
  return table.concat(parts) .. program.code
end

local passed, failed, skipped = 0, 0, 0

-- Other words that libcurl has for a lack of memory, where nobody can tell.
local LIBCURL_SAYS = { dns = true, too_large = true }

-- LuaJIT loses some bytes itself where a table or a closure does not fit into memory (Penlight alone shows it).
local COUNTS_LUA = not rawget(_G, "jit")

-- What is wrong with an attempt; nil when nothing is.
local function fault_of(got, base, source, requests)
  if got.signal then
    return got.signal == 14 and "it hangs" or "signal " .. got.signal
  elseif not got.op or not got.libcurl then
    return "it ended early"
  elseif got.recover ~= base.recover then
    return "it did not recover: " .. tostring(got.recover)
  elseif (COUNTS_LUA and got.lua ~= "0") or tonumber(got.ours) > tonumber(base.ours) or tonumber(got.libcurl) > tonumber(base.libcurl) then
    return ("left are %s bytes of Lua, %s blocks of ours, %s of libcurl (%s without a failure)"):format(got.lua, got.ours, got.libcurl, base.libcurl)
  end
  local kind, outcome, attempts = got.op:match("^(%S+) (%S+) (%d+) ")
  if got.op == base.op or got.op:find("^raised: .*not enough memory$") then
    return nil
  elseif not kind then
    return "it says: " .. got.op
  elseif kind ~= "memory" and not (source == "libcurl" and LIBCURL_SAYS[kind]) then
    return "it says: " .. got.op
  elseif requests and (requests > tonumber(attempts) or (outcome == "not_sent" and requests > 0)) then
    return ("the server counted %d requests: %s"):format(requests, got.op)
  end
end

-- One attempt, made again while this machine's resolver is slow, as resolvers are.
local function attempt(source, mode, n)
  local got
  for _ = 1, 5 do
    got = torture.attempt(source, mode, n, SECONDS)
    if got.op ~= "SLOW" and got.recover ~= "SLOW" then
      break
    end
  end
  return got
end

local function torture_program(program, source, mode, row)
  torture.load(code_of(program, source), "=" .. program.name)
  local base = attempt(source, mode, -1)
  local name = ("%s %s, %s, %s"):format(row, program.name, source, mode)
  if not base.op or not (base.recover or ""):find("^ok") then
    failed = failed + 1
    print(name .. ": it fails with all its memory: " .. tostring(base.prepare) .. ", " .. tostring(base.op) .. ", " .. tostring(base.recover)
      .. ", signal " .. tostring(base.signal))
    return
  elseif base.ours ~= "0" then -- libcurl and OpenSSL may keep what is the process's; we keep nothing
    failed = failed + 1
    print(("%s: %s blocks of ours are left, with all its memory"):format(name, base.ours))
  end
  local stride = source == "lua" and not all and program.rows.stride or 1
  local n, wrong, words = 0, 0, {}
  local before = os.time()
  while true do
    local count = program.counted and server:count(id)
    local got = attempt(source, mode, n)
    if got.refused == "0" and not got.signal then
      break
    end
    local warm = got.prepare and 1 or 0
    local requests = count and server:count(id) - count - 1 - warm
    -- LuaJIT 2.1 (2023-01) itself crashes now and then when string.sub has no memory; no function of ours is on the C stack then.
    local of_luajit = got.signal == 11 and source == "lua" and rawget(_G, "jit") and got.refused_in == "sub"
    local fault = fault_of(got, base, source, requests)
    local word = got.op and (got.op:match("^(%l[%l_]+ %l[%l_]+) %d") or got.op:sub(1, 40)) or "?"
    words[word] = (words[word] or 0) + 1
    if of_luajit then
      skipped = skipped + 1
      print(("skipped: %s, allocation %d: LuaJIT crashes in string.sub"):format(name, n))
    elseif fault then
      wrong = wrong + 1
      if wrong <= 5 then
        print(("not ok: %s, allocation %d: %s"):format(name, n, fault))
      end
    else
      passed = passed + 1
    end
    n = n + stride
  end
  failed = failed + wrong
  local list = {}
  for word, times in pairs(words) do
    list[#list + 1] = word .. " x" .. times
  end
  table.sort(list)
  print(("%s: %s allocations, every %d. tried, %d wrong, %d s (%s)"):format(name, base.seen, stride, wrong, os.time() - before, table.concat(list, "; ")))
  io.stdout:flush()
end

for _, program in ipairs(programs) do
  if not wanted or program.name:find(wanted, 1, true) then
    for _, row in ipairs(ROWS) do
      if program.rows[row[1]] then
        torture_program(program, row[1], row[2], row[3])
      end
    end
  end
end
server:stop()
print(("torture: %d passed, %d failed, %d skipped"):format(passed, failed, skipped))
os.exit(failed == 0 and 0 or 1)
