--- Makes clients and calls as a script does, and tells in plain values what came of them: what crosses into a loop's task or into nginx.
--
-- Every client has secrets that are canaries and hooks that look for them; so has every error (canaries.lua).

local canaries = require("spec.support.canaries")
local core = require("vkyc.core")
local vkyc = require("vkyc")

local M = {}

local clients, persons = {}, {}

-- Who the customer is: each field that is personal holds a canary.
local VALUES = canaries.VALUES
local PERSON = {
  min_kyc = {
    otp_verification_id = "O1", user_id = "U1", verification_id = "V1",
    document = { type = "PAN", identifier = VALUES.pan, name = VALUES.name, dob = VALUES.dob },
  },
  initiate = { user_id = "U1", verification_id = "V1", security_questions = { { order = 1, question = "School?", answer = VALUES.answer } } },
  status = { user_id = "U1", verification_id = "V1" },
  create_user = { user_id = "U1", phone = VALUES.phone, email = VALUES.email, first_name = VALUES.name },
}

PERSON.cashfree_secure_id = {
  status = { verification_id = "V1" },
  initiate = { verification_id = "V1", user_id = "U1", security_questions = PERSON.initiate.security_questions },
  create_user = { user_id = "U1", phone = VALUES.phone, email = VALUES.email, name = VALUES.name, address = VALUES.address },
}

local CREDENTIALS = {
  cashfree_ppi = { environment = "sandbox", client_id = "CF10KEY", client_secret = canaries.SECRET },
  cashfree_secure_id = { environment = "sandbox", client_id = "CF20KEY", client_secret = canaries.SECRET },
  enkash = {
    environment = "uat", client_id = "CEKQ08TRRG", client_secret = canaries.SECRET, username = "6001020040", password = canaries.PASSWORD,
    partner_id = "CRM338L2H",
  },
}

local function add(to, from)
  for name, value in pairs(from or {}) do
    to[name] = value
  end
  return to
end

-- What is the same for every error, and what the row asks about.
local function tell_error(told, err)
  local fine, complaint = pcall(canaries.check_error, err)
  told.complaint = not fine and tostring(complaint) or nil
  if type(err) ~= "table" then
    told.raised = "no error, but a " .. type(err)
    return told
  end
  for _, name in ipairs({ "kind", "phase", "outcome", "attempts", "status", "code", "retryable", "retry_after", "message", "hint", "path", "content_type",
    "offset", "reason" }) do
    told[name] = err[name]
  end
  told.retries = #(err.retries or {})
  for _, each in ipairs(err.violations or {}) do
    told.violation = told.violation or each.path
  end
  return told
end

local function check_hooks(told)
  local fine, complaint = pcall(canaries.check_hooks)
  if not fine then
    told.complaint = (told.complaint and told.complaint .. "; " or "") .. tostring(complaint)
  end
  return told
end

--- Makes a client and keeps it under a name.
---@param key string
---@param options table of vkyc.new; what is missing of `provider` (cashfree_ppi) and its credentials is filled in
---@param host table|nil a host of one's own
---@return table told { made = true }, or what the error says
function M.open(key, options, host)
  options = add({}, options)
  options.provider = options.provider or "cashfree_ppi"
  for name, value in pairs(CREDENTIALS[options.provider]) do
    if options[name] == nil then
      options[name] = value
    end
  end
  options.hooks = canaries.hooks()
  options.host = host
  local ngx = rawget(_G, "ngx")
  options.shared = ngx and options.shared and ngx.shared[options.shared] or nil
  local fine, client, err = pcall(vkyc.new, options)
  if not fine then
    return { raised = tostring(client) }
  elseif not client then
    return check_hooks(tell_error({ made = false, attempts = 0 }, err))
  end
  clients[key] = client
  persons[key] = PERSON[options.provider] or PERSON
  return { made = true }
end

--- Makes a call.
---@param key string of `open`
---@param operation string
---@param given table|nil fields that replace those of the person
---@param options table|nil of the call
---@return table told `fine`, the result's fields in `result`; or the error's; and `elapsed`, `attempts`, `raised`, `complaint`
function M.call(key, operation, given, options)
  local client = clients[key]
  local params = add(add({}, persons[key][operation]), given)
  if params.size then -- a body of that many bytes
    params.body, params.size = { filler = ("x"):rep(params.size) }, nil
  end
  local before = core.monotonic()
  local fine, result, err = pcall(client[operation], client, params, options)
  local told = { elapsed = core.monotonic() - before, fine = fine and result ~= nil }
  if not fine then
    told.raised = type(result) == "string" and result or "a " .. type(result)
  elseif result ~= nil then
    local meta = vkyc.meta(result)
    told.result = {}
    for name, value in pairs(result) do -- a row asks about plain fields
      told.result[name] = type(value) ~= "table" and value or nil
    end
    told.attempts, told.retries, told.reconciled = meta.attempts, #(meta.retries or {}), meta.reconciled
    told.state, told.mismatches, told.status = vkyc.state(result), meta.mismatches, meta.status
  else
    tell_error(told, err)
  end
  return check_hooks(told)
end

-- What several calls came to.
local function sum()
  return { fine = 0, attempts = 0, kinds = {} }
end

local function count(all, told)
  all.fine = all.fine + (told.fine and 1 or 0)
  all.attempts = all.attempts + (told.attempts or 0)
  all.raised, all.complaint = all.raised or told.raised, all.complaint or told.complaint
  if told.kind then
    all.kinds[told.kind] = (all.kinds[told.kind] or 0) + 1
  end
  return all
end

--- Calls, one after the other.
---@return table told fine (how many), attempts, kinds, raised, complaint
function M.series(key, times, operation, given)
  local all = sum()
  for _ = 1, times do
    count(all, M.call(key, operation, given))
  end
  return all
end

--- The same at once, where the transport can.
---@param start fun(fn: function) runs a function beside others
---@param wait fun() until all have ended
function M.many(key, times, operation, given, start, wait)
  local all = sum()
  for _ = 1, times do
    start(function()
      count(all, M.call(key, operation, given))
    end)
  end
  wait()
  return all
end

--- The same with the light threads of nginx.
function M.light_threads(key, times, operation, given)
  local ngx = rawget(_G, "ngx")
  local threads = {}
  return M.many(key, times, operation, given, function(fn)
    threads[#threads + 1] = ngx.thread.spawn(fn)
  end, function()
    for _, thread in ipairs(threads) do
      ngx.thread.wait(thread)
    end
  end)
end

--- Runs a row that needs no server, where calls are made.
---@param title string
---@return string "fine", or why not
function M.pure(title)
  local fine, reason = pcall(require("spec.faults.table").find(title).pure)
  return fine and "fine" or tostring(reason)
end

--- Runs a row that makes clients of its own, where calls are made.
---@param title string
---@param url string of a server that gives good answers
---@param transport string of the seat
---@param host table|nil a host of one's own
---@param loop table|nil whose task this is
---@return string|number reason why it fails; or how many requests the server must have counted
function M.visit(title, url, transport, host, loop)
  local function new(more)
    local options = { base_url = url, allow_http_loopback = true, max_attempts = 1, hooks = canaries.hooks(), host = host }
    return assert(vkyc.new(add(add(add({}, CREDENTIALS.cashfree_ppi), add({ provider = "cashfree_ppi" }, options)), more)))
  end
  local site = { transport = transport, loop = loop, new = new, status = function(client)
    return client:status(PERSON.status)
  end }
  local fine, requests = pcall(require("spec.faults.table").find(title).visit, site)
  local told = check_hooks({})
  return fine and told.complaint or requests
end

--- Closes clients, all or one.
function M.close(key)
  for name, client in pairs(clients) do
    if key == nil or name == key then
      client:close()
      clients[name] = nil
    end
  end
  return true
end

--- Bytes of Lua's heap, after what is dead has gone.
function M.heap()
  collectgarbage()
  collectgarbage()
  return collectgarbage("count") * 1024
end

return M
