--- Posts a webhook over a cosocket, to loopback only.

local M = {}

--- Takes a URL apart.
---@param url string http:// or https://, a loopback host
---@return table|nil target
---@return string|nil err
function M.parse(url)
  local scheme, host, port, path = url:match("^(https?)://([%w.]+):?(%d*)(/?%S*)$")
  if not scheme or not (host == "localhost" or host:find("^127%.%d+%.%d+%.%d+$")) then
    return nil, "webhooks go to http:// or https:// on 127.0.0.1 or localhost only"
  end
  return {
    scheme = scheme, host = host == "localhost" and "127.0.0.1" or host, name = host,
    port = tonumber(port) or (scheme == "https" and 443 or 80), path = path == "" and "/" or path,
  }
end

local function exchange(socket, target, headers, body)
  if target.scheme == "https" then
    -- Not verified: the receiver is on this machine, and its certificate is whatever a developer has at hand.
    local ok, err = socket:sslhandshake(nil, target.name, false)
    if not ok then
      return nil, err
    end
  end
  local lines = { "POST " .. target.path .. " HTTP/1.1", "host: " .. target.name .. ":" .. target.port, "connection: close" }
  for name, value in pairs(headers) do
    lines[#lines + 1] = name .. ": " .. value
  end
  local sent, err = socket:send(table.concat(lines, "\r\n") .. "\r\n\r\n" .. body)
  if not sent then
    return nil, err
  end
  local line, why = socket:receive("*l")
  local status = line and tonumber(line:match("^HTTP/1%.%d (%d%d%d)"))
  return status, why or "not HTTP"
end

--- Posts.
---@param target table what parse returned
---@param headers table<string, string>
---@param body string
---@return integer|nil status
---@return string|nil err
local function send(_, target, headers, body)
  local socket = ngx.socket.tcp()
  socket:settimeout(5000)
  local ok, err = socket:connect(target.host, target.port)
  if not ok then
    return nil, err
  end
  local status, why = exchange(socket, target, headers, body)
  socket:close()
  if status then
    return status
  end
  return nil, why
end

return setmetatable(M, { __call = send })
