--- What a client's hooks are told (docs/hooks.md). A hook changes nothing: each event is a table of its own, and what a hook raises is kept
-- for client:stats().

local core = require("vkyc.core").uncompiled()

local M = {}

local NOTHING = {}

--- Tells a hook of an event. Only for a client that has hooks. The event is made at once, because a table that grows is made anew; what only
-- rare ones have comes behind.
---@param call table client, host, name, method, path, call_id, sent, started, …
---@param name "on_request"|"on_response"|"on_retry"|"on_error"
---@param own? table the fields of a retry or an error
---@param size? integer of a body; with `status`, `attempt_s`, `request_id` and `headers` the fields of requests and answers
function M.tell(call, name, own, size, status, attempt_s, request_id, headers)
  local client, thread = call.client, coroutine.running() or "main"
  local fn = client.options.hooks[name]
  if not fn then
    return
  end
  local event = {
    event = name, time = call.host.wall(), elapsed_s = call.host.now() - call.started, client = client.options.name, provider = client.provider.name,
    operation = call.name, method = call.method, path = call.path, call_id = call.call_id, attempt = call.sent,
    ids = core.ids(call.operation, call.params), size = size, status = status, attempt_s = attempt_s, request_id = request_id, headers = headers,
  }
  if call.traceparent or call.outer then
    event.traceparent, event.read_back_for = call.traceparent, call.outer and call.outer.name or nil
  end
  for field, value in next, own or NOTHING do
    event[field] = value
  end
  client.hooking[thread] = true
  local good, raised = pcall(fn, event)
  client.hooking[thread] = nil
  if not good and not client.hook_error then -- it changes nothing, but its author wants to know
    client.hook_error = name .. ": " .. core.scrub(type(raised) == "string" and raised or "an error of type " .. type(raised), call:sensitive())
  end
end

--- The headers of an answer that the option `response_headers` lists, scrubbed and cut.
---@param call table
---@param response userdata
---@return table<string, string> headers by their names in lower case
function M.headers(call, response)
  local headers, sensitive = {}, call:sensitive()
  for _, name in ipairs(call.client.options.response_headers) do
    local value = response:header(name)
    headers[name] = value and core.scrub(value, sensitive)
  end
  return headers
end

--- Tells of an answer.
---@param call table
---@param response userdata
---@param status integer
---@param began number when the attempt did, by the host's clock
function M.answered(call, response, status, began)
  local _, request_id = core.facts(response)
  if request_id then
    _, request_id = core.facts(response, nil, call:sensitive())
  end
  M.tell(call, "on_response", nil, response:size(), status, call.host.now() - began, request_id, call.headers)
end

return M
