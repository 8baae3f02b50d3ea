--- What the locations of nginx_worker.conf.in do: one exchange with the backend for each request, by vkyc or by one of its peers. All build
-- the request's JSON from the same table and read the answer's JSON.

local samples = require "samples"

local ngx = rawget(_G, "ngx")

local M = {}

local PATH = "/ppi/kyc/vkyc"

function M.say(text)
  ngx.header.content_length = #text
  ngx.print(text)
end

local function answer(result, err)
  if not result then
    ngx.log(ngx.ERR, tostring(err))
    return ngx.exit(500)
  end
  M.say(result.status)
end

---@param http string base URL of the backend
---@param tls string the same over TLS
---@return table
function M.new(http, tls)
  local bases = { http = http, tls = tls, slow = http .. "/slow", slow_tls = tls .. "/slow" }
  local cjson, params = require("cjson").new(), samples.params
  local clients, heads, targets, headers = {}, {}, {}, {}
  for name, base in pairs(bases) do
    clients[name] = samples.client(base, nil, { allow_http_loopback = true, connect_timeout_s = 10, attempt_timeout_s = 30 })
    local request = samples.request(base)
    local scheme, host, port, prefix = base:match "^(%w+)://([^:/]+):(%d+)(.*)$"
    targets[name] = { host = host, port = tonumber(port), https = scheme == "https", pool = name:gsub("slow_?", "") }
    heads[name] = "POST " .. prefix .. PATH .. " HTTP/1.1\r\nHost: " .. host .. ":" .. port .. "\r\n" .. table.concat(request.headers, "\r\n")
      .. "\r\nContent-Length: "
    headers[name] = {}
    for _, line in ipairs(request.headers) do
      local key, value = line:match "^([^:]+): (.*)$"
      headers[name][key] = value
    end
  end

  local bench = { say = M.say }

  function bench.vkyc(name)
    answer(clients[name]:initiate(params))
  end

  -- The least a script can do with a cosocket.
  function bench.cosocket(name)
    local target, body, sock = targets[name], cjson.encode(params), ngx.socket.tcp()
    sock:settimeouts(10000, 10000, 10000)
    assert(sock:connect(target.host, target.port, { pool = target.pool }))
    if target.https and sock:getreusedtimes() == 0 then
      assert(sock:sslhandshake(nil, target.host, true))
    end
    assert(sock:send { heads[name], tostring(#body), "\r\n\r\n", body })
    local length
    repeat
      local line = assert(sock:receive())
      length = line:match "^[Cc]ontent%-[Ll]ength: (%d+)" or length
    until line == ""
    local text = assert(sock:receive(tonumber(length)))
    sock:setkeepalive()
    answer(cjson.decode(text))
  end

  -- nginx's own client.
  function bench.capture(location)
    local response = ngx.location.capture(location, { method = ngx.HTTP_POST, body = cjson.encode(params) })
    if response.status ~= 200 then
      return answer(nil, response.status)
    end
    answer(cjson.decode(response.body))
  end

  -- lua-resty-http, when it is there.
  function bench.resty(name)
    local found, http_client = pcall(require, "resty.http")
    if not found then
      return ngx.exit(404)
    end
    local client = http_client.new()
    client:set_timeouts(10000, 10000, 10000)
    local response, err = client:request_uri(bases[name] .. PATH, { method = "POST", body = cjson.encode(params), headers = headers[name] })
    if not response then
      return answer(nil, err)
    end
    answer(cjson.decode(response.body))
  end

  return bench
end

return M
