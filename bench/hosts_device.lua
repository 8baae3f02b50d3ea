--- Peak memory of the programs of bench/hosts_device.
--
--   hosts_device.lua DIR URL ROUNDS [--json]
--
-- A device's host and a C program make the same call over TLS, a few times on one connection. What each takes for it is its peak above
-- that of the same program doing nothing, with the same libraries loaded.

local samples = require "samples"
local figures = require "figures"

local dir, url, rounds, json = arg[1], arg[2], tonumber(arg[3]), arg[4] == "--json"
local LUA_KIB = 1024
local ca_file = dir .. "/ca.pem"
local request = samples.request(url)

local function shell(words)
  local quoted = {}
  for i, word in ipairs(words) do
    quoted[i] = "'" .. word:gsub("'", "'\\''") .. "'"
  end
  return table.concat(quoted, " ")
end

local function peak(name, words, before, expected)
  local pipe = assert(io.popen((before or "") .. shell { dir .. "/peak_rss", table.unpack(words) } .. " 2>&1"))
  local output = pipe:read "a"
  local _, _, status = pipe:close()
  local kib = tonumber(output:match "(%d+)\n$")
  if status ~= (expected or 0) or not kib then
    error("bench: " .. name .. " ended with status " .. tostring(status) .. ": " .. output, 0)
  end
  return kib
end

local host = dir .. "/host/host"
local PROGRAMS = {
  bare_host = function(name)
    return peak(name, { host, "--bare" })
  end,
  host = function(name)
    local words = { host, "--memory", tostring(LUA_KIB), url, ca_file, samples.params.user_id, samples.params.verification_id }
    return peak(name, words, "VKYC_DEMO_SECRET=" .. samples.secret .. " ")
  end,
  bare_c = function(name)
    return peak(name, { dir .. "/bare_curl" }, nil, 2) -- without arguments it says how it is called
  end,
  curl = function(name)
    return peak(name, { dir .. "/bare_curl", request.url, ca_file, request.body, table.unpack(request.headers) }, "echo call 5 | ")
  end,
}

local series = { host = {}, curl = {}, bare_host = {}, bare_c = {} }
local ours, against = {}, {}
for round = 1, rounds do
  for name, measure in pairs(PROGRAMS) do
    series[name][round] = measure(name)
  end
  ours[round] = series.host[round] - series.bare_host[round]
  against[round] = series.curl[round] - series.bare_c[round]
end

local all = figures.new(json)
all:add("device: peak RSS of an onboarding", "KiB", figures.statistics(ours), figures.statistics(against), "<=", 1.25)
all:inform("device: peak RSS of the whole process", "KiB", figures.statistics(series.host), figures.statistics(series.curl))
all:finish()
