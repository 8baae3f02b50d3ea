-- From a response to a result or an error: content, waits, ids, hours.

local vkyc = require "vkyc"
local canaries = require "spec.support.canaries"
local core = require "vkyc.core"
local scripted = require "spec.support.scripted_host"

local IDS = { user_id = "U1", verification_id = "V1" }

local function status(body, headers)
  local client = scripted.client("cashfree_ppi", scripted.new { scripted.reply(200, body, headers) })
  return client:status(IDS)
end

describe("an answer", function()
  after_each(canaries.check_hooks)

  it("must be JSON, strictly (I01-I10)", function()
    for name, body in pairs {
      html = "<html>captive portal</html>", utf8 = '{"a":"\255"}', overlong = '{"a":"\192\175"}', surrogate = '{"a":"\\ud800"}', deep = ('{"a":'):rep(33)
        .. "1" .. ("}"):rep(33),
      deeper = ("["):rep(100000), twice = '{"status":"VALID","status":"INVALID"}', large = '{"a":1e400}', nan = '{"a":NaN}', inf = '{"a":Infinity}',
        hex = '{"a":0x1F}',
      zero = '{"a":0123}', plus = '{"a":+1}', dot = '{"a":1.}', nul = '{"a":1}\0', bom = "\239\187\191{}", utf16 = "\254\255\0{\0}", junk = '{"a":1} x',
        comma = '{"a":1,}', tab = '{"a":"\t"}',
      single = "{'a':1}", comment = "{/**/}", half = '{"status":"RECEIVED"', two = "{}{}",
    } do
      local res, err = status(body)
      assert.is_nil(res, name)
      canaries.check_error(err, "decode")
      assert.is_number(err.offset, name)
    end
  end)

  it("must be an object (I11, H13)", function()
    for _, body in ipairs { "", '"text"', "[]", "null", "5", "true", "[{}]" } do
      canaries.check_error(select(2, status(body)), "schema")
    end
  end)

  it("keeps long integers as their digits (I06)", function()
    local res = assert(status('{"cf_verification_id":9007199254740993,"n":9007199254740993,"m":-9223372036854775808,"small":12}'))
    assert.same({ "9007199254740993", "9007199254740993", "-9223372036854775808", "12" }, { res.cf_verification_id, res.n, res.m, tostring(res.small) })
  end)

  it("may have a zero byte where no id is (I09)", function()
    assert.equal("a\0b", assert(status('{"agent_remarks":"a\\u0000b"}')).agent_remarks)
    assert.equal("user_id", canaries.check_error(select(2, status('{"user_id":"U1\\u0000"}')), "schema").path)
  end)

  it("passes unknown words on (I13)", function()
    local res = assert(status('{"status":"APPROVED_BY_SOMEBODY"}'))
    assert.equal("unknown", (vkyc.state(res)))
    assert.equal("APPROVED_BY_SOMEBODY", res.status)
  end)

  it("is not larger than it may be (I14)", function()
    canaries.check_error(select(2, status("{" .. (" "):rep(1048576) .. "}")), "too_large")
    local client = scripted.client("cashfree_ppi", scripted.new { scripted.reply(200, '{"a":"' .. ("x"):rep(100) .. '"}') }, { max_body_bytes = 100 })
    canaries.check_error(select(2, client:status(IDS)), "too_large")
  end)

  it("may be empty where nothing is due, but not without the envelope that says success (H13)", function()
    local function acme(answer, envelope)
      local none = { method = "DELETE", path = "/a", repeats = "never", request = {}, response = {} }
      local some = { method = "GET", path = "/a", repeats = "safe", request = {}, response = { { name = "a", type = "string" } } }
      return assert(vkyc.new {
        provider = { name = "acme", environments = { live = { base_url = "https://acme.example" } }, options = {}, auth = {}, errors = { code = { "rc" } },
          envelope = envelope and { code = { "rc" }, success = 0, payload = "data" }, operations = { none = none, some = some } },
        environment = "live", host = scripted.new { answer },
      })
    end
    for _, answer in ipairs { scripted.reply(200, ""), scripted.reply(204, ""), scripted.reply(202, "") } do
      local res = assert(acme(answer):none {})
      assert.same({ {}, answer.status }, { res, vkyc.meta(res).status })
      canaries.check_error(select(2, acme(answer):some {}), "schema")
      assert.same({}, assert(acme(answer):call { method = "DELETE", path = "/a" }))
    end
    assert.same({}, assert(acme(scripted.reply(204, ""), true):none {}))
    local _, err = acme(scripted.reply(200, ""), true):none {}
    assert.equal("unknown", canaries.check_error(err, "schema").outcome)
    canaries.check_error(select(2, acme(scripted.reply(204, ""), true):some {}), "schema")
    canaries.check_error(select(2, acme(scripted.reply(200, " ")):none {}), "decode")
  end)

  it("of an envelope without a text is told by its code", function()
    local client = scripted.client("enkash", scripted.new { scripted.token(), scripted.reply(200, '{"code":17}') })
    assert.equal("the provider answered code 17", canaries.check_error(select(2, client:vkyc_status { enKashCardId = "E" }), "bad_request").message)
  end)

  it("about another customer is refused", function()
    for body, path in pairs { ['{"verification_id":"V2"}'] = "verification_id", ['{"user_id":"U2"}'] = "user_id",
      ['{"verification_id":"v1"}'] = "verification_id" } do
      assert.equal(path, canaries.check_error(select(2, status(body)), "schema").path)
    end
    assert(status('{"verification_id":"V1","user_id":null}'))
  end)

  it("has the provider's id of the request, when it is a word", function()
    for headers, id in pairs { [{ ["X-Request-Id"] = "a-1" }] = "a-1", [{ ["CF-Ray"] = "7f0-BOM" }] = "7f0-BOM", [{ ["x-request-id"] = "a b" }] = false,
      [{ ["x-request-id"] = ("x"):rep(65) }] = false } do
      assert.equal(id or nil, vkyc.meta(assert(status("{}", headers))).request_id)
    end
  end)

  it("of a redirect is never followed, and its target never told (F01-F08)", function()
    for _, location in ipairs { "https://evil.example/", "http://169.254.169.254/", "file:///etc/passwd", "https://x.example/?token=" .. canaries.SECRET
      .. "&pan=" .. canaries.VALUES.pan } do
      for _, code in ipairs { 301, 302, 303, 307, 308, 304 } do
        local host = scripted.new { scripted.reply(code, "", { location = location }) }
        local _, err = scripted.client("cashfree_ppi", host):initiate(IDS)
        canaries.check_error(err, "redirect")
        assert.same({ 1, false }, { #host.requests, tostring(err):find("evil", 1, true) ~= nil })
      end
    end
  end)

  it("knows the hours of agents, wherever the clock stands", function()
    local hours = { open_h = 10, close_h = 18, offset_s = 19800, days = { 1, 2, 3, 4, 5 } }
    local open = 0
    for hour = 0, 7 * 24 - 1 do
      local t = 1780894800 - 10.5 * 3600 + hour * 3600
      local closed = not core.is_open(hours, t)
      open = open + (closed and 0 or 1)
      local next_open = core.next_open(hours, t)
      assert.is_true(core.is_open(hours, next_open))
      assert.equal(closed, next_open > t)
      assert.is_true(next_open == t or not core.is_open(hours, next_open - 1))
    end
    assert.equal(40, open)
    assert.is_true(core.is_open(nil, 0))
    assert.equal(5, core.next_open(nil, 5))
    assert.is_true(core.is_open({ open_h = 0, close_h = 24, offset_s = -3600, days = { 7 } }, 1780808400)) -- a Sunday
  end)

  it("tells rate limits only as numbers", function()
    local response = core.response()
    local names = { limit = "x-l", remaining = "x-r", reset_s = "x-s" }
    for value, expected in pairs { ["5"] = 5, ["5.5"] = 5.5, ["-5"] = false, ["five"] = false, ["1e3"] = false, [("9"):rep(10)] = false, [""] = false } do
      response:fill(200, { ["X-L"] = value }, "")
      local _, _, limit = core.facts(response, names)
      assert.equal(expected or nil, limit and limit.limit or nil)
    end
    assert.is_nil((select(3, core.facts(response))))
  end)
end)
