--- The two ways in which libcurl moves a request, seen alike: inline, and on a loop's background thread.
--
--    local transport = assert(transports.thread(options))   -- options of curl.new
--    transport:perform(request, response, timeout_s, connect_timeout_s, max_idle_s) -> status | nil, failure
--    transport:close()

local core = require("vkyc.core")
local curl = require("vkyc.curl")

local transports = {}

--- On the calling thread.
transports.inline = curl.new

local Thread = {}
Thread.__index = Thread

--- On a background thread, waited for.
function transports.thread(options)
  local engine = assert(curl.engine())
  local pool, failure = engine:open(options)
  if not pool then
    engine:close()
    return nil, failure
  end
  return setmetatable({ engine = engine, pool = pool }, Thread)
end

--- Waits for a job, at most 60 s.
function transports.wait(job, response)
  local status, failure
  local ends = core.monotonic() + 60
  repeat
    status, failure = job:finish(response)
    if status == false then
      core.sleep(0.0005)
    end
  until status ~= false or core.monotonic() > ends
  return status, failure
end

function Thread:perform(request, response, timeout_s, connect_timeout_s, max_idle_s)
  local job, failure = self.pool:submit(request, response, timeout_s, connect_timeout_s, max_idle_s)
  if not job then
    return nil, failure
  end
  request:close() -- the engine has a copy
  return transports.wait(job, response)
end

function Thread:close()
  self.pool:close()
  self.engine:close()
end

return transports
