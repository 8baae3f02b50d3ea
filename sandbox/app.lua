--- The simulators in nginx. /PROVIDER/… is the provider's API; /_sandbox/PROVIDER/COMMAND and /PROVIDER/_sandbox/COMMAND steer it.
-- The latter lies below the base URL, where `client:call` reaches it, and is in the provider's envelope where it has one.

local cjson = require("cjson").new()
local json = require "vkyc.simulator.json"
local simulator = require "vkyc.simulator"
local post = require "post"

local M = {}

local PROVIDERS = { "cashfree_ppi", "cashfree_secure_id", "enkash" }
local simulators, pauses, webhook_url = {}, {}, nil

local function make(name, options)
  options.provider = name
  simulators[name] = simulator.new(options)
end

-- Commands get the simulator and what was posted; they return an object, and raise what is wrong.
local COMMANDS = {}

function COMMANDS.advance(sim, args)
  return { step = sim:advance(args.id, args.step) }
end

function COMMANDS.schedule(sim, args)
  sim:schedule(args.id, args.timetable or {})
  return { scheduled = args.id }
end

function COMMANDS.fail(sim, args)
  sim:fail(args)
  return { faults = args.times or 1 }
end

function COMMANDS.webhooks(sim, args)
  local list = json.array {}
  for i, delivery in ipairs(sim:deliveries(args)) do
    list[i] = { headers = delivery.headers, body = delivery.body }
  end
  return { webhooks = list }
end

function COMMANDS.requests(sim)
  return { requests = json.array(sim:requests()) }
end

function COMMANDS.notifications(sim)
  return { notifications = json.array(sim:notifications()) }
end

function COMMANDS.clock(sim, args)
  local now, offset = sim:clock(args.offset_s)
  return { now = now, offset_s = offset }
end

function COMMANDS.revoke_tokens(sim)
  sim:revoke_tokens()
  return { revoked = true }
end

--- What a client of this sandbox may take as its option `statuses`.
function COMMANDS.statuses(sim)
  return { statuses = simulator.statuses[sim.provider.name] }
end

--- Begins anew, with the options of simulator.new that JSON can express: credentials, timetable, seed, rate_limit, hours …
function COMMANDS.reset(sim, args)
  make(sim.provider.name, args)
  return { reset = true }
end

local function answer(status, headers, body)
  ngx.status = status
  for name, value in pairs(headers) do
    ngx.header[name] = value
  end
  ngx.header["content-length"] = #body
  ngx.print(body)
end

local function body_of()
  ngx.req.read_body()
  return ngx.req.get_body_data() or ""
end

local function headers_of()
  local headers = {}
  for name, value in pairs(ngx.req.get_headers(0)) do
    headers[name] = type(value) == "table" and table.concat(value, ", ") or value == true and "" or value
  end
  return headers
end

local function wrapped(sim, ok, result)
  local envelope = sim.provider.envelope
  if not envelope then
    return result
  end
  return { [envelope.code[1]] = ok and envelope.success or 1, [envelope.message[1]] = ok and "Success" or result.error, [envelope.payload] = result }
end

local function run(sim, command)
  if not COMMANDS[command] then
    error("the sandbox has no command " .. command, 0)
  end
  local text = body_of()
  local read, args = pcall(cjson.decode, text == "" and "{}" or text)
  if not read or type(args) ~= "table" then
    error("the body must be a JSON object", 0)
  end
  return COMMANDS[command](sim, args)
end

local function control(name, command, enveloped)
  local sim = simulators[name]
  local ok, result = pcall(run, sim, command)
  if not ok then
    result = { error = tostring(result):gsub("^[^ ]*:%d+: ", "") }
  end
  answer(ok and 200 or 400, { ["content-type"] = "application/json", ["x-simulated"] = "yes" },
    json.write(enveloped and wrapped(sim, ok, result) or result))
end

local function serve(name, path, query)
  local response = simulators[name]:handle {
    method = ngx.req.get_method(), path = path, query = query, headers = headers_of(), body = body_of(),
  }
  if not response then
    return ngx.exit(444) -- nginx closes the connection without a word
  end
  answer(response.status, response.headers, response.body)
end

--- Answers one request.
function M.handle()
  local path, query = ngx.var.request_uri:match("^([^?]*)%??(.*)$")
  local name, command = path:match("^/_sandbox/([%w_]+)/([%w_]+)$")
  if simulators[name] then
    return control(name, command, false)
  end
  local rest
  name, rest = path:match("^/([%w_]+)(/.*)$")
  if not simulators[name] then
    return answer(404, { ["content-type"] = "application/json" }, json.write { error = "no such provider", providers = PROVIDERS })
  end
  command = rest:match("^/_sandbox/([%w_]+)$")
  if command then
    return control(name, command, true)
  end
  serve(name, rest, query)
end

-- Posts what is due. A receiver that refuses is left alone for a second.
local function deliver()
  for name, sim in pairs(simulators) do
    if ngx.now() >= (pauses[name] or 0) then
      pauses[name] = math.huge -- while it runs
      local ok, delivered, refused = pcall(sim.deliver, sim, function(headers, body)
        return post(webhook_url, headers, body)
      end)
      if not ok then
        ngx.log(ngx.ERR, "webhooks of ", name, ": ", delivered)
      end
      pauses[name] = (ok and refused == 0) and 0 or ngx.now() + 1
    end
  end
end

--- Makes the simulators, while nginx still can refuse to start.
---@param url string where to post webhooks; "" to keep them for the command
function M.init(url)
  require "vkyc.core"
  for _, name in ipairs(PROVIDERS) do
    make(name, {})
  end
  webhook_url = url ~= "" and assert(post.parse(url)) or nil
end

--- Begins to post, once there is an event loop.
function M.start()
  if webhook_url then
    assert(ngx.timer.every(0.2, deliver))
  end
end

return M
