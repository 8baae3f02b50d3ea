--- J. Caller input, and requests forged through it.

local canaries = require("spec.support.canaries")
local row = require("spec.faults.row")
local rows = row.list()

local INJECTED = "\r\nX-Injected: 1"

-- Nothing of it reaches a server, not even a connection.
local function argument(id, name, operation, params, more)
  local fields = { kind = "argument", retry = "N", sent = false, unheard = true, operation = operation, params = params }
  for key, value in pairs(more or {}) do
    fields[key] = value
  end
  rows:add(id, name, fields)
end

local function refused(id, name, options, more)
  local fields = { refused = true, kind = "config", options = options }
  for key, value in pairs(more or {}) do
    fields[key] = value
  end
  rows:add(id, name, fields)
end

local function call(path, more)
  local params = { method = "GET", path = path }
  for key, value in pairs(more or {}) do
    params[key] = value
  end
  return params
end

argument("J01", "CR LF in an id", "status", { user_id = "U1" .. INJECTED }, { expect = { violation = "user_id" } })
refused("J01b", "CR LF in a credential that goes into a header", { client_id = "C" .. INJECTED }, { expect = { violation = "client_id" } })
argument("J01c", "CR LF in a secret that goes into a header", "status", nil, { kind = "config", good_elsewhere = true,
  options = { client_secret = canaries.SECRET .. INJECTED } })
argument("J01d", "CR LF in a traceparent", "status", nil, {
  call_options = { traceparent = ("0"):rep(40) .. INJECTED }, expect = { violation = "traceparent" } })
argument("J02", "CR LF in a path", "call", call("/a" .. INJECTED))
argument("J02b", "? in a path", "call", call("/a?b=c"))
refused("J02c", "a space in base_url", { base_url = "https://api.example/a b" }, { expect = { violation = "base_url" } })
refused("J02d", "CR LF in base_url", { base_url = "https://api.example" .. INJECTED }, { expect = { violation = "base_url" } })
argument("J03", "../ in an id", "status", { user_id = "../../echo" }, { expect = { violation = "user_id" } })
argument("J03b", ".. as a segment of a path", "call", call("/a/../../echo"))
argument("J03c", ". as a segment of a path", "call", call("/a/./echo"))
rows:add("J04", "?, #, & and %2f in a value: encoded, in its place", { operation = "call", quiet = true,
  params = call("/seg ment", { query = { q = "a?b#c&d%2fe/../f" .. INJECTED } }), expect = { fine = true }, check = function(t)
    local line = t.server:requests(t.id)[1]:match("^[^\r]*")
    if not line:find("/seg%%20ment%?q=a%%3Fb%%23c%%26d%%252fe%%2F%.%.%%2Ff%%0D%%0AX%-Injected%%3A%%201 HTTP/1%.1$") then
      error("the server saw " .. line, 0)
    end
  end })
argument("J04b", "? and # in an id", "status", { user_id = "a?b#c" }, { expect = { violation = "user_id" } })
for i, url in ipairs({ "http://good@127.0.0.1", "https://good.example\\@evil.example", "https://user:password@evil.example" }) do
  refused("J05" .. string.char(96 + i), "base_url " .. url, { base_url = url }, { expect = { violation = "base_url" } })
end
refused("J06", "base_url with a fragment", { base_url = "https://evil.example#@good.example" }, { expect = { violation = "base_url" } })
refused("J07", "base_url over http", { base_url = "http://api.example" }, { expect = { violation = "base_url" } })
refused("J07b", "http to loopback that was not allowed", {
  base_url = "http://127.0.0.1:1", allow_http_loopback = false }, { expect = { violation = "base_url" } })
for i, url in ipairs({ "http://2130706433", "https://2130706433", "https://0x7f.1", "https://0177.0.0.1", "https://[::ffff:127.0.0.1]", "https://127.1" }) do
  refused("J08" .. string.char(96 + i), "base_url " .. url, { base_url = url }, { expect = { violation = "base_url" } })
end
for i, url in ipairs({ "file:///etc/passwd", "gopher://127.0.0.1/x" }) do
  refused("J09" .. string.char(96 + i), "base_url " .. url, { base_url = url }, { expect = { violation = "base_url" } })
end
for i, url in ipairs({ "http:///ok", "https:///ok" }) do
  refused("J10" .. string.char(96 + i), "base_url " .. url, { base_url = url }, { expect = { violation = "base_url" } })
end
argument("J11", "NUL in an id", "status", { user_id = "U1\0x" }, { expect = { violation = "user_id" } })
argument("J11b", "NUL in a path", "call", call("/a\0b"))
refused("J11c", "NUL in a credential", { client_id = "C\0" }, { expect = { violation = "client_id" } })
argument("J11d", "NUL in a secret", "status", nil, { kind = "config", good_elsewhere = true,
  options = { client_secret = canaries.SECRET .. "\0" } })
refused("J11e", "NUL in base_url", { base_url = "https://api.example\0.evil.example" }, { expect = { violation = "base_url" } })

-- The second listener is the proxy that must see nothing.
rows:add("J12", "proxies of the environment", { operation = "status", child = { proxies = true } })

argument("J13", "an id of 10 MB", "status", { user_id = ("x"):rep(10 * 1024 * 1024) }, { expect = { violation = "user_id" }, slow = true,
  nginx = { params = { user_id = ("x"):rep(100000) }, why = "the spec's own way into nginx would take longer than the call" } })
argument("J13b", "other types than those documented", "min_kyc", {
  user_id = 5, verification_id = {}, document = "PAN" }, { expect = { violation = "user_id" } })
rows:add("J13c", "hostile metatables", { pure = function()
  local vkyc = require("vkyc")
  local called = 0
  local function trap()
    called = called + 1
    error("a metamethod ran")
  end
  local function hostile(t)
    return setmetatable(t, { __index = trap, __newindex = trap, __len = trap, __pairs = trap, __tostring = trap, __call = trap, __eq = trap,
      __concat = trap, __lt = trap, __unm = trap, __metatable = "none" })
  end
  local requests = 0
  local client = assert(vkyc.new({ provider = "cashfree_ppi", environment = "sandbox", client_id = "C", client_secret = canaries.SECRET, host = {
    send = function()
      requests = requests + 1
      return { status = 200, headers = {}, body = row.GOOD }
    end, sleep = trap, now = os.clock, wall = os.time, random = math.random } }))
  local questions = hostile({ hostile({ order = 1, question = "q", answer = "a" }) })
  assert(client:initiate(hostile({ user_id = "U1", verification_id = "V1", security_questions = questions })))
  local result, err = client:initiate(hostile({}))
  assert(result == nil and err.kind == "argument" and #err.violations == 2)
  result, err = client:initiate({ user_id = hostile({}), verification_id = setmetatable({}, { __tostring = trap, __gc = function() end }), [hostile({})] = 1 })
  assert(result == nil and err.kind == "argument" and requests == 1)
  canaries.refuse(err, "the error")
  if called > 0 then
    error("a metamethod of the caller's ran", 0)
  end
end })

return rows
