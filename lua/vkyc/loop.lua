--- Scripts that wait without stopping their host: for games, devices and event loops.
--
--    local loop = assert(vkyc.loop.new { prepare = true })
--    loop:spawn(function() local res, err = client:initiate { … } … end)
--    -- then, once a frame, or whenever loop:fd() is readable:
--    loop:poll(0.001)
-- @module vkyc.loop

local core = require "vkyc.core"
local errors = require "vkyc.errors"
local host_of = require "vkyc.hosts.loop"
local hosts = require "vkyc.hosts"

local unpack = table.unpack or unpack -- luacheck: ignore 143

local WAIT = host_of.WAIT
local PREPARE_S = 0.25

local M = {}

---@class vkyc.Loop
local Loop = {}
Loop.__index = Loop
Loop.__name = "vkyc.Loop"

---@class vkyc.Task
local Task = {}
Task.__index = Task
Task.__name = "vkyc.Task"

local function ended(task, state, ...)
  local loop, status = task.loop, coroutine.status(task.thread)
  if coroutine.close and (status == "suspended" or status == "dead") then
    coroutine.close(task.thread) -- closes its to-be-closed variables
  end
  loop.tasks[task] = nil
  loop.running = loop.running - 1
  task.state, task.results = state, { n = select("#", ...), ... }
  task.thread, task.args, task.job = nil, nil, nil
end

local function settle(task, good, first, ...)
  local loop = task.loop
  if task.state ~= "running" then -- it closed its own loop
    return
  elseif coroutine.status(task.thread) == "dead" then
    if good then
      return ended(task, task.cancelled and "cancelled" or "done", first, ...)
    end
    return ended(task, "failed", nil, first, debug.traceback(task.thread, type(first) == "string" and first or nil))
  elseif first ~= WAIT then -- a yield of the script's own: it goes on with the next poll
    loop.ready[#loop.ready + 1] = task
  elseif task.slot then
    loop.waiting[task.slot] = task
  else
    loop.sleeping[task] = task.at
  end
end

local function resume(task)
  local host, outer, args = task.loop.host, hosts.loops.polling, task.args
  task.args = nil
  host.task, hosts.loops.polling = task, host
  if args then
    settle(task, coroutine.resume(task.thread, unpack(args, 1, args.n)))
  else
    settle(task, coroutine.resume(task.thread))
  end
  host.task, hosts.loops.polling = nil, outer
end

-- Moves those whose transfer ended or whose time has come into the queue.
local function wake(loop, now)
  local ready, waiting, sleeping = loop.ready, loop.waiting, loop.sleeping
  for slot in loop.engine.next, loop.engine do
    ready[#ready + 1], waiting[slot] = waiting[slot], nil
  end
  for task, at in pairs(sleeping) do
    if at <= now then
      ready[#ready + 1], sleeping[task] = task, nil
    end
  end
end

local function set_alarm(loop)
  local first = loop.ready[1] and 0 or nil
  for _, at in pairs(loop.sleeping) do
    first = math.min(first or at, at)
  end
  loop.engine:alarm(first)
end

--- Goes on with every task that can: that has its answer, whose wait is over, or that is new. Never waits itself.
---@param budget_s? number seconds after which the rest is left for the next poll; one task goes on in any case
---@return integer running tasks that have not ended
function Loop:poll(budget_s)
  if not self.engine:ready() then
    return self.running
  elseif self.host.task then
    error("vkyc: loop:poll was called by a task of this loop", 2)
  end
  local now = core.monotonic()
  wake(self, now)
  for _ = 1, #self.ready do
    local task = table.remove(self.ready, 1)
    if task.state == "running" then
      resume(task)
    end
    if self.closed or (budget_s and core.monotonic() - now >= budget_s) then
      break
    end
  end
  set_alarm(self)
  return self.running
end

--- Runs a function as a task, from the next poll on. In it, calls of clients look as if they waited.
---@param fn function
---@param ... any its arguments
---@return vkyc.Task|nil task
---@return vkyc.Error|nil err of kind closed
function Loop:spawn(fn, ...)
  if type(fn) ~= "function" then
    error("vkyc: loop:spawn takes a function", 2)
  elseif self.closed then
    return nil, errors.new { kind = "closed", message = "the loop is closed" }
  end
  local task = setmetatable({ loop = self, state = "running", thread = coroutine.create(fn), args = { n = select("#", ...), ... } }, Task)
  hosts.loops[task.thread] = self.host
  self.tasks[task] = true
  self.running = self.running + 1
  self.ready[#self.ready + 1] = task
  self.engine:alarm(0)
  return task
end

-- What a coroutine gave up, handed on while it waits.
local function pass(thread, good, first, ...)
  if not good then
    error(first, 0)
  elseif first ~= WAIT then
    return first, ...
  elseif hosts.loops[coroutine.running() or false] then
    coroutine.yield(WAIT)
    return pass(thread, coroutine.resume(thread))
  end
end

--- Lets a coroutine of the script's own make calls through this loop. Returns a function to resume it with, in place of coroutine.resume:
-- inside of a task its waits are handed on to the loop; elsewhere it returns nothing while a call waits, and is to be called again.
---@param thread thread|function
---@return fun(...): ... as coroutine.wrap's
function Loop:wrap(thread)
  if type(thread) == "function" then
    thread = coroutine.create(thread)
  elseif type(thread) ~= "thread" then
    error("vkyc: loop:wrap takes a coroutine or a function", 2)
  end
  hosts.loops[thread] = self.host
  return function(...)
    return pass(thread, coroutine.resume(thread, ...))
  end
end

--- A file descriptor that is readable when a poll has something to do, timers included. After fork, a child must ask anew.
---@return integer|nil
function Loop:fd()
  return self.engine:fd()
end

--- Stops the thread and every task, without resuming them. Waits at most 250 ms. Idempotent.
function Loop:close()
  self.closed = true
  for task in pairs(self.tasks) do
    ended(task, "cancelled", nil, errors.new { kind = "cancelled", message = "the loop was closed" })
  end
  self.ready, self.waiting, self.sleeping = {}, {}, {}
  self.engine:close()
end

Loop.__close = Loop.close

--- Makes the calls of a task end with an error of kind `cancelled`, also those still to come. One that was answered already keeps its answer.
function Task:cancel()
  local loop = self.loop
  if self.state ~= "running" or self.cancelled then
    return
  end
  self.cancelled = true
  if self.args then
    ended(self, "cancelled", nil, errors.new { kind = "cancelled", message = "the task was cancelled before it began" })
  elseif self.job then
    self.job:cancel()
  elseif loop.sleeping[self] then
    loop.sleeping[self] = nil
    loop.ready[#loop.ready + 1] = self
    loop.engine:alarm(0)
  end
end

--- How a task is.
---@return "running"|"done"|"failed"|"cancelled" status failed: its function raised an error
function Task:status()
  return self.state
end

--- What a task's function returned; nil, the error and a traceback when it raised; nothing while it runs.
---@return any ...
function Task:result()
  if self.results then
    return unpack(self.results, 1, self.results.n)
  end
end

--- Makes a loop. Its thread is started by the first call, or here to prepare.
---@param options? { prepare?: boolean|table } true loads libcurl and the system's certificates now, on the thread, for at most 0.25 s of the
--- caller's time; a table of ca_file, client_cert, … does so for clients with these options
---@return vkyc.Loop|nil
---@return vkyc.Error|nil err
function M.new(options)
  for name in pairs(options or {}) do
    if name ~= "prepare" then
      error("vkyc.loop.new: unknown option " .. tostring(name) .. ", known is prepare", 2)
    end
  end
  local engine, failure = host_of.engine()
  if not engine then
    return nil, errors.new { kind = failure.kind, message = failure.reason }
  end
  local loop = setmetatable({ engine = engine, host = host_of.new(engine), running = 0, tasks = {}, ready = {}, waiting = {}, sleeping = {} }, Loop)
  local prepare = options and options.prepare
  if prepare then
    loop.prepared, failure = engine:open(type(prepare) == "table" and prepare or {})
    if not loop.prepared then
      return nil, errors.new { kind = failure.kind, message = failure.reason }
    end
    loop.prepared:prepare(PREPARE_S)
  end
  return loop
end

return M
