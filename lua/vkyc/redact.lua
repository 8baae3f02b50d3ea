--- vkyc.redact: a copy that may be logged.

local core = require "vkyc.core"
local providers = require "vkyc.provider"
local secrets = require "vkyc.secrets"

-- Names of fields whose values are personal or secret, whatever they look like; compared in lower case without _ and -.
local HIDDEN = {}
for name in ([[
  authorization password secret clientsecret xclientsecret accesstoken refreshtoken token otp answer cookie xcfsignature
  vkyclink kyclink recordinglink photolink link url partnertncurl
  name firstname lastname fullname careof email phone mobile to address address2 addressline house street dist subdist po vtc pincode city
  dob specialdate yearofbirth gender aadhaar aadhaarnumber aadhaardetails splitaddress addressdetails pan docno identifier
  identifiervalue auditorremarks agentremarks remarks
]]):gmatch("%S+") do
  HIDDEN[name] = true
end

local MARK = "[REDACTED]"

local function redact(value, seen)
  if type(value) == "string" then
    return core.redact(value)
  elseif type(value) == "number" then
    local text = string.format("%.17g", value)
    local shown = core.redact(text)
    return shown == text and value or shown
  elseif type(value) == "boolean" or value == nil then
    return value
  elseif secrets.is(value) then
    return MARK
  elseif type(value) ~= "table" then
    return "[" .. type(value) .. "]"
  elseif seen[value] then
    return seen[value] -- a table that holds itself, or is held twice
  end
  local copy = {}
  seen[value] = copy
  for key, each in next, value do
    local name = type(key) == "string" and key:lower():gsub("[_%-]", "") or key
    local kind = HIDDEN[name] or providers.sensitivity(key)
    if kind == true and each ~= nil and type(each) ~= "boolean" then
      copy[key] = MARK
    elseif kind == "id" and (type(each) == "string" and #each <= 64 and each:find("^[%w._%-]+$") or type(each) == "number") then
      copy[key] = each -- correlation ids survive, also those that look like a phone number
    else
      copy[key] = redact(each, seen)
    end
  end
  return copy
end

--- A copy of a text or a table in which secrets and personal values are replaced: by the names of fields and by the shapes of values.
---@param value any
---@return any
return function(value)
  return redact(value, {})
end
