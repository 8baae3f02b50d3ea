-- One lifecycle: the whole mapping, the user's own words, expiry. Unknown words approve nobody and end nothing.

local vkyc = require "vkyc"
local canaries = require "spec.support.canaries"
local results = require "vkyc.results"
local scripted = require "spec.support.scripted_host"
local states = require "vkyc.states"

local RECEIVED = 1780894800

local function state(provider, data, statuses, more)
  local compiled = assert(states.compile(require("vkyc.providers." .. provider).states, statuses))
  local record = { states = compiled, received_at = RECEIVED }
  for name, value in pairs(more or {}) do
    record[name] = value
  end
  return vkyc.state(results.remember(data, record))
end

local function cashfree(status, sub, statuses)
  return state("cashfree_ppi", { status = status, sub_status = sub }, statuses)
end

-- The documented pairs and what they mean.
local MAPPING = {
  { "RECEIVED", "LINK_GENERATED", "created" }, { "INITIATED", "LINK_GENERATED", "created" }, { "RECEIVED", "NEW", "created" }, { "RECEIVED", nil, "created" },
  { "REJECTED", "INSUFFICIENT_BALANCE", "failed", "insufficient_balance", true }, { "REJECTED", "ANY_OTHER", "rejected" }, { "REJECTED", nil, "rejected" },
  { "EXPIRED", "VKYC_EXPIRED", "expired" }, { "EXPIRED", "NEW", "expired" },
  { "PRE_VIDEO_CALL", "AADHAAR_VERIFICATION_FAILED", "action_required", "aadhaar_verification_failed", true },
  { "PRE_VIDEO_CALL", "AADHAAR_VERIFICATION_EXPIRED", "action_required", "aadhaar_verification_expired", true },
  { "PRE_VIDEO_CALL", "USER_PROXY_DETECTED", "action_required", "proxy_detected", true },
  { "PRE_VIDEO_CALL", "USER_LOCATION_OUTSIDE_INDIA", "action_required", "location_outside_india", true },
  { "PRE_VIDEO_CALL", "USER_AUDIO_CHECK_FAILED", "action_required", "microphone_check_failed", true },
  { "PRE_VIDEO_CALL", "USER_VIDEO_CHECK_FAILED", "action_required", "camera_check_failed", true },
  { "PRE_VIDEO_CALL", "USER_LOCATION_PERMISSION_DISABLED", "action_required", "location_permission_disabled", true },
  { "PRE_VIDEO_CALL", "TECHNICAL_FAILURE", "in_progress", "technical_failure", true }, { "PRE_VIDEO_CALL", "NO_AGENT_FOUND", "in_progress",
    "no_agent_found", true },
  { "PRE_VIDEO_CALL", "AADHAAR_VERIFICATION_SUCCESS", "in_progress" }, { "PRE_VIDEO_CALL", "USER_IP_VERIFICATION_SUCCESSFUL", "in_progress" },
  { "PRE_VIDEO_CALL", "USER_LOCATION_VERIFICATION_SUCCESS", "in_progress" }, { "PRE_VIDEO_CALL", "USER_DEVICE_CHECK_SUCCESS", "in_progress" },
  { "PRE_VIDEO_CALL", "USER_QUEUED", "in_progress" }, { "PRE_VIDEO_CALL", "SCHEDULED_USER_QUEUED", "in_progress" },
  { "PRE_VIDEO_CALL", "AGENT_ASSIGNED_TO_USER", "in_progress" }, { "PRE_VIDEO_CALL", "USER_MEETING_SCHEDULED", "in_progress" },
  { "PRE_VIDEO_CALL", "WORD_OF_TOMORROW", "in_progress" }, { "PRE_VIDEO_CALL", nil, "in_progress" },
  { "INITIATED", nil, "unknown" }, { "INITIATED", "OTHER", "unknown" },
}

describe("states", function()
  after_each(canaries.check_hooks)

  it("map every documented pair of Cashfree", function()
    local terminal = { rejected = true, expired = true, failed = true }
    for _, row in ipairs(MAPPING) do
      local word, detail = cashfree(row[1], row[2])
      assert.same({ row[3], row[4], row[5] or false, terminal[row[3]] or false, row[1], row[2] },
        { word, detail.reason, detail.retryable, detail.terminal, detail.raw_status, detail.raw_sub_status }, row[1] .. "/" .. tostring(row[2]))
    end
  end)

  it("take no other word for approval, and end nothing by it", function()
    for _, word in ipairs { "APPROVED", "approved", "VERIFIED", "SUCCESS", "KYC_VERIFIED", "AUDITOR_APPROVED", "VIDEO_CALL", "POST_CALL", "received",
      "RECEIVED ", "EXPIRE", "/", "" } do
      for _, sub in ipairs { "APPROVED", "AUDITOR_APPROVED", "LINK_GENERATED", "VKYC_EXPIRED", "" } do
        local found, detail = cashfree(word, sub)
        assert.same({ "unknown", false }, { found, detail.terminal }, word .. "/" .. sub)
      end
    end
    for _, provider in ipairs { "cashfree_ppi", "cashfree_secure_id", "enkash" } do
      for _, row in pairs(require("vkyc.providers." .. provider).states.table) do
        assert.not_equal("approved", type(row) == "table" and row.state or row)
      end
    end
  end)

  it("take the user's words, the exact pair first", function()
    local words = { ["DONE/OK"] = "approved", DONE = "in_review", ["DONE/NO"] = "rejected", GONE = "cancelled", BROKEN = "failed", ODD = "unknown" }
    for pair, expected in pairs { ["DONE/OK"] = "approved", ["DONE/NO"] = "rejected", ["DONE/NEW"] = "in_review", ["GONE/X"] = "cancelled",
      ["BROKEN/X"] = "failed", ["ODD/OK"] = "unknown" } do
      local found, detail = cashfree(pair:match("(.*)/"), pair:match("/(.*)"), words)
      assert.equal(expected, found)
      assert.equal(expected ~= "in_review" and expected ~= "unknown", detail.terminal)
    end
    assert.equal("action_required", (cashfree("PRE_VIDEO_CALL", "NO_AGENT_FOUND", { ["PRE_VIDEO_CALL/NO_AGENT_FOUND"] = "action_required" })))
  end)

  it("cannot be told that a documented word means approved", function()
    for _, provider in ipairs { "cashfree_ppi", "enkash" } do
      for word in pairs(require("vkyc.providers." .. provider).states.table) do
        local _, err = vkyc.new(scripted.options(provider, scripted.new {}, { statuses = { [word] = "approved" } }))
        assert.equal("statuses." .. word, canaries.check_error(err, "config").violations[1].path)
        _, err = vkyc.webhook.verify { provider = provider, secrets = { "x" }, headers = {}, body = "", statuses = { [word] = "approved" } }
        canaries.check_error(err, "config")
      end
    end
    for _, value in ipairs { "APPROVED", "", 5, true, {}, "done" } do
      local _, err = vkyc.new(scripted.options("cashfree_ppi", scripted.new {}, { statuses = { X = value, [5] = "approved" } }))
      assert.equal(2, #canaries.check_error(err, "config").violations)
    end
  end)

  it("cannot be told so of a word that is part of a documented pair, nor of a session that ended", function()
    local function fault(provider, word)
      local compiled, faults = states.compile(require("vkyc.providers." .. provider).states, { [word] = "approved" })
      return not compiled and faults[1].path == "statuses." .. word and faults[1].message or nil
    end
    for _, word in ipairs { "INITIATED", "PRE_VIDEO_CALL", "LINK_GENERATED", "USER_QUEUED", "REJECTED/NEW", "EXPIRED/NEW", "REJECTED/", "EXPIRED" } do
      assert.truthy(fault("cashfree_ppi", word), word)
    end
    assert.truthy(fault("enkash", "MIN_KYC_VERIFIED"))
    assert.truthy(fault("enkash", "VKYC_IN_PROGRESS"))
    for _, word in ipairs { "INITIATED/NEW", "RECEIVED/NEW", "PRE_VIDEO_CALL/NEW", "NEW", "NEW/REJECTED", "APPROVED" } do
      assert.is_nil(fault("cashfree_ppi", word), word)
    end
    assert.is_nil(fault("enkash", "MIN_KYC_VERIFIED/VKYC_APPROVED"))
    assert.equal("approved", (cashfree("PRE_VIDEO_CALL", "NEW", { ["PRE_VIDEO_CALL/NEW"] = "approved" })))
    -- Another state than approved may be said of any of them.
    assert(states.compile(require("vkyc.providers.cashfree_ppi").states, { INITIATED = "created", ["REJECTED/NEW"] = "failed" }))
    assert.is_nil((states.compile(nil, "approved")))
  end)

  it("are fixed when the client is made", function()
    local statuses = { DONE = "in_review" }
    local client = scripted.client("cashfree_ppi", scripted.new { scripted.reply(200, '{"status":"DONE"}') }, { statuses = statuses })
    statuses.DONE, statuses.RECEIVED = "approved", "approved"
    assert.equal("in_review", (vkyc.state(assert(client:status { user_id = "U", verification_id = "V" }))))
  end)

  it("read Enkash's words in every shape", function()
    local function enkash(status, sub, operation)
      return state("enkash", { kycStatus = status, kycSubStatus = sub }, { ["FULL"] = "approved" }, { operation = operation })
    end
    local MIN, PROGRESS = "EnumModel(name=MIN_KYC_VERIFIED, label=Min Kyc Verified, description=null)",
      "EnumModel(name=VKYC_IN_PROGRESS, label=VKYC, In Progress, description=a, b)"
    for _, status in ipairs { MIN, "MIN_KYC_VERIFIED", { name = "MIN_KYC_VERIFIED", label = "Min Kyc Verified" } } do
      for _, sub in ipairs { PROGRESS, "VKYC_IN_PROGRESS", { name = "VKYC_IN_PROGRESS" } } do
        assert.equal("created", (enkash(status, sub, "vkyc_link")))
        local word, detail = enkash(status, sub, "vkyc_status")
        assert.same({ "in_progress", "min", "MIN_KYC_VERIFIED", "VKYC_IN_PROGRESS", false },
          { word, detail.level, detail.raw_status, detail.raw_sub_status, detail.retryable })
      end
      for _, sub in ipairs { "VKYC_APPROVED", "", { label = "x" }, "EnumModel(name=VKYC_APPROVED, label=Approved, description=null)" } do
        local word, detail = enkash(status, sub)
        assert.same({ "unknown", "min", false }, { word, detail.level, detail.terminal })
      end
    end
    local _, detail = enkash(MIN, PROGRESS)
    assert.equal("VKYC, In Progress", detail.label)
    for _, odd in ipairs { 5, true, {}, { name = 5 }, { name = { "FULL" } }, "EnumModel(name=FULL", "FULL_KYC_VERIFIED", "EnumModel(FULL)", "full" } do
      assert.equal("unknown", (enkash(odd, nil)))
    end
    assert.equal("approved", (enkash("EnumModel(name=FULL, label=Full, description=null)", "ANYTHING")))
    assert.equal("unknown", (enkash(nil, "VKYC_IN_PROGRESS")))
  end)

  it("never approve before the terms are accepted", function()
    for accepted, expected in pairs { [true] = "approved", [false] = "action_required" } do
      local word, detail = state("enkash", { kycStatus = "FULL", latestTncVersionAccepted = accepted }, { FULL = "approved" })
      assert.same({ expected, accepted }, { word, detail.terminal })
    end
  end)

  it("tell when the link lapses", function()
    for text, expected in pairs {
      ["2026-06-03"] = { 1780511400, true }, -- the end of that day in India
      ["2024-02-29"] = { 1709231400, true }, ["2025-05-30T00:00:00.000Z"] = { 1748563200, false }, ["2025-05-30T00:00:00+05:30"] = { 1748543400, false },
      ["2025-05-30T05:30:00"] = { 1748563200, true }, ["2025-05-30 05:30:00"] = { 1748563200, true },
    } do
      local _, detail = state("cashfree_ppi", { status = "RECEIVED", link_expiry = text })
      assert.same(expected, { detail.expires_at, detail.expires_estimated }, text)
    end
    for _, text in ipairs { "soon", "", "2026-13-01", "2025-02-29", 5, true } do
      local word, detail = state("cashfree_ppi", { status = "RECEIVED", link_expiry = text })
      assert.same({ "created" }, { word, detail.expires_at, detail.expires_estimated })
    end
    for days, expected in pairs { [1] = RECEIVED + 86400, [0] = RECEIVED, [30] = RECEIVED + 30 * 86400 } do
      local _, detail = state("enkash", { kycStatus = "MIN_KYC_VERIFIED", kycExpiryDays = days })
      assert.same({ expected, true }, { detail.expires_at, detail.expires_estimated })
    end
    local _, detail = state("enkash", { kycStatus = "MIN_KYC_VERIFIED", kycExpiryDays = "1" })
    assert.is_nil(detail.expires_at)
  end)

  it("prefer status_code to sub_status", function()
    assert.equal("failed", (state("cashfree_ppi", { status = "REJECTED", status_code = "INSUFFICIENT_BALANCE", sub_status = "OTHER" })))
  end)

  it("know nothing of a table that came from elsewhere", function()
    local word, detail = vkyc.state { status = "EXPIRED" }
    assert.same({ "unknown", false, false }, { word, detail.terminal, detail.retryable })
    for _, value in ipairs { "x", 5, true, print } do
      local good, err = pcall(vkyc.state, value)
      assert.is_false(good)
      assert.truthy(err:find("vkyc.state: a result or an event is expected", 1, true))
    end
    assert.is_false((pcall(vkyc.state)))
  end)
end)
