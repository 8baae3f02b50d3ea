--- The simulator's JSON. It shares no code with vkyc.core, so that neither can hide a mistake of the other.
-- lua-cjson reads, after checks of our own: it takes text that is not UTF-8 and loses digits of long integers.
-- Writing is by hand: order of fields as documented, every digit of an id, `1358` and never `1358.0`.

local cjson = require("cjson").new()
cjson.decode_max_depth(32)
if cjson.decode_invalid_numbers then
  cjson.decode_invalid_numbers(false)
end

local M = {}

M.null = cjson.null

local Object, Raw, Array = {}, {}, {}

-- No text of a request holds U+0001 before this word by chance, and a forged one is only an integer.
local MARK = "\1int:"

--- An object whose fields are written in this order. A pair whose value is nil is left out.
---@param pairs_ table[] { {name, value}, … }
---@return table
function M.object(pairs_)
  return setmetatable(pairs_, Object)
end

--- An array, also when it is empty.
---@param items table
---@return table
function M.array(items)
  return setmetatable(items, Array)
end

--- A number written as these digits.
---@param digits string
---@return table
function M.raw(digits)
  return setmetatable({ digits }, Raw)
end

local function is_utf8(text)
  local at = 1
  while true do
    at = text:find("[\128-\255]", at)
    if not at then
      return true
    end
    local first, second = text:byte(at, at + 1)
    local size
    if first >= 0xC2 and first <= 0xDF then
      size = 2
    elseif first >= 0xE0 and first <= 0xEF then
      size = 3
    elseif first >= 0xF0 and first <= 0xF4 then
      size = 4
    else
      return false
    end
    local rest = text:sub(at + 1, at + size - 1)
    if #rest ~= size - 1 or rest:find("[^\128-\191]") then
      return false
    end
    -- Overlong forms, surrogates, beyond U+10FFFF.
    if first == 0xE0 and second < 0xA0 or first == 0xED and second > 0x9F or first == 0xF0 and second < 0x90 or first == 0xF4 and second > 0x8F then
      return false
    end
    at = at + size
  end
end

local function is_number(text)
  local whole, rest = text:match("^-?(%d+)(.*)$")
  rest = rest and rest:gsub("^%.%d+", ""):gsub("^[eE][+-]?%d+", "")
  return rest == "" and (whole == "0" or whole:sub(1, 1) ~= "0")
end

-- Puts integers of 16 digits and more between quotes, where cjson keeps them. Returns the text, and whether each number is JSON's: cjson
-- takes 0123, `1.` and 0x1F too.
local function mark_long_integers(text)
  local out, at, numbers = {}, 1, true
  while at <= #text do
    local quote = text:find("\"", at, true) or #text + 1
    out[#out + 1] = text:sub(at, quote - 1):gsub("[-%d][%w.+-]*", function(number)
      numbers = numbers and is_number(number)
      if #number > 15 and number:find("^-?%d+$") then
        return "\"\\u0001int:" .. number .. "\""
      end
    end)
    if quote > #text then
      break
    end
    local close = quote
    repeat
      close = text:find("[\"\\]", close + 1)
      local escaped = close and text:sub(close, close) == "\\"
      if escaped then
        close = close + 1
      end
    until not escaped
    out[#out + 1] = text:sub(quote, close)
    at = close + 1
  end
  return table.concat(out), numbers
end

--- Reads a JSON object.
---@param text string
---@return table|nil value nil when the text is not a JSON object
function M.read(text)
  if text:find("\0", 1, true) or not is_utf8(text) then
    return nil
  end
  local ok, value = pcall(cjson.decode, text)
  if not ok or type(value) ~= "table" or not text:find("^%s*{") then
    return nil
  end
  local marked, numbers = mark_long_integers(text)
  return numbers and cjson.decode(marked) or nil
end

--- The digits of an integer as read, or nil. Text of digits counts only when `from_text` says so (queries have no numbers).
---@param value any
---@param from_text? boolean
---@return string|nil
function M.integer(value, from_text)
  if type(value) == "number" then
    return value % 1 == 0 and math.abs(value) < 2 ^ 53 and string.format("%d", value) or nil
  end
  if type(value) ~= "string" then
    return nil
  end
  if value:sub(1, #MARK) == MARK then
    return value:sub(#MARK + 1)
  end
  return from_text and value:match("^%d+$") or nil
end

local ESCAPES = { ["\""] = "\\\"", ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

local function quote(text)
  return "\"" .. text:gsub("[%c\"\\]", function(c)
    return ESCAPES[c] or string.format("\\u%04x", c:byte())
  end) .. "\""
end

local write

local function write_pairs(list)
  local out = {}
  for i = 1, #list do
    local name, value = list[i][1], list[i][2]
    if value ~= nil then
      out[#out + 1] = quote(name) .. ":" .. write(value)
    end
  end
  return "{" .. table.concat(out, ",") .. "}"
end

local function write_table(value)
  local mark = getmetatable(value)
  if mark == Raw then
    return value[1]
  elseif mark == Object then
    return write_pairs(value)
  elseif mark == Array or #value > 0 then
    local out = {}
    for i = 1, #value do
      out[i] = write(value[i])
    end
    return "[" .. table.concat(out, ",") .. "]"
  end
  local list = {}
  for name, item in pairs(value) do
    list[#list + 1] = { name, item }
  end
  table.sort(list, function(a, b)
    return a[1] < b[1]
  end)
  return write_pairs(list)
end

--- Writes a value as compact JSON.
---@param value any
---@return string
function write(value)
  local kind = type(value)
  if value == M.null then
    return "null"
  elseif kind == "string" then
    return M.integer(value) or quote(value)
  elseif kind == "number" then
    return M.integer(value) or string.format("%.17g", value)
  elseif kind == "boolean" then
    return tostring(value)
  end
  return write_table(value)
end

M.write = write

return M
