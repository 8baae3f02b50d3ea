-- The simulator's frame: routes, authentication, checks, faults, time, webhooks. It uses Secure ID, whose errors are documented.

local cjson = require("cjson").new()
local simulator = require "vkyc.simulator"
local json = require "vkyc.simulator.json"
local text = require "vkyc.simulator.text"

local KEYS = { client_id = "id-1", client_secret = "cfsk_test_0123456789" }

local clock

local function new(more)
  local options = { provider = "cashfree_secure_id", credentials = KEYS, now = function()
    return clock
  end }
  for name, value in pairs(more or {}) do
    options[name] = value
  end
  return simulator.new(options)
end

local function headers(more)
  local all = {
    ["x-client-id"] = "id-1", ["x-client-secret"] = "cfsk_test_0123456789", ["x-api-version"] = "2024-12-01",
    ["content-type"] = "application/json",
  }
  for name, value in pairs(more or {}) do
    all[name] = value or nil
  end
  return all
end

local function call(sim, method, path, body, more)
  local path_only, query = path:match("^([^?]*)%??(.*)$")
  return sim:handle { method = method, path = path_only, query = query, headers = headers(more), body = body }
end

local function started(more)
  local sim = new(more)
  assert.equal(200, call(sim, "POST", "/user", "{\"user_id\":\"U1\",\"phone\":\"9988776655\"}").status)
  assert.equal(200, call(sim, "POST", "/vkyc", "{\"user_id\":\"U1\",\"verification_id\":\"V1\",\"notification_types\":[\"sms\"]}").status)
  return sim
end

local function status_of(sim, id)
  local body = cjson.decode(call(sim, "GET", "/vkyc?verification_id=" .. (id or "V1")).body)
  return body.status .. "/" .. body.sub_status
end

local function error_of(response)
  local body = cjson.decode(response.body)
  return response.status, body.type, body.code, response.headers["x-simulated"]
end

describe("the simulator", function()
  before_each(function()
    clock = 1747885874 -- 2025-05-22T03:51:14Z
  end)

  describe("routes", function()
    it("strips the path of a base URL and a given prefix", function()
      local sim = new { api_path_prefix = "/here" }
      assert.equal(200, call(sim, "POST", "/verification/user", "{\"phone\":\"9988776655\"}").status)
      assert.equal(200, call(sim, "POST", "/here/user", "{\"phone\":\"9988776656\"}").status)
      assert.equal("/user", sim:requests()[2].path)
    end)

    it("tells an unknown path from an unknown method", function()
      local sim = new()
      assert.same({ 404, "validation_error", "path_not_found", "yes" }, { error_of(call(sim, "POST", "/nothing", "{}")) })
      assert.same({ 405, "validation_error", "method_not_allowed", "yes" }, { error_of(call(sim, "PUT", "/vkyc", "{}")) })
    end)

    it("serves a further path for an operation that has an option for it", function()
      local sim = started { paths = { status_path = "/vkyc/elsewhere" } }
      assert.equal(200, call(sim, "GET", "/vkyc/elsewhere?verification_id=V1").status)
    end)

    it("takes a provider's table with a behaviour of one's own", function()
      local behaviour = {
        steps = { ["A/B"] = {} }, states = {}, statuses = {}, errors = {},
        operations = { ping = function(sim, fields)
          return sim:reply(200, json.object { { "echo", fields.word } })
        end },
        refuse = function(sim, reason)
          return sim:reply(400, json.object { { "reason", reason } })
        end,
        invalid = function(sim, _, found)
          return sim:reply(400, json.object { { "path", found[1].path }, { "rule", found[1].rule } })
        end,
      }
      local ping = { method = "POST", path = "/ping", request = { { name = "word", type = "string", required = true, max = 3 } } }
      local sim = simulator.new { provider = { name = "mine", operations = { ping = ping } }, behaviour = behaviour }
      assert.equal("{\"echo\":\"a\"}", call(sim, "POST", "/ping", "{\"word\":\"a\"}").body)
      assert.equal("{\"path\":\"word\",\"rule\":\"too_long\"}", call(sim, "POST", "/ping", "{\"word\":\"aaaa\"}").body)
      assert.equal("{\"reason\":\"json\"}", call(sim, "POST", "/ping", "[1]").body)
    end)

    it("raises for wrong use", function()
      assert.error_matches(function()
        simulator.new { provider = "cashfree_secure_id", clok = 1 }
      end, "no option clok")
      assert.error_matches(function()
        simulator.new { provider = { name = "mine", operations = {} } }
      end, "no simulator of mine")
      assert.error_matches(function()
        new { timetable = { { after_s = 1, step = "NO_SUCH" } } }
      end, "no step NO_SUCH")
      assert.error_matches(function()
        new():advance("V9", "approved")
      end, "no case V9")
      assert.error_matches(function()
        started():advance("V1", "almost")
      end, "no step almost")
      assert.error_matches(function()
        new():fail { operation = "nothing", status = 500 }
      end, "no operation nothing")
      assert.error_matches(function()
        new():fail { operation = "status" }
      end, "needs drop")
      assert.error_matches(function()
        new():fail { code = "no_such_code" }
      end, "no code no_such_code")
    end)
  end)

  describe("authentication", function()
    it("answers each missing header with its documented code", function()
      for _, name in ipairs { "x-client-id", "x-client-secret" } do
        local response = call(new(), "GET", "/vkyc?verification_id=V1", nil, { [name] = false })
        assert.same({ 400, "validation_error", name .. "_missing" }, { error_of(response) })
      end
    end)

    it("wants a version, and one of the right form", function()
      local response = call(new(), "GET", "/vkyc", nil, { ["x-api-version"] = false })
      assert.same({ 400, "invalid_request_error", "request_failed", "yes" }, { error_of(response) })
      response = call(new(), "GET", "/vkyc", nil, { ["x-api-version"] = "20241201" })
      assert.same({ 400, "validation_error", "x-api-version_value_invalid", "yes" }, { error_of(response) })
    end)

    it("refuses a wrong secret, and takes any when it knows none", function()
      local response = call(new(), "POST", "/user", "{\"phone\":\"9988776655\"}", { ["x-client-secret"] = "other" })
      assert.same({ 401, "authentication_error", "authentication_failed" }, { error_of(response) })
      assert.equal(200, call(new { credentials = {} }, "POST", "/user", "{\"phone\":\"9988776655\"}", { ["x-client-secret"] = "other" }).status)
    end)

    it("takes an empty header for a missing one", function()
      local response = call(new { credentials = {} }, "GET", "/vkyc?verification_id=V1", nil, { ["x-client-secret"] = "" })
      assert.same({ 400, "validation_error", "x-client-secret_missing" }, { error_of(response) })
    end)

    it("compares with a secret that is not a text", function()
      local secret = require("vkyc.core").secret
      if type(secret) ~= "function" then
        return pending("vkyc.core has no secret()")
      end
      local keys = { client_id = "id-1", client_secret = secret("cfsk_test_0123456789") }
      assert.equal(200, call(new { credentials = keys }, "POST", "/user", "{\"phone\":\"9988776655\"}").status)
      local response = call(new { credentials = keys }, "POST", "/user", "{\"phone\":\"9988776655\"}", { ["x-client-secret"] = "other" })
      assert.equal(401, response.status)
    end)

    it("checks x-cf-signature when it can decrypt it, and ignores it otherwise", function()
      local function answer(plain)
        local sim = new { decrypt = function()
          return plain
        end }
        return (error_of(call(sim, "POST", "/user", "{\"phone\":\"9988776655\"}", { ["x-cf-signature"] = "abc=" })))
      end
      assert.equal(200, answer("id-1.1747885874"))
      assert.equal(200, answer("id-1.1747885574"))
      assert.equal(403, answer("id-1.1747885573"))
      assert.equal(403, answer("id-2.1747885874"))
      assert.equal(403, answer(nil))
      assert.equal(200, call(new(), "POST", "/user", "{\"phone\":\"9988776655\"}", { ["x-cf-signature"] = "abc=" }).status)
    end)
  end)

  describe("bodies", function()
    it("must be JSON objects in UTF-8, and say that they are", function()
      for _, body in ipairs { "", "[]", "\"x\"", "{", "{\"phone\":NaN}", "{}\0", "{\"phone\":\"\255\"}", "{\"phone\":\"\237\160\128\"}" } do
        assert.equal(400, (error_of(call(new(), "POST", "/user", body))), body)
      end
      assert.equal(415, call(new(), "POST", "/user", "{}", { ["content-type"] = "text/plain" }).status)
      local body = "{\"phone\":\"1\",\"name\":\"\228\189\160\\\"\"}"
      assert.equal(200, call(new(), "POST", "/user", body, { ["content-type"] = "application/json; charset=utf-8" }).status)
    end)

    it("must have what is required, in the right type, and nothing else", function()
      local sim = started()
      local function code(body)
        return (select(3, error_of(call(sim, "POST", "/vkyc", body))))
      end
      assert.equal("verification_id_missing", code("{\"user_id\":\"U1\"}"))
      assert.equal("verification_id_missing", code("{\"user_id\":\"U1\",\"verification_id\":null}"))
      assert.equal("verification_id_value_invalid", code("{\"user_id\":\"U1\",\"verification_id\":7}"))
      assert.equal("verification_id_value_invalid", code("{\"user_id\":\"U1\",\"verification_id\":\"a b\"}"))
      assert.equal("verification_id_length_exceeded", code("{\"user_id\":\"U1\",\"verification_id\":\"" .. ("a"):rep(51) .. "\"}"))
      assert.equal("agent_templte_unknown", code("{\"user_id\":\"U1\",\"verification_id\":\"V2\",\"agent_templte\":\"x\"}"))
      assert.equal("user_template_value_invalid", code("{\"user_id\":\"U1\",\"verification_id\":\"V2\",\"user_template\":{}}"))
      assert.equal("invalid_request", code("{\"verification_id\":\"V2\"}"))
      assert.equal("user_reference_id_value_invalid", code("{\"user_reference_id\":\"11174\",\"verification_id\":\"V2\"}"))
    end)

    it("takes unknown fields when told to", function()
      local sim = started { accept_unknown = true }
      assert.equal(200, call(sim, "POST", "/vkyc", "{\"user_id\":\"U1\",\"verification_id\":\"V2\",\"new\":1}").status)
    end)

    it("numbers questions exactly 1 to n, in any position", function()
      local function answer(...)
        local items = {}
        for _, order in ipairs { ... } do
          items[#items + 1] = "{\"order\":" .. order .. ",\"question\":\"q\",\"answer\":\"a\"}"
        end
        local body = "{\"user_id\":\"U1\",\"verification_id\":\"V2\",\"security_questions\":[" .. table.concat(items, ",") .. "]}"
        return call(started(), "POST", "/vkyc", body).status
      end
      assert.equal(200, answer(1))
      assert.equal(200, answer(2, 1))
      assert.equal(400, answer(1, 3))
      assert.equal(400, answer(1, 1))
      assert.equal(400, answer(0, 1))
      assert.equal(400, answer("1.5"))
      assert.equal(400, answer("\"1\""))
    end)

    it("keep every digit of an id, both ways", function()
      local sim = started { first_reference_id = "9007199254740993" }
      local response = call(sim, "GET", "/vkyc?reference_id=9007199254740993")
      assert.matches("\"reference_id\":9007199254740993,", response.body, 1, true)
      local made = call(sim, "POST", "/vkyc", "{\"user_reference_id\":9007199254740993,\"verification_id\":\"V2\"}")
      assert.matches("\"reference_id\":9007199254740994,", made.body, 1, true)
      assert.equal(404, call(sim, "POST", "/vkyc", "{\"user_reference_id\":9007199254740992,\"verification_id\":\"V3\"}").status)
    end)
  end)

  describe("types", function()
    local check = require "vkyc.simulator.check"

    local function rule(field, value, in_query)
      field.name = "f"
      local found = check.request({ request = { field } }, json.read("{\"f\":" .. value .. "}"), { in_query = in_query })
      return found[1] and found[1].rule
    end

    it("are told apart", function()
      local fits = {
        string = { "\"x\"" }, id = { "\"a.B-_9\"" }, int = { "5", "-5" }, int64 = { "5", "12345678901234567890" },
        number = { "5", "1.5", "12345678901234567890" },
        boolean = { "true", "false" }, date = { "\"2026-01-01\"" }, datetime = { "\"2026-01-01\"" },
        url = { "\"https://a.b/c\"" }, phone = { "\"9988776655\"" },
        array = { "[1]", "[]" }, object = { "{\"a\":1}", "{}" }, enum_model = { "\"A\"", "{\"name\":\"A\"}" }, any = { "1" },
      }
      local fails = {
        string = { "5", "{}", "true" }, id = { "\"a b\"", "5" }, int = { "1.5", "\"5\"" }, int64 = { "1.5", "\"5\"" }, number = { "\"5\"", "{}" },
        boolean = { "1", "\"true\"" }, date = { "5" }, datetime = { "5" },
        url = { "\"ftp://a\"", "\"https://a b\"", "5" }, phone = { "\"998877665\"", "9988776655" },
        array = { "{\"a\":1}", "1" }, object = { "[1]", "1" }, enum_model = {}, any = {},
      }
      for kind, values in pairs(fits) do
        for _, value in ipairs(values) do
          assert.is_nil(rule({ type = kind }, value), kind .. " " .. value)
        end
        for _, value in ipairs(fails[kind]) do
          assert.is_truthy(rule({ type = kind }, value), kind .. " " .. value)
        end
      end
    end)

    it("of queries are text", function()
      assert.is_nil(rule({ type = "int64" }, "\"12345678901234567890\"", true))
      assert.is_nil(rule({ type = "number" }, "\"1.5\"", true))
      assert.equal("type", rule({ type = "int" }, "\"x\"", true))
      assert.equal("type", rule({ type = "number" }, "\"x\"", true))
    end)

    it("keep to bounds, counted in characters, items or amounts", function()
      assert.is_nil(rule({ type = "string", min = 2, max = 3 }, "\"\228\189\160ab\""))
      assert.equal("too_long", rule({ type = "string", max = 3 }, "\"abcd\""))
      assert.equal("too_short", rule({ type = "string", min = 2 }, "\"a\""))
      assert.equal("missing", rule({ type = "string", required = true }, "\"\""))
      assert.is_nil(rule({ type = "array", max = 2 }, "[1,2]"))
      assert.equal("too_long", rule({ type = "array", max = 2 }, "[1,2,3]"))
      assert.equal("too_short", rule({ type = "number", min = 0.01 }, "0.001"))
      assert.equal("value", rule({ type = "enum", values = { "A" } }, "\"B\""))
      assert.is_nil(rule({ type = "id" }, "\"" .. ("a"):rep(50) .. "\""))
      assert.equal("too_long", rule({ type = "id" }, "\"" .. ("a"):rep(51) .. "\""))
      assert.is_nil(rule({ type = "string", number_too = true }, "5"))
    end)
  end)

  describe("JSON", function()
    it("writes integers without a point, in the given order, and null", function()
      local body = json.object { { "b", 1358 }, { "a", json.null }, { "none", nil }, { "c", json.array {} }, { "d", "a\"\\\n\1/" }, { "e", 1.5 } }
      assert.equal("{\"b\":1358,\"a\":null,\"c\":[],\"d\":\"a\\\"\\\\\\n\\u0001/\",\"e\":1.5}", json.write(body))
    end)

    it("reads long integers next to strings that look like them", function()
      local value = json.read("{\"a\":123456789012345678,\"b\":\"123456789012345678\",\"c\":\"\\\\\",\"d\":\"\\\"1234567890123456789\",\"e\":12}")
      assert.equal("123456789012345678", json.integer(value.a))
      assert.equal("123456789012345678", value.b)
      assert.equal("\"1234567890123456789", value.d)
      assert.equal("12", json.integer(value.e))
      assert.is_nil(json.integer(1.5))
      assert.equal("{\"a\":123456789012345678}", json.write { a = value.a })
    end)

    it("reads nothing but JSON in UTF-8", function()
      local E, F = "\237", "\240"
      for _, value in ipairs {
        "0", "-0", "10", "1.5", "-1.5e+10", "1E5", "123456789012345", "1234567890123456", "true", "null", "[]", "\"\194\128\"", "\"\223\191\"",
        "\"\224\160\128\"", "\"" .. E .. "\159\191\"", "\"\239\191\191\"", "\"" .. F .. "\144\128\128\"", "\"\244\143\191\191\"",
      } do
        assert.is_table(json.read("{\"a\":" .. value .. "}"), value)
      end
      for _, value in ipairs {
        "01", "-01", "1.", ".5", "1.e5", "0x1F", "1e", "-", "+1", "NaN", "Infinity", "", "tru", "\"\193\191\"", "\"\194\"", "\"\194a\"",
        "\"\128\"", "\"\224\159\191\"", "\"\224\160\"", "\"" .. E .. "\160\128\"", "\"" .. F .. "\143\191\191\"", "\"\244\144\128\128\"",
        "\"\245\128\128\128\"", "\"" .. F .. "\144\128\"",
      } do
        assert.is_nil(json.read("{\"a\":" .. value .. "}"), value)
      end
      assert.is_nil(json.read("{} x"))
      assert.is_nil(json.read(("{\"a\":"):rep(40) .. "1" .. ("}"):rep(40)))
    end)

    it("decodes base64 with its padding, or not at all", function()
      assert.equal("id:secret", text.unbase64("aWQ6c2VjcmV0"))
      assert.equal("id:secre", text.unbase64("aWQ6c2VjcmU="))
      assert.equal("id:secr", text.unbase64("aWQ6c2Vjcg=="))
      assert.equal("", text.unbase64(""))
      assert.is_nil(text.unbase64("aWQ6c2VjcmU"))
      assert.is_nil(text.unbase64("aWQ6-2VjcmU="))
      assert.is_nil(text.unbase64("=WQ6"))
    end)

    it("adds to digits of any length", function()
      assert.equal("8901234567890123460", text.add("8901234567890123458", 2))
      assert.equal("1000", text.add("999", 1))
    end)
  end)

  describe("faults", function()
    it("spoil a number of calls, of one operation or of any", function()
      local sim = started()
      sim:fail { operation = "status", status = 503, body = "<html>", headers = { ["Content-Type"] = "text/html" }, times = 2 }
      for _ = 1, 2 do
        local response = call(sim, "GET", "/vkyc?verification_id=V1")
        assert.same({ 503, "<html>", "text/html" }, { response.status, response.body, response.headers["content-type"] })
        assert.equal(200, call(sim, "GET", "/user?user_id=U1").status)
      end
      assert.equal(200, call(sim, "GET", "/vkyc?verification_id=V1").status)
      sim:fail { status = 500 }
      assert.same({ 500, "internal_error", "api_error" }, { error_of(call(sim, "GET", "/user?user_id=U1")) })
    end)

    it("answer with a documented error by its code", function()
      local sim = started()
      sim:fail { operation = "initiate", code = "insufficient_balance" }
      assert.same({ 422, "validation_error", "insufficient_balance" }, { error_of(call(sim, "POST", "/vkyc", "{}")) })
      sim:fail { body = { { "a" } } }
      local plain = call(sim, "GET", "/user?user_id=U1")
      assert.same({ 200, "application/json", "[[\"a\"]]" }, { plain.status, plain.headers["content-type"], plain.body })
      sim:fail { code = "too_many_requests_per_ip", headers = { ["x-ratelimit-retry"] = "2" } }
      local response = call(sim, "GET", "/user?user_id=U1")
      assert.same({ 429, "0", "2" }, { response.status, response.headers["x-ratelimit-remaining"], response.headers["x-ratelimit-retry"] })
    end)

    it("lose the answer before or after the work", function()
      local sim = started()
      sim:fail { operation = "initiate", drop = true }
      assert.same({ nil, "drop" }, { call(sim, "POST", "/vkyc", "{\"user_id\":\"U1\",\"verification_id\":\"V2\"}") })
      assert.equal(404, call(sim, "GET", "/vkyc?verification_id=V2").status)
      sim:fail { operation = "initiate", drop = true, after = true }
      assert.same({ nil, "drop" }, { call(sim, "POST", "/vkyc", "{\"user_id\":\"U1\",\"verification_id\":\"V2\"}") })
      assert.equal(200, call(sim, "GET", "/vkyc?verification_id=V2").status)
      sim:fail { operation = "initiate", status = 504, after = true }
      assert.equal(504, call(sim, "POST", "/vkyc", "{\"user_id\":\"U1\",\"verification_id\":\"V3\"}").status)
      assert.equal(200, call(sim, "GET", "/vkyc?verification_id=V3").status)
    end)
  end)

  describe("rate limits", function()
    it("are told in headers and only kept when asked for", function()
      local sim = new()
      local last
      for i = 1, 102 do
        last = call(sim, "GET", "/user?user_id=U" .. i)
      end
      assert.same({ 404, "100", "0", "60" },
        { last.status, last.headers["x-ratelimit-limit"], last.headers["x-ratelimit-remaining"], last.headers["x-ratelimit-reset"] })
    end)

    it("open again after a minute", function()
      local sim = new { rate_limit = 1 }
      call(sim, "GET", "/user?user_id=U1")
      clock = clock + 20
      local response = call(sim, "GET", "/user?user_id=U1")
      assert.same({ 429, "rate_limit_error", "too_many_requests_per_operation" }, { error_of(response) })
      assert.same({ "0", "40", "40" },
        { response.headers["x-ratelimit-remaining"], response.headers["x-ratelimit-reset"], response.headers["x-ratelimit-retry"] })
      clock = clock + 40
      assert.equal(404, call(sim, "GET", "/user?user_id=U1").status)
    end)
  end)

  describe("cases", function()
    it("move to every step by name, by second half and by state", function()
      local sim = started()
      assert.equal("PRE_VIDEO_CALL/USER_QUEUED", sim:advance("V1", "PRE_VIDEO_CALL/USER_QUEUED"))
      assert.equal("PRE_VIDEO_CALL/NO_AGENT_FOUND", sim:advance("V1", "NO_AGENT_FOUND"))
      assert.equal("PRE_VIDEO_CALL/NO_AGENT_FOUND", status_of(sim))
      for state, step in pairs(sim.behaviour.states) do
        assert.equal(step, sim:advance("V1", state))
        assert.equal(step, status_of(sim))
      end
    end)

    it("follow a timetable from their beginning, in the order of time", function()
      local sim = started { timetable = { { after_s = 10, step = "USER_QUEUED" }, { after_s = 30, step = "approved" } } }
      clock = clock + 5
      call(sim, "POST", "/vkyc", "{\"user_id\":\"U1\",\"verification_id\":\"V2\"}")
      assert.equal("RECEIVED/LINK_GENERATED", status_of(sim))
      clock = clock + 6
      assert.equal("PRE_VIDEO_CALL/USER_QUEUED", status_of(sim))
      assert.equal("RECEIVED/LINK_GENERATED", status_of(sim, "V2"))
      clock = clock + 100
      assert.equal("SIMULATED_REVIEW_COMPLETED/SIMULATED_AUDITOR_APPROVED", status_of(sim, "V2"))
      local times = {}
      for _, delivery in ipairs(sim:deliveries()) do
        local body = cjson.decode(delivery.body)
        times[#times + 1] = body.data.verification_id .. " " .. body.event_time
      end
      assert.same({
        "V1 2025-05-22T03:51:14Z", "V2 2025-05-22T03:51:19Z", "V1 2025-05-22T03:51:24Z", "V2 2025-05-22T03:51:29Z",
        "V1 2025-05-22T03:51:44Z", "V2 2025-05-22T03:51:49Z",
      }, times)
    end)

    it("take a timetable of their own", function()
      local sim = started()
      sim:schedule("V1", { { after_s = 60, step = "rejected" } })
      clock = clock + 60
      assert.equal("SIMULATED_REVIEW_COMPLETED/SIMULATED_AUDITOR_REJECTED", status_of(sim))
    end)

    it("expire while they wait for the customer, and not later", function()
      local sim = started()
      call(sim, "POST", "/vkyc", "{\"user_id\":\"U1\",\"verification_id\":\"V2\"}")
      sim:advance("V2", "in_review")
      clock = clock + 31 * 86400
      assert.equal("EXPIRED/VKYC_EXPIRED", status_of(sim))
      assert.equal(sim.behaviour.states.in_review, status_of(sim, "V2"))
      sim:advance("V1", "created")
      assert.equal("RECEIVED/LINK_GENERATED", status_of(sim))
    end)
  end)

  describe("records", function()
    it("of requests hold no bodies, queries or secrets", function()
      local sim = started()
      sim:fail { operation = "status", drop = true }
      call(sim, "GET", "/vkyc?verification_id=V1")
      assert.same({
        { operation = "create_user", method = "POST", path = "/user", status = 200 },
        { operation = "initiate", method = "POST", path = "/vkyc", status = 200 },
        { operation = "status", method = "GET", path = "/vkyc", dropped = true },
      }, sim:requests())
    end)

    it("of messages hold a masked number and no link", function()
      assert.same({ { channel = "sms", to = "XXXXXX6655", verification_id = "V1", at = 1747885874 } }, started():notifications())
    end)
  end)

  describe("webhooks", function()
    local function types(sim, options)
      local out = {}
      for _, delivery in ipairs(sim:deliveries(options)) do
        out[#out + 1] = cjson.decode(delivery.body).event_type .. " " .. delivery.headers["x-webhook-attempt"]
      end
      return out
    end

    it("are signed over the timestamp and the raw body", function()
      local delivery = started():deliveries()[1]
      local key = require("vkyc.core").webhook_key(KEYS.client_secret)
      assert.equal("1747885874000", delivery.headers["x-webhook-timestamp"])
      assert.equal(key:sign("1747885874000", delivery.body), delivery.headers["x-webhook-signature"])
      assert.equal(tostring(#delivery.body), delivery.headers["content-length"])
      assert.equal("2025-01-01", delivery.headers["x-webhook-version"])
    end)

    it("use the caller's secret when none was given, and a special one when it was", function()
      local function signature(more)
        return started(more):deliveries()[1].headers["x-webhook-signature"]
      end
      assert.equal(signature(), signature { credentials = {} })
      assert.equal(signature { webhook_secret = "s" }, signature { credentials = { webhook_secrets = { "s", "t" } } })
      assert.not_equal(signature(), signature { webhook_secret = "s" })
      assert.error_matches(function()
        simulator.new({ provider = "cashfree_ppi" }):deliveries { test = true }
      end, "no secret to sign")
    end)

    it("are due once, in order, then gone", function()
      local sim = started()
      sim:advance("V1", "in_progress")
      sim:advance("V1", "AGENT_ASSIGNED_TO_USER") -- without an event
      sim:advance("V1", "approved")
      assert.same({ "VKYC_USER_LINK_GENERATED 1", "VKYC_USER_AADHAAR_VERIFIED 1", "VKYC_AUDITOR_REVIEW_COMPLETED 1" }, types(sim))
      assert.same({}, types(sim))
    end)

    it("come twice and out of order on demand, and with a test delivery", function()
      local sim = started()
      sim:advance("V1", "in_progress")
      assert.same({
        "VKYC_USER_LINK_GENERATED 1", "VKYC_USER_LINK_GENERATED 2", "VKYC_USER_AADHAAR_VERIFIED 1", "VKYC_USER_AADHAAR_VERIFIED 2",
      }, types(sim, { twice = true }))
      for seed = 1, 20 do
        sim = started { seed = seed }
        sim:advance("V1", "in_progress")
        assert.same({ "VKYC_USER_AADHAAR_VERIFIED 1", "VKYC_USER_LINK_GENERATED 1" }, types(sim, { shuffled = true }))
        sim = started { seed = seed }
        sim:advance("V1", "in_progress")
        local again = types(sim, { twice = true, shuffled = true })
        assert.is_false(again[1]:find("LINK") and again[2]:find("LINK") and true or false)
      end
      assert.same({ "SIMULATED_TEST 1" }, types(sim, { test = true }))
    end)

    it("come again until they are accepted", function()
      local sim = started()
      local seen = {}
      local function refuse(...)
        local answer = { n = select("#", ...), ... }
        return function(h)
          seen[#seen + 1] = h["x-webhook-attempt"]
          return (table.unpack or unpack)(answer, 1, answer.n)
        end
      end
      assert.same({ 0, 1 }, { sim:deliver(refuse(false)) })
      assert.same({ 0, 1 }, { sim:deliver(refuse(nil, "bad signature")) })
      assert.same({ 0, 1 }, { sim:deliver(refuse(503)) })
      assert.same({ 1, 0 }, { sim:deliver(refuse()) })
      assert.same({ 0, 0 }, { sim:deliver(refuse()) })
      assert.same({ "1", "2", "3", "4" }, seen)
      sim:advance("V1", "in_progress")
      assert.same({ 1, 0 }, { sim:deliver(refuse(200)) })
      sim:advance("V1", "in_progress")
      assert.same({ 1, 0 }, { sim:deliver(refuse(299)) })
      -- An event that the receiver itself causes comes with the next call.
      sim:advance("V1", "in_progress")
      assert.same({ 1, 0 }, { sim:deliver(function()
        sim:advance("V1", "approved")
      end) })
      assert.same({ 1, 0 }, { sim:deliver(refuse(nil)) })
    end)
  end)

  it("gives the same ids and links for the same seed", function()
    local function link(seed)
      local sim = started { seed = seed }
      return cjson.decode(call(sim, "GET", "/vkyc?verification_id=V1").body).vkyc_link
    end
    assert.equal(link(7), link(7))
    assert.not_equal(link(7), link(8))
    assert.equal("https://forms.cashfree.com/verification/", link(1):sub(1, 40))
  end)

  it("says how far its clock is moved", function()
    local sim = started()
    assert.is_nil(call(sim, "GET", "/user?user_id=U1").headers["x-simulated"])
    assert.equal(1747885874 + 3600, (sim:clock(3600)))
    assert.equal("clock=2025-05-22T04:51:14Z", call(sim, "GET", "/user?user_id=U1").headers["x-simulated"])
    assert.equal("yes, clock=2025-05-22T04:51:14Z", call(sim, "GET", "/nothing").headers["x-simulated"])
  end)

  it("has its invented words ready for a client, all of them plainly invented", function()
    for _, name in ipairs { "cashfree_ppi", "cashfree_secure_id", "enkash" } do
      local provider, count = require("vkyc.providers." .. name), 0
      for word, state in pairs(simulator.statuses[name]) do
        count = count + 1
        assert.matches("SIMULATED_", word, 1, true)
        assert.is_nil(provider.states.table[word])
        assert.is_string(state)
      end
      assert.is_true(count > 5)
    end
    assert.is_nil(simulator.statuses.nobody)
  end)
end)
