-- core.http: a request as bytes, and an answer from bytes, for hosts that move them themselves.

local core = require("vkyc.core")

local function request(method, url, fill)
  local base, path = url:match("^(%a+://[^/]*)(/.*)$")
  local made = assert(core.raw_request(method, base, path, nil, nil, 1000))
  if fill then
    fill(made)
  end
  return made
end

local GET = function()
  return request("GET", "https://api.example.com/x")
end

describe("core.http", function()
  it("makes the bytes of a request, and says where they go", function()
    local secret = core.secret("s3cret")
    local http, bytes, host, port, https = core.http(request("POST", "https://api.example.com:8443/a/b", function(made)
      assert(made:header("x-client-secret", secret))
      assert(made:form("name", "A B"))
    end))
    assert.equal("userdata", type(http))
    assert.equal("POST /a/b HTTP/1.1\r\nHost: api.example.com:8443\r\nx-client-secret: s3cret\r\nContent-Length: 10\r\n\r\nname=A%20B", bytes)
    assert.same({ "api.example.com", 8443, true }, { host, port, https })
    http, bytes, host, port, https = core.http(request("GET", "http://[::1]/x"))
    assert.equal("userdata", type(http))
    assert.equal("GET /x HTTP/1.1\r\nHost: [::1]\r\n\r\n", bytes)
    assert.same({ "::1", 80, false }, { host, port, https })
  end)

  it("refuses a URL that is none", function()
    local made = assert(core.raw_request("GET", "https://user@api.example.com", "/x", nil, nil, 1000))
    local http, failure = core.http(made)
    assert.is_nil(http)
    assert.same({ kind = "config", reason = "The URL is malformed or holds a user's name.", sent = false }, failure)
  end)

  it("reads an answer in whatever pieces it comes", function()
    local text = "HTTP/1.1 200 OK\r\nX-Id: 7\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n4;x=y\r\n\":1}\r\n0\r\n\r\n"
    for cut = 1, #text - 1 do
      local http, response = core.http(GET()), core.response(100)
      assert.is_false((http:feed(response, text:sub(1, cut))))
      assert.same({ 200, true }, { http:feed(response, text:sub(cut + 1)) })
      assert.equal('{"a":1}', response:body())
      assert.equal("7", response:header("x-id"))
    end
  end)

  it("knows an answer that only the end of the connection ends", function()
    local http, response = core.http(GET()), core.response(100)
    assert.is_false((http:feed(response, "HTTP/1.1 200 OK\r\n\r\n{}")))
    assert.same({ 200, false }, { http:finish(response) })
    assert.equal("{}", response:body())
  end)

  it("expects no body of a HEAD", function()
    local http, response = core.http(request("HEAD", "https://api.example.com/x")), core.response(100)
    assert.same({ 200, true }, { http:feed(response, "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n") })
  end)

  it("says what went wrong, in the words of every transport", function()
    local function failure(text, ends)
      local http, response = core.http(GET()), core.response(100)
      local status, fault = http:feed(response, text)
      if ends then
        status, fault = http:finish(response)
      end
      assert.is_nil(status)
      assert.equal("response", fault.phase)
      assert.is_true(fault.sent)
      return fault.kind
    end
    assert.equal("protocol", failure("SSH-2.0-OpenSSH"))
    assert.equal("protocol", failure("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"))
    assert.equal("protocol", failure("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"))
    assert.equal("too_large", failure("HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n"))
    assert.equal("too_large", failure("HTTP/1.1 200 OK\r\n\r\n" .. ("x"):rep(101)))
    assert.equal("network", failure("", true))
    assert.equal("network", failure("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", true))
  end)

  it("does not use a connection again after bytes that nobody asked for", function()
    local http, response = core.http(GET()), core.response(100)
    assert.same({ 200, false }, { http:feed(response, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}x") })
    http, response = core.http(GET()), core.response(100)
    assert.same({ 200, true }, { http:feed(response, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}") })
    assert.same({ 200, false }, { http:feed(response, "x") })
  end)

  it("takes one that nobody needs any more, whatever it was in the middle of", function()
    local first, response = core.http(GET()), core.response(100)
    assert.is_false((first:feed(response, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nsho")))
    local again, bytes = core.http(request("HEAD", "https://api.example.com/y"), first)
    assert.is_true(rawequal(first, again))
    assert.equal("HEAD /y HTTP/1.1\r\nHost: api.example.com\r\n\r\n", bytes)
    response:reset()
    assert.same({ 200, true }, { again:feed(response, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n") })
    assert.equal("", response:body())
    local half = core.http(GET(), again)
    response:reset()
    assert.is_false((half:feed(response, "HTTP/1.1 20")))
    response:reset()
    assert.same({ 204, true }, { core.http(GET(), half):feed(response, "HTTP/1.1 204 None\r\n\r\n") })
    response:reset()
    assert.is_nil((core.http(GET(), half):feed(response, "FTP/1")))
    half:close()
    response:reset()
    assert.same({ 204, true }, { core.http(GET(), half):feed(response, "HTTP/1.1 204 None\r\n\r\n") })
  end)

  it("raises at misuse, and survives being closed", function()
    assert.has_error(function()
      core.http("x")
    end)
    local http, response = core.http(GET()), core.response(100)
    assert.has_error(function()
      http:feed("x", "y")
    end)
    assert.has_error(function()
      http:feed(response)
    end)
    http:close()
    http:close()
    http = nil
    collectgarbage()
  end)

  it("gives reasons for certificates", function()
    assert.matches("another host", core.certificate_reason(0))
    assert.matches("expired", core.certificate_reason(10))
    assert.matches("not to be trusted", core.certificate_reason(12345))
  end)
end)
