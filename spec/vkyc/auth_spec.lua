-- What each attempt is signed with.

local vkyc = require "vkyc"
local canaries = require "spec.support.canaries"
local scripted = require "spec.support.scripted_host"

local IDS = { user_id = "U1", verification_id = "V1" }

-- Runs openssl; keys are made in the run and kept nowhere.
local function run(command)
  local pipe = assert(io.popen("(" .. command .. ") 2>/dev/null"))
  local out = pipe:read("*a")
  pipe:close()
  return out
end

describe("authentication", function()
  after_each(canaries.check_hooks)

  it("sends Cashfree's headers, one of each", function()
    local host = scripted.new { scripted.reply(200, "{}") }
    local client = scripted.client("cashfree_ppi", host, { client_secret = vkyc.secret.string(canaries.SECRET), api_version = "2026-01-01" })
    assert(client:status(IDS))
    local lower = {}
    for name, value in pairs(host.requests[1].headers) do
      assert.is_nil(lower[name:lower()])
      lower[name:lower()] = value
    end
    assert.same({ "CF10KEY", canaries.SECRET, "2026-01-01", "application/json", "application/json" },
      { lower["x-client-id"], lower["x-client-secret"], lower["x-api-version"], lower["content-type"], lower.accept })
    assert.truthy(lower["user-agent"]:find("^vkyc/%d"))
    assert.equal("identity", lower["accept-encoding"]) -- what is encoded is refused
    assert.is_nil(lower.cookie)
  end)

  it("encrypts client_id.seconds for x-cf-signature, anew for each attempt", function()
    local private, public, secret = os.tmpname(), os.tmpname(), os.tmpname()
    run("openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out " .. private .. " && openssl pkey -in " .. private .. " -pubout -out " .. public)
    local host = scripted.new { scripted.reply(503), scripted.reply(200, "{}") }
    local client = scripted.client("cashfree_secure_id", host, { public_key_file = public })
    assert(client:status { verification_id = "V1" })
    local seen = {}
    for i, request in ipairs(host.requests) do
      local text = request.headers["x-cf-signature"]
      assert.is_nil(text:find("%s"))
      local file = assert(io.open(secret, "w"))
      file:write(text)
      file:close()
      local plain = run("openssl base64 -d -A -in " .. secret .. " | openssl pkeyutl -decrypt -inkey " .. private
        .. " -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha1")
      assert.equal("CF20KEY." .. string.format("%d", scripted.WALL), plain)
      seen[i] = text
    end
    assert.not_equal(seen[1], seen[2])
    for _, path in ipairs { private, public, secret } do
      os.remove(path)
    end
  end)

  it("sends no secret with a line break (J01)", function()
    for _, secret in ipairs { "a\r\nX-Injected: 1", "a\nb", "a\0b", " a", "a " } do
      local host = scripted.new { scripted.reply(200, "{}") }
      local client = scripted.client("cashfree_ppi", host, { client_secret = secret })
      local _, err = client:status(IDS)
      assert.equal("client_secret", canaries.check_error(err, "config").violations[1].path)
      assert.equal(0, #host.requests)
    end
  end)

  it("sends the token's headers of Enkash and the partner's id", function()
    local host = scripted.new { scripted.token(canaries.TOKEN), scripted.reply(200, '{"code":0,"payload":{}}') }
    assert(scripted.client("enkash", host):vkyc_status { enKashCardId = "E" })
    assert.same({ "Bearer " .. canaries.TOKEN, "CRM338L2H" }, { host.requests[2].headers["Authorization"], host.requests[2].headers["partnerId"] })
    assert.is_nil(host.requests[2].headers["Content-Type"])
  end)
end)
