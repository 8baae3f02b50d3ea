-- One script, byte for byte, in a plain interpreter and inside of nginx: in the content phase, and in a timer.

local nginx = require("spec.support.nginx")
local one_script = require("spec.support.one_script")

local missing = nginx.missing()

local CONTENT = [[return { output = require("spec.support.one_script").run(), libcurl = package.loaded["vkyc.curl"] ~= nil }]]

local TIMER = [[
  local output
  ngx.timer.at(0, function()
    local good, result = pcall(require("spec.support.one_script").run)
    output = result
  end)
  for _ = 1, 2000 do
    if output then break end
    ngx.sleep(0.01)
  end
  return { output = output }]]

describe("one script", function()
  if missing then
    pending(missing)
    return
  end
  local dns, sandbox, web

  setup(function()
    dns = assert(nginx.dns())
    sandbox = assert(one_script.sandbox(nginx.module_path()))
    local names = {}
    for i, line in ipairs(sandbox.env) do
      names[i] = ("env %s;"):format(line:match("^[%u_]+"))
    end
    web = assert(nginx.start({
      env = table.concat(sandbox.env, " "),
      main = table.concat(names, "\n"),
      http = ('resolver 127.0.0.1:%d ipv6=off; lua_ssl_trusted_certificate "%s"; lua_shared_dict vkyc 1m;'):format(dns.port, sandbox.ca_file),
    }))
  end)

  teardown(function()
    for _, each in ipairs({ web or false, sandbox or false }) do
      if each then
        each:stop()
      end
    end
    dns.stop()
  end)

  it("onboards the same three customers as in a plain interpreter", function()
    local plain, fine = sandbox:plain()
    assert.is_true(fine, plain)
    assert.matches("Three customers onboarded.", plain, 1, true)
    sandbox:reset()
    local content = web:run(CONTENT)
    assert.is_false(content.libcurl)
    assert.equal(plain, content.output)
    sandbox:reset()
    assert.equal(plain, web:run(TIMER).output)
  end)
end)
