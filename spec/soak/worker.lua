-- One process of the soak: the traffic in one host, until its time is over. Between slices nothing is under way, and it tells what it holds.
--
--   lua5.4|luajit worker.lua HOST ADDRESSES SECONDS SLICE_SECONDS LEAK
--
-- Lines: "start FILES THREADS", then per slice "sample RESIDENT FILES THREADS HEAP ROUNDS GOOD FAST BAD WEBHOOKS STALE SURPRISES", then "end FILES THREADS"
-- after everything was closed, "stale TEXT" and "surprise TEXT" of the last such call.

local core = require("vkyc.core")
local process = require("spec.support.process")
local socket = require("socket")
local traffic = require("spec.soak.traffic")
local vkyc = require("vkyc")

local host, addresses, seconds, slice_s, leak = arg[1], dofile(arg[2]), tonumber(arg[3]), tonumber(arg[4]), arg[5] == "leak"
local more = leak and { keep = {} } or nil

local function say(...)
  print(table.concat({ ... }, " "))
  io.stdout:flush()
end

-- Compiled code comes and goes; what is left is held. LuaJIT, whose weak tables hold their values, takes three cycles for a loop that was dropped.
local function collect()
  if rawget(_G, "jit") then
    require("jit").flush()
  end
  for _ = 1, 4 do
    collectgarbage()
  end
end

--- Runs slices: each returns with nothing under way.
local function slices(mix, slice)
  local ends, samples = core.monotonic() + seconds, 0
  repeat
    samples = samples + 1
    slice(core.monotonic() + slice_s)
    collect()
    local c = mix.counts
    say("sample", process.resident(), process.files(), process.threads(), ("%.1f"):format(collectgarbage("count")),
      c.rounds, c.good, c.fast, c.bad, c.webhooks, c.stale, c.surprises)
    local file = io.open(arg[2]) -- gone with whoever started this
    if file then
      file:close()
    end
  until not file or core.monotonic() >= ends and samples >= 8
  for _, name in ipairs({ "stale", "surprise" }) do
    if mix[name] then
      say(name, (mix[name]:gsub("%c", " ")))
    end
  end
end

local HOSTS = {}

function HOSTS.inline()
  local mix = traffic.new(addresses, more)
  slices(mix, function(ends)
    repeat
      mix:round()
    until core.monotonic() >= ends
  end)
  mix:close()
end

local TASKS = 6

local function wait(loop)
  local fd = loop:fd()
  socket.select({ { getfd = function() return fd end, dirty = function() return false end } }, nil, 0.1)
end

-- A loop that is made for a few calls and closed while they are under way; every other one is left to the collector instead.
local function brief_loop(mix, dropped)
  local loop = assert(vkyc.loop.new())
  for _ = 1, 3 do
    loop:spawn(mix.hang, mix)
  end
  for _ = 1, 3 do
    loop:poll()
    core.sleep(0.005)
  end
  if not dropped then
    loop:close()
  end
end

function HOSTS.loop()
  local mix = traffic.new(addresses, more)
  local loop = assert(vkyc.loop.new())
  local turn = 0
  slices(mix, function(ends)
    turn = turn + 1
    for _ = 1, TASKS do
      loop:spawn(function()
        repeat
          mix:round()
        until core.monotonic() >= ends
      end)
    end
    local victims = {}
    while loop:poll(0.01) > #victims or #victims > 0 do
      if #victims == 0 and core.monotonic() < ends then
        for i = 1, 4 do
          victims[i] = loop:spawn(mix.hang, mix)
        end
      elseif #victims > 0 then
        for _, task in ipairs(victims) do
          task:cancel()
        end
        victims = {}
      end
      wait(loop)
    end
    coroutine.wrap(brief_loop)(mix, turn % 2 == 0) -- a stack of its own, on which nothing is left
  end)
  loop:close()
  mix:close()
end

-- A host of the script's own, whose network is made up, and the simulator: no socket at all.
function HOSTS.own()
  local mix = { counts = traffic.counts() }
  local turn = 0
  local answers = {
    function() return { status = 200, body = '{"user_id":"U1","verification_id":"V1","status":"RECEIVED"}' } end,
    function() return nil, { kind = "connect", sent = false } end,
    function() return { status = 200, body = "{" } end,
    function() error("no network") end,
  }
  local kinds = { nil, "connect", "decode", "network" }
  local own = { name = "own", sleep = function() end, now = core.monotonic, wall = core.wall, random = core.random }
  function own.send()
    return answers[turn % 4 + 1]()
  end
  local client = assert(vkyc.new({ provider = "cashfree_ppi", environment = "sandbox", client_id = "c", client_secret = "s", host = own, max_attempts = 1 }))
  local function note(class, err, kind)
    mix.counts[class] = mix.counts[class] + 1
    if (err and err.kind) ~= kind then
      mix.counts.surprises = mix.counts.surprises + 1
      mix.surprise = mix.surprise or tostring(err or "a result")
    end
  end
  local function simulated()
    local simulator = vkyc.simulator.new({ provider = "enkash", hours = false })
    local bank = assert(vkyc.new({
      provider = "enkash", environment = "simulator", simulator = simulator, client_id = "c", client_secret = "s", username = "u",
      password = "p", partner_id = "P", company_id = "c", card_account_id = "A",
    }))
    local user, err = bank:create_user({
      email = "meera@example.com", mobile = "9876500003", title = "Ms", firstName = "Meera", lastName = "Nair", address = "1 Example Road",
      city = "Kochi", state = "Kerala", country = "India", pincode = "682001", documents = { { docType = "PAN", docNo = "AAAPA0000A" } },
    })
    note("good", err)
    note("good", select(2, bank:initiate({ enKashCardId = user.enkashCardId })))
    simulator:revoke_tokens() -- the next call logs in again
    note("good", select(2, bank:status({ enKashCardId = user.enkashCardId })))
    note("bad", select(2, bank:status({ enKashCardId = "NOBODY" })), "bad_request")
    bank:close()
  end
  slices(mix, function(ends)
    repeat
      for _ = 1, 64 do
        turn = turn + 1
        local result, err = client:status({ user_id = "U1", verification_id = "V1" })
        note(turn % 4 == 0 and "good" or "fast", err, kinds[turn % 4 + 1])
        if more then
          more.keep[#more.keep + 1] = result or err
        end
      end
      simulated()
      mix.counts.rounds = mix.counts.rounds + 1
      core.sleep(0.01) -- it needs no processor of its own
    until core.monotonic() >= ends
  end)
  client:close()
end

collect()
say("start", process.files(), process.threads())
HOSTS[host]()
more = nil
-- A thread that was busy when its loop was closed ends by itself.
local ends = core.monotonic() + 5
repeat
  collect()
  core.sleep(0.05)
until process.threads() == 1 or core.monotonic() > ends
say("end", process.files(), process.threads())
