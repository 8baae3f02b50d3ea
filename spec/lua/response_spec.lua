-- Responses filled from tables: what hosts of users hand over passes the same checks as bytes from a socket (D03-D07, D15-D20, E01-E04).

local core = require "vkyc.core"

local MIB = 1024 * 1024

local function fill(status, headers, body, max)
  return core.response(max):fill(status, headers, body)
end

local function refused(kind, status, headers, body, max)
  local response = core.response(max)
  local result, failure = response:fill(status, headers, body)
  assert.is_nil(result)
  assert.equal(kind, failure.kind)
  assert.equal("response", failure.phase)
  assert.is_true(failure.sent)
  assert.equal("string", type(failure.reason))
  -- The next answer finds it as new.
  assert.equal(204, response:fill(204, {}, ""))
  assert.equal(204, response:status())
  return failure.reason
end

describe("core.response", function()
  it("holds status, headers and body", function()
    local response = core.response()
    assert.equal(0, response:status())
    assert.equal("", response:body())
    assert.equal(0, response:size())
    assert.same({}, response:headers())
    assert.equal(200, response:fill(200, { ["Content-Type"] = "application/json", ["X-Request-ID"] = "r-1", ["X-Number"] = 5, ["Content-Length"] = "2" }, "{}"))
    assert.equal(200, response:status())
    assert.equal("{}", response:body())
    assert.equal(2, response:size())
    assert.equal("application/json", response:header("content-type"))
    assert.is_nil(response:header("Content-Type")) -- asked for in lower case
    assert.is_nil(response:header("content-typ"))
    assert.is_nil(response:header(""))
    assert.same({ ["content-type"] = "application/json", ["x-request-id"] = "r-1", ["x-number"] = "5", ["content-length"] = "2" }, response:headers())
    response:reset()
    assert.equal(0, response:status())
    assert.equal("", response:body())
    assert.is_nil(response:header("content-type"))
  end)

  it("is filled anew each time", function()
    local response = core.response()
    response:fill(500, { ["X-A"] = "1" }, "first")
    assert.equal(200, response:fill(200, { ["X-B"] = "2" }, "second"))
    assert.same({ ["x-b"] = "2" }, response:headers())
    assert.equal("second", response:body())
    assert.is_nil(response:fill(999, { ["X-C"] = "3" }, "third"))
    assert.equal("", response:body())
    assert.same({}, response:headers())
    assert.equal(0, response:status())
  end)

  it("needs neither headers nor a body", function()
    assert.equal(204, fill(204))
    assert.equal(200, fill(200, nil, nil))
    assert.equal(404, fill(404, {}))
    assert.equal(599, fill(599))
    assert.equal(200, fill(200, {}, "a\0b"))
  end)

  it("takes lists of values", function()
    local response = core.response()
    assert.equal(200, response:fill(200, { ["Set-Cookie"] = { "a=1", "b=2" }, ["X-Empty"] = {}, ["X-Trim"] = "  v\t " }, ""))
    assert.equal("a=1", response:header("set-cookie"))
    assert.equal("b=2", response:headers()["set-cookie"])
    assert.is_nil(response:header("x-empty"))
    assert.equal("v", response:header("x-trim"))
  end)
end)

describe("a bad status", function()
  it("is protocol (D15, D16)", function()
    for _, status in ipairs { 0, 99, 600, 999, -200, 1000, 200.5, 0 / 0, 1 / 0, -1 / 0, 2 ^ 40, 2 ^ 63 } do
      refused("protocol", status)
    end
    -- An interim answer is not an answer.
    for _, status in ipairs { 100, 101, 102, 103, 199 } do
      refused("protocol", status, { ["X-A"] = "1" }, "body")
    end
    for _, bad in ipairs { "OK", {}, true, print } do
      assert.has_error(function()
        fill(bad)
      end)
    end
    assert.has_error(function()
      core.response():fill()
    end)
    assert.has_error(function()
      fill(200, "headers")
    end)
    assert.has_error(function()
      fill(200, {}, {})
    end)
  end)
end)

describe("header faults", function()
  it("of the length are protocol (D03-D05)", function()
    for _, length in ipairs { "-1", "12abc", "", "+1", "0x10", "1 2", "1,1", "1.0", "1e3" } do
      refused("protocol", 200, { ["Content-Length"] = length }, "{}")
    end
    refused("protocol", 200, { ["Content-Length"] = { "3", "5" } }, "{}")
    refused("protocol", 200, { ["Content-Length"] = "3", ["content-length"] = "5" }, "{}")
    assert.equal(200, fill(200, { ["Content-Length"] = { "2", "2" } }, "{}"))
  end)

  it("of chunks are protocol (D07, D12)", function()
    refused("protocol", 200, { ["Content-Length"] = "2", ["Transfer-Encoding"] = "chunked" }, "{}")
    refused("protocol", 200, { ["Transfer-Encoding"] = "gzip, chunked" }, "{}")
    refused("protocol", 200, { ["Transfer-Encoding"] = "identity" }, "{}")
    refused("protocol", 200, { ["Transfer-Encoding"] = { "chunked", "chunked" } }, "{}")
    assert.equal(200, fill(200, { ["Transfer-Encoding"] = "Chunked" }, "{}"))
  end)

  it("of the coding are protocol (E01-E04)", function()
    for _, coding in ipairs { "gzip", "br", "deflate", "identity, gzip", "unheard-of", "GZIP" } do
      refused("protocol", 200, { ["Content-Encoding"] = coding }, "{}")
    end
    assert.equal(200, fill(200, { ["Content-Encoding"] = "Identity" }, "{}"))
    assert.equal(200, fill(200, { ["Content-Encoding"] = "" }, "{}"))
  end)

  it("of the text are protocol (D19, D20)", function()
    for _, name in ipairs { "", "a b", "a:b ", "a\r\nb", "a\0", "a\nX-Injected", " a", "a ", "é" } do
      refused("protocol", 200, { [name] = "v" })
    end
    for _, value in ipairs { "a\r\nX-Injected: 1", "a\0b", "a\nb", "a\rb", "\27[2J", "a\127" } do
      local reason = refused("protocol", 200, { ["X-A"] = value })
      assert.is_nil(reason:find("Injected", 1, true))
    end
    for _, value in ipairs { true, print, io.stdout, core.null, { {} }, { true }, { "a", print } } do
      refused("protocol", 200, { ["X-A"] = value })
    end
    refused("protocol", 200, { "X-A: 1" })
    refused("protocol", 200, { [{}] = "v" })
    refused("protocol", 200, { [true] = "v" })
  end)

  it("of the amount are too_large (D17, D18)", function()
    local many, fits = {}, {}
    for i = 1, 257 do
      many["X-" .. i] = "v"
      fits["X-" .. i] = i <= 256 and "v" or nil
    end
    assert.equal(200, fill(200, fits))
    refused("too_large", 200, many)
    refused("too_large", 200, { ["X-A"] = ("v"):rep(400 * 1024) })
    refused("too_large", 200, { [("x"):rep(70000)] = "v" })
    local list = {}
    for i = 1, 20000 do
      list[i] = "v"
    end
    refused("too_large", 200, { ["X-A"] = list })
  end)

  it("are found through no metatable", function()
    local called = 0
    local function trap()
      called = called + 1
      return "trapped"
    end
    local mt = { __index = trap, __len = trap, __pairs = trap, __tostring = trap, __concat = trap }
    assert.equal(200, fill(200, setmetatable({ ["X-A"] = setmetatable({ "v" }, mt) }, mt), ""))
    refused("protocol", 200, { ["X-A"] = setmetatable({ setmetatable({}, mt) }, mt) })
    assert.equal(0, called)
  end)
end)

describe("the limit of a body", function()
  it("is 1 MiB, or the caller's (D21, D22)", function()
    assert.equal(200, fill(200, {}, ("x"):rep(MIB)))
    refused("too_large", 200, {}, ("x"):rep(MIB + 1))
    assert.equal(200, fill(200, {}, "12345", 5))
    refused("too_large", 200, {}, "123456", 5)
    assert.equal(200, fill(200, {}, ("x"):rep(2 * MIB), 2 * MIB))
    for _, max in ipairs { 0, -1, 0 / 0, 1 / 0, 2 ^ 31, "x", {} } do
      assert.has_error(function()
        core.response(max)
      end)
    end
  end)
end)

describe("a closed response", function()
  it("is empty, harmless, and may be filled again", function()
    local response = core.response()
    response:fill(200, { ["X-A"] = "1" }, "body")
    response:close()
    response:close()
    assert.equal(0, response:status())
    assert.equal("", response:body())
    assert.equal(0, response:size())
    assert.same({}, response:headers())
    assert.is_nil(response:header("x-a"))
    response:reset()
    assert.equal(200, response:fill(200, { ["X-B"] = "2" }, "again"))
    assert.equal("again", response:body())
    response:close()
  end)

  it("is told from other values", function()
    for _, method in ipairs { "fill", "status", "header", "headers", "body", "size", "reset", "close" } do
      for _, receiver in ipairs { {}, "x", io.stdout, core.null, core.schema {}, core.secret("x1234567") } do
        assert.has_error(function()
          core.response()[method](receiver, 200)
        end)
      end
    end
  end)
end)
