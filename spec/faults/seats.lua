--- The transports that rows run through, seen alike: make a client, call, say what the process holds.
--
--    local seat = seats.inline.new(server)
--    seat:open(key, options); seat:call(key, operation, params, options); seat:close(key); seat:usage(); seat:stop()
--
-- What `open` and `call` return is caller.lua's. `options` are those of vkyc.new, and `crl` and `client` (true): the files are the server's.

local caller = require("spec.faults.caller")
local core = require("vkyc.core")
local process = require("spec.support.process")

local M = {}

local function copy(options)
  local result = {}
  for name, value in pairs(options) do
    result[name] = value
  end
  return result
end

-- In this process -----------------------------------------------------------------------------------------------------------------------

local Here = {}
Here.__index = Here

-- The files that libcurl is told about.
local function with_files(server, options)
  options = copy(options)
  options.ca_file = options.ca_file or server:file("ca.pem")
  options.crl_file = options.crl and server:file("crl.pem") or options.crl_file
  options.client_cert = options.client and server:file("client.pem") or nil
  options.client_key = options.client and server:file("client.key") or nil
  options.crl, options.client, options.shared = nil, nil, nil
  return options
end

function Here:open(key, options)
  return caller.open(key, with_files(self.server, options))
end

function Here.call(_, ...)
  return caller.call(...)
end

function Here.close(_, key)
  caller.close(key)
end

function Here.usage()
  return { files = process.files(), threads = process.threads(), heap = caller.heap(), memory = process.anonymous() }
end

--- The most memory since the last time it was asked to begin anew; then what is used now.
function Here.peak(_, anew)
  return process.peak(anew)
end

function Here.series(_, ...)
  return caller.series(...)
end

function Here.pure(_, title)
  return caller.pure(title)
end

function Here.visit(_, title, url)
  return caller.visit(title, url, "inline")
end

-- Nothing is at once on one thread.
function Here.many(_, ...)
  return caller.series(...)
end

function Here.stop()
  caller.close()
end

M.inline = {
  new = function(server)
    return setmetatable({ name = "inline", server = server }, Here)
  end,
}

-- On a loop's thread --------------------------------------------------------------------------------------------------------------------

local Thread = setmetatable({}, { __index = Here })
Thread.__index = Thread

function Thread:within(fn)
  local task = self.loop:spawn(fn)
  while self.loop:poll() > 0 do
    core.sleep(0.0005)
  end
  if task:status() == "failed" then
    error(select(2, task:result()), 0)
  end
  return task:result()
end

function Thread:call(...)
  local args, count = { ... }, select("#", ...)
  return self:within(function()
    return caller.call((unpack or table.unpack)(args, 1, count))
  end)
end

function Thread:series(...)
  local args, count = { ... }, select("#", ...)
  return self:within(function()
    return caller.series((unpack or table.unpack)(args, 1, count))
  end)
end

function Thread:visit(title, url)
  return self:within(function()
    return caller.visit(title, url, "thread", nil, self.loop)
  end)
end

function Thread:many(key, times, operation, given)
  return caller.many(key, times, operation, given, function(fn)
    self.loop:spawn(fn)
  end, function()
    while self.loop:poll() > 0 do
      core.sleep(0.0005)
    end
  end)
end

function Thread:stop()
  caller.close()
  self.loop:close()
end

M.thread = {
  new = function(server)
    return setmetatable({ name = "thread", server = server, loop = assert(require("vkyc.loop").new()) }, Thread)
  end,
}

-- A host of one's own -------------------------------------------------------------------------------------------------------------------

local Own = setmetatable({}, { __index = Here })
Own.__index = Own

function Own:open(key, options)
  options = copy(options)
  local of_host = { ca_file = self.server:file("ca.pem"), crl = options.crl }
  if options.crl then -- LuaSec has no option for lists, but OpenSSL reads them from the same file
    of_host.ca_file = self.both
  end
  if options.client then
    of_host.client_cert, of_host.client_key = self.server:file("client.pem"), self.server:file("client.key")
  end
  options.crl, options.client, options.shared = nil, nil, nil
  return caller.open(key, options, require("spec.support.socket_host").new(of_host))
end

function Own.visit(_, title, url)
  return caller.visit(title, url, "own", require("spec.support.socket_host").new({}))
end

function Own:stop()
  caller.close()
  os.remove(self.both)
end

M.own = {
  new = function(server)
    local both = os.tmpname()
    local file = assert(io.open(both, "wb"))
    for _, name in ipairs({ "ca.pem", "crl.pem" }) do
      local part = assert(io.open(server:file(name), "rb"))
      file:write(part:read("*a"))
      part:close()
    end
    file:close()
    return setmetatable({ name = "own", server = server, both = both }, Own)
  end,
}

-- Cosockets in a real nginx -------------------------------------------------------------------------------------------------------------

local Nginx = {}
Nginx.__index = Nginx

local CALLER = [[
  local args, caller = ..., require("spec.faults.caller")
  return caller[args.name](args.a, args.b, args.c, args.d)]]

-- A pool of connections cannot tell which directives held when they were made: rows with lists of revocations have another nginx.
function Nginx:web(key)
  return self.strict_keys[key] and self.strict or self.plain
end

local function ask(web, name, a, b, c, d)
  return web:run(CALLER, { name = name, a = a, b = b, c = c, d = d })
end

function Nginx:open(key, options)
  options = copy(options)
  self.strict_keys[key] = options.crl
  options.client_cert = options.client and self.server:file("client.pem") or nil
  options.client_key = options.client and self.server:file("client.key") or nil
  options.crl, options.client = nil, nil
  return ask(self:web(key), "open", key, options)
end

function Nginx:call(key, ...)
  return ask(self:web(key), "call", key, ...)
end

function Nginx:series(key, ...)
  return ask(self:web(key), "series", key, ...)
end

function Nginx:many(key, ...)
  return ask(self:web(key), "light_threads", key, ...)
end

function Nginx:pure(title)
  return ask(self.plain, "pure", title)
end

function Nginx:visit(title, url)
  return ask(self.plain, "visit", title, url, "nginx")
end

function Nginx:close(key)
  ask(self:web(key), "close", key)
  self:check_log()
end

-- A3 in nginx's log, from where it was read last.
function Nginx:check_log()
  for _, web in ipairs({ self.plain, self.strict }) do
    local log = web:log()
    local new = log:sub((self.read[web] or 0) + 1)
    self.read[web] = #log
    require("spec.support.canaries").refuse(new, "nginx's log")
    if new:find("[alert]", 1, true) or new:find("exited on signal", 1, true) then
      error("nginx's log: " .. new, 0)
    end
  end
end

function Nginx:usage()
  local nginx = require("spec.support.nginx")
  local heap = ask(self.plain, "heap")
  local pid = self.plain:workers()[1]
  if self.pid and self.pid ~= pid then
    error("the worker died", 0)
  end
  self.pid = pid
  local _, files = nginx.shell("ls /proc/" .. pid .. "/fd | wc -l")
  local status = nginx.read("/proc/" .. pid .. "/status")
  return {
    files = tonumber(files:match("%d+")), threads = tonumber(status:match("Threads:%s*(%d+)")),
    memory = process.anonymous(pid), heap = heap,
  }
end

function Nginx:peak(anew)
  return process.peak(anew, self.plain:workers()[1])
end

function Nginx:stop()
  self.plain:stop()
  self.strict:stop()
  self.dns.stop()
end

M.nginx = {
  new = function(server, seconds, resolver)
    local nginx = require("spec.support.nginx")
    local dns = assert(nginx.dns(seconds))
    local http = ([[
      resolver %s ipv6=off;
      lua_ssl_trusted_certificate "%s";
      lua_ssl_protocols TLSv1.2 TLSv1.3;
      lua_shared_dict vkyc 1m;]]):format(resolver or "127.0.0.1:" .. dns.port, server:file("ca.pem"))
    local self = { name = "nginx", server = server, dns = dns, strict_keys = {}, read = {} }
    local env = require("spec.faults.clocks").nginx_environment
    self.plain = assert(nginx.start({ seconds = seconds, http = http, env = env }))
    self.strict = assert(nginx.start({ seconds = seconds, env = env, http = http .. (' lua_ssl_crl "%s";'):format(server:file("crl.pem")) }))
    return setmetatable(self, Nginx)
  end,
}

return M
