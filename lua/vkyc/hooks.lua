--- What a client's hooks are told (docs/hooks.md). A hook changes nothing: each event is a table of its own, and what a hook raises is kept
-- for client:stats().

local core = require "vkyc.core"

local M = {}

-- The ids by which people find a request again. What is no id is left out: a request that was not checked yet may hold anything there.
local function ids_of(call)
  local ids = {}
  for _, names in ipairs { call.operation.ids, call.operation.key_spellings } do
    for _, name in ipairs(names) do
      local value = rawget(call.params, name)
      value = type(value) == "number" and string.format("%.0f", value) or value
      if type(value) == "string" and #value <= 64 and value:find("^[%w._%-]+$") then
        ids[name] = value
      end
    end
  end
  return ids
end

--- Tells a hook of an event. Only for a client that has hooks.
---@param call table client, host, name, method, path, call_id, sent, started, …
---@param name "on_request"|"on_response"|"on_retry"|"on_error"
---@param event table its own fields; those of every event are added
function M.tell(call, name, event)
  local client, thread = call.client, coroutine.running() or "main"
  local fn = client.options.hooks[name]
  if not fn then
    return
  end
  event.event, event.time, event.elapsed_s = name, call.host.wall(), call.host.now() - call.started
  event.client, event.provider, event.operation = client.options.name, client.provider.name, call.name
  event.method, event.path, event.call_id, event.attempt = call.method, call.path, call.call_id, call.sent
  event.ids, event.traceparent, event.read_back_for = ids_of(call), call.traceparent, call.outer and call.outer.name or nil
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
  local _, request_id = core.facts(response, nil, call:sensitive())
  M.tell(call, "on_response", {
    status = status, size = response:size(), attempt_s = call.host.now() - began, request_id = request_id, headers = call.headers,
  })
end

return M
