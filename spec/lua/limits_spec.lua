-- docs/options.md lists every limit of src/core/limits.h with its value, and the built modules have these values.

local core = require("vkyc.core")
local scripted = require("spec.support.scripted_host")

local root = debug.getinfo(1, "S").source:match("^@(.*)spec/lua/") or ""

local function read(path)
  local file = assert(io.open(root .. path))
  local text = file:read("*a")
  file:close()
  return text
end

-- 256, or ((size_t)64 << 10)
local function value_of(expression)
  local number, shift = expression:match("^%(%(size_t%)(%d+) << (%d+)%)$")
  return number and tonumber(number) * 2 ^ tonumber(shift) or tonumber(expression)
end

describe("limits", function()
  it("are documented, each with its value", function()
    local documented, count = {}, 0
    for name, value in read("docs/options.md"):gmatch("\n| `([%u_]+)` | (%d+) |") do
      documented["VKYC_" .. name] = tonumber(value)
    end
    for name, expression in read("src/core/limits.h"):gmatch("#define (VKYC_%u[%u_]+) ([^\n]+)") do
      if name ~= "VKYC_LIMITS_H" then
        assert.equal(value_of(expression), documented[name], name)
        documented[name], count = nil, count + 1
      end
    end
    assert.same({}, documented)
    assert.is_true(count > 20)
  end)

  -- What looks like a limit and is none: sizes of buffers, and how much is read of a file that is given to nginx.
  local OTHERS = { ["lua/vkyc/hosts/nginx.lua"] = { [65536] = true, [16384] = true, [1048576] = true } }

  -- Smaller ones mean many other things.
  it("are nowhere but in the header: none of 1,000 or more is a number of our Lua", function()
    assert.equal(1048576, core.max_body)
    local limits, files, found = {}, 0, {}
    for name, expression in read("src/core/limits.h"):gmatch("#define (VKYC_%u[%u_]+) ([^\n]+)") do
      local value = name ~= "VKYC_LIMITS_H" and value_of(expression) or 0
      limits[value] = value >= 1000 and name or nil
    end
    for _, path in ipairs(require("pl.dir").getallfiles(root .. "lua", "*.lua")) do
      path = path:match("lua/vkyc.*")
      files = files + 1
      for line in (path and read(path) or ""):gsub("%-%-[^\n]*", ""):gmatch("[^\n]+") do
        for number in line:gmatch("%f[%w_.]%d+%f[^%w_.]") do
          local value = tonumber(number)
          if limits[value] and not (OTHERS[path] or {})[value] then
            found[#found + 1] = path .. " has " .. number .. ", " .. limits[value]
          end
        end
        for shift in line:gmatch("2 ?%^ ?(%d+)") do
          found[#found + 1] = limits[2 ^ tonumber(shift)] and path .. " has 2^" .. shift or nil
        end
      end
    end
    assert.same({}, found)
    assert.is_true(files > 30, files .. " files")
  end)

  -- Through a client; the same numbers at the parts themselves are in the specs of the parts.
  local function outcome(body, params, options)
    local host = scripted.new({ scripted.reply(200, body) })
    local client = scripted.client("cashfree_ppi", host, options)
    local result, err = client:status(params or { user_id = "U1", verification_id = "V1" })
    return result and "fine" or err.kind, #host.requests
  end

  local function nested(depth)
    return '{"a":' .. ("["):rep(depth - 1) .. ("]"):rep(depth - 1) .. "}"
  end

  local function members(count)
    local all = {}
    for i = 1, count do
      all[i] = '"m' .. i .. '":1'
    end
    return "{" .. table.concat(all, ",") .. "}"
  end

  for name, case in pairs({
    depth = { nested(32), nested(33), "decode" },
    ["a name"] = { '{"' .. ("k"):rep(256) .. '":1}', '{"' .. ("k"):rep(257) .. '":1}', "decode" },
    ["open names"] = { members(1024), members(1025), "decode" },
    ["a number"] = { '{"a":0.' .. ("1"):rep(126) .. "}", '{"a":0.' .. ("1"):rep(127) .. "}", "decode" },
    ["a body"] = { "{" .. (" "):rep(1048574) .. "}", "{" .. (" "):rep(1048575) .. "}", "too_large" },
  }) do
    it("of an answer: " .. name, function()
      assert.equal("fine", (outcome(case[1])))
      assert.equal(case[3], (outcome(case[2])))
    end)
  end

  it("of a request: an id, a body", function()
    assert.equal("fine", (outcome("{}", { user_id = ("u"):rep(50), verification_id = "V" })))
    assert.same({ "argument", 0 }, { outcome("{}", { user_id = ("u"):rep(51), verification_id = "V" }) })
    assert.equal("fine", (outcome("{}", nil, { max_body_bytes = 39 })))
    assert.same({ "argument", 0 }, { outcome("{}", nil, { max_body_bytes = 38 }) })
  end)
end)
