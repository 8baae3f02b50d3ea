--- Which lines of lua/vkyc run, for scripts/coverage. LuaJIT only: there one hook sees every coroutine, nginx is counted like a script, and
-- the compiler says which lines hold code. The JIT is off meanwhile, because traces call no hook.
--
--   LUA_INIT='dofile("spec/support/lines.lua").start("DIRECTORY")' luajit …        each process leaves a file there when it ends
--   luajit -e 'dofile("spec/support/lines.lua").report("DIRECTORY", 95)'           prints a table; status 1 below 95 %

local lines = {}

-- "@lua/vkyc/client.lua" -> "vkyc/client.lua"
local function file_of(source)
  return source:match("^@.-lua/(vkyc[%w_/]*%.lua)$")
end

local function process_id()
  local file = assert(io.open("/proc/self/stat", "r"))
  local id = file:read("*l"):match("^%d+")
  file:close()
  return id
end

--- Counts from now on, and writes what ran to a file of `directory` when the VM is closed.
---@param directory string
function lines.start(directory)
  if not rawget(_G, "jit") then
    return
  end
  local seen = {} -- source -> line -> true
  local of_function = setmetatable({}, { __mode = "k" }) -- to ask for the source once is twice as fast
  local getinfo = debug.getinfo
  local function write()
    local file = assert(io.open(("%s/%s-%p"):format(directory, process_id(), seen), "w"))
    for source, found in pairs(seen) do
      if file_of(source) then
        for line in pairs(found) do
          file:write(file_of(source), ":", line, "\n")
        end
      end
    end
    file:close()
  end
  local exit = os.exit
  os.exit = function(...) -- luacheck: ignore 122
    write()
    return exit(...)
  end
  local at_close = newproxy(true)
  getmetatable(at_close).__gc = write
  debug.getregistry()[at_close] = at_close -- nobody else keeps it
  require("jit").off()
  debug.sethook(function(_, line)
    local fn = getinfo(2, "f").func
    local found = of_function[fn]
    if not found then
      local source = getinfo(2, "S").source
      found = seen[source] or {}
      seen[source], of_function[fn] = found, found
    end
    found[line] = true
  end, "l")
end

-- Adds the lines of code of a function and of all that is inside of it.
local function add_code(util, fn, code)
  local info = util.funcinfo(fn)
  for pc = 1, info.bytecodes - 1 do
    code[util.funcinfo(fn, pc).currentline] = true
  end
  for i = -1, info.children and -1e6 or 0, -1 do
    local constant = util.funck(fn, i)
    if constant == nil then
      break
    end
    if type(constant) == "proto" then
      add_code(util, constant, code)
    end
  end
end

-- What only closes a block is left in another way than it is entered, and is no code of its own.
local function is_code(text)
  return not text:find("^%s*end[%s,;)}%]]*$") and not text:find("^%s*else%s*$") and not text:find("^%s*[)}%]]+[%s,;)}%]]*$")
end

local function lines_of(path)
  local list = {}
  for text in io.lines(path) do
    list[#list + 1] = text
  end
  return list
end

local function ranges(missing)
  local list, i = {}, 1
  while i <= #missing do
    local first = missing[i]
    while missing[i + 1] == missing[i] + 1 do
      i = i + 1
    end
    list[#list + 1] = first == missing[i] and tostring(first) or first .. "-" .. missing[i]
    i = i + 1
  end
  return table.concat(list, ",")
end

--- Prints how much of each file of lua/vkyc ran, by the files of `directory`.
---@param directory string
---@param minimum number percent of all lines, below which the process ends with status 1
function lines.report(directory, minimum)
  local util = require("jit.util")
  local ran = {}
  for path in io.popen("ls -d " .. directory .. "/*"):lines() do
    for line in io.lines(path) do
      ran[line] = true
    end
  end
  local all, done = 0, 0
  print(("%-48s %6s %6s %6s  %s"):format("File", "Lines", "Exec", "Cover", "Missing"))
  for path in io.popen("find lua -name '*.lua' | sort"):lines() do
    local file, code, texts = path:match("^lua/(.*)"), {}, lines_of(path)
    add_code(util, assert(loadfile(path)), code)
    local count, missing = 0, {}
    for line, text in ipairs(texts) do
      if code[line] and is_code(text) then
        count = count + 1
        if not ran[file .. ":" .. line] then
          missing[#missing + 1] = line
        end
      end
    end
    all, done = all + count, done + count - #missing
    print(("%-48s %6d %6d %5d%%  %s"):format(path, count, count - #missing, count == 0 and 100 or 100 * (count - #missing) / count, ranges(missing)))
  end
  print(("%-48s %6d %6d %5.1f%%"):format("lua/vkyc", all, done, 100 * done / all))
  os.exit(100 * done < minimum * all and 1 or 0)
end

return lines
