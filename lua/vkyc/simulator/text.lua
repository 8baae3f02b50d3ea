--- Small text work of the simulator: queries, Basic authorization, times, digits.

local M = {}

local function unescape(text)
  return (text:gsub("+", " "):gsub("%%(%x%x)", function(hex)
    return string.char(tonumber(hex, 16))
  end))
end

--- Reads a query or a form body (application/x-www-form-urlencoded).
---@param text string
---@return table<string, string> fields the last one of a name wins
function M.form(text)
  local fields = {}
  for pair in text:gmatch("[^&]+") do
    local name, value = pair:match("^([^=]*)=?(.*)$")
    fields[unescape(name)] = unescape(value)
  end
  return fields
end

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

--- Decodes base64 (with padding).
---@param text string
---@return string|nil
function M.unbase64(text)
  if #text % 4 ~= 0 or not text:find("^[%w+/]*=?=?$") then
    return nil
  end
  local bits, count, out = 0, 0, {}
  for c in text:gmatch("[^=]") do
    bits = bits * 64 + ALPHABET:find(c, 1, true) - 1
    count = count + 6
    if count >= 8 then
      count = count - 8
      local low = 2 ^ count
      out[#out + 1] = string.char(math.floor(bits / low))
      bits = bits % low
    end
  end
  return table.concat(out)
end

--- Writes a time in UTC.
---@param format string as os.date, without "!"
---@param t number unix seconds
---@param offset_s? number seconds east of UTC
---@return string
function M.time(format, t, offset_s)
  return os.date("!" .. format, math.floor(t + (offset_s or 0)))
end

--- Adds a small number to a decimal number of any length.
---@param digits string
---@param n integer
---@return string
function M.add(digits, n)
  local out, carry = {}, n
  for i = #digits, 1, -1 do
    carry = carry + tonumber(digits:sub(i, i))
    table.insert(out, 1, string.format("%d", carry % 10))
    carry = math.floor(carry / 10)
  end
  if carry > 0 then
    table.insert(out, 1, string.format("%d", carry))
  end
  return table.concat(out)
end

--- A phone number of which only the last four digits are left.
---@param phone string
---@return string
function M.mask(phone)
  return "XXXXXX" .. phone:sub(-4)
end

--- The path of a URL, without a slash at its end; "" when it has none.
---@param url string
---@return string
function M.path_of(url)
  return (url:match("^%w+://[^/]*(/.-)/*$") or "")
end

return M
