--- What cosockets say, in the words of every transport: kind, phase, reason, and whether the request may have been sent.

local core = require "vkyc.core"

local M = {}

local RESOLVER_HINT = "Add `resolver ADDRESS;` with your name server's address to http { }, such as `resolver 127.0.0.53;`."
local CA_HINT = "If nginx was not told whom to trust, add `lua_ssl_trusted_certificate /etc/ssl/certs/ca-certificates.crt;`"
  .. " (for longer chains also `lua_ssl_verify_depth 3;`) to http { }."
local BUSY_HINT = "Raise `worker_connections` in events { }, or make fewer calls at once. Nothing was sent."
local UNTRUSTED = 20 -- X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY: so it is also when nginx trusts nobody

local function failed(kind, phase, reason, sent, hint)
  return nil, { kind = kind, phase = phase, reason = reason, sent = sent or false, hint = hint }
end

function M.config(reason)
  return failed("config", nil, reason)
end

---@param err string of connect
---@param in_dns boolean|nil our own time was over before the socket's, which does not count the resolver's
function M.connect(err, in_dns)
  if in_dns or err:find("(110: ", 1, true) then
    return failed("timeout", "dns", "The name of the server was not resolved in time.")
  elseif err == "timeout" then
    return failed("timeout", "connect", "The server did not accept a connection in time.")
  elseif err:find("no resolver defined", 1, true) then
    return failed("config", "dns", "nginx has no `resolver` to look the server's name up.", false, RESOLVER_HINT)
  elseif err:find("could not be resolved", 1, true) then
    return failed("dns", "dns", "The name of the server could not be resolved.")
  elseif err:find("now in progress", 1, true) or err:find("temporarily unavailable", 1, true) then
    -- What errno happens to hold when nginx did not even try.
    return failed("connect", "connect", "nginx had no connection left for the call.", false, BUSY_HINT)
  end
  return failed("connect", "connect", "The server could not be reached.")
end

---@param err string|nil of sslhandshake; nil for a certificate that was refused without a word. The number in front of some is of an earlier
--- handshake, so that the words go first.
function M.handshake(err)
  if not err then
    return failed("tls", "tls", "The server's certificate is not to be trusted; nginx's error log may say why (lua_socket_log_errors).", false, CA_HINT)
  elseif err:find("timeout", 1, true) then
    return failed("timeout", "tls", "The server did not finish the TLS handshake in time.")
  elseif err:find("host mismatch", 1, true) then
    return failed("tls", "tls", core.certificate_reason(0))
  elseif err:find("private key", 1, true) then
    return failed("config", "tls", "The private key of client_key does not belong to the certificate of client_cert.")
  elseif err:find("handshake failed", 1, true) or not err:find("^%d+: ") then
    -- nginx has one word for a connection that broke and for a server that wants another TLS. Nothing was sent: it may be tried again.
    return failed("network", "tls", "The TLS handshake failed: the connection broke, or the server and nginx could not agree on TLS.")
  end
  local code = tonumber(err:match("^%d+"))
  return failed("tls", "tls", core.certificate_reason(code), false, code == UNTRUSTED and CA_HINT or nil)
end

---@param err string of send
function M.send(err)
  if err == "timeout" then
    return failed("timeout", "send", "The server did not take the request in time.", true)
  end
  return failed("network", "send", "The connection broke while the request was sent.", true)
end

---@param err string of receiveany, but "closed"
---@param https boolean
function M.receive(err, https)
  if err == "timeout" then
    return failed("timeout", "response", "The server did not answer in time.", true)
  elseif https and not err:find("connection", 1, true) and not err:find("pipe", 1, true) then
    return failed("tls", "response", "The server ended the TLS connection with an alert, or broke its rules.", true)
  end
  return failed("network", "response", "The connection broke before the response was complete.", true)
end

return M
