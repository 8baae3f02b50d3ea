--- Random numbers that are the same on every VM and run: Park and Miller's generator. VKYC_SEED sets another seed; a test that fails names its own.
--
--    local draw = seed.new(spec_number)
--    draw(1, 6); draw.pick(list); draw.chance(3) -- true once in 3 times

local seed = {}

--- What a run begins with.
seed.given = tonumber(os.getenv("VKYC_SEED") or "") or 20261121

---@param number integer tells the cases of a run apart
---@return table draw callable with low and high; `name` says how to have the same numbers again
function seed.new(number)
  local state = (seed.given * 7919 + number * 104729) % 2147483646 + 1
  local draw = { name = ("VKYC_SEED=%d, case %d"):format(seed.given, number) }
  local function next_number(low, high)
    state = state * 16807 % 2147483647
    return low + state % (high - low + 1)
  end
  function draw.pick(list)
    return list[next_number(1, #list)]
  end
  function draw.chance(of)
    return next_number(1, of) == 1
  end
  return setmetatable(draw, { __call = function(_, low, high)
    return next_number(low, high)
  end })
end

return seed
