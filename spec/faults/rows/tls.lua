--- C. TLS. Nothing of a request reaches a server that is not who it should be.

local row = require("spec.faults.row")
local rows = row.list()

local function untrusted(id, listener, more)
  local fields = { listener = listener, kind = "tls", phase = "tls", sent = false, retry = "N" }
  for name, value in pairs(more or {}) do
    fields[name] = value
  end
  rows:add(id, listener .. " certificate", fields)
end

local ONE_WORD = { kind = "network", retry = "P",
  why = "nginx says 'handshake failed' of a disagreement and of a broken connection; the second may be tried again" }
local DIRECTIVE = "in nginx the directives lua_ssl_trusted_certificate and lua_ssl_crl are this option, which is refused by name"
local HOSTS_OWN = "the files are the host's: the option is refused by name"

untrusted("C01", "expired")
untrusted("C02", "future", { expect = { hint = "Check the certificate, the CA file and this machine's clock; nothing was sent." },
  nginx = { expect = {}, why = "nginx does not say what is wrong with a certificate, so that the hint is a directive's" } })
untrusted("C03", "wronghost", { host = "localhost" })
untrusted("C04", "prefix", { host = "localhost" })
untrusted("C05", "selfsigned")
untrusted("C06", "untrusted")
rows:add("C07", "revoked, no list of revocations: accepted, as documented", { listener = "revoked" })
untrusted("C07b", "revoked", { crl = true })
rows:add("C07c", "not revoked, with a list of revocations", { listener = "tls", crl = true })
untrusted("C08", "tls10", { nginx = ONE_WORD })
untrusted("C09", "tls11", { nginx = ONE_WORD })
untrusted("C10", "weak")
rows:add("C11", "TLS 1.3 only", { listener = "tls13" })
rows:add("C11b", "TLS 1.2 only", { listener = "tls12" })
rows:add("C12", "not TLS at all", { listener = "banner", kind = "tls", phase = "tls", sent = false, retry = "N", nginx = ONE_WORD })
rows:add("C13", "handshake cut", { listener = "cut", kind = "network", phase = "tls", sent = false, retry = "P" })
rows:add("C13b", "closed during the handshake", { listener = "leave", kind = "network", phase = "tls", sent = false, retry = "P" })
for name, path in pairs({ missing = "/nonexistent/ca.pem", empty = "/dev/null", ["a directory"] = "/proc" }) do
  for letter, option in pairs({ [""] = "ca_file", d = "crl_file" }) do
    rows:add("C14" .. letter, option .. " is " .. name, { listener = "tls", refused = true, kind = "config", options = { [option] = path },
      expect = { violation = option }, nginx = { why = DIRECTIVE }, own = { why = HOSTS_OWN } })
  end
end
-- The client's handshake is over before TLS 1.3 lets the server object: by then the request was sent, which the server never read.
rows:add("C15", "certificate of the client missing", {
  listener = "clientcert", kind = "tls", sent = true, retry = "N", requests = 0, attempts = 1, quiet = true,
  good_elsewhere = true })
rows:add("C15b", "certificate of the client given", { listener = "clientcert", client = true })

return rows
