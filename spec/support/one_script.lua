--- examples/onboard.lua, the same bytes in every host: its surroundings, and what it prints with all that differs between two runs left out.

local process = require("spec.support.process")

local M = {}

local root = debug.getinfo(1, "S").source:match("^@(.*)spec/support/one_script%.lua$") or ""

M.PATH = root .. "examples/onboard.lua"

--- Runs it in whatever host this is.
---@return string output
function M.run()
  local lines = {}
  local env = setmetatable({
    print = function(text)
      lines[#lines + 1] = text
    end,
  }, { __index = _G })
  local set = rawget(_G, "setfenv")
  if set then
    set(assert(loadfile(M.PATH)), env)()
  else
    assert(loadfile(M.PATH, "t", env))()
  end
  return (table.concat(lines, "\n"):gsub("%-%d%d%d%d%d%d%d%d+", "-RUN"):gsub("call %x+%-", "call "):gsub("20%d%d%-%d%d%-%d%d[T ]%d%d:%d%d[:%d]*", "TIME"))
end

local function sh(command)
  local pipe = assert(io.popen("{ LD_PRELOAD= " .. command .. "\n} 2>&1; printf '\\n%d\\n' $?"))
  local output, status = pipe:read("*a"):match("^(.*)\n(%d+)\n$")
  pipe:close()
  return status == "0", output
end

local Sandbox = {}
Sandbox.__index = Sandbox

--- Starts the sandbox.
---@param cpath string|nil the module's template for LuaJIT
---@return table|nil sandbox `env`: the lines NAME=value for the script, with a host name that nginx can check
---@return string|nil reason
function M.sandbox(cpath)
  local _, made = sh("mktemp -u -d")
  local directory = made:match("[^\n]+")
  local fine, output = sh(("%s '%sscripts/sandbox' start --seconds 120 --dir %s"):format(cpath and "VKYC_CPATH='" .. cpath .. "'" or "", root, directory))
  if not fine then
    return nil, output
  end
  local sandbox = setmetatable({ directory = directory, env = { "VKYC_DEMO_SECRET=example-secret" }, ca_file = directory .. "/ca.pem" }, Sandbox)
  for line in io.lines(directory .. "/env") do
    local name, value = line:match("^([%u_]+)='(.*)'$")
    sandbox.env[#sandbox.env + 1] = name .. "=" .. value:gsub("127%.0%.0%.1", "localhost")
    if name == "VKYC_SANDBOX_URL" then
      sandbox.url = value
    end
  end
  return sandbox
end

--- All simulators as they were.
function Sandbox:reset()
  for _, provider in ipairs({ "cashfree_ppi", "cashfree_secure_id", "enkash" }) do
    assert(sh(("curl -sf --cacert %s -d '{}' %s/_sandbox/%s/reset"):format(self.ca_file, self.url, provider)))
  end
end

function Sandbox:stop()
  sh(("'%sscripts/sandbox' stop --dir %s"):format(root, self.directory))
end

--- Runs code in a process of its own that has the script's surroundings, after a reset.
---@param code string prints what `run` returned
---@return string output
---@return boolean fine
function Sandbox:process(code)
  self:reset()
  return process.run(code, table.concat(self.env, " "))
end

--- In a plain script.
function Sandbox:plain()
  return self:process([[io.write(require("spec.support.one_script").run())]])
end

return M
