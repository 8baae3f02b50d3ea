--- The bodies that the figures are made of: what Cashfree PPI documents for `initiate`, and a delivery of the usual size.

local M = {}

M.client_id = "CF10000000BENCH"
M.secret = "bench_secret_0123456789abcdef0123456789"

--- What a script gives to `initiate`.
M.params = {
  user_id = "USER827364",
  verification_id = "TestVkycVerification",
  notification_modes = { "SMS", "WHATSAPP" },
  security_questions = {
    { order = 1, question = "What is your annual income?", answer = "1000000" },
  },
}

--- The answer to it: 508 bytes.
M.response = '{"verification_id":"TestVkycVerification","cf_verification_id":"8901234567890123458","user_id":"USER827364",'
  .. '"status":"RECEIVED","sub_status":"LINK_GENERATED",'
  .. '"vkyc_link":"https://vkyc.example/session/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdefghijklmnopqr",'
  .. '"link_expiry":"2026-06-03","notification_modes":["SMS","WHATSAPP"],'
  .. '"security_questions":[{"order":1,"question":"What is your annual income?","answer":"1000000"}],'
  .. '"meeting_schedule":null,"auditor_remarks":null,"agent_remarks":null}'
assert(#M.response == 508, #M.response)

--- A delivery of 1.1 KB.
M.delivery = '{"event_type":"VKYC_USER_CALL_COMPLETED","event_time":"2026-06-04T10:31:07Z","data":{'
  .. M.response:sub(2, -2):gsub('"meeting_schedule":null', '"meeting_schedule":"2026-06-04T10:15:30Z"')
  .. ',"remarks":"' .. ("The customer showed the original card and answered every question. "):rep(7) .. '"}}'
assert(#M.delivery > 1050 and #M.delivery < 1150, #M.delivery)

--- A client for the server of this run.
---@param base_url string
---@param ca_file string|nil
---@param more? table further options
---@return vkyc.Client
function M.client(base_url, ca_file, more)
  local options = {
    provider = "cashfree_ppi",
    environment = "sandbox",
    base_url = base_url,
    ca_file = not (more and more.host) and ca_file or nil, -- a host of one's own has its own TLS options
    client_id = M.client_id,
    client_secret = M.secret,
  }
  for name, value in pairs(more or {}) do
    options[name] = value
  end
  return assert(require("vkyc").new(options))
end

--- The request that our client makes of `params`, as bytes that a peer can send: url, headers (sorted lines) and body.
---@param base_url string
---@return { url: string, headers: string[], body: string }
function M.request(base_url)
  local core = require "vkyc.core"
  local seen
  local client = M.client(base_url, nil, {
    allow_http_loopback = true,
    host = {
      send = function(request)
        seen = request
        return { status = 200, headers = { ["content-type"] = "application/json" }, body = M.response }
      end,
      sleep = core.sleep,
      now = core.monotonic,
      wall = core.wall,
      random = core.random,
    },
  })
  assert(client:initiate(M.params))
  client:close()
  local lines = {}
  for name, value in pairs(seen.headers) do
    lines[#lines + 1] = name .. ": " .. value
  end
  table.sort(lines)
  return { url = seen.url, headers = lines, body = seen.body }
end

return M
