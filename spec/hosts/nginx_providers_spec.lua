-- The main job of each provider in a content handler, against the sandbox over HTTPS: a user, a link, the customer's way, the decision.

local nginx = require("spec.support.nginx")

local missing = nginx.missing()
local root = debug.getinfo(1, "S").source:match("^@(.*)spec/hosts/") or ""

-- Runs inside nginx. What differs between providers comes from outside; `made` stands for what create_user answered.
local JOB = [[
  local job = ...
  local vkyc = require "vkyc"
  job.options.statuses = vkyc.simulator.statuses[job.options.provider]
  job.options.shared = job.options.provider == "enkash" and ngx.shared.vkyc or nil
  local client = assert(vkyc.new(job.options))
  local function sandbox(command, body)
    return assert(client:call { method = "POST", path = "/_sandbox/" .. command, body = body })
  end
  local user = assert(client:create_user(job.user))
  local id = job.case.enKashCardId and user.enkashCardId or job.id
  if job.case.enKashCardId then
    job.case.enKashCardId, job.key.enKashCardId = id, id
  end
  local states = {}
  local started = assert(client:initiate(job.case))
  states[1] = vkyc.state(started)
  local events = 0
  local function webhooks()
    for _, delivery in ipairs(sandbox("webhooks", {}).webhooks) do
      assert(client:webhook(delivery.headers, delivery.body))
      events = events + 1
    end
  end
  for _, step in ipairs(job.steps) do
    sandbox("advance", { id = id, step = step })
    states[#states + 1] = vkyc.state(assert(client:status(job.key)))
    webhooks()
  end
  local _, err = client:status(job.unknown)
  local link = started.vkyc_link or started.kycLink
  client:close()
  return { states = states, events = events, link = link, err = err and err.kind }
]]

local JOBS = {
  cashfree_ppi = {
    options = { provider = "cashfree_ppi", environment = "sandbox", client_id = "c", client_secret = "s" },
    user = { user_id = "U1", phone = "9876500001", first_name = "Asha" },
    case = { user_id = "U1", verification_id = "V1", notification_modes = { "SMS" }, security_questions = { { order = 1, question = "Q?", answer = "A" } } },
    id = "V1", key = { user_id = "U1", verification_id = "V1" }, unknown = { user_id = "U1", verification_id = "V9" },
    steps = { "AADHAAR_VERIFICATION_SUCCESS", "USER_QUEUED", "approved" },
    states = { "created", "in_progress", "in_progress", "approved" },
  },
  cashfree_secure_id = {
    options = { provider = "cashfree_secure_id", environment = "sandbox", client_id = "c", client_secret = "s" },
    user = { user_id = "U1", phone = "9876500002", name = "Ravi Kumar" },
    case = { verification_id = "V1", user_id = "U1", notification_types = { "sms" } },
    id = "V1", key = { verification_id = "V1" }, unknown = { verification_id = "V9" },
    steps = { "USER_LOCATION_OUTSIDE_INDIA", "USER_LOCATION_VERIFICATION_SUCCESS", "approved" },
    states = { "created", "action_required", "in_progress", "approved" },
  },
  enkash = {
    options = {
      provider = "enkash", environment = "uat", client_id = "CEKDEMO001", client_secret = "s", username = "6000000001", password = "p",
      partner_id = "CRDEMO001", company_id = "CEKDEMO001", card_account_id = "CADEMO1",
    },
    user = {
      email = "meera@example.com", mobile = "9876500003", title = "Ms", firstName = "Meera", lastName = "Nair", address = "1 Example Road",
      city = "Kochi", state = "Kerala", country = "India", pincode = "682001", documents = { { docType = "PAN", docNo = "AAAPA0000A" } },
    },
    case = { enKashCardId = "" }, key = { enKashCardId = "" }, unknown = { enKashCardId = "EKCNOBODY" },
    steps = { "VKYC_IN_PROGRESS", "approved" },
    states = { "created", "in_progress", "approved" },
  },
}

describe("inside nginx", function()
  if missing then
    pending(missing)
    return
  end
  local dns, web, dir
  local env = {}

  setup(function()
    dns = assert(nginx.dns())
    local _, made = nginx.shell("mktemp -u -d")
    dir = made:match("[^\n]+")
    local cpath = nginx.module_path()
    local fine, output = nginx.shell(("VKYC_CPATH='%s' '%s' start --seconds 120 --dir '%s'"):format(cpath, root .. "scripts/sandbox", dir))
    assert.is_true(fine, output)
    for name, value in nginx.read(dir .. "/env"):gmatch("VKYC_SANDBOX_([%u_]+)='([^'\n]*)'") do
      env[name:lower()] = value:gsub("127%.0%.0%.1", "localhost")
    end
    web = assert(nginx.start({
      http = ('resolver 127.0.0.1:%d ipv6=off; lua_ssl_trusted_certificate "%s"; lua_shared_dict vkyc 1m;'):format(dns.port, dir .. "/ca.pem"),
    }))
  end)

  teardown(function()
    if web then
      web:stop()
    end
    nginx.shell(("'%s' stop --dir '%s'"):format(root .. "scripts/sandbox", dir))
    if dns then
      dns.stop()
    end
  end)

  for provider, job in pairs(JOBS) do
    it(provider .. " takes a customer through Video KYC", function()
      job.options.base_url = env[provider]
      job.options.token_url = provider == "enkash" and env.enkash_token or nil
      local got = web:run(JOB, job)
      assert.same(job.states, got.states)
      assert.equal("string", type(got.link))
      assert.is_true(provider == "enkash" and got.events == 0 or got.events >= 3)
      assert.equal("string", type(got.err))
    end)
  end
end)
