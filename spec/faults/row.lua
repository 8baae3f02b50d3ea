--- What the files of rows are written with.

local faults = require("spec.support.faults")

local M = {}

--- The body of a good answer to each of the calls that rows make.
M.GOOD = '{"verification_id":"V1","user_id":"U1","status":"RECEIVED"}'
M.OK = faults.response({ body = M.GOOD })

--- The head of an answer with these lines, and no body.
function M.head(lines, status)
  return faults.response({ status = status, headers = lines, body = "" })
end

--- The bytes of a good answer with that body.
function M.whole(body)
  return faults.response({ body = body })
end

--- Steps: an answer with these header lines.
function M.answer(lines, body, status)
  return { { "send", faults.response({ status = status, headers = lines, body = body }) } }
end

--- Steps: an answer, then the end of the connection.
function M.closed(lines, body, status)
  local steps = M.answer(lines, body, status)
  steps[2] = { "close" }
  return steps
end

--- Steps: a whole answer in JSON.
function M.json(body, status, more)
  return M.answer("Content-Type: application/json\r\nContent-Length: " .. #body .. "\r\n" .. (more or ""), body, status)
end

--- For nginx, which refuses https to an address: a name that its name server has for the same one (nginx.lua).
function M.named(url)
  return { url = url, why = "https to an address is refused there, because nginx cannot check a certificate against one" }
end

local function with(fields, more)
  for name, value in pairs(more) do
    if fields[name] == nil then
      fields[name] = value
    end
  end
  return fields
end

--- A failure after the request was sent, which another try may not meet.
function M.lost(kind, fields)
  return with(fields, { kind = kind, phase = "response", sent = true, retry = "I" })
end

--- A failure after the request was sent, which another try would meet again.
function M.bad(kind, fields)
  return with(fields, { kind = kind, phase = "response", sent = true, retry = "N" })
end

--- A 2xx that cannot be read: a call that reads did nothing; of another nobody knows.
function M.unreadable(kind, fields)
  return with(fields, { kind = kind, sent = true, retry = "N", outcome = { never = "unknown", safe = "refused", keyed = "unknown" } })
end

--- An answer that was read and says no.
function M.answered(kind, fields)
  return with(fields, { kind = kind, sent = true, retry = "N", outcome = "refused" })
end

local List = {}
List.__index = List

function M.list()
  return setmetatable({}, List)
end

--- Adds a row. Its id is that of the matrix; a letter follows where a case has variants.
function List:add(id, name, fields)
  fields.id, fields.name = id, name
  self[#self + 1] = fields
end

--- The same over plain and TLS connections.
function List:both(id, name, fields)
  for _, listener in ipairs({ "http", "tls" }) do
    self:add(id, name .. " (" .. listener .. ")", with({ listener = listener }, fields))
  end
end

return M
