-- A provider's table: one of the user's own works like those that ship, and a faulty one is told every fault with its path.

local vkyc = require "vkyc"
local canaries = require "spec.support.canaries"
local providers = require "vkyc.provider"
local scripted = require "spec.support.scripted_host"

local function acme()
  return {
    name = "acme",
    environments = { live = { base_url = "https://api.acme.example/v1" } },
    options = { { name = "key", type = "secret", required = true }, { name = "region", type = "string", values = { "in", "eu" }, default = "in" } },
    auth = { { part = "bearer", token = "key" }, { part = "headers", headers = { ["X-Region"] = "region" } } },
    errors = { code = { "reason" }, message = { "text" }, map = { nope = { kind = "forbidden", hint = "Ask Acme." }, ["418"] = "conflict" } },
    rate_limit = { remaining = "x-left", reset_s = "x-reset" },
    webhook = { scheme = "hmac_sha256_base64", secret = "key", signature_header = "X-Acme-Signature", timestamp_header = "X-Acme-Time", timestamp_unit = "s",
      type = "kind", data = "case", identifies = { "id" } },
    states = { status = { "state" }, table = { open = "created", closed = { state = "expired", reason = "lapsed" } } },
    operations = {
      create_user = { method = "POST", path = "/people", repeats = "never", request = { { name = "name", type = "string", required = true,
        sensitive = true } }, response = {} },
      initiate = { method = "PUT", path = "/people/{id}/case", repeats = "keyed", key = "id", read_back = "status", missing = { "gone" },
        request = { { name = "id", type = "string", required = true }, { name = "channel", type = "enum", values = { "sms" } } },
          response = { { name = "state", type = "string", strict = true } } },
      status = { method = "GET", path = "/people/{id}/case", repeats = "safe", key = "id", request = { { name = "id", type = "string", required = true } },
        response = { { name = "state", type = "string", strict = true } } },
    },
  }
end

local function client(answers, more)
  local host = scripted.new(answers)
  local options = { provider = acme(), environment = "live", key = canaries.SECRET, host = host, hooks = canaries.hooks() }
  for name, value in pairs(more or {}) do
    options[name] = value
  end
  return assert(vkyc.new(options)), host
end

local function faults(provider)
  local _, err = vkyc.new { provider = provider, environment = "live", key = "k" }
  local paths = {}
  for i, violation in ipairs(canaries.check_error(err, "config").violations) do
    paths[i] = violation.path
  end
  return table.concat(paths, " ")
end

-- acme, with the value at a path replaced.
local function with(path, value)
  local provider = acme()
  local node, last = provider, nil
  for name in path:gmatch("[^.]+") do
    if last then
      node[last] = node[last] or {}
      node = node[last]
    end
    last = tonumber(name) or name
  end
  node[last] = value
  return provider
end

describe("a provider of one's own", function()
  after_each(canaries.check_hooks)

  it("works without a line of C", function()
    local c, host = client { scripted.lost(), scripted.reply(404, '{"reason":"gone"}'), scripted.reply(200, '{"state":"open"}') }
    local res = assert(c:initiate { id = "a/b c", channel = "sms" })
    assert.same({
      "PUT https://api.acme.example/v1/people/a%2Fb%20c/case", "GET https://api.acme.example/v1/people/a%2Fb%20c/case",
      "PUT https://api.acme.example/v1/people/a%2Fb%20c/case",
    }, host.lines())
    assert.equal('{"channel":"sms"}', host.requests[1].body)
    assert.same({ "Bearer " .. canaries.SECRET, "in" }, { host.requests[1].headers["Authorization"], host.requests[1].headers["X-Region"] })
    assert.equal("created", (vkyc.state(res)))
    host.play { scripted.reply(400, '{"reason":"nope","text":"no ' .. canaries.SECRET .. '"}') }
    local _, err = c:status { id = "x" }
    assert.same({ "forbidden", "Ask Acme.", "nope", "no [REDACTED]" }, { canaries.check_error(err).kind, err.hint, err.code, err.message })
    host.play { scripted.reply(418, "teapot") }
    canaries.check_error(select(2, c:status { id = "x" }), "conflict")
    host.play { scripted.reply(429, "", { ["x-left"] = "0", ["x-reset"] = "3" }), scripted.reply(200, '{"state":"closed"}') }
    local state, detail = vkyc.state(assert(c:status { id = "x" }))
    assert.same({ "expired", "lapsed", 3 }, { state, detail.reason, host.sleeps[#host.sleeps] })
  end)

  it("puts no id into a path that would lead out of it (J03, J04)", function()
    local c, host = client { scripted.reply(200, "{}") }
    for _, id in ipairs { "", ".", ".." } do
      assert.equal("id", canaries.check_error(select(2, c:status { id = id }), "argument").violations[1].path)
    end
    canaries.check_error(select(2, c:status { id = "a\0b" }), "argument")
    assert.equal(0, #host.requests)
    assert(c:status { id = "../x?a=b#c&%2f\r\n" })
    assert.equal("https://api.acme.example/v1/people/..%2Fx%3Fa%3Db%23c%26%252f%0D%0A/case", host.requests[1].url)
  end)

  it("verifies its webhooks, in seconds and with capital letters in its headers", function()
    local c, host = client {}
    local body = '{"kind":"case.closed","case":{"id":"1","state":"closed"}}'
    local headers = assert(vkyc.webhook.sign { provider = acme(), secret = canaries.SECRET, body = body, now = host.wall() })
    local event = assert(c:webhook(headers, body))
    assert.same({ "case.closed", "expired" }, { event.type, (vkyc.state(event)) })
    local lower = {}
    for name, value in pairs(headers) do
      lower[name:lower()] = value
    end
    assert.equal(event.id, assert(c:webhook(lower, body)).id)
  end)

  it("checks its own options", function()
    local _, err = vkyc.new { provider = acme(), environment = "live", key = "k", region = "us" }
    assert.equal("region", canaries.check_error(err, "config").violations[1].path)
  end)

  it("needs a simulator with its behaviour for environment = \"simulator\"", function()
    local _, err = vkyc.new { provider = acme(), environment = "simulator", key = "k" }
    assert.equal("simulator", canaries.check_error(err, "config").violations[1].path)
  end)

  it("is told each fault with its path", function()
    for path, expected in pairs {
      name = "name", environments = "environments", options = "options", auth = "auth", errors = "errors", operations = "operations",
      ["options.1.name"] = "options[1].name", ["options.2.type"] = "options[2].type", ["auth.1.part"] = "auth[1].part",
      ["operations.status.method"] = "operations.status.method", ["operations.status.repeats"] = "operations.status.repeats",
      ["operations.status.request"] = "operations.status.request", ["operations.status.path"] = "operations.status.path",
      ["operations.initiate.key"] = "operations.initiate.key", ["webhook.type"] = "webhook.type", ["states.status"] = "states.status",
      ["operations.initiate.request.2.values"] = "operations.initiate.request[2].values",
        ["operations.status.request.1.type"] = "operations.status.request[1].type",
    } do
      assert.truthy((" " .. faults(with(path, nil)) .. " "):find(" " .. expected .. " ", 1, true), path .. " = nil: " .. faults(with(path, nil)))
      assert.truthy((" " .. faults(with(path, 5)) .. " "):find(" " .. expected .. " ", 1, true), path .. " = 5: " .. faults(with(path, 5)))
    end
    for _, row in ipairs {
      { "environments.simulator", {}, "environments.simulator" }, { "environments.live.base_url", "https://a@b", "environments.live.base_url" },
      { "environments.live", 5, "environments.live" }, { "auth.1.token", "kei", "auth[1].token" }, { "auth.2.headers.X-Region", "kei",
        "auth[2].headers.X-Region" },
      { "auth.3", { part = "oauth_password" }, "auth[3]" }, { "errors.map.nope", "forbiden", "errors.map.nope" }, { "errors.map.nope", {}, "errors.map.nope" },
      { "webhook.secret", "kei", "webhook.secret" }, { "states.table.open", "approoved", "states.table.open" }, { "states.table.closed.after", "created",
        "states.table.closed.after" },
      { "states.events", { X = 5 }, "states.events.X" }, { "operations.status.path", "people", "operations.status.path" }, { "operations.status.path",
        "/a/{nobody}", "operations.status.path" },
      { "operations.status.path", "/a/../b", "operations.status.path" }, { "operations.status.path", "/a?b", "operations.status.path" },
      { "operations.initiate.read_back", "create_user", "operations.initiate.read_back" }, { "operations.initiate.read_back", "nobody",
        "operations.initiate.read_back" },
      { "operations.status.fill", { x = "region" }, "operations.status.fill.x" }, { "operations.status.fill", { id = "kei" }, "operations.status.fill.id" },
      { "operations.status.repeats_option", "kei", "operations.status.repeats_option" }, { "operations.status.path_option", "kei",
        "operations.status.path operations.status.path_option" },
      { "operations.a-b", acme().operations.status, "operations.a-b" }, { "operations", {}, "operations" }, { "aliases", { go = "nobody" }, "aliases.go" },
      { "aliases", { status = "initiate" }, "aliases.status" }, { "hours", { open_h = 10, close_h = 18, offset_s = 0, days = { 0, 8 } },
        "hours.days[1] hours.days[2]" },
      { "colour", "red", "colour" }, { "operations.status.colour", "red", "operations.status.colour" }, { "operations.status.request.1.colour", "red",
        "operations.status.request[1].colour" },
    } do
      assert.equal(row[3], faults(with(row[1], row[2])), row[1])
    end
  end)

  it("is told several faults at once", function()
    local provider = acme()
    provider.states.table.open, provider.operations.status.path, provider.errors.map.nope = "opened", "x", "no"
    assert.equal("errors.map.nope operations.status.path states.table.open", faults(provider))
  end)

  it("never raises, whatever stands where", function()
    local function clone(value)
      if type(value) ~= "table" then
        return value
      end
      local copy = {}
      for k, v in pairs(value) do
        copy[k] = clone(v)
      end
      return copy
    end
    local wrong = { 0, -1, 1.5, "x", "", true, {}, { "x" }, { {} }, { a = 1 }, { a = {} }, print, math.huge, "\0", { { name = 5 } }, { { name = "z",
      type = "object", fields = 5 } } }
    local tried = 0
    local function walk(root, node)
      local keys = {}
      for k in pairs(node) do
        keys[#keys + 1] = k
      end
      for _, k in ipairs(keys) do
        local old = node[k]
        for i = 1, #wrong + 1 do
          node[k] = wrong[i]
          local compiled, found = providers.load(clone(root))
          assert.is_true(compiled ~= nil or #found > 0)
          tried = tried + 1
        end
        node[k] = old
        if type(old) == "table" then
          walk(root, old)
        end
      end
    end
    local provider = acme()
    provider.aliases, provider.hours = { go = "status" }, { open_h = 1, close_h = 2, offset_s = 0, days = { 1 } }
    provider.operations.status.request[1].also = { "Id" }
    provider.states.table.closed.after = { status = "created" }
    walk(provider, provider)
    assert.is_true(tried > 1500)
  end)

  it("that ships marks all that is personal", function()
    local personal = {}
    for name in ([[phone mobile email name first_name last_name firstName lastName
      care_of dob specialDate year_of_birth gender address address2 address_line city state
      country pincode dist house street po subdist vtc pan docNo identifier
      identifier_value answer otp photo_link documents aadhaar_details split_address remarks
      vkyc_link kycLink recording_link auditor_remarks agent_remarks access_token
      partnerTncUrl]]):gmatch("%S+") do
      personal[name] = true
    end
    local seen = 0
    local function walk(fields, where)
      for _, field in ipairs(fields) do
        if personal[field.name] then
          seen = seen + 1
          assert.is_true(field.sensitive, where .. "." .. field.name)
        end
        walk(field.fields or field.items and field.items.fields or {}, where .. "." .. field.name)
      end
    end
    for _, provider in ipairs { "cashfree_ppi", "cashfree_secure_id", "enkash" } do
      for name, operation in pairs(require("vkyc.providers." .. provider).operations) do
        walk(operation.request, provider .. "." .. name)
        walk(operation.response, provider .. "." .. name)
      end
    end
    assert.is_true(seen > 80)
  end)

  it("that ships is whole", function()
    for _, name in ipairs { "cashfree_ppi", "cashfree_secure_id", "enkash" } do
      local compiled, found = providers.load(name)
      assert.same({}, found or {})
      assert.is_true(compiled.shipped)
      assert.equal(compiled, (providers.load(name)))
      for operation, each in pairs(compiled.operations) do
        assert.truthy(each.spec.page and each.spec.page:find("^https://"), operation)
        assert.equal("2026-11", each.spec.read)
      end
    end
  end)
end)
