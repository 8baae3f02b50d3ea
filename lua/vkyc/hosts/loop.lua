--- The host of a vkyc.loop: a call suspends its coroutine while libcurl works on the loop's background thread.
-- @module vkyc.hosts.loop

local core = require "vkyc.core"

local M = {}

--- What a coroutine yields while it waits. Whoever resumes it hands this on upwards, or resumes it later: being resumed too early is harmless.
M.WAIT = setmetatable({}, {
  __tostring = function()
    return "vkyc: a call waits for its answer (loop:wrap)"
  end,
})

local FULL_S = 0.005 -- how often it is tried again while too many transfers are under way

local function failed(kind, reason)
  return nil, { kind = kind, reason = reason, sent = false }
end

--- The engine of a new loop.
---@return userdata|nil engine
---@return table|nil failure
function M.engine()
  local ngx = rawget(_G, "ngx")
  if type(ngx) == "table" and ngx.socket then
    return failed("config", "A loop is not for nginx: there calls never block the worker, and libcurl must not be loaded.")
  end
  local loaded, curl = pcall(require, "vkyc.curl")
  if not loaded then
    return failed("config", "The module vkyc.curl cannot be loaded; it needs libcurl and must be of the version of vkyc.core.")
  end
  return curl.engine()
end

--- Makes the host of one loop. It does not know the loop: coroutines know it, and must be collected with their loop.
---@param engine userdata of vkyc.curl
---@return table host; `task` is the task that the loop is resuming
function M.new(engine)
  local host = { name = "loop", now = core.monotonic, wall = core.wall, random = core.random }

  -- Until the transfer of that number ended, or until a time.
  local function pause(slot, at)
    local task = host.task
    if task then
      task.slot, task.at = slot, at
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
    local ends = core.monotonic() + seconds
    while not is_cancelled() do
      pause(nil, ends)
      if core.monotonic() >= ends then
        return not is_cancelled()
      end
    end
    return false
  end

  --- Runs a function as a task of its own, unless no task is running: then nobody might poll the loop.
  ---@param run fun(cancelled: boolean)
  ---@return boolean started
  function host.background(run)
    return host.task ~= nil and host.task.loop:spawn(run, false) ~= nil
  end

  -- A transfer; waits while too many are under way.
  local function submit(transport, request, response, limits)
    local ends = core.monotonic() + limits.timeout_s
    while not is_cancelled() do
      local left = ends - core.monotonic()
      local job, slot = transport:submit(request, response, left, math.min(limits.connect_timeout_s, left), limits.max_idle_s)
      if job or slot then
        return job, slot
      elseif left <= 0 then
        return failed("timeout", "Too many other calls of this loop were under way.")
      end
      pause(nil, core.monotonic() + FULL_S)
    end
    return failed("cancelled", "The task was cancelled.")
  end

  --- As that of every host; see vkyc.hosts.blocking.
  function host.send(transport, request, response, limits)
    if coroutine.isyieldable and not coroutine.isyieldable() then
      return failed("config", "A call cannot be made here: a C function (such as table.sort's) or a metamethod is in between and cannot wait.")
    end
    local job, slot = submit(transport, request, response, limits)
    if not job then
      return nil, slot
    end
    local task = host.task
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
