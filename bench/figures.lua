--- Figures of a benchmark: made of series that were measured in the same rounds, printed in one form, judged.
--
--   local figures = require("figures").new(json)
--   figures:add(name, unit, ours, against, "<=", 1.25)   -- ours, against: { median, least, most } or { value }
--   figures:inform(name, unit, ours, against)            -- printed, and no part of the exit status
--   figures:finish()                                     -- prints; ends the process with status 3 when a target was missed
--
-- For Lua 5.4, like every script that measures.

local M = {}

local Figures = {}
Figures.__index = Figures

---@param json boolean one line of JSON per figure
function M.new(json)
  return setmetatable({ json = json, list = {} }, Figures)
end

--- Median, least and most of a series.
---@param series number[]
---@param scale? number multiplies each
---@return number[] of three
function M.statistics(series, scale)
  local sorted = table.move(series, 1, #series, 1, {})
  table.sort(sorted)
  local n = #sorted
  local found = { (sorted[(n + 1) // 2] + sorted[n // 2 + 1]) / 2, sorted[1], sorted[n] }
  for i = 1, 3 do
    found[i] = found[i] * (scale or 1)
  end
  return found
end

---@param relation "<="|">="|">" how the ratio ours / against has to be to target
function Figures:add(bench, unit, ours, against, relation, target)
  local ratio = ours[1] / against[1]
  local ok = relation == "<=" and ratio <= target or relation == ">=" and ratio >= target or relation == ">" and ratio > target
  self.list[#self.list + 1] = { bench = bench, unit = unit, ours = ours, against = against, ratio = ratio, target = relation .. target, ok = ok }
end

function Figures:inform(bench, unit, ours, against)
  self.list[#self.list + 1] = { bench = bench, unit = unit, ours = ours, against = against, ratio = ours[1] / against[1], target = "", ok = true }
end

local function number(value)
  return string.format(math.abs(value) >= 1000 and "%.0f" or math.abs(value) >= 100 and "%.1f" or "%.2f", value)
end

local function range(values)
  return number(values[1]) .. (values[2] and " (" .. number(values[2]) .. "-" .. number(values[3]) .. ")" or "")
end

local function print_table(list)
  print(string.format("%-44s %-5s %-26s %-26s %7s %7s", "", "unit", "ours (min-max)", "against (min-max)", "ratio", "target"))
  for _, f in ipairs(list) do
    local verdict = f.target ~= "" and (f.ok and "ok" or "MISSED") or ""
    print(string.format("%-44s %-5s %-26s %-26s %7.2f %7s %s", f.bench, f.unit, range(f.ours), range(f.against), f.ratio, f.target, verdict))
  end
end

local function print_json(list)
  for _, f in ipairs(list) do
    local line = '{"bench":"%s (%s)","ours":%.6g,"against":%.6g,"ratio":%.4f,"target":"%s","ok":%s}'
    print(string.format(line, f.bench, f.unit, f.ours[1], f.against[1], f.ratio, f.target, f.ok))
  end
end

function Figures:finish()
  (self.json and print_json or print_table)(self.list)
  for _, f in ipairs(self.list) do
    if not f.ok then
      os.exit(3) -- 1 is what an error of a script ends with
    end
  end
end

return M
