--- A network of its own for a child process, in which packets and name servers can be made to fail. Needs root, ip and nft.

local process = require("spec.support.process")

local namespace = {}
local Namespace = {}
Namespace.__index = Namespace

local function shell(command)
  local pipe = assert(io.popen("{ " .. command .. "; } 2>&1; printf '\\n%d\\n' $?"))
  local output, status = pipe:read("*a"):match("^(.*)\n(%d+)\n$")
  pipe:close()
  return status == "0", output
end

--- Makes a namespace with a loopback, a network 10.77.0.0/24 on which nobody answers, and an output chain `inet net out` for rules of nft.
---@return table|nil space
---@return string|nil reason why it cannot be had here
function namespace.new()
  local name = "vkyc" .. process.id()
  local fine, output = shell(([[(export LD_PRELOAD=; set -e; command -v nft; ip netns add %s; mkdir -p /etc/netns/%s; ip netns exec %s sh -ec '
    ip link set lo up
    ip link add v0 type veth peer name v1; ip addr add 10.77.0.1/24 dev v0; ip link set v0 up; ip link set v1 up
    ip route add blackhole 10.78.0.0/24
    nft add table inet net; nft "add chain inet net out { type filter hook output priority 0; }"')]]):format(name, name, name))
  local self = setmetatable({ name = name }, Namespace)
  if not fine then
    self:remove()
    return nil, "needs root, network namespaces and nftables: " .. (output:match("([^\n]+)\n*$") or "")
  end
  return self
end

--- Sets the name server that processes in it ask, once and for one second.
function Namespace:resolver(address)
  local file = assert(io.open("/etc/netns/" .. self.name .. "/resolv.conf", "w"))
  file:write("nameserver ", address, "\noptions timeout:1 attempts:1\n")
  file:close()
end

--- Runs Lua code in it; see process.run.
function Namespace:run(code)
  return process.run(code, nil, "ip netns exec " .. self.name)
end

function Namespace:remove()
  shell(("ip netns del %s; rm -rf /etc/netns/%s"):format(self.name, self.name))
end

return namespace
