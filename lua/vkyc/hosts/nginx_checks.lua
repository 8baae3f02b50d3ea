--- What can be said before a call: phases without cosockets, and options that only nginx's directives can honour.

local core = require "vkyc.core"

local ngx = rawget(_G, "ngx")

local M = {}

-- The phases in which nginx has cosockets, and can wait without patches of its own and of OpenSSL.
local PHASES = {
  server_rewrite = true, rewrite = true, access = true, content = true, timer = true,
  ssl_cert = true, preread = true,
}

-- What only directives can set. Taken for granted, such an option would be a check that never happens.
local DIRECTIVES = {
  ca_file = "is nginx's business: remove it and add `lua_ssl_trusted_certificate FILE;`",
  crl_file = "is nginx's business: remove it and add `lua_ssl_crl FILE;`",
  proxy = "is not possible with cosockets, and there is no directive for it: remove it and route to the provider directly, or give a `host` of your own",
}

--- Whether calls can be made here and now.
---@return table|nil fault { message, hint } in a phase without cosockets
function M.phase_fault()
  local phase = ngx.get_phase()
  if PHASES[phase] then
    return nil
  end
  local hint = "Make it in `ngx.timer.at(0, function() … end)`, or in the rewrite, access or content phase."
  if phase == "init" then -- where nginx refuses timers too
    hint = "Make it with the first request, or in a timer of each worker: `init_worker_by_lua_block { ngx.timer.at(0, function() … end) }`."
  end
  return { message = "nginx has no cosockets in the phase " .. phase .. ", so no call can be made there", hint = hint }
end

--- What of a client's options cannot be honoured here.
---@param options table checked
---@param provider table compiled
---@return table[] faults of { path, message }
function M.option_faults(options, provider)
  local faults = {}
  for name, message in pairs(DIRECTIVES) do
    if options[name] then
      faults[#faults + 1] = { path = name, message = message }
    end
  end
  for _, name in ipairs { "base_url", "token_url" } do
    local parts = options[name] and core.url(options[name])
    if parts and parts.scheme == "https" and (parts.ipv6 or parts.host:find("^[%d.]+$")) then
      faults[#faults + 1] = { path = name, message = "must have a name: nginx cannot check a certificate against an address" }
    end
  end
  local shared, token = options.shared, provider.spec.token
  if shared == nil and token and token.locks_out then
    faults[#faults + 1] = {
      path = "shared",
      message = "is required in nginx: a few refused logins lock the account, so all workers must know of the first;"
        .. " add `lua_shared_dict vkyc 1m;` to http { } and give shared = ngx.shared.vkyc",
    }
  end
  return faults
end

return M
