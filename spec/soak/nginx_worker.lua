--- The traffic inside of an nginx worker, and what the worker tells of itself through the shared dictionary `soak`.

local traffic = require("spec.soak.traffic")

local jit = require("jit")

local ngx = rawget(_G, "ngx")

local M = {}

--- The clients, made in init_by_lua. `leak`: keep every result.
function M.init(addresses, leak)
  M.mix = traffic.new(dofile(addresses), { shared = ngx.shared.vkyc, keep = leak and {} or nil })
end

local function publish()
  jit.flush() -- compiled code comes and goes; what is left is held
  collectgarbage()
  collectgarbage()
  local dict, counts = ngx.shared.soak, M.mix.counts
  dict:set("heap:" .. ngx.worker.pid(), collectgarbage("count"))
  for name, value in pairs(counts) do
    dict:incr(name, value, 0)
    counts[name] = 0
  end
  dict:set("surprise", M.mix.surprise) -- nil when there was none
  dict:set("stale-one", M.mix.stale or dict:get("stale-one"))
end

--- For init_worker_by_lua.
function M.start(seconds)
  ngx.timer.every(seconds, publish)
end

--- A round in the content phase, and one in a timer that outlives the request.
function M.round()
  local dict = ngx.shared.soak
  dict:incr("running", 1, 0)
  M.mix:round()
  ngx.timer.at(0, function()
    M.mix:round()
    dict:incr("running", -1)
  end)
  ngx.print("done")
end

--- A call that hangs, for a client that leaves meanwhile.
function M.hang()
  M.mix:hang()
end

--- A webhook; every other event fails.
function M.hook()
  require("vkyc").nginx.webhook({ client = M.mix.clients.good, on_event = function(event)
    return event.attempt ~= 2
  end })
end

--- What all workers counted, as "NAME VALUE" lines.
function M.report()
  local dict = ngx.shared.soak
  for _, key in ipairs(dict:get_keys(0)) do
    ngx.say(key, " ", dict:get(key))
  end
end

return M
