--- The host of a vkyc.loop: a call suspends its coroutine while the loop's background thread works on it.
-- @module vkyc.hosts.loop

local core = require("vkyc.core").uncompiled()

local now = core.monotonic
local is_yieldable = rawget(coroutine, "isyieldable")

local M = {}

--- What a coroutine yields while it waits. Whoever resumes it hands this on upwards, or resumes it later: being resumed too early is harmless.
M.WAIT = {}

local FULL_S = 0.005 -- how often it is tried again while too many transfers are under way

local function failed(kind, reason)
  return nil, { kind = kind, reason = reason, sent = false }
end

--- Makes the host of one loop. It does not know the loop: coroutines know it, and must be collected with their loop.
---@param engine userdata of vkyc.curl
---@return table host; `task` is the task that the loop is resuming
function M.new(engine)
  local host = { name = "loop", now = now, wall = core.wall, random = core.random }

  -- Until the transfer of that number ended, or until a time.
  local function pause(slot, at)
    if host.task then
      host.task.slot, host.task.at = slot, at
    end
    coroutine.yield(M.WAIT)
  end

  local function is_cancelled()
    return host.task ~= nil and host.task.cancelled
  end

  function host.open(options)
    return engine:open(options)
  end

  --- Waits without stopping the loop.
  ---@param seconds number
  ---@return boolean full false when the task was cancelled
  function host.sleep(seconds)
    local ends = now() + seconds
    repeat
      if is_cancelled() then
        return false
      end
      pause(nil, ends)
    until now() >= ends
    return not is_cancelled()
  end

  --- Runs a function as a task of its own, unless no task is running: then nobody might poll the loop.
  ---@param run fun(cancelled: boolean)
  ---@return boolean started
  function host.background(run)
    return host.task ~= nil and host.task.loop:spawn(run, false) ~= nil
  end

  --- As that of every host; see vkyc.hosts.blocking.
  function host.send(transport, request, response, limits)
    if is_yieldable and not is_yieldable() then
      return failed("config", "A call cannot be made here: a C function (such as table.sort's) or a metamethod is in between and cannot wait.")
    end
    local task, ends = host.task, now() + limits.timeout_s
    local job, slot
    repeat
      local left = ends - now()
      if is_cancelled() then
        return failed("cancelled", "The task was cancelled.")
      elseif left <= 0 then
        return failed("timeout", "Too many other calls of this loop were under way.")
      end
      job, slot = transport:submit(request, response, left, math.min(limits.connect_timeout_s, left), limits.max_idle_s, task ~= nil)
      if not job and slot then
        return nil, slot
      elseif not job then
        pause(nil, now() + FULL_S)
      end
    until job
    if task then
      task.job = job
    end
    local status, failure
    repeat
      pause(slot)
      status, failure = job:finish(response)
    until status ~= false
    if task then
      task.job = nil
    end
    return status, failure
  end

  return host
end

return M
