--- A log of calls for machines: one line of JSON for each event of a client's hooks (docs/hooks.md), without personal data.
--
--    local client = vkyc.new { …, hooks = vkyc.log.json { level = "info" } }
-- @module vkyc.log

local core = require "vkyc.core"
local errors = require "vkyc.errors"

local M = {}

local MAX_LINE = 1800 -- nginx cuts what it logs at 2 KiB, with what it puts before
local MAX_VIOLATIONS = 400 -- bytes, so that there is room for the rest
local LEVELS = { debug = 8, info = 7, warn = 5, error = 4 } -- nginx's numbers
local EVENTS = { on_request = "debug", on_response = "info", on_retry = "warn", on_error = "error" }
-- In the order of their worth: what does not fit into a line is left out. The fields of an error stand beside the event's.
local ORDER = {
  "event", "client", "provider", "operation", "read_back_for", "call_id", "ids", "kind", "status", "code", "outcome", "retryable", "retry_after", "phase",
  "reason", "delay_s", "stopped", "method", "path", "attempt", "attempts", "attempt_s", "elapsed_s", "size", "request_id", "traceparent", "message", "field",
  "offset", "content_type", "provider_type", "violations", "cause", "hint", "retries", "headers",
}
-- Ids, which may look like a phone number.
local PLAIN = { ids = true, call_id = true, request_id = true, traceparent = true }

local function encode(value, is_plain)
  if type(value) == "number" then
    return value - value == 0 and string.format(value % 1 == 0 and "%.0f" or "%.6g", value):gsub(",", ".", 1) or "null" -- some locales have a comma
  elseif type(value) ~= "table" then
    return type(value) == "string" and core.json_string(is_plain and value or core.scrub(value)) or tostring(value)
  end
  local parts, is_list = {}, value[1] ~= nil
  for name, each in (is_list and ipairs or pairs)(value) do
    parts[#parts + 1] = (is_list and "" or encode(name) .. ":") .. encode(each, is_plain)
  end
  if is_list then
    return "[" .. table.concat(parts, ",") .. "]"
  end
  table.sort(parts)
  return "{" .. table.concat(parts, ",") .. "}"
end

-- What a line says in another way than the error: `path` is the event's, a cause is one sentence, and violations are as many as fit.
local function retold(err)
  local cause, all, shown, size = err.cause, err.violations or {}, {}, 0
  for i, each in ipairs(all) do
    shown[i] = each.path .. ": " .. each.rule
    size = size + #shown[i]
    if size > MAX_VIOLATIONS then
      shown[i] = ("and %d more"):format(#all - i + 1 + (all.more or 0))
      break
    end
  end
  return { field = err.path, violations = shown, cause = type(cause) == "table" and cause.kind .. ": " .. cause.message or cause }
end

local function line_of(event, level)
  local unix_s, err = event.time, event.error or {}
  local line = ('{"time":"%s.%03dZ","level":"%s"'):format(os.date("!%Y-%m-%dT%H:%M:%S", math.floor(unix_s)), math.floor(unix_s % 1 * 1000), level)
  local other = retold(err)
  for _, name in ipairs(ORDER) do
    local value = event[name] or other[name] or err[name] -- false is only ever an error's
    if value ~= nil and (type(value) ~= "table" or next(value)) then
      local member = ',"' .. name .. '":' .. encode(value, PLAIN[name])
      line = #line + #member < MAX_LINE and line .. member or line
    end
  end
  return line .. "}"
end

local function write_line(line, level)
  local ngx = rawget(_G, "ngx")
  if ngx and ngx.log then
    return ngx.log(LEVELS[level], line)
  end
  io.stderr:write(line, "\n")
end

--- Makes hooks that log.
---@param options? { write?: (fun(line: string, level: string)), level?: "debug"|"info"|"warn"|"error" } write: stderr by default, in nginx
--- its error log; a line has at most 1,800 bytes and no line end. level: the least that is logged, info by default
---@return table<string, function> hooks
function M.json(options)
  options = options or {}
  errors.refuse_unknown(options, { write = true, level = true }, "vkyc.log.json", 2)
  local write, least, hooks = options.write or write_line, LEVELS[options.level or "info"], {}
  if type(write) ~= "function" or not least then
    error("vkyc.log.json: write must be a function, level debug, info, warn or error", 2)
  end
  for name, level in pairs(EVENTS) do
    hooks[name] = LEVELS[level] <= least and function(event)
      local shown = event.error and event.read_back_for and "warn" or level -- it may still end well
      if LEVELS[shown] <= least then
        write(line_of(event, shown), shown)
      end
    end or nil
  end
  return hooks
end

--- Makes one set of hooks of several: each is told, whether another raises or not.
---@param ... table<string, function> hooks
---@return table<string, function> hooks
function M.merge(...)
  local merged = {}
  for _, hooks in ipairs { ... } do
    for name, hook in pairs(hooks) do
      local first = merged[name]
      merged[name] = first and function(event)
        local good, raised = pcall(first, event)
        hook(event)
        return good or error(raised, 0)
      end or hook
    end
  end
  return merged
end

return M
