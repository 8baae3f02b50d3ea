-- A provider that does not ship with vkyc: described by one Lua table, with a simulator of its own.
local cjson = require "cjson"
local vkyc = require "vkyc"

local START = 1797000000                                 -- 2026-12-11 14:40 UTC, a Friday, 20:10 in India

-- The provider -------------------------------------------------------------------------------------------------------

local function room_fields()
  return {
    { name = "applicantRef", type = "id", strict = true },
    { name = "roomNo", type = "int64", strict = true },
    { name = "phase", type = "enum_model", strict = true },
    { name = "detail", type = "string" },
    { name = "roomUrl", type = "url", strict = true, sensitive = true },
    { name = "validUntil", type = "datetime" },
    { name = "consentGiven", type = "boolean" },
  }
end

-- A new table for each test: some of them spoil it.
local function northwind()
  local ref = { name = "applicantRef", type = "id", required = true, max = 20 }
  return {
    name = "northwind",
    title = "Northwind Verify",
    environments = {
      staging = { base_url = "https://staging.northwind.example/v7", token_url = "https://login.northwind.example/oauth/token" },
      live = {},
    },
    options = {
      { name = "app", type = "string", required = true },
      { name = "app_secret", type = "secret", required = true },
      { name = "operator", type = "string", required = true },
      { name = "passphrase", type = "secret", required = true },
      { name = "region", type = "string", default = "in-west", values = { "in-west", "in-south" } },
      { name = "branch", type = "string" },
      { name = "lookup_path", type = "string", default = "/lookup" },
      { name = "replay_is_safe", type = "boolean" },
      { name = "hook_secret", type = "secret" },
      { name = "webhook_secrets", type = "secrets" },
    },
    auth = { { part = "oauth_password" }, { part = "headers", headers = { ["x-nw-region"] = "region" } } },
    token = {
      basic = { "app", "app_secret" },
      form = {
        { name = "grant_type", value = "password" },
        { name = "username", option = "operator" },
        { name = "password", option = "passphrase" },
      },
      access_token = { "accessToken" }, expires_in_s = { "expiresIn" }, payload = "payload", lifetime_s = 600, locks_out = true,
    },
    envelope = { code = { "resultCode" }, success = "NW-0000", message = { "resultText" }, payload = "payload" },
    errors = {
      type = { "family" }, code = { "resultCode", "fault" }, message = { "resultText" },
      map = {
        ["NW-4020"] = { kind = "bad_request", hint = "Buy more rooms in Northwind's console." },
        ["NW-4040"] = "not_found",
        ["NW-4041"] = "not_found",
        ["NW-4090"] = "conflict",
        ["NW-4290"] = "rate_limited",
        ["418"] = { kind = "forbidden", hint = "Ask Northwind to unlock the tenant." },
      },
      outside_hours = "Northwind's agents are asleep.",
    },
    rate_limit = { limit = "x-nw-quota", remaining = "x-nw-left", reset_s = "x-nw-reset", retry_s = "x-nw-wait" },
    hours = { open_h = 9, close_h = 17, offset_s = 19800, days = { 1, 2, 3, 4, 5 } },
    delivers_link = true,
    states = {
      status = { "phase" }, sub_status = { "detail" },
      table = {
        OPEN = "created",
        TALKING = "in_progress",
        ["TALKING/DROPPED"] = "action_required",
        JUDGING = "in_review",
        IDENTITY_CONFIRMED = "approved",                 -- documented so by Northwind
        DECLINED = "rejected",
        ["DECLINED/BLURRY"] = { state = "rejected", reason = "image", retryable = true },
        STALE = "expired",
      },
      events = { ["room.withdrawn"] = "cancelled" },
      expires_at = "validUntil", zone_offset_s = 19800,
      levels = { IDENTITY_CONFIRMED = "FULL" },
      terms = "consentGiven",
    },
    webhook = {
      scheme = "hmac_sha256_base64", signature_header = "x-nw-sign", timestamp_header = "x-nw-at", timestamp_unit = "s",
      attempt_header = "x-nw-try", version_header = "x-nw-version", type = "topic", time = "at", data = "subject",
      identifies = { "applicantRef", "roomNo" }, secret = "hook_secret", fields = room_fields(),
    },
    operations = {
      enrol = {
        method = "PUT", path = "/applicants/{applicantRef}", repeats = "keyed", key = "applicantRef", read_back = "find",
        missing = { "NW-4040" }, exists = { "NW-4090" }, one_of = { "mobile", "mail" }, fill = { branch = "branch" }, stateless = true,
        request = {
          ref,
          { name = "fullName", type = "string", required = true, max = 60, sensitive = true },
          { name = "mobile", type = "phone", sensitive = true },
          { name = "mail", type = "string", sensitive = true },
          { name = "born", type = "date", sensitive = true, also = { "dob" } },
          { name = "branch", type = "string", charset = "alphanumeric" },
          { name = "quiz", type = "array", min = 1, max = 3, sequence = "order", items = { type = "object", fields = {
            { name = "order", type = "int", required = true },
            { name = "prompt", type = "string", required = true },
            { name = "reply", type = "string", required = true, sensitive = true },
          } } },
        },
        response = { { name = "applicantRef", type = "id", strict = true }, { name = "ledgerNo", type = "int64", strict = true } },
      },
      find = {
        method = "GET", path = "/applicants/{applicantRef}", repeats = "safe", key = "applicantRef", stateless = true,
        request = { ref, { name = "withQuiz", type = "boolean" } },
        response = { { name = "applicantRef", type = "id", strict = true }, { name = "ledgerNo", type = "int64", strict = true } },
      },
      open_room = {
        method = "POST", path = "/applicants/{applicantRef}/channels/{channel}/room", repeats = "keyed", key = "applicantRef", read_back = "room",
        missing = { "NW-4041" }, exists = { "NW-4090" },
        request = {
          ref,
          { name = "channel", type = "enum", values = { "sms", "mail" }, required = true },
          { name = "minutes", type = "int", min = 5, max = 60 },
        },
        response = room_fields(),
      },
      room = {
        method = "GET", path = "/rooms", repeats = "safe", key = "applicantRef",
        request = { ref, { name = "lang", type = "enum", values = { "en", "hi" } } }, response = room_fields(),
      },
      withdraw = {
        method = "DELETE", path = "/applicants/{applicantRef}/room", repeats = "never", check = "room",
        request = { ref, { name = "why", type = "string", required = true } }, response = {},
      },
      amend = {
        method = "PATCH", path = "/applicants/{applicantRef}", repeats = "never", repeats_option = "replay_is_safe", envelope = false,
        request = { ref, { name = "tags", type = "array", items = { type = "string" } } }, response = {},
      },
      lookup = {
        method = "GET", path_option = "lookup_path", repeats = "safe", response = {},
        request = { { name = "q", type = "string", number_too = true, required = true } },
      },
    },
    aliases = { create_user = "enrol", initiate = "open_room", status = "room" },
  }
end

-- Its simulator ------------------------------------------------------------------------------------------------------

local function json(status, body, headers)
  headers = headers or {}
  headers["content-type"] = "application/json"
  return { status = status, headers = headers, body = body }
end

local function wrapped(payload)
  return json(200, '{"resultCode":"NW-0000","resultText":"fine","payload":' .. payload .. "}")
end

local function refused(code, text)
  return json(200, cjson.encode { resultCode = code, resultText = text or "no" })
end

local function new_sim()
  local sim = { time = START, applicants = {}, rooms = {}, log = {}, lose = 0 }

  function sim:now()
    return self.time
  end

  function sim:answer(request)
    if request.path == "/oauth/token" then
      self.login = request
      return json(200, '{"payload":{"accessToken":"tok-1","expiresIn":3600}}')
    end
    if request.headers.authorization ~= "Bearer tok-1" then return refused("NW-4010") end
    local body = request.body and request.body ~= "" and cjson.decode(request.body)
    local ref = request.path:match("^/applicants/([^/]+)")
    if request.method == "PUT" and ref then
      if self.applicants[ref] then return refused("NW-4090", "There is an applicant of this reference") end
      self.applicants[ref] = body
      return wrapped('{"applicantRef":"' .. ref .. '","ledgerNo":9007199254740993}')
    end
    if request.method == "GET" and ref then
      if not self.applicants[ref] then return refused("NW-4040", "There is no such applicant") end
      return wrapped('{"applicantRef":"' .. ref .. '","ledgerNo":"9007199254740993"}')
    end
    if request.method == "DELETE" and ref then
      self.rooms[ref] = nil
      return wrapped("{}")
    end
    if request.method == "POST" and ref then
      self.rooms[ref] = { phase = '"OPEN"' }
    end
    ref = ref or request.query:match("applicantRef=([^&]+)")
    local room = self.rooms[ref]
    if not room then return refused("NW-4041", "There is no room") end
    return wrapped('{"applicantRef":"' .. ref .. '","roomNo":9223372036854775807,"phase":' .. room.phase .. ',"detail":'
      .. (room.detail or "null") .. ',"roomUrl":"https://rooms.northwind.example/r/k3","validUntil":"2026-12-12T09:00:00"'
      .. ',"consentGiven":' .. tostring(room.consent ~= false) .. "}")
  end

  function sim:handle(request)
    self.log[#self.log + 1] = request.method .. " " .. request.path
    local answer = self:answer(request)
    if self.lose > 0 and request.method ~= "GET" and request.path ~= "/oauth/token" then
      self.lose = self.lose - 1
      return nil                                         -- done, and the answer is lost
    end
    return answer
  end

  return sim
end

local function options(more)
  local all = { provider = northwind(), app = "app-1", app_secret = "s3cret", operator = "op 1", passphrase = "p&w", hook_secret = "hook-1" }
  for name, value in pairs(more) do all[name] = value end
  return all
end

local function simulated(more)
  local sim = new_sim()
  local all = options { environment = "simulator", simulator = sim }
  for name, value in pairs(more or {}) do all[name] = value end
  return assert(vkyc.new(all)), sim
end

-- A client whose host plays a script of answers; a table with `fail` is no answer. Logins are answered by the way.
local function scripted(answers, more)
  local time, log = 0, {}
  local host = {
    name = "script",
    sleep = function(seconds) time = time + seconds end,
    now = function() return time end,
    wall = function() return START + time end,
    random = function() return 0.5 end,
    send = function(request)
      if request.url == "https://login.northwind.example/oauth/token" and not answers.login then
        return json(200, '{"accessToken":"tok-1"}')
      end
      log[#log + 1] = request
      local answer = table.remove(answers, 1)
      assert(answer, "the script is too short")
      if answer.fail then return nil, answer.fail end
      return answer
    end,
  }
  local all = options { environment = "staging", host = host }
  for name, value in pairs(more or {}) do all[name] = value end
  return assert(vkyc.new(all)), log
end

local LOST = { fail = { kind = "timeout", phase = "response", sent = true } }

local function person(more)
  local all = { applicantRef = "NW-1", fullName = "Ana Kumar", mobile = "9876500000" }
  for name, value in pairs(more or {}) do all[name] = value end
  return all
end

local function paths(err)
  local found = {}
  for _, violation in ipairs(err.violations or {}) do found[#found + 1] = violation.path end
  table.sort(found)
  return found
end

local function lower(headers)
  local all = {}
  for name, value in pairs(headers) do all[name:lower()] = value end
  return all
end

-- What it does -------------------------------------------------------------------------------------------------------

describe("a fourth provider", function()
  describe("in its simulator", function()
    it("takes a customer from nothing to approved", function()
      local client, sim = simulated { branch = "B1" }
      local applicant = assert(client:create_user(person { dob = "2000-01-31", quiz = {
        { order = 2, prompt = "Mother's town?", reply = "Agra" }, { order = 1, prompt = "First \"school\"?", reply = "St. Ann's" },
      } }))
      assert.equal("9007199254740993", applicant.ledgerNo)
      assert.equal("unknown", (vkyc.state(applicant)))    -- stateless
      assert.equal("B1", sim.applicants["NW-1"].branch)
      assert.equal("2000-01-31", sim.applicants["NW-1"].born)
      assert.is_nil(sim.applicants["NW-1"].applicantRef)  -- it is in the path

      local case = assert(client:initiate { applicantRef = "NW-1", channel = "sms", minutes = 15 })
      assert.equal("created", (vkyc.state(case)))
      assert.equal("9223372036854775807", case.roomNo)

      local seen = {}
      for _, step in ipairs {
        { phase = '"TALKING"' }, { phase = '"TALKING"', detail = '"DROPPED"' }, { phase = '"JUDGING"' },
        { phase = '{"name":"IDENTITY_CONFIRMED","label":"Confirmed"}', consent = false }, { phase = '"NEW_WORD"' },
        { phase = '"EnumModel(name=IDENTITY_CONFIRMED, label=Confirmed, description=All well)"' },
      } do
        sim.rooms["NW-1"] = step
        seen[#seen + 1] = (vkyc.state(assert(client:status { applicantRef = "NW-1" })))
      end
      assert.same({ "in_progress", "action_required", "in_review", "action_required", "unknown", "approved" }, seen)

      local _, details = vkyc.state(assert(client:status { applicantRef = "NW-1", lang = "hi" }))
      assert.equal("FULL", details.level)
      assert.is_true(details.terminal)
      assert.equal(1797046200, details.expires_at)       -- 09:00 in India
    end)

    it("logs in once, with a form, and signs every call with the token", function()
      local client, sim = simulated()
      assert(client:create_user(person()))
      assert(client:find { applicantRef = "NW-1", withQuiz = true })
      assert.same({ "POST /oauth/token", "PUT /applicants/NW-1", "GET /applicants/NW-1" }, sim.log)
      assert.equal("grant_type=password&username=op%201&password=p%26w", sim.login.body)
      assert.equal("Basic YXBwLTE6czNjcmV0", sim.login.headers.authorization)
    end)

    it("reads back what was lost, and sends nothing twice", function()
      local client, sim = simulated()
      sim.lose = 1
      local applicant = assert(client:create_user(person()))
      assert.equal("9007199254740993", applicant.ledgerNo)
      assert.is_true(vkyc.meta(applicant).reconciled)
      assert.same({ "POST /oauth/token", "PUT /applicants/NW-1", "GET /applicants/NW-1" }, sim.log)

      sim.lose = 1
      local case = assert(client:initiate { applicantRef = "NW-1", channel = "mail" })
      assert.equal("created", (vkyc.state(case)))
      assert.is_true(vkyc.meta(case).reconciled)
    end)

    it("does not repeat what must not be repeated", function()
      local client, sim = simulated()
      sim.lose = 1
      local done, err = client:withdraw { applicantRef = "NW-1", why = "moved away" }
      assert.is_nil(done)
      assert.equal("timeout", err.kind)
      assert.equal("unknown", err.outcome)
      assert.equal(1, err.attempts)
      assert.truthy(err.hint:find("client:room()", 1, true))
    end)
  end)

  describe("on the wire", function()
    it("puts fields where the table says: path, query, body", function()
      local client, log = scripted({ wrapped("{}"), wrapped("{}"), json(200, "{}"), wrapped("{}"), wrapped("{}") }, { region = "in-south" })
      assert(client:open_room { applicantRef = "NW-1", channel = "sms", minutes = 5 })
      assert(client:withdraw { applicantRef = "NW-1", why = "a b&c/\195\169" })
      assert(client:amend { applicantRef = "NW-1", tags = { "x" } })
      assert(client:lookup { q = 42 })
      assert(client:status({ applicantRef = "NW-1" }, { extra = { page = 2 } }))
      local sent = {}
      for i, request in ipairs(log) do
        sent[i] = request.method .. " " .. request.url:gsub("^https://staging.northwind.example/v7", "") .. " " .. (request.body or "-")
      end
      assert.same({
        'POST /applicants/NW-1/channels/sms/room {"minutes":5}',
        "DELETE /applicants/NW-1/room?why=a%20b%26c%2F%C3%A9 -",
        'PATCH /applicants/NW-1 {"tags":["x"]}',
        "GET /lookup?q=42 -",
        "GET /rooms?applicantRef=NW-1&page=2 -",
      }, sent)
      local headers = lower(log[1].headers)
      assert.equal("in-south", headers["x-nw-region"])
      assert.equal("Bearer tok-1", headers.authorization)
    end)

    it("sends a lost request again only after a documented `missing`", function()
      local client, log = scripted { LOST, refused("NW-4040"), wrapped('{"applicantRef":"NW-1","ledgerNo":1}') }
      assert.equal("1", assert(client:create_user(person())).ledgerNo)
      assert.equal(3, #log)

      client, log = scripted { LOST, json(403, "{}") }
      local _, err = client:create_user(person())
      assert.equal("timeout", err.kind)
      assert.equal("unknown", err.outcome)
      assert.equal("forbidden", err.cause.kind)
      assert.equal(2, #log)
    end)

    it("reads back when the second request finds that the first was done", function()
      local found = wrapped('{"applicantRef":"NW-1","ledgerNo":7}')
      local client, log = scripted { LOST, refused("NW-4040"), refused("NW-4090"), found }
      local applicant = assert(client:create_user(person()))
      assert.equal("7", applicant.ledgerNo)
      assert.is_true(vkyc.meta(applicant).reconciled)
      assert.equal(4, #log)
    end)

    it("repeats a harmless call, and one that an option makes harmless", function()
      local client, log = scripted { LOST, wrapped("{}") }
      assert(client:find { applicantRef = "NW-1" })
      assert.equal(2, #log)

      client = scripted { LOST }
      local _, err = client:amend { applicantRef = "NW-1" }
      assert.equal("unknown", err.outcome)

      client, log = scripted({ LOST, json(200, "{}") }, { replay_is_safe = true })
      assert(client:amend { applicantRef = "NW-1" })
      assert.equal(2, #log)
    end)

    it("refuses an answer about somebody else", function()
      local client = scripted { wrapped('{"applicantRef":"NW-2","phase":"IDENTITY_CONFIRMED"}') }
      local room, err = client:status { applicantRef = "NW-1" }
      assert.is_nil(room)
      assert.equal("schema", err.kind)
      assert.equal("applicantRef", err.path)
    end)

    it("keeps a wrong type that is not strict, and refuses one that is", function()
      local client = scripted { wrapped('{"phase":"OPEN","detail":5,"other":1}'), wrapped('{"roomNo":true}') }
      local room = assert(client:status { applicantRef = "NW-1" })
      assert.same({ "detail" }, vkyc.meta(room).mismatches)
      assert.equal(1, room.other)
      local _, err = client:status { applicantRef = "NW-1" }
      assert.equal("schema", err.kind)
    end)
  end)

  describe("errors", function()
    it("go by code, by HTTP status and by envelope", function()
      for _, case in ipairs {
        { refused("NW-4020", "Ana Kumar, 9876500000, has no rooms left"), "bad_request", "NW-4020" },
        { refused("NW-4090"), "conflict", "NW-4090" },
        { refused("NW-4040"), "not_found", "NW-4040" },
        { json(418, '{"family":"teapot","fault":"SHORT"}'), "forbidden", "SHORT" },
        { json(409, "{}"), "conflict" },
        { json(200, '{"payload":{}}'), "schema" },
      } do
        local client = scripted({ case[1] }, { max_attempts = 1 })
        local _, err = client:find { applicantRef = "NW-1" }
        assert.equal(case[2], err.kind)
        assert.equal(case[3], err.code)
      end
    end)

    it("have the table's hint, and no value of the request", function()
      local client = scripted { refused("NW-4020", "Ana Kumar, 9876500000, has no rooms left") }
      local _, err = client:create_user(person())
      assert.equal("Buy more rooms in Northwind's console.", err.hint)
      assert.equal("refused", err.outcome)
      local text = tostring(err)
      assert.truthy(text:find("has no rooms left", 1, true))
      assert.falsy(text:find("Ana", 1, true))
      assert.falsy(text:find("98765", 1, true))
    end)

    it("know the provider's hours", function()
      local client = scripted { json(400, "{}") }
      local _, err = client:status { applicantRef = "NW-1" }
      assert.equal("Northwind's agents are asleep.", err.hint)
      assert.equal(START - 40200 + 3 * 86400, client:next_open())   -- Monday 09:00 in India
    end)

    it("wait as long as the provider's own header says", function()
      local client = scripted {
        json(429, "{}", { ["X-NW-Wait"] = "7" }),
        json(200, '{"resultCode":"NW-0000","payload":{}}', { ["X-NW-Quota"] = "10", ["x-nw-left"] = "9", ["x-nw-reset"] = "30" }),
        json(200, '{"resultCode":"NW-4290"}', { ["x-nw-wait"] = "70" }),
      }
      local room = assert(client:status { applicantRef = "NW-1" })
      assert.equal(7, vkyc.meta(room).elapsed_s)
      assert.equal(9, vkyc.meta(room).rate_limit.remaining)
      local _, err = client:status { applicantRef = "NW-1" }
      assert.equal("rate_limited", err.kind)
      assert.equal(70, err.retry_after)
      assert.is_true(err.retryable)
    end)

    it("list every fault of a request at once", function()
      local client = simulated()
      local _, err = client:create_user {
        applicantRef = "NW 1", fullname = "x", mobile = "12", born = "31.1.2000", branch = "a-b",
        quiz = { { order = 1, prompt = "p" }, { order = 3, prompt = "p", reply = "r" } },
      }
      assert.equal("argument", err.kind)
      assert.equal("not_sent", err.outcome)
      assert.same({ "applicantRef", "born", "branch", "fullName", "fullname", "mobile", "quiz[1].reply", "quiz[2].order" }, paths(err))

      local _, neither = client:create_user { applicantRef = "NW-1", fullName = "Ana" }
      assert.truthy(neither.message:find("mobile or mail is required", 1, true))
      local _, both = client:create_user(person { dob = "2000-01-31", born = "2000-01-31" })
      assert.same({ "dob" }, paths(both))
      local _, channel = client:initiate { applicantRef = "NW-1", channel = "fax", minutes = 4 }
      assert.same({ "channel", "minutes" }, paths(channel))
    end)

    it("stop at a refused login until a secret is replaced", function()
      local passphrase = vkyc.secret.string "wrong"
      local client, log = scripted({
        login = true, json(401, "{}"), json(200, '{"payload":{"accessToken":"tok-2"}}'), wrapped('{"phase":"OPEN"}'),
      }, { passphrase = passphrase })
      for _ = 1, 3 do
        local _, err = client:status { applicantRef = "NW-1" }
        assert.equal("auth", err.kind)
        assert.equal("not_sent", err.outcome)
      end
      assert.equal(1, #log)
      passphrase:replace("right")
      assert(client:status { applicantRef = "NW-1" })
      assert.equal("Bearer tok-2", lower(log[3].headers).authorization)
    end)

    it("get a new token when the old one is refused", function()
      local client, log = scripted { json(401, "{}"), wrapped('{"phase":"OPEN"}') }
      assert(client:status { applicantRef = "NW-1" })
      assert.equal(2, #log)
    end)
  end)

  describe("webhooks", function()
    local body = '{"topic":"room.changed","at":"2026-12-11T20:10:00+05:30","subject":{"applicantRef":"NW-1",'
      .. '"roomNo":9223372036854775807,"phase":"IDENTITY_CONFIRMED","consentGiven":true}}'

    local function signed(text, secret, at)
      return vkyc.webhook.sign { provider = northwind(), secret = secret or "hook-1", body = text, now = at or START }
    end

    it("are verified, then read", function()
      local client = simulated()
      local headers = {}
      for name, value in pairs(signed(body)) do headers[name:upper()] = value end
      headers["X-NW-TRY"], headers["X-NW-Version"] = "2", "7"
      local event = assert(client:webhook(headers, body))
      assert.equal("room.changed", event.type)
      assert.equal("2026-12-11T20:10:00+05:30", event.time)
      assert.equal("7", event.version)
      assert.equal(2, event.attempt)
      assert.equal("9223372036854775807", event.data.roomNo)
      assert.equal("approved", (vkyc.state(event)))
    end)

    it("are refused when they are forged, old or doubled", function()
      local client = simulated()
      local good = signed(body)
      local function reason(headers, text)
        local event, err = client:webhook(headers, text)
        assert.is_nil(event)
        assert.equal("webhook", err.kind)
        return err.reason
      end
      assert.equal("signature", reason(good, (body:gsub("NW%-1", "NW-2"))))
      assert.equal("signature", reason(signed(body, "guess"), body))
      assert.equal("header", reason({}, body))
      assert.equal("header", reason({ ["x-nw-at"] = good["x-nw-at"], ["x-nw-sign"] = { good["x-nw-sign"], good["x-nw-sign"] } }, body))
      assert.equal("timestamp", reason(signed(body, nil, START - 301), body))
      assert.equal("timestamp", reason(signed(body, nil, START + 301), body))
      assert(client:webhook(signed(body, nil, START - 86400), body, { tolerance_s = 86400 }))
    end)

    it("tell duplicates by the event, not by the delivery", function()
      local client = simulated()
      local known = {}
      local function seen(id)
        local before = known[id]
        known[id] = true
        return before
      end
      local first = assert(client:webhook(signed(body), body, { seen = seen }))
      local later = body:gsub("{", "{ ")                 -- another body, the same event
      local second = assert(client:webhook(signed(later, nil, START + 60), later, { seen = seen }))
      assert.falsy(first.duplicate)
      assert.is_true(second.duplicate)
      assert.equal(first.id, second.id)
      local other = body:gsub("775807", "775806")
      assert.not_equal(first.id, assert(client:webhook(signed(other), other)).id)
    end)

    it("take the name of the event where the data says nothing", function()
      local client = simulated()
      local text = '{"topic":"room.withdrawn","at":"2026-12-11","subject":{"applicantRef":"NW-1","roomNo":1}}'
      assert.equal("cancelled", (vkyc.state(assert(client:webhook(signed(text), text)))))
    end)

    it("work while a secret is rotated, and without a client", function()
      local client = simulated { webhook_secrets = { "hook-2", "hook-1" } }
      assert.equal(2, assert(client:webhook(signed(body), body)).secret_index)
      client = simulated { webhook_secrets = function() return { "hook-3" } end }
      assert.equal(1, assert(client:webhook(signed(body, "hook-3"), body)).secret_index)
      local headers = vkyc.webhook.sign { provider = northwind(), secret = "hook-1", body = body }
      local event = assert(vkyc.webhook.verify { provider = northwind(), secrets = { "hook-1" }, headers = headers, body = body })
      assert.equal("NW-1", event.data.applicantRef)
    end)
  end)

  describe("words", function()
    it("may be added by the user, but a documented one never becomes approved", function()
      local client = scripted({ wrapped('{"phase":"NEW_WORD"}') }, { statuses = { NEW_WORD = "in_review" } })
      assert.equal("in_review", (vkyc.state(assert(client:status { applicantRef = "NW-1" }))))
      local none, err = vkyc.new(options { environment = "simulator", simulator = new_sim(), statuses = { OPEN = "approved" } })
      assert.is_nil(none)
      assert.equal("config", err.kind)
      assert.truthy(err.message:find("OPEN", 1, true))
    end)

    it("have a pair that wins over the single word", function()
      local client = scripted { wrapped('{"phase":"DECLINED"}'), wrapped('{"phase":"DECLINED","detail":"BLURRY"}') }
      local state, details = vkyc.state(assert(client:status { applicantRef = "NW-1" }))
      assert.equal("rejected", state)
      assert.falsy(details.retryable)
      state, details = vkyc.state(assert(client:status { applicantRef = "NW-1" }))
      assert.equal("rejected", state)
      assert.equal("image", details.reason)
      assert.is_true(details.retryable)
    end)
  end)

  describe("its table", function()
    local function faults(spoil)
      local provider = northwind()
      provider = spoil(provider) or provider
      local client, err = vkyc.new(options { environment = "staging", provider = provider })
      assert.is_nil(client)
      assert.equal("config", err.kind)
      assert.equal("not_sent", err.outcome)
      local found = {}
      for _, path in ipairs(paths(err)) do found[path] = true end
      return found, err
    end

    it("needs its required keys, all of which are named", function()
      local found = faults(function() return {} end)
      for _, key in ipairs { "name", "environments", "options", "auth", "errors", "operations" } do
        assert.is_true(found[key], key)
      end
    end)

    it("is refused with each fault of its shape, by path", function()
      local found, err = faults(function(p)
        p.enviroments = {}
        p.options[1].type = "strng"
        p.auth[2].part = "hmac"
        p.hours.days = { 0 }
        p.webhook.timestamp_unit = "h"
      end)
      for _, path in ipairs { "enviroments", "options[1].type", "auth[2].part", "hours.days[1]", "webhook.timestamp_unit" } do
        assert.is_true(found[path], path)
      end
      for _, violation in ipairs(err.violations) do
        if violation.path == "enviroments" then assert.truthy(violation.message:find("environments", 1, true)) end
      end
    end)

    it("is refused with each fault of its operations, by path", function()
      local found = faults(function(p)
        p.operations.enrol.repeats = "often"
        p.operations.room.method = "HEAD"
        p.operations.room.retries = 3
      end)
      for _, path in ipairs { "operations.enrol.repeats", "operations.room.method", "operations.room.retries" } do
        assert.is_true(found[path], path)
      end
    end)

    it("is refused with each fault of its request fields, by path", function()
      local found = faults(function(p)
        p.operations.enrol.request[7].sequence = "rank"
        p.operations.find.request[2].type = "bool"
        p.operations.lookup.request[1].requird = true
        p.operations.room.request[2].values = nil
      end)
      for _, path in ipairs {
        "operations.enrol.request[7].sequence", "operations.find.request[2].type", "operations.lookup.request[1].requird",
        "operations.room.request[2].values",
      } do
        assert.is_true(found[path], path)
      end
    end)

    it("is refused with each value and name that leads nowhere, by path", function()
      local found = faults(function(p)
        p.environments.staging.base_url = "staging.northwind.example"
        p.errors.map["NW-1"] = "teapot"
        p.auth[2].headers["x-nw-zone"] = "zone"
        p.states.table.OPEN = "opened"
        p.states.events["room.withdrawn"] = "gone"
        p.webhook.secret = "nothing"
        p.operations.enrol.read_back = "withdraw"
        p.operations.enrol.fill.nothing = "branch"
        p.operations.withdraw.check = "nothing"
        p.operations.room.path = "/rooms/{roomNo}"
        p.operations.lookup.path_option = "nothing"
        p.operations.open_room.key = "nothing"
        p.aliases.initiate = "nothing"
      end)
      for _, path in ipairs {
        "environments.staging.base_url", "errors.map.NW-1", "auth[2].headers.x-nw-zone", "states.table.OPEN",
        "states.events.room.withdrawn", "webhook.secret", "operations.enrol.read_back", "operations.enrol.fill.nothing",
        "operations.withdraw.check", "operations.room.path", "operations.lookup.path_option", "operations.open_room.key", "aliases.initiate",
      } do
        assert.is_true(found[path], path)
      end
    end)

    it("makes the user give what an environment leaves open", function()
      local client, err = vkyc.new(options { environment = "live" })
      assert.is_nil(client)
      assert.same({ "base_url", "token_url" }, paths(err))
      assert(vkyc.new(options { environment = "live", base_url = "https://nw.example/v7", token_url = "https://nw.example/token" }))
    end)

    it("checks its own options, and raises on one that it does not have", function()
      local _, err = vkyc.new(options { environment = "staging", region = "mars", app = 5, replay_is_safe = "yes" })
      assert.same({ "app", "region", "replay_is_safe" }, paths(err))
      assert.error_matches(function() vkyc.new(options { environment = "staging", operater = "x" }) end, "operator")
    end)
  end)
end)
