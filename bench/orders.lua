--- The worker's side of workers.lua: reads lines "NAME COUNT", does NAME that many times, prints the seconds of processor time and the seconds
-- that took.

local M = {}

---@param makers table<string, fun(): fun(count: integer)> makes what is done, when it is first asked for
---@param warm integer how often it is done before anything counts, so that connections and caches are there
---@param cpu fun(): number seconds of processor time
---@param now fun(): number seconds
function M.obey(makers, warm, cpu, now)
  local made = {}
  for line in io.lines() do
    local name, count = line:match "^(%S+) (%d+)$"
    if not made[name] then
      made[name] = makers[name]()
      made[name](warm)
    end
    collectgarbage()
    collectgarbage()
    local cpu_before, before = cpu(), now()
    made[name](tonumber(count))
    io.write(string.format("%.9f %.9f\n", cpu() - cpu_before, now() - before))
    io.flush()
  end
end

return M
