--- The cases of a simulator: the step each is at, and what time does to them.

local M = {}

-- A link that runs out ends a case only while the customer has not got past it.
local WAITING = { created = true, action_required = true }

--- Finds a step by its name, the second half of its name, or a state. Raises when there is none.
---@param sim table
---@param word string
---@param level integer whom to blame, as in error()
---@return string
function M.resolve(sim, word, level)
  local behaviour = sim.behaviour
  word = behaviour.states[word] or word
  if behaviour.steps[word] then
    return word
  end
  local found
  for name in pairs(behaviour.steps) do
    if name:match("/(.*)$") == word then
      if found then
        error("more than one step ends in " .. word, level + 1)
      end
      found = name
    end
  end
  return found or error("the simulator of " .. sim.provider.name .. " has no step " .. tostring(word), level + 1)
end

--- Checks a timetable, so that a slip shows where it was made.
---@param sim table
---@param timetable table[]
---@param level integer
function M.check_timetable(sim, timetable, level)
  for _, entry in ipairs(timetable) do
    if type(entry.after_s) ~= "number" then
      error("an entry of a timetable needs after_s", level + 1)
    end
    M.resolve(sim, entry.step, level + 1)
  end
end

local function waits(sim, step)
  local entry = sim.behaviour.statuses[step] or sim.provider.states.table[step]
  return WAITING[type(entry) == "table" and entry.state or entry] or sim.behaviour.steps[step].waits
end

--- Moves a case to a step.
---@param sim table
---@param case table
---@param step string
---@param at number when, unix seconds
function M.move(sim, case, step, at)
  case.step = step
  sim.behaviour.enter(sim, case, sim.behaviour.steps[step], at)
end

-- What time does to the case next: when, what, and whether it is the end of its link.
local function next_of(sim, case)
  local entry = case.timetable[case.next]
  local at = entry and case.created_at + entry.after_s
  if case.expires_at and waits(sim, case.step) and not (at and at < case.expires_at) then
    return case.expires_at, sim.behaviour.states.expired, true
  elseif entry then
    return at, M.resolve(sim, entry.step, 2), false
  end
end

--- Does what has become due since the last call, in the order of time.
---@param sim table
function M.catch_up(sim)
  local now = sim:now()
  while true do
    local case, at, step, lapsed
    for _, candidate in ipairs(sim.case_list) do
      local its_at, its_step, its_lapsed = next_of(sim, candidate)
      if its_at and its_at <= now and (not at or its_at < at) then
        case, at, step, lapsed = candidate, its_at, its_step, its_lapsed
      end
    end
    if not case then
      return
    end
    if lapsed then
      case.expires_at, case.timetable = nil, {}
    else
      case.next = case.next + 1
    end
    M.move(sim, case, step, at)
  end
end

return M
