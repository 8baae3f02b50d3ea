--- The files that README.md and the pages of docs/ print: blocks whose first line is a comment with a file's name.

local M = {}

local root = debug.getinfo(1, "S").source:match("^@(.*)spec/support/readme%.lua$") or ""

local function text(page)
  local file = assert(io.open(root .. (page or "README.md"), "rb"))
  local all = file:read("*a")
  file:close()
  return all
end

--- The bytes of a block, as printed.
---@param name string
---@param page? string README.md by default
---@return string
function M.block(name, page)
  for block in text(page):gmatch("\n```%l*\n(.-\n)```\n") do
    if block:match("^[-#]+ ([%w.]+)\n") == name then
      return block
    end
  end
  error((page or "README.md") .. " prints no " .. name)
end

--- The block of shell commands, or of another language, that begins so.
---@param words string
---@param language? string
---@return string
function M.command(words, language)
  for block in text():gmatch("\n```" .. (language or "sh") .. "\n(.-)\n```\n") do
    if block:find(words, 1, true) == 1 then
      return block
    end
  end
  error("README.md prints no " .. words)
end

--- Writes blocks into a new directory.
---@param blocks table<string, string>
---@return string directory
function M.write(blocks)
  local pipe = assert(io.popen("mktemp -d"))
  local directory = pipe:read("*l")
  pipe:close()
  for name, block in pairs(blocks) do
    local file = assert(io.open(directory .. "/" .. name, "wb"))
    file:write(block)
    file:close()
  end
  return directory
end

--- What app.lua reads from its surroundings, for the sandbox.
---@param sandbox table of spec.support.one_script
---@return string "NAME=value …"
function M.environment(sandbox)
  local url
  for _, line in ipairs(sandbox.env) do
    url = line:match("^VKYC_SANDBOX_CASHFREE_PPI=(.*)$") or url
  end
  return ("CASHFREE_URL=%s CASHFREE_CA=%s CASHFREE_CLIENT_ID=demo-client CASHFREE_CLIENT_SECRET=example-secret"):format(url, sandbox.ca_file)
end

return M
