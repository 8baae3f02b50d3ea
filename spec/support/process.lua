--- What the running process holds, as Linux counts it in /proc.

local process = {}

local function read(path)
  local file = assert(io.open(path, "r"))
  local text = file:read("*a")
  file:close()
  return text
end

--- The process id.
function process.id()
  return read("/proc/self/stat"):match("^(%d+)")
end

--- Open files, sockets included.
function process.files()
  local pipe = assert(io.popen("ls /proc/" .. process.id() .. "/fd | wc -l"))
  local count = tonumber(pipe:read("*l"))
  pipe:close()
  return count
end

function process.threads()
  return tonumber(read("/proc/self/status"):match("Threads:%s*(%d+)"))
end

--- Resident memory in bytes.
function process.resident()
  return tonumber(read("/proc/self/status"):match("VmRSS:%s*(%d+)")) * 1024
end

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

--- Runs Lua code in a process of its own, with the same interpreter and module paths.
-- SIGPIPE is as a shell leaves it, though LuaSocket makes this process, and so its children, ignore it.
---@param code string
---@param environment string|nil "NAME=value …", in front of the command
---@param prefix string|nil a command that runs it, such as "ip netns exec NAME"
---@return string output
---@return boolean fine it ended by itself with success
function process.run(code, environment, prefix)
  local interpreter = assert(io.popen("readlink /proc/" .. process.id() .. "/exe"))
  local program = interpreter:read("*l")
  interpreter:close()
  local paths = ("package.path = %q package.cpath = %q "):format(package.path, package.cpath)
  local command = table.concat({
    prefix or "", "env --default-signal=PIPE", environment or "", quote(program), "-e", quote(paths .. code), "2>&1; printf '\\n%d\\n' $?",
  }, " ")
  local pipe = assert(io.popen(command))
  local output, status = pipe:read("*a"):match("^(.*)\n(%d+)\n$")
  pipe:close()
  return output, status == "0"
end

return process
