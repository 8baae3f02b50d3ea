-- docs/data.md tells of each sensitive field in the providers' tables, for each operation and direction, and of none that is not there.

local root = debug.getinfo(1, "S").source:match("^@(.*)spec/vkyc/") or ""

-- provider -> path -> { sent = { operation -> true }, comes = … }, as the page says.
local function documented()
  local all, section = {}, nil
  for line in io.lines(root .. "docs/data.md") do
    local provider = line:match("^### ([%w_]+)$")
    if provider then
      section = {}
      all[provider] = section
    elseif line:find("^## ") then
      section = nil
    end
    local fields, sent, comes = line:match("^| (`.-) | (.-) | (.-) |$")
    if section and fields then
      for path in fields:gmatch("`(.-)`") do
        local entry = { sent = {}, comes = {} }
        for operation in sent:gmatch("[%w_]+") do
          entry.sent[operation] = true
        end
        for operation in comes:gmatch("[%w_]+") do
          entry.comes[operation] = true
        end
        assert.is_nil(section[path], path .. " stands twice")
        section[path] = entry
      end
    end
  end
  return all
end

-- The same, as a provider's table says.
local function marked(provider)
  local all = {}
  local function walk(fields, prefix, direction, operation)
    for _, field in ipairs(fields or {}) do
      local path = prefix .. field.name .. (field.type == "array" and "[]" or "")
      if field.sensitive then
        all[path] = all[path] or { sent = {}, comes = {} }
        all[path][direction][operation] = true
      else -- what is inside of a marked field is covered
        walk(field.fields, path .. ".", direction, operation)
        walk(field.items and field.items.fields, path .. ".", direction, operation)
      end
    end
  end
  for name, operation in pairs(provider.operations) do
    walk(operation.request, "", "sent", name)
    walk(operation.response, "", "comes", name)
  end
  walk(provider.webhook and provider.webhook.fields, "", "comes", "webhooks")
  return all
end

describe("docs/data.md", function()
  local told = documented()

  for _, name in ipairs(require("vkyc.providers.shipped")) do
    it("tells of each sensitive field of " .. name, function()
      local fields = marked(require("vkyc.providers." .. name))
      assert.is_truthy(next(fields))
      assert.same(fields, told[name])
    end)
  end
end)
