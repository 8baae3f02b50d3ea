--- Scripts that wait without stopping their host: for games, devices and event loops.
--
--    local loop = assert(vkyc.loop.new { prepare = true })
--    loop:spawn(function() local res, err = client:initiate { … } … end)
--    -- then, once a frame, or whenever loop:fd() is readable:
--    loop:poll(0.001)
-- @module vkyc.loop

local blocking = require "vkyc.hosts.blocking"
local core = require("vkyc.core").uncompiled()
local errors = require "vkyc.errors"
local hosts = require "vkyc.hosts"
local loop_host = require "vkyc.hosts.loop"

local unpack = rawget(_G, "unpack") or rawget(table, "unpack")
local close = rawget(coroutine, "close")

local WAIT = loop_host.WAIT
local NOTHING = { n = 0 }
local NO_MEMORY = { n = 2, nil, "not enough memory" } -- the results of a task whose own do not fit
local PREPARE_S = 0.25

local M = {}

---@class vkyc.Loop
local Loop = { __name = "vkyc.Loop" }
Loop.__index = Loop

---@class vkyc.Task
local Task = { __name = "vkyc.Task" }
Task.__index = Task

local function cancelled(message)
  return nil, errors.new { kind = "cancelled", message = message }
end

local function pack(...) return { n = select("#", ...), ... } end

-- Allocates nothing.
local function ended(task, state, results)
  local loop, thread = task.loop, task.thread
  loop.tasks[task], loop.running = nil, loop.running - 1
  task.state, task.results, task.thread, task.job = state, results, nil, nil
  if close and (coroutine.status(thread) == "suspended" or coroutine.status(thread) == "dead") then
    close(thread) -- closes its to-be-closed variables
  end
end

local function settle(task, good, first, ...)
  local loop = task.loop
  if task.state ~= "running" then -- it closed its own loop
    return
  elseif coroutine.status(task.thread) == "dead" then
    if good then
      return ended(task, task.cancelled and "cancelled" or "done", pack(first, ...))
    end
    return ended(task, "failed", pack(nil, first, debug.traceback(task.thread, type(first) == "string" and first or nil)))
  elseif first ~= WAIT then -- a yield of the script's own: it goes on with the next poll
    loop.ready[#loop.ready + 1] = task
  elseif task.slot then
    loop.waiting[task.slot] = task
  else
    loop.sleeping[task] = task.at
  end
end

-- Assignments are made from the right: what may lack memory comes first.
local function go_on(task, host, args)
  task.args, host.task, hosts.loops.polling = NOTHING, task, host
  settle(task, coroutine.resume(task.thread, unpack(args, 1, args.n)))
end

local function resume(task)
  local host, outer = task.loop.host, hosts.loops.polling
  if task.state ~= "running" then
    return
  elseif task.cancelled and task.args ~= NOTHING then
    return ended(task, "cancelled", pack(cancelled("the task was cancelled before it began")))
  end
  local settled, raised = pcall(go_on, task, host, task.args)
  host.task, hosts.loops.polling = nil, outer
  if not settled and task.state == "running" and coroutine.status(task.thread) == "dead" then
    ended(task, "failed", NO_MEMORY)
  elseif not settled then
    error(raised, 0)
  end
end

--- Goes on with every task that can: that has its answer, whose wait is over, or that is new. Never waits itself.
---@param budget_s? number seconds after which the rest is left for the next poll; one task goes on in any case
---@return integer running tasks that have not ended
function Loop:poll(budget_s)
  if not self.is_ready() and not self.interrupted then
    return self.running
  elseif self.host.task then
    error("vkyc: loop:poll was called by a task of this loop", 2)
  end
  local engine, ready, waiting, sleeping = self.engine, self.ready, self.waiting, self.sleeping
  local start, first = core.monotonic(), nil
  if self.interrupted then -- memory ran out in the last poll: each task looks for itself whether its wait is over
    for slot, task in pairs(waiting) do
      waiting[slot], ready[#ready + 1] = nil, task
    end
  end
  self.interrupted = true
  for slot in engine.next, engine do
    waiting[slot], ready[#ready + 1] = nil, waiting[slot]
  end
  for task, at in pairs(sleeping) do
    if at <= start then
      sleeping[task], ready[#ready + 1] = nil, task
    end
  end
  local count, done = #ready, 0
  while done < count and not (done > 0 and budget_s and core.monotonic() - start >= budget_s) do
    done = done + 1
    resume(ready[done])
  end
  for i = 1, #ready do
    ready[i] = ready[i + done]
  end
  for _, at in pairs(sleeping) do
    first = math.min(first or at, at)
  end
  engine:alarm(ready[1] and 0 or first)
  self.interrupted = false
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
  local task = setmetatable({ loop = self, state = "running", results = NOTHING, thread = coroutine.create(fn), args = pack(...) }, Task)
  hosts.loops[task.thread] = self.host
  self.running, self.ready[#self.ready + 1], self.tasks[task] = self.running + 1, task, true
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
  self.closed, self.ready, self.waiting, self.sleeping = true, {}, {}, {}
  for task in pairs(self.tasks) do
    ended(task, "cancelled", pack(cancelled("the loop was closed")))
  end
  self.engine:close()
end

Loop.__close = Loop.close

--- Makes the calls of a task end with an error of kind `cancelled`, also those still to come. One that was answered already keeps its answer.
function Task:cancel()
  if self.state == "running" and not self.cancelled then
    self.cancelled = true
    if self.job then
      self.job:cancel()
    end
    self.loop.sleeping[self], self.loop.ready[#self.loop.ready + 1] = nil, self
    self.loop.engine:alarm(0)
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
  return unpack(self.results, 1, self.results.n)
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
  if hosts.in_nginx() then
    return nil, errors.new { kind = "config", message = "a loop is not for nginx: there calls never block, and libcurl must not be loaded" }
  end
  local prepare = options and options.prepare
  local curl, failure = blocking.library()
  local engine, prepared
  if curl then
    engine, failure = curl.engine()
  end
  if engine and prepare then
    prepared, failure = engine:open(type(prepare) == "table" and prepare or {})
  end
  if failure then
    return nil, errors.new { kind = failure.kind, message = failure.reason }
  elseif prepared then
    prepared:prepare(PREPARE_S)
    core.require "vkyc.exchange" -- as the first call would
  end
  local loop = { engine = engine, prepared = prepared, interrupted = false, running = 0, tasks = {}, ready = {}, waiting = {}, sleeping = {} }
  loop.is_ready = engine:checker()
  loop.host = loop_host.new(engine)
  return setmetatable(loop, Loop)
end

return M
