--- K. Webhooks. No transport is asked: a delivery is verified where it arrives, in a script and in nginx.

local canaries = require("spec.support.canaries")
local row = require("spec.faults.row")
local rows = row.list()

local KEY = "cs_test_0123456789"
local STAMP = "1746427759733"
local NOW = 1746427759.733
local BODY = '{"event_type":"VKYC_USER_LINK_GENERATED","data":{"amount":1.10}}'
local SIGNATURE = "PaGMqj/RlwuOkR3HH/m64nMNzFf/Y1/Hl1zXGRHSRac="
local OTHER = "another_secret_55aa"

local function verify(changes)
  local options = { provider = "cashfree_ppi", secrets = { KEY }, body = BODY, now = NOW,
    headers = { ["x-webhook-signature"] = SIGNATURE, ["x-webhook-timestamp"] = STAMP } }
  for name, value in pairs(changes or {}) do
    if name == "signature" then
      options.headers["x-webhook-signature"] = value or nil
    elseif name == "stamp" then
      options.headers["x-webhook-timestamp"] = value or nil
    else
      options[name] = value
    end
  end
  return require("vkyc").webhook.verify(options)
end

local function sign(body, more)
  local options = { provider = "cashfree_ppi", secret = KEY, body = body, now = NOW }
  for name, value in pairs(more or {}) do
    options[name] = value
  end
  return assert(require("vkyc").webhook.sign(options))
end

local function accepted(changes)
  local event, err = verify(changes)
  if not event then
    error("refused: " .. tostring(err), 0)
  end
  return event
end

local function refused(reason, changes, kind)
  local event, err = verify(changes)
  if event then
    error("accepted, though it should be refused for its " .. tostring(reason or kind), 0)
  end
  canaries.check_error(err, kind or "webhook")
  if err.reason ~= reason then
    error(("the reason should be %s, not %s"):format(tostring(reason), tostring(err.reason)), 0)
  end
  return err
end

local function check(condition, text)
  if not condition then
    error(text, 0)
  end
end

local function each(id, name, fn)
  rows:add(id, name, { pure = fn })
end

each("K01", "a good signature", function()
  assert(accepted().type == "VKYC_USER_LINK_GENERATED")
end)
each("K02", "a dot between time and body", function()
  refused("signature", { signature = "dfd31d99ykC2WhMdwdWwUZeklsdBi5Bg53nC1R/qpdw=" })
end)
each("K03", "one bit changed", function()
  for at = 1, #BODY, 5 do
    refused("signature", { body = BODY:sub(1, at - 1) .. string.char((BODY:byte(at) + 1) % 256) .. BODY:sub(at + 1) })
  end
  refused("signature", { stamp = "1746427759732" })
  for at = 1, #SIGNATURE - 2 do
    refused("signature", { signature = SIGNATURE:sub(1, at - 1) .. (SIGNATURE:sub(at, at) == "A" and "B" or "A") .. SIGNATURE:sub(at + 1) })
  end
end)
each("K04", "a body that was parsed and written again", function()
  for _, body in ipairs({ (BODY:gsub("1%.10", "1.1")), '{"data":{"amount":1.10},"event_type":"VKYC_USER_LINK_GENERATED"}', (BODY:gsub(":", ": ")) }) do
    refused("signature", { body = body })
  end
  local headers = sign('{"event_type":"X","data":{"u":"a\\/b"}}')
  refused("signature", { headers = headers, body = '{"event_type":"X","data":{"u":"a/b"}}' })
end)
each("K05", "too old, too far ahead, just in time", function()
  local headers = sign(BODY, { timestamp = "1746427759000" })
  refused("timestamp", { headers = headers, now = 1746427759 + 301 })
  refused("timestamp", { headers = headers, now = 1746427759 - 301 })
  accepted({ headers = headers, now = 1746427759 + 300 })
  accepted({ headers = headers, now = 1746427759 - 300 })
end)
each("K06", "a time that is none", function()
  for _, stamp in ipairs({ "1746427759", "soon", "", "99999999999999999999", "-1746427759733", "1e12", "0" }) do
    refused("timestamp", { stamp = stamp, signature = stamp ~= "" and sign(BODY, { timestamp = stamp })["x-webhook-signature"] or SIGNATURE })
  end
end)
each("K07", "the same delivery twice", function()
  local known = {}
  local function seen(id)
    local before = known[id] or false
    known[id] = true
    return before
  end
  assert(accepted({ seen = seen }).duplicate == false)
  assert(accepted({ seen = seen }).duplicate == true)
  assert(accepted().duplicate == nil)
end)
each("K08", "a header that is missing, empty, doubled, huge, or no base64", function()
  refused("header", { signature = false })
  refused("header", { stamp = false })
  for _, signature in ipairs({ "", { SIGNATURE, SIGNATURE }, ("A"):rep(2 ^ 20), "not base64, is it?", " " .. SIGNATURE, SIGNATURE:sub(1, 9) .. " "
    .. SIGNATURE:sub(11), ("0123456789abcdef"):rep(4) }) do
    refused("header", { signature = signature })
  end
end)
each("K09", "the old secret during rotation", function()
  local event = accepted({ secrets = { OTHER, KEY } })
  assert(event.secret_index == 2)
end)
each("K10", "a secret that was removed", function()
  refused("signature", { secrets = { OTHER } })
end)
each("K11", "an empty secret, an empty list", function()
  for _, secrets in ipairs({ {}, { "" }, { KEY, "" } }) do
    refused(nil, { secrets = secrets }, "config")
  end
end)
each("K12", "a part of the right signature", function()
  for _, size in ipairs({ 4, 20, 40 }) do
    local event, err = verify({ signature = SIGNATURE:sub(1, size) })
    assert(event == nil and err.kind == "webhook")
  end
end)
each("K13", "another environment's key", function()
  refused("signature", { headers = sign(BODY, { secret = OTHER }) })
end)
each("K14", "verified before it is read", function()
  refused("signature", { body = "no JSON" })
  refused(nil, { body = "no JSON", headers = sign("no JSON") }, "decode")
  local unknown = '{"event_type":"VKYC_SOMETHING_NEW","data":{"status":"NEW_WORD"}}'
  local event = accepted({ body = unknown, headers = sign(unknown) })
  assert(event.type == "VKYC_SOMETHING_NEW" and require("vkyc").state(event) == "unknown")
  local large = '{"a":"' .. ("x"):rep(10 * 1024 * 1024) .. '"}'
  local none, err = verify({ body = large, headers = sign(large) })
  check(none == nil and err.kind == "too_large", tostring(err))
end)

return rows
