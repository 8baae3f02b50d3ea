-- When a request is sent again: the rules by themselves, the waits, and the budget.

local vkyc = require "vkyc"
local canaries = require "spec.support.canaries"
local retry = require "vkyc.retry"
local scripted = require "spec.support.scripted_host"

local reply, lost = scripted.reply, scripted.lost
local CASE = '{"verification_id":"V1","user_id":"U1","status":"RECEIVED","sub_status":"LINK_GENERATED"}'
local IDS = { user_id = "U1", verification_id = "V1" }

local function ppi(answers, more, options)
  local host = scripted.new(answers, options)
  return scripted.client("cashfree_ppi", host, more), host
end

describe("a retry", function()
  after_each(canaries.check_hooks)

  -- A call as decide sees it.
  local function call(fields)
    local made = {
      repeats = "safe", can_read_back = false, tries = 1, max_attempts = 3, deadline = 1030, budget = retry.budget(),
      host = { now = function() return 1000 end, random = function() return 0.5 end },
    }
    for name, value in pairs(fields) do
      made[name] = value
    end
    return made
  end

  it("is decided by what happened and what a repeat does", function()
    for _, row in ipairs {
      -- kind, outcome, repeats, can read back, what to do
      { "connect", "not_sent", "never", false, "again" }, { "timeout", "not_sent", "keyed", false, "again" }, { "tls", "not_sent", "safe", false, "stop" },
      { "config", "not_sent", "safe", false, "stop" }, { "timeout", "unknown", "safe", false, "again" }, { "timeout", "unknown", "keyed", true, "read_back" },
      { "timeout", "unknown", "keyed", false, "stop" }, { "timeout", "unknown", "never", true, "stop" }, { "server", "refused", "safe", false, "again" },
      { "server", "unknown", "never", false, "stop" }, { "server", "unknown", "keyed", true, "read_back" }, { "rate_limited", "refused", "never", false,
        "again" },
      { "bad_request", "refused", "safe", true, "stop" }, { "auth", "refused", "safe", true, "stop" }, { "decode", "unknown", "keyed", true, "read_back" },
      { "decode", "refused", "safe", false, "stop" }, { "protocol", "unknown", "safe", false, "stop" }, { "too_large", "unknown", "safe", false, "stop" },
      { "cancelled", "unknown", "safe", true, "stop" }, { "cancelled", "unknown", "keyed", true, "stop" }, { "memory", "unknown", "keyed", true, "stop" },
    } do
      local action, _, reason = retry.decide({ kind = row[1], outcome = row[2] }, call { repeats = row[3], can_read_back = row[4] })
      assert.equal(row[5], action, table.concat({ row[1], row[2], row[3] }, " "))
      assert.is_string(reason)
    end
    assert.equal("stop", (retry.decide({ kind = "connect", outcome = "not_sent", final = true }, call {})))
  end)

  it("waits with full jitter, longer each time, at most 20 s", function()
    local lost_error = { kind = "timeout", outcome = "unknown" }
    for _, random in ipairs { 0, 0.25, 0.999 } do
      local before = -1
      for tries = 1, 40 do
        local _, delay = retry.decide(lost_error, call { tries = tries, max_attempts = 99, deadline = 9999,
          host = { now = function() return 1000 end, random = function() return random end } })
        assert.is_true(delay >= before and delay <= 20 * random + 1e-9 and delay <= random * 0.1 * 2 ^ (tries - 1) + 1e-9)
        before = delay
      end
    end
    local _, longest = retry.decide(lost_error, call { tries = 40, max_attempts = 99, deadline = 9999 })
    assert.equal(10, longest)
  end)

  it("waits as long as the server says (H01, H02)", function()
    for _, row in ipairs {
      { 429, { ["retry-after"] = "2" }, 2 }, { 503, { ["retry-after"] = "Mon, 08 Jun 2026 05:00:03 GMT" }, 3 }, { 503, { ["Retry-After"] = "0" }, 0 },
      { 503, { ["retry-after"] = "Mon, 08 Jun 2026 04:00:03 GMT" }, 0 }, { 429, { ["x-ratelimit-retry"] = "7" }, 7 },
      { 429, { ["x-ratelimit-remaining"] = "0", ["X-RateLimit-Reset"] = "11" }, 11 }, { 429, { ["retry-after"] = "2", ["x-ratelimit-retry"] = "7" }, 2 },
    } do
      local c, host = ppi { reply(row[1], "", row[2]), reply(200, CASE) }
      assert(c:status(IDS))
      assert.same({ row[3] }, host.sleeps)
    end
  end)

  it("waits by its own rule when the server talks nonsense (H03, H04, H05)", function()
    for _, value in ipairs { "banana", "99999999999999999999", "-5", "1e9", "nan", "inf", "0x10", " ", "5 5", "Thu, 99 Foo 2026" } do
      local c, host = ppi { reply(503, "", { ["retry-after"] = value }), reply(200, CASE) }
      assert(c:status(IDS))
      assert.is_true(#host.sleeps == 1 and host.sleeps[1] > 0 and host.sleeps[1] <= 0.1, value)
    end
    local c, host = ppi { reply(429, "", { ["x-ratelimit-remaining"] = "5", ["x-ratelimit-reset"] = "11" }), reply(200, CASE) }
    assert(c:status(IDS))
    assert.is_true(host.sleeps[1] <= 0.1)
  end)

  it("ends at once when the wait does not fit the deadline (H06, B09)", function()
    for value, seconds in pairs { ["3600"] = 3600, ["30"] = 30, ["Mon, 08 Jun 2026 06:00:00 GMT"] = 3600 } do
      local c, host = ppi { reply(429, "", { ["retry-after"] = value }) }
      local _, err = c:status(IDS)
      canaries.check_error(err, "rate_limited")
      assert.same({ seconds, true, 1, 0 }, { err.retry_after, err.retryable, #host.requests, #host.sleeps })
      assert.truthy(tostring(err):find("retry after " .. seconds .. " s", 1, true))
    end
    local c, host = ppi { reply(503) }
    local _, err = c:status(IDS, { deadline_s = 0.05 })
    assert.same({ 1, 0, "server" }, { #host.requests, #host.sleeps, err.kind })
  end)

  it("tells the rate limit of a good answer", function()
    local c = ppi { reply(200, CASE, { ["X-RateLimit-Limit"] = "100", ["x-ratelimit-remaining"] = "99", ["x-ratelimit-reset"] = "60" }) }
    assert.same({ limit = 100, remaining = 99, reset_s = 60 }, vkyc.meta(assert(c:status(IDS))).rate_limit)
    c = ppi { reply(200, CASE, { ["x-ratelimit-limit"] = "many" }) }
    assert.is_nil(vkyc.meta(assert(c:status(IDS))).rate_limit)
  end)

  it("does not multiply an outage: 1,000 calls, at most 1,100 requests (H12)", function()
    for _, trouble in ipairs { reply(503), lost("timeout"), lost("network"), scripted.unsent("connect") } do
      for _, operation in ipairs { "status", "initiate" } do
        local c, host = ppi({ trouble }, { hooks = {} })
        for _ = 1, 1000 do
          local before = host.sent
          local _, err = c[operation](c, IDS)
          assert.equal(host.sent - before, err.attempts)
        end
        assert.is_true(#host.requests >= 1000 and #host.requests <= 1100, operation .. ": " .. #host.requests)
        assert.is_true(c:stats().budget_left < retry.COST)
      end
    end
  end)

  it("pays the budget back by success", function()
    local c, host = ppi({ reply(503) }, { hooks = {} })
    for _ = 1, 40 do
      c:status(IDS)
    end
    host.play { reply(200, CASE) }
    local before = c:stats().budget_left
    for _ = 1, 20 do
      assert(c:status(IDS))
    end
    assert.equal(before + 20, c:stats().budget_left)
    host.play { reply(503), reply(200, CASE) }
    before = c:stats().budget_left
    assert(c:status(IDS)) -- took 14 and gave 14
    assert.equal(before, c:stats().budget_left)
    host.play { reply(200, CASE) }
    for _ = 1, 600 do
      c:status(IDS)
    end
    assert.equal(retry.BUDGET, c:stats().budget_left)
  end)

  it("keeps a budget for each client", function()
    local c = ppi({ reply(503) }, { hooks = {} })
    for _ = 1, 40 do
      c:status(IDS)
    end
    local other, host = ppi({ reply(503) }, { hooks = {} })
    other:status(IDS)
    assert.equal(3, #host.requests)
  end)
end)
