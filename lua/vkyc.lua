--- Video KYC from a script: initiate, follow a case to its decision, verify webhooks.
-- Nothing is loaded here that a call does not need: flow, stores and the simulator come when they are asked for.
-- @module vkyc

local found, core = pcall(require, "vkyc.core")
if not found then
  local text = tostring(core)
  if text:find("undefined symbol", 1, true) or text:find("built for", 1, true) then
    error("vkyc: the binary vkyc/core.so was built for another Lua than this one (" .. ((rawget(_G, "jit") or {}).version or _VERSION)
      .. "): build it again with -DVKYC_LUA=lua5.4, luajit, lua5.3 or lua5.1. " .. (text:match("[^%s][^\n]*undefined symbol[^\n]*") or text), 0)
  end
  error(core, 0)
end

local results = require "vkyc.results"
local secrets = require "vkyc.secrets"
local states = require "vkyc.states"

local M = {
  _VERSION = require "vkyc.version",
  --- JSON null, for requests: the same value as cjson.null.
  null = core.null,
  --- Marks a table as an array, so that an empty one is sent as [].
  array = core.array,
  secret = { string = secrets.string, env = secrets.env, file = secrets.file },
  state = states.state,
  meta = results.meta,
  raw = results.raw,
}

--- Makes a client.
---@param options table docs/options.md
---@return vkyc.Client|nil client
---@return vkyc.Error|nil err
function M.new(options)
  local client, err = core.require("vkyc.client").new(options, 3)
  return client, err -- no tail call: misuse is told by its level
end

-- Loaded when they are first used.
local LAZY = { loop = "vkyc.loop", webhook = "vkyc.webhook", simulator = "vkyc.simulator", redact = "vkyc.redact", log = "vkyc.log", nginx = "vkyc.nginx" }

return setmetatable(M, {
  __index = function(_, name)
    local module = LAZY[name]
    local value = module and core.require(module) or nil
    rawset(M, name, value)
    return value
  end,
})
