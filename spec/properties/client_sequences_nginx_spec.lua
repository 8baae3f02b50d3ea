-- The random sequences of client_sequences_spec.lua inside of nginx, but for those of loops.

local faults = require "spec.support.faults"
local nginx = require "spec.support.nginx"
local seed = require "spec.properties.seed"
local sequences = require "spec.properties.sequences"

local missing = nginx.missing()
local SEQUENCES = 3

describe("a random sequence of operations in nginx", function()
  if missing then
    pending(missing)
    return
  end
  local server, dns, web

  setup(function()
    server = assert(faults.start())
    dns = assert(nginx.dns())
    web = assert(nginx.start({ http = ([[
      resolver 127.0.0.1:%d ipv6=off;
      lua_ssl_trusted_certificate "%s";]]):format(dns.port, server:file("ca.pem")) }))
  end)

  teardown(function()
    web:stop()
    dns.stop()
    server:stop()
  end)

  it("leaves nothing behind", function()
    local urls = sequences.serve(server)
    for name, url in pairs(urls) do
      urls[name] = url:gsub("127%.0%.0%.1", "localhost") -- nginx checks a certificate against names only
    end
    for number = 1, SEQUENCES do
      assert.equal("nothing", web:run([[
        local args, sequences = ..., require "spec.properties.sequences"
        sequences.urls, require("spec.properties.seed").given = args.urls, args.seed
        return sequences.grows("nginx", args.number)]], { urls = urls, seed = seed.given, number = number }))
    end
  end)
end)
