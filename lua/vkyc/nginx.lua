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
local MAX_TEXT = 1000 -- bytes of an error: each value of a delivery is looked for in all of them
local ANYTHING = core.schema {}
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

local function log(level, ...)
  ngx.log(level, "vkyc webhook: ", ...)
end

-- What a script raises may quote the delivery: all values of that are removed. It is read anew, because the script may have changed the event.
local function act(on_event, event, body)
  local good, result, err = pcall(on_event, event)
  if good and result then
    return true
  end
  local text = tostring(good and (err or "it must return true when it is done") or result)
  text = #text > MAX_TEXT and "a text of " .. #text .. " bytes" or core.scrub(text, ANYTHING:sensitive(nil, nil, (ANYTHING:decode(body))))
  log(ngx.ERR, good and "on_event failed: " or "on_event raised: ", text)
  return false
end

--- Takes a delivery, in the content phase. Answers 200 once on_event has returned true, and to duplicates and tests, which are not passed on;
-- 503 when it failed, so that it is sent again; 401, 400 or 413 for what is not to be believed, not readable or too large.
---@param options { client: vkyc.Client, on_event: (fun(event: vkyc.Event): any, any), seen?: (fun(id: string): boolean), tolerance_s?: number }
--- `seen` only looks the id up: on_event remembers it, together with what it did. A `seen` that remembers loses a delivery that failed.
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
    log(STATUS[err.kind] and ngx.WARN or ngx.ERR, tostring(err))
    return answer(STATUS[err.kind] or 503), err
  end
  if event.test then
    log(ngx.NOTICE, "a delivery that tells of no case was taken for the provider's test")
  end
  return answer((event.duplicate or event.test or act(options.on_event, event, body)) and 200 or 503)
end

return M
