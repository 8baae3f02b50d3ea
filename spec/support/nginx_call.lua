--- One request through the cosockets, as a spec asks for it from outside (nginx.lua's run): the transport alone, without a client.

local core = require "vkyc.core"
local host = require "vkyc.hosts.nginx"

---@param args table url, method, person, secret, request_size, client_cert, client_key, timeout_s, connect_timeout_s, max_idle_s
---@return table status, failure, body, headers, elapsed
return function(args)
  local transport, failure = host.open({ client_cert = args.client_cert, client_key = args.client_key })
  if not transport then
    return { failure = failure }
  end
  local base, path = args.url:match("^(%a+://[^/]*)(/.*)$")
  local method = args.method or "POST"
  local request = assert(core.raw_request(method, base, path, nil, nil, 32 * 1024 * 1024))
  assert(request:header("x-client-secret", args.secret or "-"))
  if method == "POST" then
    assert(request:form("name", args.person or "-"))
    if args.request_size then
      assert(request:form("more", ("x"):rep(args.request_size)))
    end
  end
  local response = core.response(1024 * 1024)
  local before = core.monotonic()
  local status
  status, failure = host.send(transport, request, response, {
    timeout_s = args.timeout_s or 2, connect_timeout_s = args.connect_timeout_s or 1, max_idle_s = args.max_idle_s,
  })
  return { status = status, failure = failure, body = status and response:body(), headers = status and response:headers(), elapsed = core.monotonic() - before }
end
