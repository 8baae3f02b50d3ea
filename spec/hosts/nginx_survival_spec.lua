-- nginx goes on whatever happens to it: reloads and fast stops under TLS load, killed workers, clients that leave, a cold code cache.
-- VKYC_SOAK=100 repeats reloads and stops a hundred times instead of five.

local faults = require("spec.support.faults")
local nginx = require("spec.support.nginx")
local socket = require("socket")

local missing = nginx.missing()
local ROUNDS = tonumber(os.getenv("VKYC_SOAK")) or 5

local HTTP = [[
  resolver 127.0.0.1:%d ipv6=off;
  lua_ssl_trusted_certificate "%s";
  lua_shared_dict vkyc 1m;
  init_by_lua_block {
    function make()
      return assert(require "vkyc".new {
        provider = "cashfree_ppi", environment = "sandbox", client_id = "c", client_secret = "s", base_url = "%s", max_attempts = 2,
      })
    end
    client = make()
    function status(with)
      local result, err = (with or client):status { user_id = "U1", verification_id = "V1" }
      return result and "fine" or err.kind
    end
  }]]

local SERVER = [[
  location = /status { content_by_lua_block { ngx.print(status()) } }
  location = /abort { lua_check_client_abort on; content_by_lua_block { ngx.print(status()) } }
  location = /cold { lua_code_cache off; content_by_lua_block { ngx.print(status(make())) } }
  # Load that needs no client: each worker keeps eight calls in flight.
  location = /load {
    content_by_lua_block {
      local function run(premature)
        while not premature and not ngx.worker.exiting() do
          status()
        end
      end
      for _ = 1, 8 do ngx.timer.at(0, run) end
      ngx.print("started")
    }
  }]]

local FINE = { "send", faults.response({ body = '{"verification_id":"V1","user_id":"U1","status":"RECEIVED"}' }) }

describe("nginx survives", function()
  if missing then
    pending(missing)
    return
  end
  local server, dns, web

  setup(function()
    server = assert(faults.start(ROUNDS > 5 and 1500 or 300))
    dns = assert(nginx.dns(ROUNDS > 5 and 1500 or 300))
  end)

  teardown(function()
    dns.stop()
    server:stop()
  end)

  before_each(function()
    server:case({ id = "api", steps = { { "pause", 5 }, FINE } })
  end)

  local function start(workers)
    local url = server:base("tls", "localhost") .. "/api"
    web = assert(nginx.start({ workers = workers, seconds = 900, server = SERVER, http = HTTP:format(dns.port, server:file("ca.pem"), url) }))
    assert.same({ fine = 1 }, web:many(1, { path = "/status" }))
  end

  -- Connections of the server that the other side has not closed: nginx tells of sockets that were left open only when it ends gracefully.
  local function connections()
    local wanted, count = (":%04X"):format(server.ports.tls), 0
    for line in io.lines("/proc/net/tcp") do
      local address, state = line:match("^%s*%d+: %x+(:%x+) %x+:%x+ (%x%x) ")
      count = count + (address == wanted and state == "01" and 1 or 0)
    end
    return count
  end

  local function check_gone()
    assert.is_truthy(nginx.wait_for(2, function()
      return connections() == 0
    end), connections() .. " connections are left")
  end

  local function check_log(log)
    log = log:gsub("[^\n]*lua_code_cache is off[^\n]*", "")
    for _, word in ipairs({ "%[alert%]", "%[emerg%]", "signal 6", "signal 11", "core dumped", "%[error%]" }) do
      assert.is_nil(log:match("[^\n]*" .. word .. "[^\n]*"))
    end
  end

  it(ROUNDS .. " reloads under load", function()
    start(2)
    web:many(4, { path = "/load" })
    for _ = 1, ROUNDS do
      local waiting = {}
      for i = 1, 16 do
        waiting[i] = web:begin({ path = "/status" })
      end
      socket.sleep(0.01)
      assert.is_truthy(web:reload())
      for i = 1, 16 do
        local _, body = web:finish(waiting[i])
        -- A connection that no worker had taken yet may end with its listener.
        assert.is_true(body == "fine" or body == "" or body == "closed", tostring(body))
      end
      assert.same({ fine = 16 }, web:many(16, { path = "/status" }))
      web:many(4, { path = "/load" })
    end
    assert.is_true(connections() > 0)
    assert.is_true(web:stop("QUIT"))
    check_log(web.last_log)
    check_gone()
  end)

  it(ROUNDS .. " fast stops under load", function()
    for _ = 1, ROUNDS do
      start(2)
      web:many(4, { path = "/load" })
      local waiting = {}
      for i = 1, 16 do
        waiting[i] = web:begin({ path = "/status" })
      end
      socket.sleep(0.03)
      assert.is_true(connections() > 0)
      assert.is_true(web:stop("TERM"))
      for i = 1, 16 do
        web:finish(waiting[i])
      end
      check_log(web.last_log)
      check_gone()
    end
  end)

  it("a worker that is killed", function()
    start(2)
    for _ = 1, 3 do
      local victims = web:workers()
      web:many(4, { path = "/load" })
      web:signal("KILL", victims[1])
      assert(nginx.wait_for(5, function()
        return #web:workers() == 2 and web:workers()[1] ~= victims[1]
      end))
      assert.same({ fine = 16 }, web:many(16, { path = "/status" }))
    end
    assert.is_true(web:stop())
    assert.is_nil(web.last_log:find("signal 11", 1, true))
  end)

  it("clients that leave before the answer, without keeping what was theirs", function()
    start(1)
    local function leave(count)
      server:case({ id = "api", steps = { { "pause", 60 }, { "send", faults.response({ body = '{"status":"RECEIVED"}' }) } } })
      for _ = 1, count do
        local client = web:begin({ path = "/abort" })
        socket.sleep(0.01)
        client:close()
      end
      socket.sleep(0.2)
    end
    local function files()
      local _, output = nginx.shell("ls /proc/" .. web:workers()[1] .. "/fd | wc -l")
      return tonumber(output:match("%d+"))
    end
    leave(20)
    local before = files()
    leave(100)
    assert.is_true(files() <= before + 3, before .. " files, then " .. files())
    server:case({ id = "api", steps = { FINE } })
    assert.same({ fine = 16 }, web:many(16, { path = "/status" }))
    assert.is_true(web:stop("QUIT"))
    check_log(web.last_log)
    check_gone()
  end)

  it("more calls at once than worker_connections allows", function()
    start(1)
    server:case({ id = "api", steps = { { "pause", 300 }, FINE } })
    local counts = web:run([[
      local counts, threads, last = {}, {}, nil
      for i = 1, 400 do
        threads[i] = ngx.thread.spawn(function()
          local result, err = client:status({ user_id = "U1", verification_id = "V1" }, { max_attempts = 1 })
          local what = result and "fine" or err.kind .. " " .. err.outcome
          counts[what], last = (counts[what] or 0) + 1, err and tostring(err) or last
        end)
      end
      for i = 1, 400 do ngx.thread.wait(threads[i]) end
      return { fine = counts.fine, refused = counts["connect not_sent"], text = last, after = status() }
    ]])
    assert.equal(400, counts.fine + counts.refused)
    assert.is_true(counts.fine > 100 and counts.refused > 100)
    assert.matches("worker_connections", counts.text, 1, true)
    assert.equal("fine", counts.after)
    assert.is_true(web:stop())
    assert.is_nil(web.last_log:find("signal 11", 1, true))
  end)

  it("a code cache that is off", function()
    start(1)
    for _ = 1, 3 do
      assert.same({ fine = 10 }, web:many(10, { path = "/cold" }))
    end
    assert.is_true(web:stop())
    assert.is_nil(web.last_log:find("%[error%]"))
  end)
end)
