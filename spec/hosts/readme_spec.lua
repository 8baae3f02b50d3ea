-- What README.md prints for plain Lua and for a frame loop, run byte for byte as it is printed. Its nginx.conf is in readme_nginx_spec.lua.

local one_script = require("spec.support.one_script")
local process = require("spec.support.process")
local readme = require("spec.support.readme")

describe("README.md", function()
  local sandbox, missing, directory

  setup(function()
    sandbox, missing = one_script.sandbox()
    directory = readme.write({ ["app.lua"] = readme.block("app.lua"), ["game.lua"] = readme.block("game.lua") })
  end)

  teardown(function()
    if sandbox then
      sandbox:stop()
    end
    os.execute("rm -rf " .. directory)
  end)

  local function run(code)
    sandbox:reset()
    return process.run(("package.path = %q .. package.path "):format(directory .. "/?.lua;") .. code, readme.environment(sandbox))
  end

  it("begins with ten lines that run, though here in the simulator", function()
    local code = readme.command("local vkyc = require", "lua"):gsub('"sandbox"', '"simulator"'):gsub('"…"', '"any"')
    local output, fine = process.run(code, "CASHFREE_CLIENT_SECRET=any")
    assert.is_true(fine, output)
    assert.equal("created\n", output)
  end)

  it("has a script that runs in a plain interpreter", function()
    if not sandbox then
      return pending("needs the sandbox: " .. missing)
    end
    local code = readme.command("lua5.4 -e"):match("^lua5%.4 %-e '(.*)'$")
    local output, fine = run(code)
    assert.is_true(fine, output)
    assert.equal("created\n", output)
  end)

  it("has a frame loop that runs", function()
    if not sandbox then
      return pending("needs the sandbox: " .. missing)
    end
    local output, fine = run(("dofile(%q)"):format(directory .. "/game.lua"))
    assert.is_true(fine, output)
    assert.equal("created\n", output)
  end)
end)
