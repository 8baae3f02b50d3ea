--- When a request may be sent again. Nothing is done twice: what may have reached the provider is repeated only where a repeat is harmless.

local M = {}

M.BASE_S = 0.1
M.CAP_S = 20

-- A client's budget: an outage must not be multiplied by everybody's retries.
M.BUDGET = 500
M.COST = 14

--- Kinds of a broken exchange that another try may not meet.
M.PASSING = { dns = true, connect = true, timeout = true, network = true }

-- Another try would meet them again, or nobody waits for it any more.
local ENDS = { cancelled = true, memory = true, closed = true, config = true, argument = true }
-- Answers that cannot be read: the same would come again.
local UNREADABLE = { protocol = true, too_large = true, decode = true, schema = true, redirect = true, tls = true }

---@return table budget
function M.budget()
  return { left = M.BUDGET }
end

--- Pays back for an answer: what the retry took, or 1.
function M.succeeded(budget, retried)
  local left = budget.left + (retried and M.COST or 1)
  budget.left = left < M.BUDGET and left or M.BUDGET
end

-- What the failure allows: "again", "read_back" or nil with the reason.
local function permitted(err, repeats, can_read_back)
  if err.final or ENDS[err.kind] then
    return nil, "it must not be repeated"
  end
  if err.outcome == "not_sent" then
    return M.PASSING[err.kind] and "again" or nil, "nothing was sent"
  end
  if err.kind == "rate_limited" then
    return "again", "the server asks to wait"
  end
  if err.outcome == "refused" and err.kind ~= "server" and err.kind ~= "timeout" and err.kind ~= "network" then
    return nil, "the answer is final"
  end
  if repeats == "safe" then
    return not UNREADABLE[err.kind] and "again" or nil, "reading again is safe"
  end
  if repeats == "keyed" and can_read_back then
    return "read_back", "the answer was lost"
  end
  return nil, "a repeat could do it twice"
end

--- What to do after a failed attempt.
---@param err vkyc.Error
---@param call table repeats, can_read_back, sent (requests so far), max_attempts, deadline, budget, host
---@return "again"|"read_back"|"stop" action
---@return number delay_s before the next request
---@return string reason for people and for `meta`
function M.decide(err, call)
  local action, reason = permitted(err, call.repeats, call.can_read_back)
  if not action then
    return "stop", 0, reason
  end
  if call.tries >= call.max_attempts and action == "again" then
    return "stop", 0, "max_attempts is reached"
  end
  local host = call.host
  local delay = host.random() * math.min(M.CAP_S, M.BASE_S * 2 ^ (call.tries - 1))
  if err.retry_after then
    delay = math.max(err.retry_after, 0)
  end
  if host.now() + delay >= call.deadline then
    return "stop", 0, "the deadline comes first"
  end
  if call.budget.left < M.COST then
    return "stop", 0, "the client's retry budget is used up"
  end
  call.budget.left = call.budget.left - M.COST
  return action, delay, reason
end

return M
