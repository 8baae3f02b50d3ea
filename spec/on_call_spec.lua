-- docs/on-call.md and docs/hooks.md: that they speak of every kind and every field, and that the metrics they print work as they are printed.

local canaries = require "spec.support.canaries"
local errors = require "vkyc.errors"
local nginx = require "spec.support.nginx"
local scripted = require "spec.support.scripted_host"

local root = debug.getinfo(1, "S").source:match("^@(.*)spec/on_call_spec%.lua$") or ""

local function page(name)
  return nginx.read(root .. "docs/" .. name)
end

-- The block whose first line is this comment, as printed.
local function block(text, first)
  for each in text:gmatch("\n```%l+\n(.-)\n```\n") do
    if each:sub(1, #first + 1) == first .. "\n" then
      return each
    end
  end
  error("no block begins with " .. first)
end

local function sorted(set)
  local list = {}
  for name in pairs(set) do
    list[#list + 1] = name
  end
  table.sort(list)
  return list
end

-- Runs a printed file; `require` gives it the others.
local function run(code, modules)
  local env = setmetatable({ require = function(name) return modules[name] or require(name) end }, { __index = _G })
  local chunk = assert((loadstring or load)(code, "@printed", "t", env)) -- luacheck: ignore 113
  local set = rawget(_G, "setfenv")
  return (set and set(chunk, env) or chunk)()
end

describe("the pages for the person on call", function()
  local text = page("on-call.md")

  it("have an entry for every kind of error, and for no other", function()
    local here, there = {}, {}
    for kind in text:match("\n## Kinds\n(.-)\n## Situations\n"):gmatch("\n### `([%l_]+)`\n") do
      here[kind] = true
    end
    assert.same(sorted(errors.HINTS), sorted(here))
    for line in page("errors.md"):match("\n## Kinds\n(.-)\n## "):gmatch("\n| (`[^|]*) |") do
      for kind in line:gmatch("`([%l_]+)`") do
        there[kind] = true
      end
    end
    assert.same(sorted(errors.HINTS), sorted(there))
    assert.equal(23, #sorted(errors.HINTS))
  end)

  it("tell of each kind what was done at the provider, and what to do", function()
    for kind, entry in (text:match("\n## Kinds\n(.-)\n## Situations\n") .. "\n### "):gmatch("### `([%l_]+)`\n(.-)%f[#]") do
      assert.is_true(#entry > 80, kind)
      assert.truthy(entry:find("sent") or entry:find("done") or entry:find("webhook", 1, true), kind)
    end
  end)

  it("know the words of `stopped` and the fields of stats", function()
    local code = nginx.read(root .. "lua/vkyc/retry.lua")
    local found = 0
    for reason in code:gmatch('return "stop", 0, "([^"]+)"') do
      assert.truthy(text:find("`" .. reason .. "`", 1, true), reason)
      found = found + 1
    end
    for reason in code:gmatch('return nil, "([^"]+)"') do
      assert.truthy(text:find("`" .. reason .. "`", 1, true), reason)
      found = found + 1
    end
    assert.is_true(found >= 6)
    local client = scripted.client("enkash", scripted.new { scripted.reply(401) }, { hooks = { on_error = error } })
    client:vkyc_status { enKashCardId = "E" }
    local options = page("options.md")
    for name in pairs(client:stats()) do
      assert.truthy(options:find("| `" .. name .. "` |", 1, true), name)
    end
  end)

  it("know every field of every event", function()
    local hooks, seen = page("hooks.md"), {}
    local told = canaries.recorder()
    local host = scripted.new { scripted.token(), scripted.reply(503, "{}", { ["cf-ray"] = "r", ["x-request-id"] = "q" }), scripted.reply(403) }
    local client = scripted.client("enkash", host, { hooks = told.hooks, name = "n", response_headers = { "cf-ray" } })
    client:vkyc_status({ enKashCardId = "E" }, { traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" })
    for _, event in ipairs(told.events) do
      for name in pairs(event) do
        seen[name] = true
      end
    end
    for name in pairs(seen) do
      assert.truthy(hooks:find("`" .. name .. "`", 1, true), name)
    end
    assert.is_true(#sorted(seen) >= 22)
  end)

  describe("print metrics that work", function()
    local metrics, app = block(text, "-- metrics.lua"), block(text, "-- app.lua")

    it("in a plain script", function()
      local module = run(metrics, {})
      local parts, logged, stderr = run(app, { metrics = module }), {}, io.stderr
      io.stderr = { write = function(_, line) logged[#logged + 1] = line end } -- luacheck: ignore 122
      assert(parts.client:create_user { user_id = "U1", phone = canaries.VALUES.phone })
      assert.is_nil(parts.client:create_user { user_id = "U 2", phone = canaries.VALUES.phone })
      assert.is_nil(parts.client:status { user_id = "U1", verification_id = "NONE" })
      io.stderr = stderr -- luacheck: ignore 122
      assert.equal(2, #logged)
      module.keep(parts.counters, "ppi", parts.client)
      local lines = {}
      for line in module.text(parts.counters):gmatch("[^\n]+") do
        local key, value = line:match("^(vkyc_[%l_]+{.*}) (%-?[%d.e-]+)$")
        assert.is_number(tonumber(value), line)
        lines[key] = tonumber(value)
      end
      local function count(key)
        return lines["vkyc_" .. key]
      end
      assert.same({ 1, 1, 1, 1, 1 }, {
        count('calls_total{client="ppi",worker="0",kind="ok"}'), count('calls_total{client="ppi",worker="0",kind="argument"}'),
        count('errors_total{client="ppi",operation="create_user",kind="argument",outcome="not_sent"}'),
        count('responses_total{client="ppi",operation="create_user",status="200"}'),
        count('errors_total{client="ppi",operation="status",kind="not_found",outcome="refused"}'),
      })
      assert.same({ 0, 2, 0, -1 }, { count('in_flight{client="ppi",worker="0"}'), count('requests_total{client="ppi",worker="0"}'),
        count('login_refused{client="ppi",worker="0"}'), count('token_age_seconds{client="ppi",worker="0"}') })
      assert.is_true(count('retry_budget{client="ppi",worker="0"}') > 480)
      canaries.refuse(module.text(parts.counters), "the metrics")
    end)

    local missing = nginx.missing()
    it("in nginx, of all workers together", function()
      if missing then
        pending(missing)
        return
      end
      local pipe = assert(io.popen("mktemp -d"))
      local directory = pipe:read("*l")
      pipe:close()
      for name, code in pairs { ["metrics.lua"] = metrics, ["app.lua"] = app } do
        local file = assert(io.open(directory .. "/" .. name, "wb"))
        file:write(code)
        file:close()
      end
      local http = block(text, "# in http { }"):gsub("timer%.every%(5,", "timer.every(0.1,")
      local web = assert(nginx.start {
        workers = 2, server = block(text, "# in server { }") .. [[

          location = /call { content_by_lua_block {
            local result, err = app.client:create_user { user_id = "U" .. ngx.var.connection, phone = "9988776655" }
            ngx.print(result and "fine" or tostring(err))
          } }]],
        http = http:gsub("init_by_lua_block {", ('init_by_lua_block { package.path = "%s/?.lua;" .. package.path;'):format(directory), 1),
      })
      assert.same({ fine = 12 }, web:many(12, { path = "/call" }))
      local body
      local fine = nginx.wait_for(10, function()
        local calls = 0
        body = select(2, web:request { path = "/metrics" })
        for count in body:gmatch('vkyc_calls_total{client="ppi",worker="%d",kind="ok"} (%d+)\n') do
          calls = calls + tonumber(count)
        end
        return calls == 12 and body:find('vkyc_responses_total{client="ppi",operation="create_user",status="200"} 12\n', 1, true)
      end)
      local log = web:log()
      web:stop()
      os.execute("rm -rf " .. directory)
      assert.truthy(fine, body)
      canaries.refuse(log, "nginx's log")
    end)
  end)

  it("have a log in nginx that is its error log, at the event's level", function()
    local missing = nginx.missing()
    if missing then
      pending(missing)
      return
    end
    local web = assert(nginx.start { level = "warn", http = [[
      init_by_lua_block {
        local vkyc = require "vkyc"
        client = assert(vkyc.new { provider = "cashfree_ppi", environment = "simulator", client_id = "a", client_secret = "canary-secret",
          hooks = vkyc.log.json { level = "debug" } })
      }]] })
    web:run([[ client:create_user { user_id = "U1", phone = "9988776655" }; client:status { user_id = "U1", verification_id = "9988776655" } ]])
    local log = web:log()
    web:stop()
    local line = log:match("%[error%] [^\n]-({[^\n]-}), client: ")
    assert.equal("not_found", require("cjson").new().decode(line).kind)
    assert.is_nil(log:find("on_response", 1, true)) -- below warn
    assert.is_nil(log:find("canary", 1, true))
    assert.truthy(log:find('"ids":{"user_id":"U1","verification_id":"9988776655"}', 1, true))
  end)
end)
