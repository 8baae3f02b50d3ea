-- The metrics that docs/on-call.md prints for nginx, as they are printed; and the log inside of nginx.

local canaries = require "spec.support.canaries"
local nginx = require "spec.support.nginx"
local readme = require "spec.support.readme"

local PAGE = "docs/on-call.md"
local missing = nginx.missing()

describe("in nginx", function()
  if missing then
    pending(missing)
    return
  end

  it("the printed metrics are those of all workers together", function()
    local directory = readme.write { ["metrics.lua"] = readme.block("metrics.lua", PAGE), ["app.lua"] = readme.block("app.lua", PAGE) }
    local http = readme.block("http.conf", PAGE):gsub("timer%.every%(5,", "timer.every(0.1,") -- a spec does not wait for five seconds
    local web = assert(nginx.start {
      workers = 2,
      server = readme.block("server.conf", PAGE) .. [[

        location = /call { content_by_lua_block {
          local result, err = app.client:create_user { user_id = "U" .. ngx.var.connection, phone = "9988776655" }
          ngx.print(result and "fine" or tostring(err))
        } }]],
      http = http:gsub("init_by_lua_block {", ('init_by_lua_block { package.path = "%s/?.lua;" .. package.path;'):format(directory), 1),
    })
    assert.same({ fine = 12 }, web:many(12, { path = "/call" }))
    local body
    local fine = nginx.wait_for(10, function()
      local calls = 0
      body = select(2, web:request { path = "/metrics" })
      for count in body:gmatch('vkyc_calls_total{client="ppi",worker="%d",kind="ok"} (%d+)\n') do
        calls = calls + tonumber(count)
      end
      return calls == 12 and body:find('vkyc_responses_total{client="ppi",operation="create_user",status="200"} 12\n', 1, true)
    end)
    local log = web:log()
    web:stop()
    os.execute("rm -rf " .. directory)
    assert.truthy(fine, body)
    canaries.refuse(log, "nginx's log")
  end)

  it("the log is nginx's error log, at the event's level", function()
    local web = assert(nginx.start { level = "warn", http = [[
      init_by_lua_block {
        local vkyc = require "vkyc"
        client = assert(vkyc.new { provider = "cashfree_ppi", environment = "simulator", client_id = "a", client_secret = "canary-secret",
          hooks = vkyc.log.json { level = "debug" } })
      }]] })
    web:run([[ client:create_user { user_id = "U1", phone = "9988776655" }; client:status { user_id = "U1", verification_id = "8899776655" } ]])
    local log = web:log()
    web:stop()
    local line = log:match("%[error%] [^\n]-({[^\n]-}), client: ")
    assert.equal("not_found", require("cjson").new().decode(line).kind)
    assert.truthy(line:find('"ids":{"user_id":"U1","verification_id":"8899776655"}', 1, true))
    assert.is_nil(log:find("on_response", 1, true)) -- below warn
    assert.is_nil(log:find("canary", 1, true))
    canaries.refuse(log, "nginx's log")
  end)
end)
