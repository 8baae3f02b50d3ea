--- The host of environment = "simulator": no network at all, a simulator answers in the same process.

local core = require "vkyc.core"

--- Makes the host of a client.
---@param provider table compiled
---@param options table checked; `simulator` is one to use, else one is made that accepts the credentials of these options
---@return table host as in docs/hosts.md
return function(provider, options)
  local simulator = options.simulator
  if not simulator then
    local paths = {}
    for _, operation in pairs(provider.spec.operations) do
      local option = operation.path_option
      paths[option or ""] = option and options.credentials[option]
    end
    simulator = require("vkyc.simulator").new {
      provider = provider.spec,
      paths = paths,
      credentials = options.credentials,
    }
  end
  return {
    name = "simulator",
    send = function(request)
      local path, query = request.url:match("^https?://[^/]+([^?]*)%??(.*)$")
      local headers = {}
      for name, value in pairs(request.headers) do
        headers[name:lower()] = value
      end
      local response = simulator:handle { method = request.method, path = path, query = query, headers = headers, body = request.body }
      if not response then
        return nil, { kind = "timeout", phase = "response", reason = "the simulator gave no answer", sent = true }
      end
      return response
    end,
    -- Waiting for a simulated provider would only cost time.
    sleep = function() end,
    now = core.monotonic,
    wall = function()
      return simulator:now()
    end,
    random = core.random,
  }, simulator
end
