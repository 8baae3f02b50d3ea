--- Values that must never be seen: secrets and personal data that specs put into requests and answers, and a search for them in whatever
-- an error, its text, or a hook shows. Everything is made up; the Aadhaar number is only one by its check digit.

local log = require "vkyc.log"

local M = {}

M.SECRET = "cfsk_canary_5ecre7V4lue"
M.PASSWORD = "pa55word&canary"
M.TOKEN = "canaryT0kenOpaque27characters"
M.WEBHOOK_SECRET = "whsec_canary_81b2"

M.VALUES = {
  secret = M.SECRET,
  password = M.PASSWORD,
  token = M.TOKEN,
  webhook_secret = M.WEBHOOK_SECRET,
  link = "https://vkyc.cashfree.com/session/canary8f3a",
  aadhaar = "234123412346",
  pan = "ABCDE1234F",
  phone = "9988776655",
  email = "asha.canary@example.com",
  name = "Asha Canaryrao",
  address = "17 Canary Lane Indiranagar",
  dob = "07-03-1991",
  answer = "first-canary-school",
  otp = "482916",
  body = "<h1>canary body of a gateway</h1>",
}

--- Those that are known by their shape; the others as a secret of the client or a part of the request.
M.SHAPED = { link = true, aadhaar = true, pan = true, phone = true, email = true }

--- Runs `fn` for each canary, or for those in `only`.
---@param fn fun(value: string, name: string)
---@param only? table<string, boolean>
function M.each(fn, only)
  for name, value in pairs(M.VALUES) do
    if not only or only[name] then
      fn(value, name)
    end
  end
end

local function search(text, where, found)
  local lower = text:lower()
  for name, value in pairs(M.VALUES) do
    if lower:find(value:lower(), 1, true) then
      found[#found + 1] = name .. " in " .. where
    end
  end
end

local function walk(value, where, found, seen)
  if type(value) == "string" then
    search(value, where, found)
  elseif type(value) == "number" and value % 1 == 0 then -- digits of a fraction are an accident
    search(string.format("%.0f", value), where, found)
  elseif type(value) == "table" and not seen[value] then
    seen[value] = true
    for key, each in next, value do
      walk(key, where .. " (a key)", found, seen)
      walk(each, where .. "." .. tostring(key), found, seen)
    end
    local mt = getmetatable(value)
    if type(mt) == "table" and mt.__tostring then
      search(tostring(value), "tostring(" .. where .. ")", found)
    end
  end
end

--- Where canaries are seen in a value, with all that it holds.
---@param value any
---@param where? string
---@return string[] found sorted
function M.find(value, where)
  local found = {}
  walk(value, where or "value", found, {})
  table.sort(found)
  return found
end

--- Fails when a canary is in the value; names it, but does not print it.
function M.refuse(value, where)
  local found = M.find(value, where)
  if #found > 0 then
    error("canaries are visible: " .. table.concat(found, ", "), 2)
  end
end

-- Hooks that hand over every event, and every line that the log writes of it, at its lowest level.
local function watch(on_event, on_line)
  local own = {}
  for _, name in ipairs { "on_request", "on_response", "on_retry", "on_error" } do
    own[name] = on_event
  end
  return log.merge(own, log.json { level = "debug", write = on_line })
end

local function search_line(line, found)
  search((line:gsub('":%-?%d+%.[%deE+-]+', '":0')), "a log line", found) -- digits of a fraction are an accident
  if line:find("%c") or #line > 1800 or not line:find("^{.*}$") then
    found[#found + 1] = "what is no line of the log, of " .. #line .. " bytes"
  end
end

--- Hooks that keep what a client tells.
--
--    local told = canaries.recorder()
--    local client = vkyc.new { …, hooks = told.hooks }
---@return { hooks: table, events: table[], lines: string[], find: fun(): string[] } find: where canaries are seen in them
function M.recorder()
  local told = { events = {}, lines = {} }
  told.hooks = watch(function(event)
    told.events[#told.events + 1] = event
  end, function(line)
    told.lines[#told.lines + 1] = line
  end)
  function told.find()
    local found = {}
    for _, event in ipairs(told.events) do
      walk(event, event.event, found, {})
    end
    for _, line in ipairs(told.lines) do
      search_line(line, found)
    end
    return found
  end
  return told
end

-- What hooks saw since the last check; a hook that raises is ignored by the module, so that it cannot fail by itself.
local seen_by_hooks, owed = {}, 0

--- Hooks that search every event and its log line, and keep nothing else.
---@param tell? fun(where: string) is told of what they see at once, where check_hooks cannot be called
function M.hooks(tell)
  return watch(function(event)
    owed = owed + 1
    for _, each in ipairs(M.find(event, event.event)) do
      seen_by_hooks[#seen_by_hooks + 1] = each
    end
  end, function(line)
    owed = owed - 1
    search_line(line, seen_by_hooks)
    if tell and #seen_by_hooks > 0 then
      tell(table.concat(seen_by_hooks, ", "))
    end
  end)
end

--- Fails when a hook of any client or its log line showed a canary since the last time. For after_each.
function M.check_hooks()
  local found, lines = seen_by_hooks, owed
  seen_by_hooks, owed = {}, 0
  if #found > 0 then
    error("hooks or log lines show: " .. table.concat(found, ", "), 2)
  elseif lines ~= 0 then
    error(lines .. " events have no line in the log", 2)
  end
end

--- An error as every spec wants one: a table of the module, one line of text, a hint, a known outcome, and no canary.
---@param err any
---@param kind string
---@return table err
function M.check_error(err, kind)
  if type(err) ~= "table" then
    error("an error is expected, got " .. type(err), 2)
  end
  if kind and err.kind ~= kind then
    error("kind " .. kind .. " is expected, got " .. tostring(err.kind) .. ": " .. tostring(err), 2)
  end
  local text = tostring(err)
  if text:find("%c") or text == "" then
    error("an error is one line of text", 2)
  end
  if type(err.hint) ~= "string" or not err.hint:find("[.!]$") then
    error("an error has a hint, one sentence: " .. text, 2)
  end
  if not ({ not_sent = true, refused = true, unknown = true })[err.outcome] or type(err.retryable) ~= "boolean" then
    error("an error has an outcome and retryable: " .. text, 2)
  end
  M.refuse(err, "the error")
  return err
end

return M
