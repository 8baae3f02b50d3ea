--- Processes that do what a measurement orders, one after the other, so that each round has all of them.
--
--   local workers = require("workers").new(dir, builds)
--   workers:start("lua5.4", workers:script("lua5.4", "worker.lua", { url }))  -- reads lines "LOOP COUNT", answers "CPU_SECONDS SECONDS"
--   workers:run(rounds, { { "lua5.4", "call", 400 }, … })                     -- name, loop, how often in a round
--   workers.series["lua5.4/call"].cpu, .time                                  -- seconds of one operation, for each round
--
-- VKYC_BENCH_CORE is the processor that they run on, or "".

local here = arg[0]:match "^(.*)/[^/]*$"

local M = {}

local Workers = {}
Workers.__index = Workers

---@param dir string private
---@param builds string DIR/VM/lib has the modules
function M.new(dir, builds)
  return setmetatable({ dir = dir, builds = builds, processes = {}, series = {} }, Workers)
end

--- A line for the shell.
---@param words string[]
---@return string
function M.shell(words)
  local quoted = {}
  for i, word in ipairs(words) do
    quoted[i] = "'" .. word:gsub("'", "'\\''") .. "'"
  end
  return table.concat(quoted, " ")
end

--- The words that start a program on the processor to measure on.
function M.pinned(words)
  local core = os.getenv "VKYC_BENCH_CORE" or ""
  return core == "" and words or { "taskset", "-c", core, table.unpack(words) }
end

--- The words that start a script of this directory on a VM, with the modules built for it, and with those of DIR/VM.
function Workers:script(vm, name, words)
  local path = self.dir .. "/" .. vm .. "/?.so;" .. self.builds .. "/" .. vm .. "/lib/?.so;;"
  return { "env", "LUA_CPATH=" .. path, vm, here .. "/" .. name, table.unpack(words) }
end

--- A process takes its orders from a named pipe, because popen has one direction only.
function Workers:start(name, words)
  local pipe = self.dir .. "/" .. name .. ".orders"
  assert(os.execute(M.shell { "mkfifo", pipe }))
  local answers = assert(io.popen(M.shell(M.pinned(words)) .. " <" .. M.shell { pipe }))
  self.processes[name] = { answers = answers, orders = assert(io.open(pipe, "w")) }
end

local function measure(self, name, loop, count)
  local process = self.processes[name]
  process.orders:write(loop, " ", count, "\n")
  process.orders:flush()
  local cpu, time = (process.answers:read "l" or ""):match "^(%S+) (%S+)$"
  if not cpu then
    error("bench: " .. name .. " ended at " .. loop, 0)
  end
  return cpu / count, time / count
end

--- Measures everything once a round, after a first one that warms up. Ends the processes.
---@param rounds integer
---@param plan table[] of { worker, loop, how often }
---@param also? fun(round: integer) called in every round
function Workers:run(rounds, plan, also)
  for round = 0, rounds do
    for _, each in ipairs(plan) do
      local cpu, time = measure(self, each[1], each[2], each[3])
      if round > 0 then
        local key = each[1] .. "/" .. each[2]
        local series = self.series[key] or { cpu = {}, time = {} }
        self.series[key] = series
        series.cpu[round], series.time[round] = cpu, time
      end
    end
    if also then
      also(round)
    end
  end
  -- A process holds the pipes of those before it: all orders end, then all processes.
  for _, process in pairs(self.processes) do
    process.orders:close()
  end
  for _, process in pairs(self.processes) do
    process.answers:close()
  end
end

return M
