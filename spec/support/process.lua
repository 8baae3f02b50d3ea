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

--- Open files, sockets included. A pipe to the counting program would now and then be counted with both of its ends.
function process.files()
  local list = os.tmpname()
  os.execute("ls /proc/" .. process.id() .. "/fd >" .. list)
  local _, count = read(list):gsub("\n", "")
  os.remove(list)
  return count
end

function process.threads()
  return tonumber(read("/proc/self/status"):match("Threads:%s*(%d+)"))
end

--- Resident memory in bytes.
function process.resident()
  return tonumber(read("/proc/self/status"):match("VmRSS:%s*(%d+)")) * 1024
end

--- Memory of a process's own in bytes, each page counted: VmRSS may be wrong by some hundred KB, and counts files that are mapped.
---@param pid string|nil of another process
function process.anonymous(pid)
  return tonumber(read("/proc/" .. (pid or "self") .. "/smaps_rollup"):match("Anonymous:%s*(%d+)")) * 1024
end

--- The most resident memory since the last time that `anew` was given; with it, what is resident now.
---@param anew boolean|nil
---@param pid string|nil of another process
---@return number bytes
function process.peak(anew, pid)
  local directory = "/proc/" .. (pid or "self") .. "/"
  if anew then
    local file = assert(io.open(directory .. "clear_refs", "w"))
    file:write("5")
    file:close()
  end
  return tonumber(read(directory .. "status"):match((anew and "VmRSS" or "VmHWM") .. ":%s*(%d+)")) * 1024
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
