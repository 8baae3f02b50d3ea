-- The log: one line of JSON for each event, in one order, of one size at most, with nothing in it that a log must not have.

local vkyc = require "vkyc"
local canaries = require "spec.support.canaries"
local scripted = require "spec.support.scripted_host"
local json = require("cjson").new()

local reply, lost = scripted.reply, scripted.lost
local CASE = '{"verification_id":"V1","user_id":"U1","status":"RECEIVED","sub_status":"LINK_GENERATED"}'
local IDS = { user_id = "U1", verification_id = "V1" }
local TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

-- What a client of Cashfree PPI logs at a level: lines, and their levels.
local function client(answers, level, more, options)
  local lines, levels = {}, {}
  more = more or {}
  more.hooks = vkyc.log.json {
    level = level,
    write = function(line, at)
      lines[#lines + 1], levels[#levels + 1] = line, at
    end,
  }
  return scripted.client("cashfree_ppi", scripted.new(answers, options), more), lines, levels
end

local function sorted(list)
  table.sort(list)
  return list
end

describe("the log", function()
  it("writes a line for each event, with its fields in one order", function()
    local c, lines, levels = client({ reply(503), reply(400, '{"code":"bad","message":"no"}', { ["cf-ray"] = "r2", ["x-request-id"] = "q2" }) }, "debug",
      { name = "merchant", response_headers = { "cf-ray" } }, { latency_s = 0.25 })
    local _, err = c:status(IDS, { traceparent = TRACE })
    local function line(time, level, event, more, rest)
      return '{"time":"2026-06-08T05:00:00.' .. time .. 'Z","level":"' .. level .. '","event":"' .. event .. '","client":"merchant","provider":"cashfree_ppi",'
        .. '"operation":"status","call_id":"' .. err.call_id .. '","ids":{"user_id":"U1","verification_id":"V1"},' .. more
        .. '"method":"POST","path":"/ppi/kyc/vkyc/details",' .. rest .. "}"
    end
    local trace = '"traceparent":"' .. TRACE .. '"'
    assert.same({
      line("000", "debug", "on_request", "", '"attempt":1,"elapsed_s":0,"size":39,' .. trace),
      line("250", "info", "on_response", '"status":503,', '"attempt":1,"attempt_s":0.25,"elapsed_s":0.25,"size":0,' .. trace),
      line("250", "warn", "on_retry", '"kind":"server","status":503,"phase":"response","reason":"reading again is safe","delay_s":0.05,',
        '"attempt":1,"elapsed_s":0.25,' .. trace),
      line("299", "debug", "on_request", "", '"attempt":2,"elapsed_s":0.3,"size":39,' .. trace),
      line("549", "info", "on_response", '"status":400,',
        '"attempt":2,"attempt_s":0.25,"elapsed_s":0.55,"size":29,"request_id":"q2",' .. trace .. ',"headers":{"cf-ray":"r2"}'),
      line("549", "error", "on_error", '"kind":"bad_request","status":400,"code":"bad","outcome":"refused","retryable":false,"phase":"response",'
        .. '"stopped":"the answer is final",', '"attempt":2,"attempts":2,"elapsed_s":0.55,"request_id":"q2",' .. trace .. ',"message":"no",'
        .. '"content_type":"application/json","hint":"' .. err.hint .. '","retries":["reading again is safe"],"headers":{"cf-ray":"r2"}'),
    }, lines)
    assert.same({ "debug", "info", "warn", "debug", "info", "error" }, levels)
    local ids, order = {}, {}
    for i = 1, 16 do
      order[i] = ('"%s":"%d"'):format(string.char(96 + i), i)
      ids[string.char(96 + i)] = tostring(i)
    end
    vkyc.log.json({ write = function(text) lines[7] = text end }).on_error { time = 0, ids = ids }
    assert.truthy(lines[7]:find('"ids":{' .. table.concat(order, ",") .. "}", 1, true))
    for _, each in ipairs(lines) do
      assert.is_string(json.decode(each).time)
    end
  end)

  it("leaves out what is below its level", function()
    for level, wanted in pairs { debug = 6, info = 4, warn = 2, error = 1 } do
      local c, lines = client({ reply(503), reply(400) }, level)
      assert.is_nil(c:status(IDS))
      assert.equal(wanted, #lines, level)
    end
    local c, lines = client({ reply(503), reply(200, CASE) }, nil)
    assert(c:status(IDS))
    assert.equal(3, #lines) -- info
  end)

  it("warns of a read-back that fails, because the call may still end well", function()
    for level, wanted in pairs { warn = { "warn on_retry", "warn on_error" }, error = {} } do
      local shown = {}
      local hooks = vkyc.log.json { level = level, write = function(line)
        shown[#shown + 1] = line:match('"level":"(%a+)"') .. " " .. line:match('"event":"([%a_]+)"')
      end }
      local host = scripted.new { lost(), reply(404, '{"code":"verification_id_not_found"}'), reply(200, CASE) }
      assert(scripted.client("cashfree_secure_id", host, { hooks = hooks }):initiate(IDS))
      assert.same(wanted, shown)
    end
  end)

  it("writes text that is no UTF-8, or no text, as JSON all the same, in one line", function()
    local lines = {}
    local hooks = vkyc.log.json { write = function(line) lines[#lines + 1] = line end }
    local event = {
      time = 0.9996, event = "on_retry", client = "a\255b", provider = "line\nbreak\"\\/\27[31m", ids = { ['a"b'] = "\\/" }, delay_s = 0 / 0,
      attempt_s = math.huge, elapsed_s = -math.huge, reason = "ж\194", size = 1e20, message = "of " .. canaries.VALUES.pan, attempt = 3,
      call_id = "8899776655-1", path = "\226\128\168", traceparent = "\255\n",
    }
    hooks.on_retry(event)
    canaries.refuse(lines, "a line")
    assert.is_nil(lines[1]:find("%c"))
    local read = json.decode(lines[1])
    assert.same({ "1970-01-01T00:00:00.999Z", "a", 'line break"\\/ [31m', { ['a"b'] = "\\/" }, "ж", 1e20, "of [PAN]", 3, "8899776655-1", "?\n" },
      { read.time, read.client, read.provider, read.ids, read.reason, read.size, read.message, read.attempt, read.call_id,
        read.traceparent })
    assert.same({ json.null, json.null, json.null }, { read.delay_s, read.attempt_s, read.elapsed_s })
  end)

  it("writes numbers with a point, whatever the locale of the process has", function()
    local format, line = string.format, nil
    string.format = function(...) -- luacheck: ignore 122
      local text = format(...)
      return (...) == "%.6g" and text:gsub("%.", ",") or text
    end
    local good, raised = pcall(vkyc.log.json({ write = function(text) line = text end }).on_error, { time = 0, elapsed_s = 1.25 })
    string.format = format -- luacheck: ignore 122
    assert.is_true(good, raised)
    assert.equal(1.25, json.decode(line).elapsed_s)
  end)

  it("leaves out of a line what is too much for it", function()
    local lines, headers = {}, {}
    local hooks = vkyc.log.json { write = function(line) lines[#lines + 1] = line end }
    for i = 1, 16 do
      headers["x-" .. i] = ("h"):rep(200)
    end
    hooks.on_error { time = 1, event = "on_error", call_id = "c", error = { kind = "server", message = ("m"):rep(5000) }, headers = headers }
    assert.is_true(#lines[1] <= 1800 and #lines[1] > 200)
    local read = json.decode(lines[1])
    assert.same({ "server", 200 }, { read.kind, #read.message })
    assert.is_nil(read.headers)
  end)

  it("names the fields of a request that are wrong, as many as there is room for, and no value", function()
    local c, lines = client({ reply(200, CASE) })
    assert.is_nil(c:create_user { user_id = "U 1", phone = canaries.VALUES.phone .. "1", nickname = "x" })
    canaries.refuse(lines, "a line")
    assert.same({ "nickname: unknown", "phone: format", "user_id: charset" }, sorted(json.decode(lines[1]).violations))
    local questions = {}
    for i = 1, 200 do
      questions[i] = { order = i, question = canaries.VALUES.name, answer = false }
    end
    local long = ("1234"):rep(16)
    local _, err = c:initiate({ user_id = long, verification_id = long, security_questions = questions }, { traceparent = TRACE })
    assert.is_true(#err.violations == 64 and err.violations.more > 0)
    canaries.refuse(lines, "a line")
    assert.is_true(#lines[2] <= 1800)
    local read = json.decode(lines[2])
    local more = #err.violations + err.violations.more - (#read.violations - 1)
    assert.equal("and " .. more .. " more", read.violations[#read.violations])
    assert.is_true(#read.violations > 6)
    for i = 1, #read.violations - 1 do
      assert.equal(err.violations[i].path .. ": " .. err.violations[i].rule, read.violations[i])
    end
    assert.equal(err.hint, read.hint)
  end)

  it("tells what lay below: a text, or kind and message of an error", function()
    local lines = {}
    local hooks = vkyc.log.json { level = "error", write = function(line) lines[#lines + 1] = json.decode(line) end }
    local function call(...)
      return select(2, scripted.client("cashfree_secure_id", scripted.new { lost(), ... }, { hooks = hooks, max_attempts = 2 }):initiate(IDS))
    end
    call(reply(403, '{"code":"ip_validation_failed","message":"of ' .. canaries.VALUES.email .. '"}'))
    assert.equal("forbidden: of [EMAIL]", lines[1].cause)
    call(reply(200, '{"verification_id":"V1","user_id":"U2","status":"RECEIVED"}'))
    assert.equal("conflict: the record that was read back has another user_id", lines[2].cause)
    scripted.client("cashfree_ppi", scripted.new { function() error("no route for " .. canaries.VALUES.phone, 0) end }, { hooks = hooks, max_attempts = 1 })
      :status(IDS)
    assert.equal("no route for [PHONE]", lines[3].cause)
    hooks.on_error { time = 0, event = "on_error", error = { kind = "network", cause = ("x"):rep(300) .. canaries.VALUES.pan } }
    assert.equal(("x"):rep(200), lines[4].cause)
    canaries.refuse(lines, "a line")
  end)

  it("changes no call when it cannot write", function()
    local host = scripted.new { reply(503), reply(200, CASE) }
    local c = scripted.client("cashfree_ppi", host, { hooks = vkyc.log.json { level = "debug", write = function() error("disk full") end } })
    assert(c:status(IDS))
    assert.equal(2, #host.requests)
    assert.truthy(c:stats().hook_error:find("disk full", 1, true))
  end)

  it("goes to the standard error stream by itself", function()
    local name = os.tmpname()
    local lua = rawget(_G, "jit") and "luajit" or "lua" .. _VERSION:match("%d.%d")
    local code = ([[package.path, package.cpath = %q, %q; local vkyc = require 'vkyc'
      local c = assert(vkyc.new { provider = 'cashfree_ppi', environment = 'simulator', client_id = 'a', client_secret = 'b', hooks = vkyc.log.json() })
      c:create_user { user_id = 'U1', phone = '9988776655' }]]):format(package.path, package.cpath)
    local file = assert(io.open(name, "w"))
    file:write(code)
    file:close()
    local pipe = assert(io.popen(lua .. " " .. name .. " 2>&1"))
    local output = pipe:read("*a")
    pipe:close()
    os.remove(name)
    assert.truthy(output:find('^{"time":"[^\n]*"level":"info","event":"on_response"[^\n]*}\n$'), output)
    canaries.refuse(output, "the log")
  end)

  it("refuses options that it does not know", function()
    for text, options in pairs { ["unknown option levels, did you mean level?"] = { levels = "debug" }, ["write must be a function"] = { level = "all" },
      ["write must be a function, level"] = { write = io.stderr } } do
      local good, raised = pcall(function() vkyc.log.json(options) end)
      assert.is_false(good)
      assert.truthy(raised:find("log_spec.lua:%d+: vkyc.log.json: ") and raised:find(text, 1, true), raised)
    end
  end)

  it("is joined with hooks of one's own, each of which is told, whatever another does", function()
    local seen = {}
    local function hooks(name, raises)
      return { on_request = function(event)
        seen[#seen + 1] = name .. event.attempt
        if raises then
          error(name)
        end
      end }
    end
    local host = scripted.new { reply(200, CASE) }
    local c = scripted.client("cashfree_ppi", host, { hooks = vkyc.log.merge(hooks("a", true), hooks("b"), {}, hooks("c")) })
    assert(c:status(IDS))
    assert.same({ "a1", "b1", "c1" }, seen)
    assert.truthy(c:stats().hook_error:find("^on_request: .*: a$"))
    assert.same({}, vkyc.log.merge())
  end)

  it("is not loaded before it is asked for, and needs no lua-cjson, which would end the process when memory runs out", function()
    local lua = rawget(_G, "jit") and "luajit" or "lua" .. _VERSION:match("%d.%d")
    local code = [[%s -e "package.path, package.cpath = '%s', '%s'; package.preload.cjson = error; local vkyc = require 'vkyc'
      print(package.loaded['vkyc.log']); vkyc.log.json({ write = function(line) print(line) end }).on_retry { time = 0, reason = 'no' }" 2>&1]]
    local pipe = assert(io.popen(code:format(lua, package.path, package.cpath)))
    assert.equal('nil\n{"time":"1970-01-01T00:00:00.000Z","level":"warn","reason":"no"}\n', pipe:read("*a"))
    pipe:close()
  end)
end)
