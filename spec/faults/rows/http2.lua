--- G. HTTP/2. We offer HTTP/1.1 only, so that none of its nine faults can be met: one case shows that, and each of them is named by it.

local row = require("spec.faults.row")
local rows = row.list()

-- What a server of HTTP/2 says first: an empty SETTINGS frame; then GOAWAY and RST_STREAM, as the nine have them.
local SETTINGS = "\0\0\0\4\0\0\0\0\0"
local RST_STREAM = "\0\0\4\3\0\0\0\0\1\0\0\0"
local GOAWAY = "\0\0\8\7\0\0\0\0\0\0\0\0\0\0\0\0\11"

local function check_offer(t)
  local offer = t.row.listener == "tls" and t.server:alpn() or ""
  if offer:find("h2", 1, true) then
    error("HTTP/2 is offered", 0)
  end
  for _, request in ipairs(t.server:requests(t.id)) do
    local lower = request:lower()
    if not lower:find("^[^\r]* http/1%.1\r\n") or lower:find("\r\nupgrade:", 1, true) or lower:find("\r\nhttp2-settings:", 1, true) then
      error("the request is not one of HTTP/1.1 alone", 0)
    end
  end
end

local NINE = {
  G01 = { "REFUSED_STREAM", SETTINGS .. RST_STREAM .. "\7" }, G02 = { "CANCEL", SETTINGS .. RST_STREAM .. "\8" },
  G03 = { "INTERNAL_ERROR", SETTINGS .. RST_STREAM .. "\2" }, G04 = { "a reset in the body", SETTINGS .. "\0\0\1\1\4\0\0\0\1\136" .. RST_STREAM .. "\2" },
  G05 = { "HTTP_1_1_REQUIRED", SETTINGS .. RST_STREAM .. "\13" }, G06 = { "GOAWAY, connection left open", SETTINGS .. GOAWAY },
  G07 = { "GOAWAY after an answer", SETTINGS .. "\0\0\1\1\5\0\0\0\1\136" .. GOAWAY }, G08 = { "ENHANCE_YOUR_CALM", SETTINGS .. GOAWAY },
  G09 = { "a session destroyed", SETTINGS },
}

for id, case in pairs(NINE) do
  for _, listener in ipairs(id == "G01" and { "http", "tls" } or { "tls" }) do
    rows:add(id, "HTTP/1.1 only: " .. case[1] .. " (" .. listener .. ")", row.bad("protocol", { listener = listener, check = check_offer,
      steps = { { "send", case[2] .. "\r\n\r\n" }, { "close" } } }))
  end
end
table.sort(rows, function(a, b)
  return a.id .. a.listener < b.id .. b.listener
end)

return rows
