-- The examples of the loop, run as they are against the sandbox: in a frame loop, in libuv, in cqueues.

local process = require("spec.support.process")

local ROOT = debug.getinfo(1, "S").source:match("^@(.*)spec/hosts/") or ""

local function sh(command)
  local pipe = assert(io.popen("{ LD_PRELOAD= " .. command .. "\n} 2>&1; printf '\\n%d\\n' $?"))
  local output, status = pipe:read("*a"):match("^(.*)\n(%d+)\n$")
  pipe:close()
  return status == "0", output
end

-- In a process of its own: luv must not be loaded twice in one, which busted does for each spec file.
local function can_load(module)
  return select(2, process.run(("require(%q)"):format(module)))
end

describe("the loop in", function()
  local directory, environment, missing

  setup(function()
    directory = os.tmpname()
    os.remove(directory)
    local fine, output = sh(ROOT .. "scripts/sandbox start --seconds 120 --dir " .. directory)
    if not fine then
      missing = "needs the sandbox: " .. output
      return
    end
    local names = { "VKYC_DEMO_SECRET=example-secret" }
    for line in io.lines(directory .. "/env") do
      names[#names + 1] = line
    end
    environment = table.concat(names, " ")
  end)

  teardown(function()
    sh(ROOT .. "scripts/sandbox stop --dir " .. directory)
  end)

  local function run(name)
    local output, fine = process.run(("dofile(%q)"):format(ROOT .. "examples/" .. name .. ".lua"), environment)
    assert.is_true(fine, output)
    return output
  end

  it("a game: every frame in time", function()
    if missing then
      return pending(missing)
    end
    local output = run("frame_loop")
    assert.is_truthy(output:find("asking for the link", 1, true), output)
    -- Not the worst one: a busy machine takes the processor away now and then. Calls that stop the loop would leave one frame for all of them.
    local frames, most = output:match("The customer is approved after (%d+) frames%. Worst frame: [%d.]+ ms, half of them at most ([%d.]+) ms")
    assert.is_truthy(most, output)
    assert.is_true(tonumber(frames) > 5, output)
    assert.is_true(tonumber(most) < 16 * tonumber(os.getenv("VKYC_TIME_FACTOR") or "1"), output)
  end)

  for _, library in ipairs({ "luv", "cqueues" }) do
    it(library, function()
      if missing then
        return pending(missing)
      elseif not can_load(library) then
        return pending("needs lua-" .. library)
      end
      local output = run("loop_" .. library)
      assert.equal(3, select(2, output:gsub("created a user", "")), output)
      assert.is_true(tonumber(output:match("ticks: (%d+)")) > 1, output)
    end)
  end
end)
