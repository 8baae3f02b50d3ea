--- An output handler of busted for scripts/test: what failed, what was skipped and why, and one line of counts at the end.
-- Every test is announced before it runs ("run: …"), so that the last line of a run that crashed names the test.

local pretty = require("pl.pretty")

local function say(...)
  io.write(...)
  io.write("\n")
  io.flush()
end

local function text_of(message)
  local meta = type(message) == "table" and getmetatable(message)
  if type(message) == "table" and not (type(meta) == "table" and meta.__tostring) then
    return pretty.write(message)
  end
  return tostring(message)
end

return function()
  local busted = require("busted")
  local handler = require("busted.outputHandlers.base")()

  function handler.announce(element)
    say("run: ", handler.getFullName(element))
    return nil, true
  end

  local function describe(failure)
    local trace = failure.element.trace or failure.trace
    say("FAILED: ", failure.name, trace and trace.short_src and (" (%s:%d)"):format(trace.short_src, trace.currentline) or "")
    say("  ", (text_of(failure.message):gsub("\n", "\n  ")))
  end

  function handler.finish()
    for _, list in ipairs({ handler.failures, handler.errors }) do
      for _, failure in ipairs(list) do
        describe(failure)
      end
    end
    for _, pending in ipairs(handler.pendings) do
      say("skipped: ", pending.name, pending.message and ": " .. text_of(pending.message):gsub("^[^\n]-:%d+: ", "") or "")
    end
    say(("busted: %d passed, %d failed, %d skipped"):format(
      handler.successesCount, handler.failuresCount + handler.errorsCount, handler.pendingsCount))
    return nil, true
  end

  busted.subscribe({ "test", "start" }, handler.announce)
  busted.subscribe({ "suite", "end" }, handler.finish)
  return handler
end
