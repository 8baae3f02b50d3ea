-- The nginx.conf and the app.lua that README.md prints, run as they are printed, but for the lines that it marks as the reader's own.

local nginx = require("spec.support.nginx")
local one_script = require("spec.support.one_script")
local readme = require("spec.support.readme")
local socket = require("socket")
local webhook = require("vkyc.webhook")

local missing = nginx.missing()
local MODULE = "/usr/lib/nginx/modules/ngx_http_lua_module.so" -- that of the printed file
if not missing and not nginx.shell("test -f " .. MODULE) then
  missing = "needs " .. MODULE
elseif not missing and not nginx.shell("test -w /var/lib/nginx -o ! -e /var/lib/nginx") then
  missing = "needs to write to Debian's directories for nginx's temporary files"
end

describe("README.md", function()
  if missing then
    pending(missing)
    return
  end
  local dns, sandbox, directory, port

  setup(function()
    dns = assert(nginx.dns())
    sandbox = assert(one_script.sandbox(nginx.module_path()))
    local free = assert(socket.bind("127.0.0.1", 0))
    port = select(2, free:getsockname())
    free:close()
    local yours = {
      resolver = ("resolver 127.0.0.1:%d ipv6=off;"):format(dns.port),
      lua_ssl_trusted_certificate = ("lua_ssl_trusted_certificate %s;"):format(sandbox.ca_file),
      listen = ("listen 127.0.0.1:%d;"):format(port),
    }
    local conf, marked = readme.block("nginx.conf"):gsub("([%w_]+) [^\n]*# yours\n", function(directive)
      return yours[directive] .. "\n"
    end)
    assert.equal(3, marked)
    directory = readme.write({ ["nginx.conf"] = conf, ["app.lua"] = readme.block("app.lua") })
    local root = debug.getinfo(1, "S").source:match("^@(.*)spec/hosts/")
    local _, here = nginx.shell("cd '" .. (root == "" and "." or root) .. "' && pwd")
    -- Beside the command of the README: in the foreground and for 60 s at most; and the module, which is not installed here.
    local line = ("cd %s && PATH=$PATH:/usr/sbin %s LUA_PATH='%s/lua/?.lua;;' LUA_CPATH='%s;;' setsid timeout -k 2 60 nginx -p \"$PWD/\" -c nginx.conf"
      .. " -g 'daemon off; user root;' >output.log 2>&1 </dev/null &"):format(
      directory, readme.environment(sandbox), here:match("[^\n]+"), nginx.module_path())
    os.execute(line)
    assert(nginx.wait_for(10, function()
      local client = socket.connect("127.0.0.1", port)
      return client and client:close()
    end), nginx.read(directory .. "/output.log") .. nginx.read(directory .. "/error.log"))
  end)

  teardown(function()
    nginx.shell("kill -TERM " .. (nginx.read((directory or "") .. "/nginx.pid"):match("%d+") or ""))
    if sandbox then
      sandbox:stop()
    end
    dns.stop()
    os.execute("rm -rf " .. directory)
  end)

  it("has an nginx.conf that onboards a customer and takes webhooks", function()
    local url = "http://127.0.0.1:" .. port
    local _, answer = nginx.shell(("curl -s -m 20 -w ' %%{http_code}' -d 'user_id=USER827364&phone=9876500000' %s/onboard"):format(url))
    assert.equal("created\n 200", (answer:gsub("\n$", "")), nginx.read(directory .. "/error.log"))
    _, answer = nginx.shell(("curl -s -m 20 -w ' %%{http_code}' -d 'user_id=no+id!&phone=9876500000' %s/onboard"):format(url))
    assert.matches("argument: .*user_id.* 502", answer)
    local body = '{"event_type":"VKYC_USER_LINK_GENERATED","event_time":"2025-05-22T03:51:14Z","data":{"verification_id":"V1","status":"RECEIVED"}}'
    local function post(secret)
      local headers = webhook.sign({ provider = "cashfree_ppi", secret = secret, body = body })
      local words = {}
      for name, value in pairs(headers) do
        words[#words + 1] = ("-H '%s: %s'"):format(name, value)
      end
      _, answer = nginx.shell(("curl -s -m 20 -w '%%{http_code}' %s -d '%s' %s/webhooks/vkyc"):format(table.concat(words, " "), body, url))
      return answer:match("%d+")
    end
    assert.equal("200", post("example-secret"))
    assert.equal("401", post("another-secret"))
    assert.matches("V1created", nginx.read(directory .. "/error.log"), 1, true)
  end)
end)
