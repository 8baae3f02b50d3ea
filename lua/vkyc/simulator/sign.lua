--- Test deliveries: their headers, as the provider would make them (vkyc.webhook.sign).

local core = require "vkyc.core"
local errors = require "vkyc.errors"
local secrets = require "vkyc.secrets"

local UNIT = { ms = 1000, s = 1 }

---@param provider table compiled
---@param options { secret: string|vkyc.Secret, body: string, timestamp?: string, now?: number, attempt?: integer }
---@param level integer of the script, for misuse
---@return table<string, string>|nil headers
---@return vkyc.Error|nil err
return function(provider, options, level)
  local webhook, stamp, secret = provider.spec.webhook, options.timestamp, options.secret
  if type(options.body) ~= "string" then
    error("vkyc.webhook.sign: body is a string", level + 1)
  elseif stamp ~= nil and type(stamp) ~= "string" then
    error("vkyc.webhook.sign: timestamp is the text of the header, a string; `now` takes a number, in seconds", level + 1)
  end
  local key = (type(secret) == "string" or secrets.is(secret)) and core.webhook_key(secret)
  if not key then
    local message = "secret must be a string or a secret, and not empty or closed"
    return nil, errors.new { kind = "config", provider = provider.name, message = message, hint = "Correct the option, then call it again." }
  end
  stamp = stamp or string.format("%.0f", math.floor((options.now or core.wall()) * UNIT[webhook.timestamp_unit]))
  local headers = {
    ["content-type"] = "application/json",
    [webhook.timestamp_header] = stamp,
    [webhook.signature_header] = key:sign(stamp, options.body),
  }
  key:close()
  if webhook.attempt_header then
    headers[webhook.attempt_header] = tostring(options.attempt or 1)
  end
  return headers
end
