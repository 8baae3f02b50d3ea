--- Service hours, and a clock that starts within them.

local M = {}

--- Whether agents work at a time.
---@param hours { open_h: integer, close_h: integer, offset_s: integer, days: integer[] } days: 1 is Monday, 7 is Sunday
---@param t number unix seconds
---@return boolean
function M.open_at(hours, t)
  local here = os.date("!*t", math.floor(t + hours.offset_s))
  for _, day in ipairs(hours.days) do
    if day % 7 == here.wday - 1 then
      return here.hour >= hours.open_h and here.hour < hours.close_h
    end
  end
  return false
end

--- How far to move a clock, in half hours, so that two hours of service lie ahead: a demonstration must not depend on the time of day.
---@param hours table|nil
---@param now number
---@return number seconds
function M.into_hours(hours, now)
  local offset = 0
  while hours and not (M.open_at(hours, now + offset) and M.open_at(hours, now + offset + 7200)) do
    offset = offset + 1800
  end
  return offset
end

return M
