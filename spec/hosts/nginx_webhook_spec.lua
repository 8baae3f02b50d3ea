-- vkyc.nginx.webhook: what a provider is answered, what on_event sees, and what never reaches the log.

local nginx = require("spec.support.nginx")
local webhook = require("vkyc.webhook")

local missing = nginx.missing()

local SECRET = "whsec_test_0123456789"
local CANARY = "9988776655"

local HTTP = [[
  lua_shared_dict calls 1m;
  init_by_lua_block {
    vkyc = require "vkyc"
    client = assert(vkyc.new {
      provider = "cashfree_ppi", environment = "sandbox", client_id = "c", client_secret = "s", webhook_secrets = { "%s" },
    })
    unset = assert(vkyc.new {
      provider = "cashfree_ppi", environment = "sandbox", client_id = "c", client_secret = "s", webhook_secrets = function() return {} end,
    })
    function note(event)
      ngx.shared.calls:incr("calls", 1, 0)
      ngx.shared.calls:set("last", event.type .. " " .. tostring(event.data.verification_id) .. " " .. vkyc.state(event))
    end
  }]]

local SERVER = [[
  location = /hook {
    content_by_lua_block {
      vkyc.nginx.webhook { client = client, on_event = function(event) ngx.sleep(0.01) note(event) return true end }
    }
  }
  location = /memory {
    client_body_buffer_size 2m;
    content_by_lua_block { vkyc.nginx.webhook { client = client, on_event = function(event) note(event) return true end } }
  }
  location = /fails { content_by_lua_block { vkyc.nginx.webhook { client = client, on_event = function() return nil, "no database for %s" end } } }
  location = /silent { content_by_lua_block { vkyc.nginx.webhook { client = client, on_event = function() end } } }
  location = /raises { content_by_lua_block { vkyc.nginx.webhook { client = client, on_event = function(event) error("bug with " .. event.data.phone) end } } }
  location = /quotes {
    content_by_lua_block {
      vkyc.nginx.webhook { client = client, on_event = function(event)
        local data = event.data
        local texts = {
          name = "no customer " .. data.name .. " (" .. event.time .. ")",
          address = "cannot store " .. data.customer.home.address .. ", of " .. data.customer.list[1][1],
          remark = "not kept: " .. data.agent_remarks,
          number = "no branch " .. data.branch,
          changed = "changed: " .. data.name,
          long = ("long "):rep(200) .. data.name,
        }
        local how = ngx.var.arg_how
        if how == "changed" then
          event.data = { event, event, name = data }
        end
        if ngx.var.arg_raise then
          error(texts[how])
        end
        return nil, texts[how]
      end }
    }
  }
  location = /retried {
    content_by_lua_block {
      vkyc.nginx.webhook {
        client = client,
        seen = function(id) return ngx.shared.calls:get(id) end,
        on_event = function(event)
          if ngx.shared.calls:add("failed once", true) then
            return nil, "no database"
          end
          note(event)
          return ngx.shared.calls:set(event.id, true)
        end,
      }
    }
  }
  location = /unset { content_by_lua_block { vkyc.nginx.webhook { client = unset, on_event = note } } }
  location = /seen {
    content_by_lua_block {
      vkyc.nginx.webhook {
        client = client, tolerance_s = 60,
        seen = function(id) return ngx.shared.calls:get(id) end,
        on_event = function(event) note(event) return ngx.shared.calls:set(event.id, true) end,
      }
    }
  }
  location = /misuse { content_by_lua_block { local _, text = pcall(vkyc.nginx.webhook, { client = client, onevent = note }) ngx.say(text) } }]]

describe("vkyc.nginx.webhook", function()
  if missing then
    pending(missing)
    return
  end
  local web

  setup(function()
    web = assert(nginx.start({ http = HTTP:format(SECRET), server = SERVER:format(CANARY) }))
  end)

  teardown(function()
    if web then
      web:stop()
    end
  end)

  local function event(more)
    return '{"event_type":"VKYC_USER_LINK_GENERATED","event_time":"2025-05-22T03:51:14Z","data":{"verification_id":"V1","status":"RECEIVED",'
      .. '"phone":"' .. CANARY .. '","amount":1.10' .. (more or "") .. "}}"
  end

  local function post(path, body, secret, headers)
    headers = headers or assert(webhook.sign({ provider = "cashfree_ppi", secret = secret or SECRET, body = body }))
    return (web:request({ method = "POST", path = path, headers = headers, body = body }))
  end

  local function calls()
    local got = web:run([[
      local calls, last = ngx.shared.calls:get("calls") or 0, ngx.shared.calls:get("last")
      ngx.shared.calls:flush_all()
      return { calls, last }
    ]])
    return got[1], got[2]
  end

  before_each(calls)

  it("answers 200 when on_event is done", function()
    assert.equal(200, post("/hook", event()))
    local count, last = calls()
    assert.equal(1, count)
    assert.equal("VKYC_USER_LINK_GENERATED V1 created", last)
  end)

  it("reads a body that nginx put into a file, and one that it did not", function()
    local large = event(',"more":"' .. ("x"):rep(800000) .. '"')
    assert.equal(200, post("/hook", large))
    assert.equal(200, post("/memory", large))
    assert.equal(2, (calls()))
  end)

  it("answers 503 when on_event failed, so that it comes again", function()
    assert.equal(503, post("/fails", event()))
    assert.equal(503, post("/silent", event()))
    assert.equal(503, post("/raises", event()))
    assert.matches("it must return true when it is done", web:log(), 1, true)
    assert.matches("on_event raised", web:log(), 1, true)
  end)

  it("answers 401 to what is not signed", function()
    assert.equal(401, post("/hook", event(), "another secret"))
    assert.equal(401, post("/hook", event(), nil, {}))
    local headers = webhook.sign({ provider = "cashfree_ppi", secret = SECRET, body = event() })
    assert.equal(401, post("/hook", event(" "), nil, headers))
    assert.equal(401, post("/hook", event(), nil, webhook.sign({ provider = "cashfree_ppi", secret = SECRET, body = event(), now = 1000 })))
    assert.equal(0, (calls()))
  end)

  it("answers 400 to what is signed and cannot be read", function()
    for _, body in ipairs({ "{", "[]", "not json", '{"event_type":7,"data":{}}' }) do
      assert.equal(400, post("/hook", body))
    end
    assert.equal(0, (calls()))
  end)

  it("answers 413 to what is too large", function()
    assert.equal(413, post("/hook", event(',"more":"' .. ("x"):rep(1100000) .. '"')))
    assert.equal(413, post("/memory", event(',"more":"' .. ("x"):rep(1100000) .. '"')))
    assert.equal(0, (calls()))
  end)

  it("answers 200 to a duplicate, and does not pass it on", function()
    assert.equal(200, post("/seen", event()))
    assert.equal(200, post("/seen", event()))
    assert.equal(1, (calls()))
  end)

  it("passes an event on that failed before, though it looks up what it has seen", function()
    assert.equal(503, post("/retried", event()))
    assert.equal(200, post("/retried", event()))
    assert.equal(200, post("/retried", event())) -- a duplicate now
    assert.equal(1, (calls()))
  end)

  it("answers 200 to the provider's test, does not pass it on, and says so", function()
    assert.equal(200, post("/hook", '{"event_type":"SIMULATED_TEST","event_time":"2026-01-01T00:00:00Z","data":{"simulated":true}}'))
    assert.equal(0, (calls()))
    local _, lines = web:log():gsub("%[notice%][^\n]*vkyc webhook: a delivery that tells of no case was taken for the provider's test", "")
    assert.equal(1, lines)
    assert.is_nil(web:log():find("SIMULATED", 1, true))
  end)

  it("passes on whatever may be of a case, though no table knows it", function()
    for _, data in ipairs({ '{"reference_id":1358}', '{"vkyc_link":"x"}', '{"kycStatus":"X"}', '{"case":{"someId":"x"}}' }) do
      assert.equal(200, post("/hook", '{"event_type":"A_NEW_EVENT","event_time":"2026-01-01T00:00:00Z","data":' .. data .. "}"), data)
      local count, last = calls()
      assert.equal(1, count, data)
      assert.matches("A_NEW_EVENT", last, 1, true)
    end
  end)

  it("logs no value of a delivery that on_event quotes", function()
    local body = event(',"name":"Asha Verma","agent_remarks":"the \\"photo\\" is blurred","branch":4711,'
      .. '"customer":{"home":{"address":"12, MG Road\\nPune"},"list":[["Karve Nagar"]]}')
    for how, line in pairs({
      name = "no customer [REDACTED] ([REDACTED])",
      address = "cannot store [REDACTED], of [REDACTED]", remark = "not kept: [REDACTED]", number = "no branch [REDACTED]",
      changed = "changed: [REDACTED]", long = "a text of 1010 bytes",
    }) do
      for _, raise in ipairs({ "", "&raise=1" }) do
        assert.equal(503, post("/quotes?how=" .. how .. raise, body))
        assert.matches(line, web:log(), 1, true)
      end
    end
    for _, word in ipairs({ "Asha", "Verma", "Road", "Pune", "Karve", "photo", "blurred", "4711", "2025-05-22T03" }) do
      assert.is_nil(web:log():find(word, 1, true), word)
    end
  end)

  it("answers 503 when its own configuration is at fault", function()
    assert.equal(503, post("/unset", event()))
    assert.matches("no webhook secret", web:log(), 1, true)
  end)

  it("raises at misuse", function()
    assert.matches("unknown option onevent", select(2, web:request({ path = "/misuse" })), 1, true)
  end)

  it("logs no byte of a delivery", function()
    for _, word in ipairs({ CANARY, SECRET, "USER_LINK", "V1" }) do
      assert.is_nil(web:log():find(word, 1, true), word)
    end
  end)
end)
