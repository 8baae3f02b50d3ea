--- Flat or not: what a process of the soak held over time.
--
-- The first quarter is the warm-up. The median of the last quarter is compared with that of the second: memory may have grown by 1 MiB or
-- 2 % (whichever is more), the Lua heap by 64 KiB or 2 %, threads by nothing, open files by 3, because how many connections are kept depends
-- on how calls overlap. What is left when all is closed must be exactly what there was before the first call. In a short run caches still
-- fill: below five minutes memory may grow by 8 MiB, and the heap by 1 MiB.

local M = {}

local SHORT_S = 300

local function median(list, name, from, to)
  local values = {}
  for i = from, to do
    values[#values + 1] = list[i][name]
  end
  table.sort(values)
  return values[math.floor((#values + 1) / 2)]
end

--- Medians of the second and of the last quarter.
---@param samples table[] in order; at least 4
---@param name string
---@return number second
---@return number last
function M.quarters(samples, name)
  local quarter = math.floor(#samples / 4)
  return median(samples, name, quarter + 1, 2 * quarter), median(samples, name, #samples - quarter + 1, #samples)
end

--- Judges one process.
---@param samples table[] { resident (bytes), files, threads, heap (KiB, or nil) }
---@param seconds number how long the soak was
---@param first table|nil { files, threads } before the first call
---@param last table|nil the same after everything was closed
---@return string[] faults none when it is flat
function M.faults(samples, seconds, first, last)
  if #samples < 4 then
    return { "only " .. #samples .. " samples" }
  end
  local short = seconds < SHORT_S
  local faults = {}
  local function check(name, unit, grace, share)
    local before, after = M.quarters(samples, name)
    if after - before > math.max(grace, share * before) then
      faults[#faults + 1] = ("%s grew from %.0f to %.0f%s"):format(name, before, after, unit)
    end
  end
  check("resident", " bytes", short and 8388608 or 1048576, 0.02)
  check("files", "", 3, 0)
  check("threads", "", 0, 0)
  if samples[1].heap then
    check("heap", " KiB", short and 1024 or 64, 0.02)
  end
  for _, name in ipairs({ "files", "threads" }) do
    if first and last and first[name] ~= last[name] then
      faults[#faults + 1] = ("%d %s before the first call, %d after the last"):format(first[name], name, last[name])
    elseif first and not last then
      faults[#faults + 1] = "it did not come to its end"
      break
    end
  end
  return faults
end

return M
