--- Errors: a table that prints as one line and decides by `kind`, `outcome` and `retryable`.
-- No error holds a secret, a body, a link or personal data.

local core = require("vkyc.core").uncompiled()

local M = {}

---@class vkyc.Error
---@field kind string what happened, one of the kinds below
---@field message string one sentence
---@field hint string one sentence: what to do
---@field code? string the provider's code
---@field provider_type? string the provider's error type
---@field reason? string a word that tells causes of one kind apart
---@field phase? "dns"|"connect"|"tls"|"send"|"response" where the exchange stopped
---@field status? integer HTTP status
---@field provider? string
---@field operation? string
---@field call_id? string our own id of the call, also in hooks
---@field request_id? string the provider's id of the request, when it sent one
---@field outcome "not_sent"|"refused"|"unknown" what the provider did with the request
---@field retryable boolean the caller may do the same again later
---@field retry_after? number seconds
---@field attempts integer requests that were, or may have been, sent
---@field stopped? string why it was not sent again, where that was asked
---@field violations? table[] of { path, rule, message }; `more` counts those that are not listed
---@field content_type? string of an answer that could not be read
---@field offset? integer of the byte that could not be read
---@field path? string of the field that could not be read
---@field cause? string|vkyc.Error what lay below
local Error = {}
M.mt = Error

-- Each kind, and what to do, unless a provider's table or the place of the error knows better.
local HINTS = {
  config = "Correct the option, then make the client anew.",
  argument = "Correct the fields that are named; nothing was sent.",
  dns = "Check the name of the host and this machine's resolver; nothing was sent.",
  connect = "Check that the host is reachable from here (firewall, proxy, port); nothing was sent.",
  tls = "Check the certificate, the CA file and this machine's clock; nothing was sent.",
  timeout = "Try again later; for a slow provider raise attempt_timeout_s and deadline_s.",
  network = "The connection broke. Try again later.",
  protocol = "The answer is not HTTP as it should be: look for a proxy or captive portal between here and the provider.",
  redirect = "Redirects are never followed, because they would carry secrets elsewhere: correct base_url.",
  too_large = "The answer is larger than max_body_bytes allows.",
  decode = "The answer is not the JSON it should be: look for a proxy or captive portal, or report it to the provider.",
  schema = "The answer differs from the provider's documentation: report it to the provider, and read the case back.",
  auth = "Check the credentials and that they belong to this environment.",
  forbidden = "The account or this machine's address may not do this: ask the provider to allow it.",
  not_found = "Check the id, and that it was made with the same keys and environment.",
  conflict = "The id is taken: read the case back, or use a new id.",
  bad_request = "The provider refused the request: its code says why.",
  rate_limited = "Too many requests: wait retry_after seconds, and prefer webhooks to polling.",
  server = "The provider has a fault: try again later.",
  webhook = "Do not act on this delivery: check the secret, that the raw body is passed unchanged, and this machine's clock.",
  memory = "This machine is out of memory.",
  cancelled = "The call was cancelled by its caller.",
  closed = "The client was closed: make a new one.",
}
M.HINTS = HINTS

-- Appended where a request may have been carried out.
local UNKNOWN = "Whether the provider did it is not known"

---@param check? string name of the operation that reads the case back
---@return string
function M.unknown_hint(check)
  return UNKNOWN .. ": " .. (check and "call client:" .. check .. "()" or "check with the provider") .. " before you do it again."
end

--- Makes an error; fills hint, outcome and attempts where they are missing.
---@param fields table
---@return vkyc.Error
function M.new(fields)
  fields.hint = fields.hint or HINTS[fields.kind]
  fields.outcome = fields.outcome or "not_sent"
  fields.attempts = fields.attempts or 0
  fields.retryable = fields.retryable or false
  return setmetatable(fields, Error)
end

local function violation_text(violations)
  local parts = {}
  for i = 1, math.min(#violations, 3) do
    local v = violations[i]
    local names_itself = v.path == "" or v.message:sub(1, #v.path + 1) == v.path .. " "
    parts[i] = names_itself and v.message or v.path .. " " .. v.message
  end
  local more = #violations - #parts + (violations.more or 0)
  if more > 0 then
    parts[#parts + 1] = "and " .. more .. " more"
  end
  return table.concat(parts, "; ")
end

--- An error about fields, all of them at once.
---@param kind "argument"|"config"
---@param violations table[]
---@param fields? table more fields of the error
---@return vkyc.Error
function M.violations(kind, violations, fields)
  fields = fields or {}
  for _, violation in ipairs(violations) do
    violation.rule = violation.rule or kind
  end
  fields.kind = kind
  fields.violations = violations
  fields.message = violation_text(violations)
  return M.new(fields)
end

--- Raises when a table of options has a name that is not known: a mistake of the script, told in its own line.
---@param options table
---@param known table name -> anything but false
---@param what string whose options they are: "vkyc.new"
---@param level integer as for error
---@param otherwise? string said when no name is near
function M.refuse_unknown(options, known, what, level, otherwise)
  for name in pairs(options) do
    if not known[name] then
      local names, fields = {}, {}
      for each in pairs(known) do
        names[#names + 1] = each
      end
      table.sort(names)
      for i, each in ipairs(names) do
        fields[i] = { name = each, type = "any" }
      end
      local near = type(name) == "string" and core.schema(fields):suggest(name)
      local help = near and ", did you mean " .. near .. "?" or otherwise or ", known are " .. table.concat(names, ", ")
      error(what .. ": unknown option " .. tostring(name) .. help, level + 1)
    end
  end
end

-- What is told at the end of the line.
local FACTS = {
  { "status", "http %s" }, { "code", "code %s" }, { "outcome", "outcome %s" }, { "attempts", "%s attempts" }, { "retry_after", "retry after %g s" },
  { "request_id", "request %s" }, { "call_id", "call %s" },
}

function Error.__tostring(err)
  local place = err.provider and err.operation and err.provider .. "." .. err.operation or err.provider or err.operation
  local where = "vkyc" .. (place and " " .. place or "")
  local what = err.kind .. (err.phase and " (" .. err.phase .. ")" or "")
  local facts, shown = {}, { outcome = err.outcome == "unknown", attempts = err.attempts > 1 }
  for _, fact in ipairs(FACTS) do
    local value = err[fact[1]]
    if value and shown[fact[1]] ~= false then
      facts[#facts + 1] = string.format(fact[2], value)
    end
  end
  local line = where .. ": " .. what .. ": " .. err.message .. (err.message:find("[.!?]$") and " " or ". ") .. err.hint
  if #facts > 0 then
    line = line .. " [" .. table.concat(facts, ", ") .. "]"
  end
  return (line:gsub("%c", " "))
end

function Error.__concat(a, b)
  return tostring(a) .. tostring(b)
end

return M
