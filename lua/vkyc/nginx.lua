--- What only nginx has: a location that takes webhooks.
--
--     location = /webhooks/vkyc {
--       content_by_lua_block { require("vkyc").nginx.webhook { client = app.client, on_event = app.on_event } }
--     }
-- @module vkyc.nginx

local core = require "vkyc.core"

local ngx = rawget(_G, "ngx")

local M = {}

local OPTIONS = { client = true, on_event = true, seen = true, tolerance_s = true }
local MAX_BODY = core.max_body
-- Anything else is our own fault: the provider sends it again.
local STATUS = { webhook = 401, decode = 400, schema = 400, too_large = 413 }

-- The bytes as they came, also when nginx put them into a file; nil when that cannot be read.
local function raw_body()
  ngx.req.read_body()
  local body = ngx.req.get_body_data()
  local path = not body and ngx.req.get_body_file()
  if not path then
    return body or ""
  end
  local file = io.open(path, "rb")
  if not file then
    return nil
  end
  body = file:read(MAX_BODY + 1)
  file:close()
  return body
end

local function answer(status)
  ngx.status = status
  ngx.header["Content-Length"] = 0
  ngx.eof()
  return status
end

-- A line without any byte of the delivery: what a script raises may quote it.
local function log(level, text)
  ngx.log(level, "vkyc webhook: ", core.scrub(tostring(text), {}))
end

local function act(on_event, event)
  local good, result, err = pcall(on_event, event)
  if good and result then
    return true
  end
  log(ngx.ERR, good and "on_event failed: " .. tostring(err or "it must return true when it is done") or "on_event raised: " .. tostring(result))
  return false
end

--- Takes a delivery, in the content phase. Answers 200 once on_event has returned true, and to duplicates and tests, which are not passed on;
-- 503 when it failed, so that it is sent again; 401, 400 or 413 for what is not to be believed, not readable or too large.
---@param options { client: vkyc.Client, on_event: (fun(event: vkyc.Event): any, any), seen?: (fun(id: string): boolean), tolerance_s?: number }
--- `seen` only looks the id up: on_event remembers it, together with what it did. Otherwise a delivery that failed would be lost.
---@return integer status that was answered
---@return vkyc.Error|nil err why
function M.webhook(options)
  for name in pairs(options) do
    if not OPTIONS[name] then
      error("vkyc.nginx.webhook: unknown option " .. tostring(name), 2)
    end
  end
  if type(options.on_event) ~= "function" or options.client == nil then
    error("vkyc.nginx.webhook takes { client = …, on_event = function(event) … end }", 2)
  end
  local body = raw_body()
  if not body then
    log(ngx.ERR, "the file of the delivery's body cannot be read")
    return answer(503)
  elseif #body > MAX_BODY then
    return answer(413)
  end
  local event, err = options.client:webhook(ngx.req.get_headers(0), body, { seen = options.seen, tolerance_s = options.tolerance_s })
  if not event then
    log(STATUS[err.kind] and ngx.WARN or ngx.ERR, err)
    return answer(STATUS[err.kind] or 503), err
  end
  if event.duplicate or event.test then
    return answer(200)
  end
  return answer(act(options.on_event, event) and 200 or 503)
end

return M
