-- docs/on-call.md and docs/hooks.md: that they speak of every kind and every field, and that the metrics they print work as they are printed
-- (in nginx: spec/hosts/on_call_nginx_spec.lua).

local vkyc = require "vkyc"
local canaries = require "spec.support.canaries"
local errors = require "vkyc.errors"
local readme = require "spec.support.readme"
local scripted = require "spec.support.scripted_host"

local root = debug.getinfo(1, "S").source:match("^@(.*)spec/on_call_spec%.lua$") or ""

local json = require("cjson").new()

local PAGE = "docs/on-call.md"
local KEY = { user_id = "U1", verification_id = "V1" }

local function read(path)
  local file = assert(io.open(root .. path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

local function page(name)
  return read("docs/" .. name)
end

-- Names of an error's fields that a page speaks of, without its code.
local function fields_of(text)
  local names, fields = {}, {}
  for cell in page("errors.md"):match("\n| field |.-\n\n"):gmatch("\n| (`[^|]*) |") do
    for name in cell:gmatch("`([%l_]+)`") do
      names[name] = true
    end
  end
  for name in text:gsub("```.-```", ""):gmatch("`([%l_]+)`") do
    fields[name] = names[name]
  end
  return fields
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
    local code = read("lua/vkyc/retry.lua")
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

  -- An error, as its line in the log has it: `write` is given both.
  local function log_to(write)
    local line
    local hooks = vkyc.log.json { level = "error", write = function(text_of_line) line = json.decode(text_of_line) end }
    return { on_error = function(event)
      hooks.on_error(event)
      if not event.read_back_for then
        write(event.error, line)
      end
    end }
  end

  it("are read beside a line of the log that has each field they name of an error", function()
    local fields, seen = fields_of(text), {}
    local function check(err, line)
      for name in pairs(fields) do
        local value, shown = err[name], line[name == "path" and "field" or name]
        if name == "cause" and type(value) == "table" then
          value = value.kind .. ": " .. value.message
        elseif name == "violations" and value then
          value = { value[1].path .. ": " .. value[1].rule, value[2] and value[2].path .. ": " .. value[2].rule }
        end
        assert.same(value, shown, name)
        seen[name] = seen[name] or value ~= nil
      end
    end
    -- All at once, of an event as the hooks make it.
    local all = errors.new {
      kind = "schema", message = "m.", hint = "h.", outcome = "unknown", retryable = true, retry_after = 3, attempts = 2, status = 503, code = "c",
      provider_type = "t", phase = "response", reason = "signature", violations = { { path = "a[2].b", rule = "charset", message = "no" } },
      path = "data.status", offset = 7, content_type = "text/html", provider = "cashfree_ppi", operation = "status", call_id = "c-1", request_id = "r",
      retries = { "the answer was lost", "reading again is safe" }, stopped = "the answer is final",
      cause = errors.new { kind = "conflict", message = "another" },
    }
    log_to(check).on_error {
      event = "on_error", time = 0, provider = all.provider, operation = all.operation, call_id = all.call_id, path = "/x/{id}", error = all,
    }
    assert.same(sorted(fields), sorted(seen))
    for _, name in ipairs { "attempts", "cause", "content_type", "hint", "offset", "path", "provider_type", "retries", "stopped", "violations" } do
      assert.is_true(fields[name], name)
    end
  end)

  it("are read beside lines of calls that fail", function()
    local fields = fields_of(text)
    for wanted, case in pairs {
      ["violations hint"] = { "cashfree_ppi", "create_user", { user_id = "U 1", phone = "" }, {} },
      ["content_type offset"] = { "cashfree_ppi", "status", KEY, { scripted.reply(200, "{]", { ["content-type"] = "text/html" }) } },
      ["path content_type"] = { "cashfree_ppi", "status", KEY, { scripted.reply(200, '{"user_id":{}}') } },
      ["cause retries attempts hint phase"] = { "cashfree_secure_id", "initiate", KEY, { scripted.lost(), scripted.reply(403) } },
      ["stopped retries attempts"] = { "cashfree_ppi", "status", KEY, { scripted.lost() } },
      ["code provider_type request_id"] = { "cashfree_ppi", "status", KEY,
        { scripted.reply(400, '{"code":"c","type":"t","message":"m"}', { ["x-request-id"] = "r" }) } },
      ["retry_after"] = { "cashfree_ppi", "status", KEY, { scripted.reply(429, "{}", { ["retry-after"] = "90" }) } },
    } do
      local told
      local client = scripted.client(case[1], scripted.new(case[4]), { hooks = log_to(function(err, line) told = { err, line } end) })
      local _, err = client[case[2]](client, case[3])
      assert.equal(err, told[1])
      for name in pairs(fields) do
        assert.equal(err[name] == nil, told[2][name == "path" and "field" or name] == nil, wanted .. ": " .. name)
      end
      for name in wanted:gmatch("%S+") do
        assert.is_true(err[name] ~= nil and fields[name], name)
      end
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

  it("print metrics that work", function()
    local metrics, app = readme.block("metrics.lua", PAGE), readme.block("app.lua", PAGE)
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
end)
