--- A host for specs: a virtual clock, a script of answers, and a list of every request that left.
--
--    local host = scripted.new { scripted.reply(200, '{"user_id":"U1"}'), scripted.lost() }
--    local client = scripted.client("cashfree_ppi", host)
--
-- An answer is a response, a failure, or a function(request, number) that returns either; after the last one it is given again.

local vkyc = require "vkyc"
local canaries = require "spec.support.canaries"

local M = {}

--- A Monday, 10:30 in India: 2026-06-08T05:00:00Z.
M.WALL = 1780894800

---@param status integer
---@param body? string JSON, or anything
---@param headers? table
---@return table
function M.reply(status, body, headers)
  local all = { ["content-type"] = "application/json" }
  for name, value in pairs(headers or {}) do
    all[name] = value
  end
  return { status = status, headers = all, body = body or "" }
end

local function failure(kind, phase, sent, reason)
  return { failure = { kind = kind, phase = phase, sent = sent, reason = reason or "simulated" } }
end

--- An answer that never came, though the request may have arrived.
function M.lost(kind, reason)
  return failure(kind or "timeout", "response", true, reason)
end

--- A request that never left.
function M.unsent(kind, reason)
  return failure(kind or "connect", kind == "dns" and "dns" or "connect", false, reason)
end

--- A token as Enkash's sample shows it.
function M.token(text, seconds)
  return M.reply(200, '{"access_token":"' .. (text or "tokenOne") .. '","token_type":"bearer","refresh_token":"refreshOne","expires_in":'
    .. (seconds or 86399) .. ',"scope":"read write trust"}')
end

--- Makes a host.
---@param answers table
---@param options? { wall: number, random: number, latency_s: number }
---@return table host with `requests`, `sent` (how many of them a server may have seen), `sleeps`, `clock`
function M.new(answers, options)
  options = options or {}
  local host = {
    name = "scripted", requests = {}, sleeps = {}, limits = {}, clock = 1000, wall_offset_s = (options.wall or M.WALL) - 1000,
    answers = answers, given = 0, sent = 0, random_value = options.random or 0.5,
  }
  function host.now()
    return host.clock
  end
  function host.wall()
    return host.clock + host.wall_offset_s
  end
  function host.random()
    return host.random_value
  end
  function host.sleep(seconds)
    host.sleeps[#host.sleeps + 1] = seconds
    host.clock = host.clock + seconds
  end
  function host.send(request, limits)
    host.requests[#host.requests + 1] = request
    host.limits[#host.limits + 1] = limits
    host.clock = host.clock + math.min(options.latency_s or 0, limits.timeout_s)
    host.given = host.given + 1
    local answer = host.answers[math.min(host.given, #host.answers)]
    if type(answer) == "function" then
      answer = answer(request, #host.requests)
    end
    local failure_given = answer and answer.failure
    host.sent = host.sent + (failure_given and failure_given.sent == false and 0 or 1)
    if failure_given then
      return nil, failure_given
    end
    return answer
  end
  --- The rest of the script, from now on.
  function host.play(rest)
    host.answers, host.given = rest, 0
  end
  --- Requests whose URL holds a text.
  function host.count(text)
    local count = 0
    for _, request in ipairs(host.requests) do
      count = count + (request.url:find(text, 1, true) and 1 or 0)
    end
    return count
  end
  --- The method and URL of each request, as text.
  function host.lines()
    local lines = {}
    for i, request in ipairs(host.requests) do
      lines[i] = request.method .. " " .. request.url
    end
    return lines
  end
  return host
end

M.OPTIONS = {
  cashfree_ppi = { environment = "sandbox", client_id = "CF10KEY", client_secret = canaries.SECRET },
  cashfree_secure_id = { environment = "sandbox", client_id = "CF20KEY", client_secret = canaries.SECRET },
  enkash = {
    environment = "uat", client_id = "CEKQ08TRRG", client_secret = canaries.SECRET, username = "6001020040", password = canaries.PASSWORD,
    partner_id = "CRM338L2H", company_id = "CEKQ08TRRG", card_account_id = "CAC7975",
  },
}

--- Options of a provider with a scripted host.
function M.options(provider, host, more)
  local options = { provider = provider, host = host }
  for name, value in pairs(M.OPTIONS[provider]) do
    options[name] = value
  end
  for name, value in pairs(more or {}) do
    options[name] = value
  end
  return options
end

--- A client of a provider over a scripted host; whatever its hooks see is searched for canaries.
function M.client(provider, host, more)
  local options = M.options(provider, host, more)
  options.hooks = options.hooks or canaries.hooks()
  return assert(vkyc.new(options))
end

return M
