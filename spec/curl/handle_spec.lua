-- What a handle promises beside its answer to faults: the exact bytes it sends, its options, its end, forks and signals.

local core = require("vkyc.core")
local curl = require("vkyc.curl")
local faults = require("spec.support.faults")
local process = require("spec.support.process")

local OK = faults.response({ body = '{"ok":true}' })
local CONFIG_WORDS = { ca_file = "ca_file", crl_file = "crl_file", client_cert = "client_cert" }

describe("a libcurl handle", function()
  local server, url, id

  setup(function()
    server = assert(faults.start())
  end)

  teardown(function()
    server:stop()
  end)

  before_each(function()
    url, id = server:case({ steps = { { "send", OK } } })
  end)

  local function open(options)
    options = options or {}
    options.ca_file = options.ca_file or server:file("ca.pem")
    if options.allow_http == nil then
      options.allow_http = true
    end
    return assert(curl.new(options))
  end

  local function request(method, base, path, body)
    local made = assert(core.raw_request(method, base, path, nil, body, 4 * 1024 * 1024))
    return made
  end

  local function call(handle, method, to, max_idle_s)
    local base, path = to:match("^(%a+://[^/]*)(/.*)$")
    local response = core.response()
    local status, failure = handle:perform(request(method or "GET", base, path), response, 2, 1, max_idle_s)
    return status, failure, response
  end

  describe("sends", function()
    local function sent(method, body, fill)
      local handle = open()
      local made = request(method, server:base("http"), "/" .. id .. "/a", body)
      assert(made:header("X-Api-Version", "2024-12-01"))
      if fill then
        fill(made)
      end
      assert.equal(200, (handle:perform(made, core.response(), 2, 1)))
      handle:close()
      return server:requests(id)[1]
    end

    local function start(method)
      local host = server:base("http"):match("//(.*)")
      return method .. " /" .. id .. "/a HTTP/1.1\r\nHost: " .. host .. "\r\nX-Api-Version: 2024-12-01\r\n"
    end

    for _, method in ipairs({ "GET", "DELETE" }) do
      it("nothing that was not asked for with " .. method, function()
        assert.equal(start(method) .. "\r\n", sent(method))
      end)
    end

    for _, method in ipairs({ "POST", "PUT", "PATCH", "DELETE" }) do
      it("the body of a " .. method .. " as it is", function()
        assert.equal(start(method) .. "Content-Length: 7\r\n\r\n" .. '{"a":1}', sent(method, { a = 1 }))
      end)
    end

    it("a length for a POST without a body", function()
      assert.equal(start("POST") .. "Content-Length: 0\r\n\r\n", sent("POST"))
    end)

    it("the media types that were given, once", function()
      local text = sent("POST", { a = 1 }, function(made)
        assert(made:header("content-type", "application/json"))
        assert(made:header("Accept", "application/json"))
      end)
      assert.equal(start("POST") .. "content-type: application/json\r\nAccept: application/json\r\nContent-Length: 7\r\n\r\n" .. '{"a":1}', text)
    end)

    it("an empty field as such", function()
      local text = sent("GET", nil, function(made)
        assert(made:header("X-Empty", ""))
      end)
      assert.equal(start("GET") .. "X-Empty:\r\n\r\n", (text:gsub("Empty: ", "Empty:")))
    end)

    it("a large body without waiting for a 100 Continue", function()
      local text = sent("POST", nil, function(made)
        assert(made:form("x", ("y"):rep(2 * 1024 * 1024)))
      end)
      local expected = start("POST") .. "Content-Length: 2097154\r\n\r\nx=yyy"
      assert.equal(expected, text:sub(1, #expected))
      assert.is_nil(text:lower():find("expect", 1, true))
    end)

    it("256 header fields, and refuses more", function()
      local text = sent("GET", nil, function(made)
        for i = 2, 256 do
          assert(made:header("X-" .. i, "v"))
        end
      end)
      assert.is_truthy(text:find("X-256: v", 1, true))
      local handle = open()
      local made = request("GET", server:base("http"), "/" .. id)
      for i = 1, 257 do
        assert(made:header("X-" .. i, "v"))
      end
      local status, failure = handle:perform(made, core.response(), 2, 1)
      assert.is_nil(status)
      assert.equal("config", failure.kind)
      assert.is_false(failure.sent)
      assert.equal(1, server:count(id))
      handle:close()
    end)

    it("each of many different requests over one connection", function()
      local handle = open()
      local before = server:listener("http")
      for i = 1, 20 do
        local method = ({ "GET", "POST", "PUT", "DELETE", "PATCH" })[i % 5 + 1]
        local made = request(method, server:base("http"), "/" .. id .. "/" .. i, i % 5 % 2 == 1 and { n = i } or nil)
        assert.equal(200, (handle:perform(made, core.response(), 2, 1)))
        local text = server:requests(id)[i]
        assert.equal(method .. " /" .. id .. "/" .. i .. " HTTP/1.1", text:match("^[^\r]*"))
        assert.equal(i % 5 % 2 == 1 and ('{"n":' .. i .. "}") or "", text:match("\r\n\r\n(.*)$"))
      end
      assert.equal(before + 1, (server:listener("http")))
      handle:close()
    end)
  end)

  describe("refuses", function()
    local function failure_of(options)
      local handle, failure = curl.new(options)
      assert.is_nil(handle)
      assert.is_false(failure.sent)
      return failure
    end

    for option, word in pairs(CONFIG_WORDS) do
      for name, make in pairs({
        ["a missing file"] = function() return "/nonexistent/file.pem" end,
        ["an empty file"] = function() return "/dev/null" end,
        ["a directory"] = function() return server.directory end,
        ["a file without PEM"] = function() return server:file("index.txt") end,
      }) do
        it("C14 " .. name .. " as " .. option, function()
          local options = { client_key = option == "client_cert" and server:file("client.key") or nil }
          options[option] = make()
          local failure = failure_of(options)
          assert.equal("config", failure.kind)
          assert.is_truthy(failure.reason:find(word, 1, true))
        end)
      end
    end

    it("a certificate without its key, or with another's", function()
      assert.equal("config", failure_of({ client_cert = server:file("client.pem") }).kind)
      assert.equal("config", failure_of({ client_key = server:file("client.key") }).kind)
      assert.equal("config", failure_of({ client_cert = server:file("client.pem"), client_key = server:file("good.key") }).kind)
    end)

    it("options of the wrong type", function()
      assert.error_matches(function() curl.new({ ca_file = 5 }) end, "ca_file must be a string")
      assert.error_matches(function() curl.new({ allow_http = "yes" }) end, "allow_http must be a boolean")
      assert.error_matches(function() curl.new({ proxy = "a\0b" }) end, "proxy is empty or holds a NUL byte")
      assert.error_matches(function() curl.new({ proxy = "" }) end, "proxy is empty")
      assert.has_error(function() curl.new() end)
    end)

    it("arguments of the wrong type", function()
      local handle = open()
      local made, response = request("GET", server:base("http"), "/" .. id), core.response()
      assert.has_error(function() handle:perform(response, response, 1, 1) end)
      assert.has_error(function() handle:perform(made, made, 1, 1) end)
      assert.has_error(function() handle:perform(made, response, "soon", 1) end)
      assert.has_error(function() handle:perform(made, response, 0 / 0, 1) end)
      assert.has_error(function() handle.perform(made, made, response, 1, 1) end)
      assert.equal(0, server:count(id))
      handle:close()
    end)

    it("J01 a line break in a header value", function()
      local made = request("GET", server:base("http"), "/" .. id)
      assert.is_nil(made:header("X-Id", "a\r\nX-Injected: 1"))
      assert.is_nil(made:header("X-Id", "a\0b"))
    end)

    for name, base in pairs({
      ["J05 a user's name"] = "https://good@127.0.0.1",
      ["J05 a backslash"] = "https://good\\@127.0.0.1",
      ["J09 file:"] = "file:///etc",
      ["J09 gopher:"] = "gopher://127.0.0.1",
      ["J02 a space"] = "https://127.0.0.1 ",
      ["J11 a NUL byte"] = "https://127.0.0.1\0.example",
      ["no URL at all"] = "",
    }) do
      it(name .. " in the URL", function()
        local handle = open()
        local total = server:total()
        local status, failure = handle:perform(request("GET", base, "/x"), core.response(), 2, 1)
        assert.is_nil(status)
        assert.equal("config", failure.kind)
        assert.is_false(failure.sent)
        assert.equal(total, server:total())
        assert.equal(200, (call(handle, "GET", url)))
        handle:close()
      end)
    end

    it("J10 to take a path for a host", function()
      local handle = open({ allow_http = false })
      local status, failure = handle:perform(request("GET", "https://", "/" .. id), core.response(), 2, 1)
      assert.is_nil(status)
      assert.is_false(failure.sent)
      assert.equal(0, server:count(id))
      handle:close()
    end)

    it("J07 http unless it is allowed", function()
      local handle = open({ allow_http = false })
      local status, failure = call(handle, "GET", url)
      assert.is_nil(status)
      assert.equal("config", failure.kind)
      assert.equal(0, server:count(id))
      handle:close()
    end)
  end)

  describe("uses", function()
    it("J12 no proxy of the environment", function()
      local code = ([[
        local core, curl = require("vkyc.core"), require("vkyc.curl")
        local handle = curl.new({ allow_http = true })
        print((handle:perform(core.raw_request("GET", %q, %q), core.response(), 2, 1)))]]):format(server:base("http"), "/" .. id)
      local proxy = server:base("http2")
      local before = server:listener("http2")
      local output, fine = process.run(code, "http_proxy=" .. proxy .. " HTTPS_PROXY=" .. proxy .. " ALL_PROXY=" .. proxy)
      assert.is_true(fine, output)
      assert.equal("200\n", output)
      assert.equal(before, (server:listener("http2")))
    end)

    it("the proxy it was given, which does not see our headers", function()
      server:case({ id = "CONNECT", listener = "http2", steps = { { "send", faults.response({ status = "407 No" }) } } })
      local handle = open({ proxy = server:base("http2") })
      local made = request("GET", server:base("tls"), "/" .. id)
      assert(made:header("x-client-secret", "canary"))
      local status, failure = handle:perform(made, core.response(), 2, 1)
      assert.is_nil(status)
      assert.equal("connect", failure.kind)
      assert.is_false(failure.sent)
      local seen = server:requests("CONNECT")
      assert.is_nil(table.concat(seen):find("canary", 1, true))
      assert.is_true(#seen >= 1)
      handle:close()
    end)

    it("a kept connection only below the idle time", function()
      local handle = open()
      local before = server:listener("http")
      assert.equal(200, (call(handle, "GET", url)))
      assert.equal(200, (call(handle, "GET", url, 5)))
      assert.equal(before + 1, (server:listener("http")))
      assert.equal(200, (call(handle, "GET", url, 0)))
      assert.equal(before + 2, (server:listener("http")))
      core.sleep(2.1)
      assert.equal(200, (call(handle, "GET", url, 2)))
      assert.equal(before + 3, (server:listener("http")))
      handle:close()
    end)

    it("a deadline of nothing without hanging", function()
      local handle = open()
      local slow = server:case({ steps = { { "hang" } } })
      local base, path = slow:match("^(%a+://[^/]*)(/.*)$")
      for _, seconds in ipairs({ 0, -1, 0.0001 }) do
        local status, failure = handle:perform(request("GET", base, path), core.response(), seconds, seconds)
        assert.is_nil(status)
        assert.equal("timeout", failure.kind)
      end
      handle:close()
    end)
  end)

  describe("ends", function()
    it("once, and says so", function()
      local handle = open()
      assert.equal(200, (call(handle, "GET", url)))
      handle:close()
      handle:close()
      local status, failure = call(handle, "GET", url)
      assert.is_nil(status)
      assert.equal("closed", failure.kind)
      assert.is_false(failure.sent)
      assert.equal("vkyc.CurlHandle (closed)", tostring(handle))
    end)

    it("with its files when it is collected", function()
      collectgarbage()
      local files = process.files()
      for _ = 1, 20 do
        assert.equal(200, (call(open(), "GET", server:base("tls") .. "/" .. id)))
      end
      collectgarbage()
      collectgarbage()
      -- The last one may still lie on the stack.
      assert.is_true(process.files() <= files + 2)
    end)

    it("with the version of vkyc.core, or not at all", function()
      local output = process.run([[
        local core = require("vkyc.core")
        core._VERSION = "0.0.0-other"
        print(pcall(require, "vkyc.curl"))]])
      assert.is_truthy(output:find("install both from one build", 1, true), output)
    end)
  end)

  it("survives a fork without touching its parent's connection", function()
    local has_ffi, ffi = pcall(require, "ffi")
    if not has_ffi then
      return pending("fork needs LuaJIT's ffi")
    end
    ffi.cdef("int fork(void); int waitpid(int, int *, int); void _exit(int);")
    local to = server:base("tls") .. "/" .. id
    local handle, idle = open(), open()
    assert.equal(200, (call(handle, "GET", to)))
    assert.equal(200, (call(idle, "GET", to)))
    local before = server:listener("tls")
    collectgarbage()
    collectgarbage()
    local child = ffi.C.fork()
    if child == 0 then
      -- No assert here: a failure must end the child, not go on in the test runner.
      local fine = pcall(function()
        local files = process.files()
        idle:close()
        assert(process.files() == files - 1)
        assert(call(handle, "GET", to) == 200)
        assert(call(handle, "GET", to) == 200)
        handle:close()
      end)
      ffi.C._exit(fine and 0 or 1)
    end
    local status = ffi.new("int[1]")
    ffi.C.waitpid(child, status, 0)
    assert.equal(0, status[0])
    assert.equal(before + 1, (server:listener("tls")))
    assert.equal(200, (call(handle, "GET", to)))
    assert.equal(200, (call(idle, "GET", to)))
    assert.equal(before + 1, (server:listener("tls")))
    handle:close()
    idle:close()
  end)

  for _, listener in ipairs({ "http", "tls" }) do
    for _, how in ipairs({ "cut", "rst" }) do
      it("keeps SIGPIPE from its host: " .. listener .. ", " .. how, function()
        local _, case = server:case({ listener = listener, steps = { { "headonly" }, { "pause", 5 }, { how } } })
        local output, fine = process.run(([[
          local core, curl = require("vkyc.core"), require("vkyc.curl")
          local handle = assert(curl.new({ ca_file = %q, allow_http = true }))
          local kind
          for _ = 1, 10 do
            local request = core.raw_request("POST", %q, %q, nil, nil, 8e6)
            request:form("x", ("y"):rep(4e6))
            local _, failure = handle:perform(request, core.response(), 2, 1)
            kind = failure and failure.kind
          end
          handle:close()
          print(kind)]]):format(server:file("ca.pem"), server:base(listener), "/" .. case))
        assert.is_true(fine, output)
        assert.equal("network\n", output)
      end)
    end
  end
end)
