-- Requests: URLs from templates and queries, headers that cannot be split, forms, limits, and what is handed to hosts (J01-J04, J11, J13).

local core = require "vkyc.core"

local BASE = "https://api.example.com/base"
local MIB = 1024 * 1024

local function schema(fields)
  return assert(core.schema(fields))
end

local NOTHING = schema {}

local function url_of(request, violations)
  if not request then
    return nil, violations
  end
  return request:export().url:sub(#BASE + 1)
end

local function get(fields, params, extra, path)
  return url_of(core.request("GET", BASE, path or "/x", schema(fields), params, extra))
end

local function lines(violations)
  local list = {}
  for i, violation in ipairs(violations) do
    list[i] = violation.path .. ": " .. violation.rule
  end
  table.sort(list)
  return list
end

local function refused(fields, params, extra, path, method)
  local request, violations = core.request(method or "GET", BASE, path or "/x", schema(fields), params, extra)
  assert.is_nil(request)
  return lines(violations)
end

describe("a query", function()
  local fields = {
    { name = "id", type = "id" }, { name = "text", type = "string" }, { name = "n", type = "int" }, { name = "big", type = "int64" },
    { name = "amount", type = "number" }, { name = "flag", type = "boolean" }, { name = "free", type = "any" },
  }

  it("has the fields in the schema's order, encoded", function()
    assert.equal("/x", get(fields, {}))
    assert.equal("/x?id=U1&text=a%20b%26c%3Dd%2Be&n=-5&big=8901234567890123458&amount=1.5&flag=false",
      get(fields, { flag = false, amount = 1.5, big = "8901234567890123458", n = -5, text = "a b&c=d+e", id = "U1" }))
    assert.equal("/x?text=%0D%0AX%3A%20y", get(fields, { text = "\r\nX: y" }))
    assert.equal("/x?text=%E0%A4%B0%7F%25%23%3F%2F", get(fields, { text = "र\127%#?/" }))
    assert.equal("/x?text=", get(fields, { text = "" }))
    assert.equal("/x?free=x%20y", get(fields, { free = "x y" }))
    assert.equal("/x?free=1", get(fields, { free = 1 }))
    assert.equal("/x?free=true", get(fields, { free = true }))
  end)

  it("has numbers without a plus, which would be a space", function()
    assert.equal("/x?amount=1e22", get(fields, { amount = 1e22 }))
    assert.equal("/x?amount=1e-07", get(fields, { amount = 1e-7 }))
    assert.equal("/x?e=1e22", get(fields, {}, { e = 1e22 }))
  end)

  it("encodes names too", function()
    assert.equal("/x?a%26b=1", get({ { name = "a&b", type = "int" } }, { ["a&b"] = 1 }))
    assert.equal("/x?a%26b%3Dc=1", get({}, {}, { ["a&b=c"] = "1" }))
  end)

  it("leaves null out, but for what is required", function()
    assert.equal("/x?n=1", get(fields, { text = core.null, n = 1 }))
    assert.same({ "v: required" }, refused({ { name = "v", type = "string", required = true } }, { v = core.null }))
    assert.same({ "v: required" }, refused({ { name = "v", type = "string", required = true } }, {}))
  end)

  it("is checked like a body", function()
    assert.same({ "id: charset", "n: type", "typo: unknown" }, refused(fields, { id = "a/b", n = "x", typo = 1 }))
    assert.same({ "text: nul" }, refused(fields, { text = "a\0" }))
    assert.same({ "text: utf8" }, refused(fields, { text = "\255" }))
    assert.same({ "free: type" }, refused(fields, { free = {} }))
    assert.same({ "amount: range" }, refused(fields, { amount = 1 / 0 }))
    assert.same({ "list: type" }, refused({ { name = "list", type = "array" } }, { list = { 1 } }))
    assert.same({ "extra.a: type", "extra.b: nul", "extra.c: range", "extra.d: type", "extra.id: twice" },
      refused(fields, {}, { a = {}, b = "\0", c = 0 / 0, d = core.null, id = "x" }))
  end)

  it("is used by GET, DELETE and HEAD only", function()
    for method, in_query in pairs { GET = true, DELETE = true, HEAD = true, POST = false, PUT = false, PATCH = false } do
      local out = core.request(method, BASE, "/x", schema(fields), { n = 1 }):export()
      assert.equal(method, out.method)
      assert.equal(in_query and BASE .. "/x?n=1" or BASE .. "/x", out.url)
      assert.equal(not in_query and '{"n":1}' or nil, out.body)
    end
  end)
end)

describe("a path", function()
  local fields = { { name = "id", type = "string", required = true, also = { "ID" } }, { name = "n", type = "int" }, { name = "rest", type = "string" } }

  it("takes fields as one segment each, whatever they hold (J04)", function()
    for value, segment in pairs {
      ["U1"] = "U1", ["a/b"] = "a%2Fb", ["../../etc"] = "..%2F..%2Fetc", ["a?b#c&d"] = "a%3Fb%23c%26d", ["%2f"] = "%252f", ["..."] = "...",
      ["a b"] = "a%20b", ["\r\n"] = "%0D%0A", ["é"] = "%C3%A9", ["a.b-c_d~e"] = "a.b-c_d~e", [";:@"] = "%3B%3A%40", [".. "] = "..%20",
    } do
      assert.equal("/u/" .. segment .. "/end", get(fields, { id = value }, nil, "/u/{id}/end"))
    end
    assert.equal("/u/U1?rest=x", get(fields, { ID = "U1", rest = "x" }, nil, "/u/{id}"))
    assert.equal("/7/U1", get(fields, { id = "U1", n = 7 }, nil, "/{n}/{id}"))
  end)

  it("refuses what would be no segment (J03)", function()
    for _, value in ipairs { "", ".", ".." } do
      assert.same({ "id: value" }, refused(fields, { id = value }, nil, "/u/{id}"))
      assert.same({ "id: value" }, refused(fields, { id = value }, nil, "/u/{id}", "POST"))
    end
    assert.same({ "id: nul" }, refused(fields, { id = "a\0b" }, nil, "/u/{id}"))
    assert.same({ "id: utf8" }, refused(fields, { id = "\255" }, nil, "/u/{id}"))
    assert.same({ "id: type" }, refused(fields, { id = {} }, nil, "/u/{id}"))
    assert.same({ "id: type" }, refused(fields, { id = true }, nil, "/u/{id}"))
    assert.same({ "id: charset" }, refused({ { name = "id", type = "id" } }, { id = "../x" }, nil, "/u/{id}"))
  end)

  it("wants its fields, once, whether required or not", function()
    for _, method in ipairs { "GET", "POST" } do
      assert.same({ "id: required" }, refused(fields, {}, nil, "/u/{id}", method))
      assert.same({ "id: required" }, refused(fields, { id = core.null }, nil, "/u/{id}", method))
      assert.same({ "n: required" }, refused(fields, { id = "x" }, nil, "/u/{n}", method))
      assert.same({ "n: required" }, refused(fields, { id = "x", n = core.null }, nil, "/u/{n}", method))
      assert.same({ "ID: twice" }, refused(fields, { id = "x", ID = "y" }, nil, "/u/{id}", method))
      assert.same({ "id: type" }, refused(fields, { id = 5 }, nil, "/u/{id}", method))
    end
  end)

  it("holds a number only where the field is one", function()
    assert.same({ "n: type" }, refused(fields, { id = "x", n = "../5" }, nil, "/u/{n}"))
    assert.same({ "n: type" }, refused(fields, { id = "x", n = "5" }, nil, "/u/{n}"))
    assert.same({ "n: format" }, refused(fields, { id = "x", n = 1.5 }, nil, "/u/{n}"))
    local big = { { name = "big", type = "int64" } }
    assert.equal("/8901234567890123458", get(big, { big = "8901234567890123458" }, nil, "/{big}"))
    assert.equal("/5", get(big, { big = 5 }, nil, "/{big}"))
    assert.same({ "big: format" }, refused(big, { big = "5/6" }, nil, "/{big}"))
    assert.same({ "b: type" }, refused({ { name = "b", type = "boolean" } }, { b = "x" }, nil, "/{b}"))
  end)

  it("keeps its field out of the body", function()
    local out = core.request("PATCH", BASE, "/u/{id}", schema(fields), { id = "U1", n = 5, rest = "r" }):export()
    assert.equal(BASE .. "/u/U1", out.url)
    assert.equal('{"n":5,"rest":"r"}', out.body)
  end)

  it("names fields that there are", function()
    assert.has_error(function()
      core.request("GET", BASE, "/u/{nobody}", schema(fields), { id = "x" })
    end)
    local many = {}
    for i = 1, 65 do
      many[i] = { name = "f" .. i, type = "int" }
    end
    assert.equal("/64", get(many, { f64 = 64 }, nil, "/{f64}"))
    assert.has_error(function()
      core.request("GET", BASE, "/{f65}", schema(many), { f65 = 1 })
    end)
    -- Braces that are not a whole segment are text.
    assert.equal("/a{id}?id=x", get(fields, { id = "x" }, nil, "/a{id}"))
    assert.equal("/{}?id=x", get(fields, { id = "x" }, nil, "/{}"))
  end)

  it("begins with a slash and holds nothing that ends it (J02)", function()
    for _, path in ipairs { "", "x", ".evil.example", "@evil.example/", ":1/", "/a b", "/a\r\nX: y", "/a\tb", "/a\0b", "/a?b", "/a#b", "/a\\b",
      "/\127", "/é" } do
      assert.same({ "path: format" }, refused({}, {}, nil, path))
    end
    assert.same({ "path: format" }, refused(fields, { id = "x" }, nil, "u/{id}"))
  end)
end)

describe("a request that no table describes", function()
  local function raw(method, path, query, body, max_body)
    return core.raw_request(method, BASE, path, query, body, max_body)
  end

  it("encodes path, query and body", function()
    local out = raw("POST", "/a b/é;x/", { ["q&"] = "1 2", n = 5 }, { deep = { 1, { a = "x" } }, t = true }):export()
    assert.truthy(out.url == BASE .. "/a%20b/%C3%A9;x/?q%26=1%202&n=5" or out.url == BASE .. "/a%20b/%C3%A9;x/?n=5&q%26=1%202", out.url)
    assert.truthy(out.body == '{"deep":[1,{"a":"x"}],"t":true}' or out.body == '{"t":true,"deep":[1,{"a":"x"}]}', out.body)
    assert.equal(BASE .. "/x", raw("GET", "/x", {}):export().url)
    assert.is_nil(raw("GET", "/x"):export().body)
    assert.equal("{}", raw("POST", "/x", nil, {}):export().body)
    assert.equal("[1]", raw("POST", "/x", nil, { 1 }):export().body)
    assert.equal(BASE, raw("GET", ""):export().url)
  end)

  it("refuses paths that would be others", function()
    local function path_fault(path)
      local request, violations = raw("GET", path)
      assert.is_nil(request)
      assert.equal("path", violations[1].path)
      return violations[1].rule
    end
    for _, path in ipairs { "x", "//x", "/a//b", "/..", "/a/../b", "/./a", "/a?b", "/a#b", "/a%2e", "/a\\b", "@evil" } do
      assert.equal("format", path_fault(path))
    end
    assert.equal("nul", path_fault("/a\0"))
    assert.equal("charset", path_fault("/a\r\nb"))
  end)

  it("refuses what cannot be sent, all at once", function()
    local request, violations = raw("POST", "bad", { q = {}, ["n\0"] = 1 }, { a = print, b = 0 / 0 })
    assert.is_nil(request)
    assert.same({ "body.a: type", "body.b: range", "path: format", "query.?: nul", "query.q: type" }, lines(violations))
    -- What is not a table is not dropped in silence.
    for _, value in ipairs { "q=1", 5, true, core.null, print } do
      assert.same({ "query: type" }, lines(select(2, raw("GET", "/x", value))))
      assert.same({ "body: type" }, lines(select(2, raw("POST", "/x", nil, value))))
    end
    assert.same({ "body: type", "query: type" }, lines(select(2, raw("POST", "/x", false, false))))
    assert.same({ "body: unknown" }, lines(select(2, raw("GET", "/x", nil, { a = 1 }))))
    assert.same({ "body: unknown" }, lines(select(2, raw("GET", "/x", { a = 1 }, {}))))
  end)

  it("has limits", function()
    assert.same({ ": too_long" }, lines(select(2, raw("GET", "/" .. ("x"):rep(9000)))))
    assert.same({ ": too_long" }, lines(select(2, raw("GET", "/x", { q = ("x"):rep(9000) }))))
    assert.same({ ": too_long" }, lines(select(2, raw("POST", "/x", nil, { q = ("x"):rep(2 * MIB) }))))
    assert.same({ ": too_long" }, lines(select(2, raw("POST", "/x", nil, { q = "xxxx" }, 10))))
    assert.truthy(raw("POST", "/x", nil, { q = "xxxx" }, 12))
  end)
end)

describe("a method", function()
  it("is a word of capitals", function()
    for _, method in ipairs { "", "get", "GET ", "G T", "GET\r\nX: y", "A\r\nB:c", "GET\0", "VERYLONG", "É", "G-T" } do
      local function with_table()
        core.request(method, BASE, "/x", NOTHING, {})
      end
      if method == "GET\0" then
        -- Read up to the NUL: what is sent is GET and nothing else.
        assert.equal("GET", core.request(method, BASE, "/x", NOTHING, {}):export().method)
      else
        assert.has_error(with_table)
        assert.has_error(function()
          core.raw_request(method, BASE, "/x")
        end)
      end
    end
  end)
end)

describe("headers", function()
  local request

  before_each(function()
    request = core.request("POST", BASE, "/x", NOTHING, {})
  end)

  it("are sent as given", function()
    assert.is_true(request:header("x-client-id", "id-1"))
    assert.is_true(request:header("Authorization", "abc", "Bearer "))
    assert.is_true(request:header("x-secret", core.secret("cfsk_test_0123456789")))
    assert.is_true(request:header("x-empty", ""))
    assert.is_true(request:header("x-inside", "a \t b"))
    assert.same({ ["x-client-id"] = "id-1", Authorization = "Bearer abc", ["x-secret"] = "cfsk_test_0123456789", ["x-empty"] = "", ["x-inside"] = "a \t b" },
      request:export().headers)
    request:clear_headers()
    assert.same({}, request:export().headers)
    assert.is_true(request:header("x-client-id", "id-2"))
    assert.same({ ["x-client-id"] = "id-2" }, request:export().headers)
  end)

  it("cannot be split or cut (J01, J11)", function()
    for value, words in pairs {
      ["a\r\nX-Injected: 1"] = "line break", ["a\n"] = "line break", ["\r"] = "line break", ["a\0b"] = "NUL byte", ["\0"] = "NUL byte",
      ["a\127"] = "control character", ["a\27b"] = "control character", [" a"] = "white space", ["a "] = "white space", ["\ta"] = "white space",
        ["é"] = "character",
    } do
      for _, held in ipairs { value, core.secret(value) } do
        local good, reason = request:header("x-token", held)
        assert.is_nil(good)
        assert.truthy(reason:find(words, 1, true), reason)
        assert.is_nil(reason:find("Injected", 1, true))
      end
      if value ~= "a " then -- a prefix may end in a space
        assert.is_nil((request:header("x-token", "ok", value)))
      end
    end
    for _, name in ipairs { "", "a b", "a:", "a\r\nb", "a\0", "é", "(x)" } do
      assert.is_nil((request:header(name, "v")))
    end
    assert.same({}, request:export().headers)
  end)

  it("end at 64 KiB, whole lines only", function()
    local count = 0
    local good, reason
    repeat
      good, reason = request:header(("x-%04d"):format(count), ("v"):rep(1014)) -- 1,024 bytes with name, colon, space and line break
      count = count + (good and 1 or 0)
    until not good
    assert.equal(64, count)
    assert.equal("makes the headers larger than 64 KiB", reason)
    assert.is_nil((request:header("x-more", "v")))
    local exported = request:export().headers
    local seen = 0
    for _, value in pairs(exported) do
      seen = seen + 1
      assert.equal(1014, #value)
    end
    assert.equal(64, seen)
    assert.is_nil((request:header("x-huge", ("v"):rep(10 * MIB))))
    request:clear_headers()
    assert.is_true(request:header("x-more", "v"))
    local other = core.request("POST", BASE, "/x", NOTHING, {})
    assert.is_nil((other:header("x-huge", ("v"):rep(100000))))
    assert.same({}, other:export().headers)
  end)

  it("take strings and open secrets", function()
    local closed = core.secret("x1234567")
    closed:close()
    assert.is_nil((request:header("x", closed)))
    assert.is_nil((request:basic("u", closed)))
    assert.is_nil((request:form("x", closed)))
    assert.same({}, request:export().headers)
    for _, bad in ipairs { 5, true, {}, print, io.stdout } do
      assert.has_error(function()
        request:header("x", bad)
      end)
    end
    assert.has_error(function()
      request:header("x")
    end)
    assert.has_error(function()
      request.header({}, "x", "y")
    end)
    assert.has_error(function()
      request.header(core.response(), "x", "y")
    end)
  end)
end)

describe("basic", function()
  it("is RFC 7617", function()
    local request = core.request("POST", BASE, "/x", NOTHING, {})
    assert.is_true(request:basic("Aladdin", "open sesame"))
    assert.equal("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", request:export().headers.Authorization)
    request:clear_headers()
    assert.is_true(request:basic(core.secret("Aladdin"), core.secret("open:sesame")))
    assert.equal("Basic QWxhZGRpbjpvcGVuOnNlc2FtZQ==", request:export().headers.Authorization)
    request:clear_headers()
    assert.is_true(request:basic("", ""))
    assert.equal("Basic Og==", request:export().headers.Authorization)
    request:clear_headers()
    assert.is_true(request:basic("u", "\0\r\n"))
    assert.equal("Basic dToADQo=", request:export().headers.Authorization)
    request:clear_headers()
    assert.is_nil((request:basic("us:er", "x")))
    assert.is_nil((request:basic("u", ("x"):rep(70000))))
    assert.is_nil((request:basic("u", ("x"):rep(60000))))
    assert.same({}, request:export().headers)
    assert.has_error(function()
      request:basic("u")
    end)
    assert.has_error(function()
      request:basic({}, "p")
    end)
  end)
end)

describe("form", function()
  it("is a body of encoded pairs", function()
    local request = assert(core.raw_request("POST", BASE, ""))
    assert.is_nil(request:export().body)
    assert.is_true(request:form("grant_type", "password"))
    assert.is_true(request:form("user name", core.secret("a&b=c+d e%é")))
    assert.is_true(request:form("empty", ""))
    assert.equal("grant_type=password&user%20name=a%26b%3Dc%2Bd%20e%25%C3%A9&empty=", request:export().body)
    assert.equal(#request:export().body, request:size())
    assert.is_nil((request:form("x", "a\0b")))
    assert.has_error(function()
      request:form("x", {})
    end)
  end)

  it("keeps to the limit", function()
    local request = assert(core.raw_request("POST", BASE, "", nil, nil, 20))
    assert.is_true(request:form("a", "12345678"))
    assert.is_nil((request:form("b", "1234567890")))
    assert.is_nil((request:form("c", "")))
  end)
end)

describe("the whole URL", function()
  it("has at most 8 KiB", function()
    local fields = { { name = "q", type = "string" } }
    local room = 8192 - #BASE - #"/x?q="
    assert.equal(8192, #core.request("GET", BASE, "/x", schema(fields), { q = ("x"):rep(room) }):export().url)
    assert.same({ ": too_long" }, refused(fields, { q = ("x"):rep(room + 1) }))
    assert.same({ ": too_long" }, refused(fields, { q = (" "):rep(room) }))
  end)
end)

describe("arguments of other types", function()
  it("are misuse", function()
    for _, arguments in ipairs {
      {}, { "GET" }, { "GET", BASE, "/x" }, { "GET", BASE, "/x", {} }, { "GET", BASE, "/x", NOTHING }, { "GET", BASE, "/x", NOTHING, "x" },
      { {}, BASE, "/x", NOTHING, {} }, { "GET", {}, "/x", NOTHING, {} }, { "GET", BASE, {}, NOTHING, {} }, { "GET", BASE, "/x", io.stdout, {} },
      { "GET", BASE, "/x", core.null, {} },
    } do
      assert.has_error(function()
        core.request((unpack or table.unpack)(arguments, 1, 5))
      end)
    end
    assert.has_error(function()
      core.check({}, {})
    end)
    assert.has_error(function()
      core.check(NOTHING, "x")
    end)
  end)
end)

describe("a request that is used again", function()
  local fields = schema { { name = "a", type = "string" } }

  local function first()
    local request = assert(core.request("POST", BASE, "/first", fields, { a = ("secret"):rep(100) }, { more = 1 }))
    request:header("x-secret", "cfsk_test_0123456789")
    return request
  end

  it("has nothing of what it was", function()
    local spare = first()
    local request = assert(core.request("GET", BASE, "/second", fields, {}, nil, nil, spare))
    assert.equal(spare, request)
    assert.same({ method = "GET", url = BASE .. "/second", headers = {} }, request:export())
    request = assert(core.request("POST", BASE, "/third", fields, { a = "b" }, nil, nil, request))
    assert.same({ method = "POST", url = BASE .. "/third", headers = {}, body = '{"a":"b"}' }, request:export())
    request:clear()
    assert.equal(0, request:size())
    assert.same({}, request:export().headers)
    assert.is_nil(request:export().body)
    -- One that was refused, closed or too large for its limit serves as well.
    assert.is_nil((core.request("POST", BASE, "/x", fields, { a = 5 }, nil, nil, request)))
    assert.is_nil((core.request("POST", BASE, "/x", fields, { a = ("x"):rep(100) }, nil, 50, request)))
    request:close()
    request = assert(core.request("POST", BASE, "/x", fields, { a = "b" }, nil, nil, request))
    assert.equal('{"a":"b"}', request:export().body)
  end)

  it("has nothing of a large one either, whose memory it gives back", function()
    local request = assert(core.request("POST", BASE, "/x", fields, { a = ("y"):rep(20000) }, nil, nil, first()))
    assert.equal(20008, request:size())
    assert.equal(request, core.request("POST", BASE, "/x", fields, { a = "b" }, nil, nil, request))
    assert.same({ method = "POST", url = BASE .. "/x", headers = {}, body = '{"a":"b"}' }, request:export())
  end)

  it("keeps to its new limit", function()
    for _, limit in ipairs { 9, 10, 100, 255, 256, 257 } do
      assert.truthy(core.request("POST", BASE, "/x", fields, { a = ("x"):rep(limit - 8) }, nil, limit, first()))
      assert.is_nil((core.request("POST", BASE, "/x", fields, { a = ("x"):rep(limit - 7) }, nil, limit, first())))
    end
  end)

  it("is a request, or a new one is made", function()
    for _, other in ipairs { {}, "x", core.response(), io.stdout, false } do
      assert.equal('{"a":"b"}', core.request("POST", BASE, "/x", fields, { a = "b" }, nil, nil, other):export().body)
    end
  end)
end)

describe("a closed request", function()
  it("is empty and harmless", function()
    local request = core.request("POST", BASE, "/x", schema { { name = "a", type = "string" } }, { a = "x" })
    request:header("x-secret", "cfsk_test_0123456789")
    request:close()
    request:close()
    assert.equal(0, request:size())
    local out = request:export()
    assert.equal("", out.url)
    assert.same({}, out.headers)
    assert.is_nil(out.body ~= "" and out.body or nil)
    request:clear_headers()
    request:close()
  end)

  it("is collected like any other value", function()
    for i = 1, 2000 do
      local request = core.request("POST", BASE, "/x", NOTHING, {}, { pad = ("x"):rep(i) })
      request:header("a", "b")
      if i % 3 == 0 then
        request:close()
      end
    end
    collectgarbage()
    collectgarbage()
  end)
end)
