-- Copies that may be logged.

local vkyc = require "vkyc"
local canaries = require "spec.support.canaries"

local V = canaries.VALUES

describe("redact", function()
  it("hides by the names of fields, in every spelling and depth", function()
    local logged = vkyc.redact {
      status = "RECEIVED", vkyc_link = "forms/abc", kycLink = "x", ["x-client-secret"] = "s", Client_Secret = "s", password = "p", otp = "482916",
        phone = "12345",
      first_name = V.name, nested = { { dob = V.dob, order = 1, answer = V.answer, question = "School?" } }, aadhaar_details = { a = { b = V.name } },
      specialDate = V.dob, documents = { { docType = "PAN", docNo = "x" } }, pincode = 560038, name = true,
    }
    assert.same({
      status = "RECEIVED", vkyc_link = "[REDACTED]", kycLink = "[REDACTED]", ["x-client-secret"] = "[REDACTED]", Client_Secret = "[REDACTED]",
        password = "[REDACTED]",
      otp = "[REDACTED]", phone = "[REDACTED]", first_name = "[REDACTED]", nested = { { dob = "[REDACTED]", order = 1, answer = "[REDACTED]",
        question = "School?" } },
      aadhaar_details = "[REDACTED]", specialDate = "[REDACTED]", documents = { { docType = "PAN", docNo = "[REDACTED]" } }, pincode = "[REDACTED]",
        name = true,
    }, logged)
  end)

  it("hides by shape", function()
    canaries.each(function(value)
      canaries.refuse(vkyc.redact("it is " .. value .. ", he said"), "text")
      canaries.refuse(vkyc.redact { note = { value } }, "table")
    end, canaries.SHAPED)
    assert.equal("[AADHAAR]", vkyc.redact(234123412346))
    assert.equal("[PHONE]", vkyc.redact(9988776655))
    assert.equal(1358, vkyc.redact(1358))
    assert.equal("8901234567890123458", vkyc.redact("8901234567890123458"))
    assert.same({ true, false }, { vkyc.redact(true), vkyc.redact(false) })
    assert.is_nil(vkyc.redact(nil))
  end)

  it("keeps correlation ids, whatever they look like", function()
    for _, provider in ipairs { "cashfree_ppi", "cashfree_secure_id", "enkash" } do
      assert(require("vkyc.provider").load(provider))
    end
    local ids = { user_id = "9988776655", verification_id = "234123412346", reference_id = "234123412346", cf_verification_id = 234123412346,
      enKashCardId = "ABCDE1234F", enkashCardId = "ABCDE1234F", list = { { user_id = "9988776655" } } }
    assert.same(ids, vkyc.redact(ids))
    assert.same({ user_id = "[EMAIL]", verification_id = "he is [PHONE]", reference_id = { "[PHONE]" }, unknown_id = "[PHONE]", email = "[REDACTED]" },
      vkyc.redact { user_id = "a@example.com", verification_id = "he is 9988776655", reference_id = { "9988776655" }, unknown_id = "9988776655", email = "x" })
  end)

  it("shows no secret and nothing that is no value", function()
    local secret = vkyc.secret.string(canaries.SECRET)
    assert.same({ a = "[REDACTED]", b = "[function]", c = "[userdata]", d = "[thread]" },
      vkyc.redact { a = secret, b = print, c = io.stdout, d = coroutine.create(print) })
    assert.equal("[REDACTED]", vkyc.redact(secret))
  end)

  it("copies: the original stays, metatables do not run", function()
    local original = setmetatable({ phone = "x", list = { 1, 2 } }, { __index = error, __pairs = error, __tostring = error })
    local copy = vkyc.redact(original)
    assert.same({ "x", "[REDACTED]" }, { rawget(original, "phone"), copy.phone })
    assert.not_equal(original.list, copy.list)
    assert.is_nil(getmetatable(copy))
  end)

  it("ends with tables that hold themselves", function()
    local loop = { phone = "x" }
    loop.self, loop.again, loop.list = loop, loop, { loop, loop }
    local copy = vkyc.redact(loop)
    assert.equal(copy, copy.self)
    assert.equal("[REDACTED]", copy.list[2].phone)
    local deep = {}
    for _ = 1, 40 do
      deep = { deep, deep }
    end
    assert.is_table(vkyc.redact(deep))
  end)

  it("makes an error as loggable as it is", function()
    local _, err = vkyc.new { provider = "cashfree_ppi" }
    assert.equal(err.message, vkyc.redact(err).message)
  end)
end)
