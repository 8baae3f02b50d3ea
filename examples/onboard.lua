-- Takes one customer through Video KYC with each provider, and shows every step.
-- It talks HTTPS to the sandbox of this repository (scripts/demo starts it); against a real provider only the client's
-- options change. Every person in it is invented. It runs as it is in a plain script, in a task of vkyc.loop and inside nginx.

local vkyc = require "vkyc"

local ngx = rawget(_G, "ngx") -- there, certificates are a directive and workers share their login

local function env(name)
  return os.getenv(name) or error("start it with scripts/demo: " .. name .. " is not set", 0)
end

-- What differs between providers: their options, and the fields by which they know a customer.
local run_id = string.format("%d", os.time())

local providers = {
  {
    title = "Cashfree PPI",
    options = {
      provider = "cashfree_ppi",
      environment = "sandbox",
      base_url = env "VKYC_SANDBOX_CASHFREE_PPI",
      client_id = "demo-client",
      client_secret = vkyc.secret.env "VKYC_DEMO_SECRET",
    },
    user = { user_id = "user-" .. run_id, phone = "9876500001", first_name = "Asha" },
    case = function()
      return {
        user_id = "user-" .. run_id,
        verification_id = "case-" .. run_id,
        notification_modes = { "SMS", "WHATSAPP" },
        security_questions = { { order = 1, question = "Which year did you finish school?", answer = "2009" } },
      }
    end,
    key = function()
      return { user_id = "user-" .. run_id, verification_id = "case-" .. run_id }
    end,
    steps = { "AADHAAR_VERIFICATION_SUCCESS", "USER_AUDIO_CHECK_FAILED", "USER_QUEUED" },
    wrong = { user_id = "user 1", notification_modes = { "FAX" } },
  },
  {
    title = "Cashfree Secure ID",
    options = {
      provider = "cashfree_secure_id",
      environment = "sandbox",
      base_url = env "VKYC_SANDBOX_CASHFREE_SECURE_ID",
      client_id = "demo-client",
      client_secret = vkyc.secret.env "VKYC_DEMO_SECRET",
    },
    user = { user_id = "user-" .. run_id, phone = "9876500002", name = "Ravi Kumar" },
    case = function()
      return { verification_id = "case-" .. run_id, user_id = "user-" .. run_id, notification_types = { "sms" } }
    end,
    key = function()
      return { verification_id = "case-" .. run_id }
    end,
    steps = { "USER_LOCATION_OUTSIDE_INDIA", "USER_LOCATION_VERIFICATION_SUCCESS", "AGENT_ASSIGNED_TO_USER" },
    fault = { code = "insufficient_balance", operation = "initiate" },
  },
  {
    title = "Enkash",
    options = {
      provider = "enkash",
      environment = "uat",
      base_url = env "VKYC_SANDBOX_ENKASH",
      token_url = env "VKYC_SANDBOX_ENKASH_TOKEN",
      client_id = "CEKDEMO001",
      client_secret = vkyc.secret.env "VKYC_DEMO_SECRET",
      username = "6000000001",
      password = vkyc.secret.env "VKYC_DEMO_SECRET",
      partner_id = "CRDEMO001",
      company_id = "CEKDEMO001",
      card_account_id = "CADEMO1",
      shared = ngx and ngx.shared.vkyc,
    },
    user = {
      email = "meera@example.com", mobile = "9876500003", title = "Ms", firstName = "Meera", lastName = "Nair",
      address = "1 Example Road", city = "Kochi", state = "Kerala", country = "India", pincode = "682001",
      documents = { { docType = "PAN", docNo = "AAAPA0000A" } },
    },
    case = function(user)
      return { enKashCardId = user.enkashCardId }
    end,
    key = function(user)
      return { enKashCardId = user.enkashCardId }
    end,
    steps = { "VKYC_IN_PROGRESS" },
    wrong = {},
  },
}

-- Printing ------------------------------------------------------------------------------------------------------------

-- One line, keys in order, personal values and links hidden.
local function show(value)
  if type(value) ~= "table" then
    return tostring(value)
  elseif #value > 0 then
    local items = {}
    for i, each in ipairs(value) do
      items[i] = show(each)
    end
    return "[" .. table.concat(items, ", ") .. "]"
  end
  local keys, parts = {}, {}
  for key in pairs(value) do
    keys[#keys + 1] = key
  end
  table.sort(keys)
  for i, key in ipairs(keys) do
    parts[i] = key .. "=" .. show(value[key])
  end
  return "{" .. table.concat(parts, " ") .. "}"
end

local function line(label, text)
  print(string.format("   %-11s%s", label, text))
end

local function shown(result)
  return show(vkyc.redact(result))
end

-- The next act that each state asks of the caller.
local ACTS = {
  created = "hand the link to the customer",
  in_progress = "wait",
  action_required = "ask the customer to mend it and go on",
  in_review = "wait for the decision",
  approved = "grant",
  rejected = "refuse",
  expired = "make a new link",
  cancelled = "make a new link, if they want",
  failed = "an operator acts; it says nothing about the customer",
  unknown = "keep polling; no state is ever guessed",
}

local function show_state(result)
  local state, detail = vkyc.state(result)
  local words = (detail.raw_status or "-") .. (detail.raw_sub_status and "/" .. detail.raw_sub_status or "")
  line("state", string.format("%-16s %s  (%s)", state, words, ACTS[state]))
  return state, detail
end

-- The journey ---------------------------------------------------------------------------------------------------------

-- Only the sandbox has these: they move the simulated customer on, and hand over the webhooks that it would post.
local function sandbox(client, command, body)
  return assert(client:call { method = "POST", path = "/_sandbox/" .. command, body = body })
end

local function follow_webhooks(client)
  local due = sandbox(client, "webhooks", {}).webhooks
  for _, delivery in ipairs(due) do
    local event = assert(client:webhook(delivery.headers, delivery.body))
    line("webhook", string.format("%-16s %s, signature verified", vkyc.state(event), event.type))
  end
  return due[1]
end

local function show_forgery(client, delivery)
  local _, err = client:webhook(delivery.headers, (delivery.body:gsub("case", "cafe", 1)))
  line("forged", "the same webhook with one letter changed is refused: " .. err.kind .. " (" .. err.reason .. ")")
end

local function onboard(provider)
  print("\n== " .. provider.title .. " " .. string.rep("=", 60 - #provider.title))
  local options = { ca_file = not ngx and env "VKYC_SANDBOX_CA" or nil, statuses = vkyc.simulator.statuses[provider.options.provider] }
  for name, value in pairs(provider.options) do
    options[name] = value
  end
  local client = assert(vkyc.new(options))

  print("1. Create the user")
  line("sent", shown(provider.user))
  local user = assert(client:create_user(provider.user))
  line("came back", shown(user))

  print("2. Ask for the Video KYC link")
  local case = provider.case(user)
  line("sent", shown(case))
  local started = assert(client:initiate(case))
  line("came back", shown(started))
  local _, detail = show_state(started)
  if detail.expires_at then
    line("link until", os.date("!%Y-%m-%d %H:%M UTC", math.floor(detail.expires_at)) .. (detail.expires_estimated and ", estimated" or ""))
  end

  local first = follow_webhooks(client)
  if first then
    show_forgery(client, first)
  else
    line("webhook", "none: Enkash publishes no webhook for Video KYC, its cases are polled")
  end

  print("3. The customer goes through it")
  local key = provider.key(user)
  local id = key.verification_id or key.enKashCardId
  for _, step in ipairs(provider.steps) do
    sandbox(client, "advance", { id = id, step = step })
    show_state(assert(client:status(key)))
    follow_webhooks(client)
  end

  print("4. The decision")
  sandbox(client, "advance", { id = id, step = "approved" })
  local final = assert(client:status(key))
  show_state(final)
  follow_webhooks(client)
  line("mind", "the approving words are the simulator's: no page documents the provider's own.")
  options.statuses = nil
  local plain = assert(vkyc.new(options))
  line("", "without the option `statuses` the same answer is: " .. vkyc.state(assert(plain:status(key))))

  print("5. An error, as you would read it at night")
  local _, err
  if provider.fault then
    sandbox(client, "fail", provider.fault)
    _, err = client:initiate { verification_id = "case2-" .. run_id, user_id = user.user_id }
  else
    _, err = client:initiate(provider.wrong)
  end
  line("", tostring(err))
  client:close()
  plain:close()
end

for _, provider in ipairs(providers) do
  onboard(provider)
end
print("\nThree customers onboarded.")
