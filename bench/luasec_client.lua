--- What a careful script does without this module: LuaSocket, LuaSec and lua-cjson by hand, over a kept connection.
-- Same TLS as ours: TLS 1.2 or newer, peer verified, no Nagle delay, a timeout for every step. The request goes out in one piece; the head is
-- read line by line, the body by its length or its chunks; status and media type are checked. What it does not do, and ours does: see that a
-- kept connection is dead, limits on what is read, a strict reading of head and JSON, checks of what is sent and received.

local cjson = require("cjson").new()
local socket = require "socket"
local ssl = require "ssl"

local M = {}
M.__index = M

--- Connects.
---@param url string https://HOST:PORT/path
---@param ca_file string
---@param headers string[] "name: value"
---@return table has a method `post`
function M.new(url, ca_file, headers)
  local host, port, path = url:match "^https://([^:/]+):(%d+)(/.*)$"
  local tcp = assert(socket.tcp())
  tcp:settimeout(10)
  assert(tcp:connect(host, tonumber(port)))
  tcp:setoption("tcp-nodelay", true)
  local versions = { "all", "no_sslv3", "no_tlsv1", "no_tlsv1_1" }
  local connection = assert(ssl.wrap(tcp, { mode = "client", protocol = "any", options = versions, verify = "peer", cafile = ca_file }))
  connection:settimeout(10)
  assert(connection:dohandshake())
  return setmetatable({ connection = connection, host = host .. ":" .. port, path = path, headers = headers }, M)
end

-- A body in pieces, each with its size in front.
local function receive_chunks(connection)
  local pieces = {}
  repeat
    local size = tonumber(assert(connection:receive "*l"):match "^%x+", 16)
    pieces[#pieces + 1] = size > 0 and assert(connection:receive(size)) or ""
    assert(connection:receive "*l" == "")
  until size == 0
  return table.concat(pieces)
end

--- Sends a table as JSON.
---@param params table
---@return table answer
---@return table headers of the response, names in lower case
function M:post(params)
  local connection = self.connection
  local body = cjson.encode(params)
  local lines = { "POST " .. self.path .. " HTTP/1.1", "Host: " .. self.host, "Content-Length: " .. #body }
  for _, header in ipairs(self.headers) do
    lines[#lines + 1] = header
  end
  lines[#lines + 1] = "\r\n"
  assert(connection:send(table.concat(lines, "\r\n") .. body))
  local status = tonumber((assert(connection:receive "*l"):match "^HTTP/1%.1 (%d%d%d)"))
  local headers = {}
  local line = assert(connection:receive "*l")
  while line ~= "" do
    local name, value = line:match "^([^:]+):%s*(.-)%s*$"
    headers[name:lower()] = value
    line = assert(connection:receive "*l")
  end
  local answer
  if headers["transfer-encoding"] == "chunked" then
    answer = receive_chunks(connection)
  else
    answer = assert(connection:receive(tonumber(headers["content-length"])))
  end
  assert(status == 200 and headers["content-type"]:find("application/json", 1, true), answer)
  return cjson.decode(answer), headers
end

function M:close()
  self.connection:close()
end

return M
