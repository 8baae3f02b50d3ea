--- A vkyc.loop inside of libuv's loop, for programs that use luv.
--
--    local tasks = require("vkyc.hosts.luv").attach(loop, uv)           -- uv: luv, under whatever name the program has it
--    tasks:spawn(function() local res, err = client:initiate { … } end) -- in place of loop:spawn
--    uv.run() -- ends when no task runs and nothing else is waited for
--    tasks:close() uv.run()
-- @module vkyc.hosts.luv

local M = {}

---@class vkyc.LuvTasks
local Tasks = {}
Tasks.__index = Tasks

--- Has libuv watch a loop's file descriptor. luv is given, not loaded: it must not be initialised twice in a process.
---@param loop vkyc.Loop
---@param uv table luv
---@return vkyc.LuvTasks|nil
---@return string|nil err
function M.attach(loop, uv)
  local handle, err = uv.new_poll(loop:fd())
  if not handle then
    return nil, err
  end
  local self = setmetatable({ loop = loop, handle = handle }, Tasks)
  -- A handle that is stopped does not keep libuv running.
  function self.poll()
    if loop:poll() == 0 and not handle:is_closing() then
      handle:stop()
    end
  end
  return self
end

--- As loop:spawn, and libuv runs until the task has ended.
---@return vkyc.Task|nil
---@return vkyc.Error|nil err
function Tasks:spawn(fn, ...)
  local task, err = self.loop:spawn(fn, ...)
  if task then
    self.handle:start("r", self.poll)
  end
  return task, err
end

--- Lets the loop go; it stays open. Let libuv run once more before the program ends: luv crashes there over a handle that is half closed.
-- Idempotent.
function Tasks:close()
  if not self.handle:is_closing() then
    self.handle:close()
  end
end

return M
