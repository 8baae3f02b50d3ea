--- Which host moves the bytes of a call: decided per call, because one script may run in several.

local core = require("vkyc.core").uncompiled()
local errors = require "vkyc.errors"

local M = {}

local KINDS = { dns = true, connect = true, tls = true, timeout = true, network = true, protocol = true, too_large = true, memory = true, cancelled = true }

local PHASES = { dns = true, connect = true, tls = true, send = true, response = true }

-- What a host of the user's says went wrong; a bare nil is a broken connection, and what may have been sent counts as sent.
local function failure_of(value)
  local failure = type(value) == "table" and value or {}
  return {
    kind = KINDS[failure.kind] and failure.kind or "network",
    phase = PHASES[failure.phase] and failure.phase or nil,
    reason = type(failure.reason) == "string" and core.scrub(failure.reason, {}) or "the host brought no answer",
    sent = failure.sent ~= false,
  }
end

--- Wraps a host that works with tables (docs/hosts.md), so that the rest of the module knows one kind of host.
---@param host { send: function, sleep: function, now: function, wall: function, random: function, name: string? }
---@return table
function M.custom(host)
  return {
    name = host.name or "custom",
    open = function(options)
      return { max_body_bytes = options.max_body_bytes }
    end,
    send = function(transport, request, response, limits)
      local good, answer, failure = pcall(host.send, request:export(), {
        timeout_s = limits.timeout_s, connect_timeout_s = limits.connect_timeout_s, max_idle_s = limits.max_idle_s,
        max_body_bytes = transport.max_body_bytes,
      })
      if not good then
        local cause = type(answer) == "string" and answer or "an error of type " .. type(answer)
        return nil, { kind = "network", phase = "response", reason = "the host's send function raised an error", cause = cause, sent = true }
      elseif type(answer) ~= "table" then
        return nil, failure_of(failure)
      end
      local status, headers, body = answer.status, answer.headers, answer.body
      if type(status) ~= "number" or (headers ~= nil and type(headers) ~= "table") or (body ~= nil and type(body) ~= "string") then
        local reason = "the host's answer is not { status = number, headers = table, body = string }"
        return nil, { kind = "protocol", phase = "response", reason = reason, sent = true }
      end
      local filled, fault = response:fill(status, headers, body)
      return filled, fault
    end,
    sleep = host.sleep,
    now = host.now,
    wall = host.wall,
    random = host.random,
  }
end

--- Whether this process is nginx, where libcurl must not be loaded.
function M.in_nginx()
  local ngx = rawget(_G, "ngx")
  return type(ngx) == "table" and ngx.socket ~= nil
end

--- What can be said and read at vkyc.new already, of the host that this process has.
---@param options table checked
---@param provider table compiled
---@return table|nil transports host -> transport, for Inside.transports
---@return table[]|nil faults of { path, message }: options that the host cannot honour
function M.prepare(options, provider)
  if not M.in_nginx() then
    return {}
  end
  local faults = core.require("vkyc.hosts.nginx_checks").option_faults(options, provider)
  if #faults > 0 then
    return nil, faults
  end
  local nginx = core.require "vkyc.hosts.nginx"
  local transport, failure = nginx.open(options)
  if not transport then
    return nil, { { path = "client_cert", message = failure.reason } }
  end
  return { [nginx] = transport }
end

--- The host of the loop that a coroutine belongs to; `polling` is that of the loop which is resuming a task.
M.loops = setmetatable({}, { __mode = "k" })

local blocking, nginx, checks -- loaded for the first call that they serve

--- The host for a call that is made here and now.
---@param own table|nil the client's own host, wrapped
---@return table|nil host
---@return vkyc.Error|nil err
function M.pick(own)
  if own then
    return own
  end
  if M.in_nginx() then
    nginx, checks = nginx or core.require "vkyc.hosts.nginx", checks or core.require "vkyc.hosts.nginx_checks"
    local fault = checks.phase_fault()
    if fault then
      return nil, errors.new { kind = "config", message = fault.message, hint = fault.hint }
    end
    return nginx
  end
  local host = M.loops[coroutine.running() or false]
  if not host and M.loops.polling then
    return nil, errors.new {
      kind = "config",
      message = "a coroutine of the script's own made a call inside of a loop's task",
      hint = "Make it with loop:wrap, and resume it with the function that this returns: calls can then wait.",
    }
  end
  blocking = blocking or core.require "vkyc.hosts.blocking"
  return host or blocking
end

return M
