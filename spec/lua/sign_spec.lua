local core = require "vkyc.core"
local process = require "spec.support.process"

-- Keys and certificates are made by the openssl program, anew in each run.
local directory = os.tmpname()

local function sh(format, ...)
  local ok = os.execute(format:format(...) .. " >/dev/null 2>&1")
  return ok == true or ok == 0
end

local function path(name)
  return directory .. "/" .. name
end

local function read(name)
  local f = assert(io.open(path(name), "rb"))
  local text = f:read("*a")
  f:close()
  return text
end

local function write(name, text)
  local f = assert(io.open(path(name), "wb"))
  assert(f:write(text))
  f:close()
  return path(name)
end

setup(function()
  os.remove(directory)
  assert(sh("mkdir %s", directory))
  assert(sh("openssl genrsa -out %s 2048", path("private.pem")))
  assert(sh("openssl rsa -in %s -pubout -out %s", path("private.pem"), path("public.pem")))
  assert(sh("openssl rsa -in %s -RSAPublicKey_out -out %s", path("private.pem"), path("pkcs1.pem")))
  assert(sh("openssl req -x509 -key %s -subj /CN=test -days 1 -out %s", path("private.pem"), path("certificate.pem")))
  assert(sh("openssl genrsa -out %s 1024", path("p1024.pem")))
  assert(sh("openssl rsa -in %s -pubout -out %s", path("p1024.pem"), path("small.pem")))
  assert(sh("openssl ecparam -name prime256v1 -genkey -noout -out %s", path("pec.pem")))
  assert(sh("openssl ec -in %s -pubout -out %s", path("pec.pem"), path("ec.pem")))
end)

teardown(function()
  sh("rm -rf %s", directory)
end)

-- The plain text again, with the digests named.
local function decrypt(signature)
  write("signature.b64", signature .. "\n")
  assert(sh("openssl base64 -d -A -in %s -out %s", path("signature.b64"), path("cipher")))
  local padding = "-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha1 -pkeyopt rsa_mgf1_md:sha1"
  assert(sh("openssl pkeyutl -decrypt -inkey %s %s -in %s -out %s", path("private.pem"), padding, path("cipher"), path("plain")))
  return read("plain")
end

describe("core.rsa_key_file", function()
  it("encrypts what the private key decrypts", function()
    for _, name in ipairs { "public.pem", "pkcs1.pem", "certificate.pem" } do
      local key = assert(core.rsa_key_file(path(name)))
      local text = "CF10000000000000000000.1746427759"
      local first, second = assert(key:encrypt(text)), assert(key:encrypt(text))
      assert.equal(344, #first)
      assert.not_equal(first, second)
      assert.truthy(first:match("^[%w+/]+=*$"))
      assert.equal(text, decrypt(first))
      assert.equal(text, decrypt(assert(key:encrypt(core.secret(text)))))
    end
  end)

  it("says why a key is none, without its content or path", function()
    local none = "this is not a public key in PEM form (BEGIN PUBLIC KEY, BEGIN RSA PUBLIC KEY or BEGIN CERTIFICATE)"
    local weak = "the key is not an RSA key of 2048 to 16384 bits"
    assert.same({ nil, none }, { core.rsa_key_file(write("empty.pem", "")) })
    assert.same({ nil, none }, { core.rsa_key_file(write("nothing.pem", "nothing\0")) })
    assert.same({ nil, none }, { core.rsa_key_file(path("private.pem")) })
    assert.same({ nil, none }, { core.rsa_key_file(write("cut.pem", read("public.pem"):sub(1, 200))) })
    assert.same({ nil, weak }, { core.rsa_key_file(path("small.pem")) })
    assert.same({ nil, weak }, { core.rsa_key_file(path("ec.pem")) })
    assert.same({ nil, "the file does not exist" }, { core.rsa_key_file(path("missing.pem")) })
    assert.same({ nil, "this is not a regular file" }, { core.rsa_key_file(directory) })
    local big = write("big.pem", ("x"):rep(65537))
    assert.same({ nil, "this is larger than any key: over 64 KiB" }, { core.rsa_key_file(big) })
    assert.has_error(function() core.rsa_key_file() end)
    assert.has_error(function() core.rsa_key_file("a\0b") end)
    assert.has_error(function() core.rsa_key_file("") end)
  end)

  it("refuses what the key cannot hold", function()
    local key = core.rsa_key_file(path("public.pem"))
    assert.equal(("x"):rep(214), decrypt(assert(key:encrypt(("x"):rep(214)))))
    assert.same({ nil, "the text is too long for the key" }, { key:encrypt(("x"):rep(215)) })
    assert.equal("again", decrypt(assert(key:encrypt("again"))))
    assert.has_error(function() key:encrypt() end)
    assert.has_error(function() key:encrypt(1) end)
    key:close()
    key:close()
    assert.same({ nil, "the key was closed" }, { key:encrypt("x") })
  end)
end)

describe("core.option_fault of ca_file (C14)", function()
  it("tells a bundle from what is none", function()
    local none = "the file holds no certificate in PEM form"
    local certificate = read("certificate.pem")
    local function fault(file)
      return core.option_fault("ca_file", file, nil)
    end
    assert.is_nil(fault(path("certificate.pem")))
    assert.is_nil(fault(write("bundle.pem", "# comment\n" .. certificate .. certificate)))
    assert.equal("the file does not exist", fault(path("missing.pem")))
    assert.equal("the file is empty", fault(write("empty.pem", "")))
    assert.equal("this is not a regular file", fault(directory))
    assert.equal(none, fault(path("public.pem")))
    assert.equal(none, fault(write("cut.pem", certificate:sub(1, 300))))
  end)

  it("asks nobody for the passphrase of an encrypted one", function()
    local head = "-----BEGIN CERTIFICATE-----\n"
    local encrypted = head .. "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n"
    local file = write("encrypted.pem", encrypted .. read("certificate.pem"):sub(#head + 1))
    -- Without a terminal OpenSSL would prompt on stderr, which is part of the output.
    local code = ("io.write(require('vkyc.core').option_fault('ca_file', %q, nil))"):format(file)
    assert.same({ "the file holds no certificate in PEM form", true }, { process.run(code, nil, "setsid -w") })
  end)
end)
