--- F. Redirects and where secrets go: nowhere.

local canaries = require("spec.support.canaries")
local row = require("spec.faults.row")
local rows = row.list()

local function moved(status, location)
  return { { "send", "HTTP/1.1 " .. status .. " Moved\r\nLocation: " .. location .. "\r\nContent-Length: 0\r\n\r\n" } }
end

-- The other listener must see no connection; `{target}` and `{base}` are filled in when the row runs.
local function redirect(id, name, status, location, more)
  local fields = row.answered("redirect", { listener = "tls", target = "http2", outcome = "refused", steps = moved(status, location),
    expect = { status = status } })
  for key, value in pairs(more or {}) do
    fields[key] = value
  end
  rows:add(id, name, fields)
end

local FOLLOWER = "no transport of ours takes part: the client that follows is the program curl"

-- The harness can fail: a client that follows redirects shows its secrets to the other server, which counts them. `%s` are the options.
local function follower(status)
  return function(t)
    local server = t.server
    local _, other = server:case({ id = "other", steps = { { "send", row.OK } } })
    local url = server:case({ id = "from", steps = moved(status, server:base("http2") .. "/" .. other) })
    local pipe = assert(io.popen(("LD_PRELOAD= curl -s -L -m 10 -o /dev/null -w '%%{http_code}' -H 'x-client-secret: %s' -d 'pan=%s' '%s'"):format(
      canaries.SECRET, canaries.VALUES.pan, url)))
    local code = pipe:read("*a")
    pipe:close()
    local leaked = server:requests(other)[1] or ""
    if code ~= "200" or server:count(other) ~= 1 or not leaked:find(canaries.SECRET, 1, true) then
      error("a client that follows does not show its secret here: " .. code .. ", " .. leaked:match("^[^\r\n]*"), 0)
    elseif status == 307 and not leaked:find(canaries.VALUES.pan, 1, true) then
      error("a client that follows 307 does not send the body again", 0)
    end
  end
end

redirect("F01", "302 to another host", 302, "{target}/F01")
for _, status in ipairs({ 301, 303, 308 }) do
  redirect("F01" .. status, status .. " to another host", status, "{target}/F01")
end
rows:add("F02", "302, counter-proof: a client that follows gives its secret away", { once = FOLLOWER, run = follower(302) })
redirect("F02b", "302 from http to another host", 302, "{target}/F02", { listener = "http" })
redirect("F03", "307 to another host", 307, "{target}/F03")
rows:add("F03b", "307, counter-proof: the body too", { once = FOLLOWER, run = follower(307) })
redirect("F04", "a loop", 302, "{base}/F04")
redirect("F05", "from https to http", 301, "{target}/F05")
redirect("F06", "to file:", 302, "file:///etc/passwd")
redirect("F06b", "to gopher:", 302, "gopher://127.0.0.1:25/x")
redirect("F07", "to the metadata service", 307, "http://169.254.169.254/latest/meta-data")
redirect("F08", "Location holds our own secret", 302, "https://other.example/?token=" .. canaries.SECRET)
redirect("F08b", "Location holds personal data", 302, "https://other.example/" .. canaries.VALUES.email .. "?pan=" .. canaries.VALUES.pan)

return rows
