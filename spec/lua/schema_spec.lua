-- core.schema: every fault of a table of fields is told at once, with its path, and a good table is compiled and asked.

local core = require "vkyc.core"
local process = require "spec.support.process"

local TYPES = "must be one of string, id, int, int64, number, boolean, date, datetime, url, phone, enum, enum_model, array, object, any"
local NAME = "must be the field's name: printable ASCII without spaces, quotes and backslashes"

--- The faults of a table of fields as sorted lines "path: message".
local function faults_of(fields)
  local schema, faults = core.schema(fields)
  assert.is_nil(schema)
  local lines = {}
  for i, fault in ipairs(faults) do
    lines[i] = fault.path .. ": " .. fault.message
    local keys = 0
    for _ in pairs(fault) do
      keys = keys + 1
    end
    assert.equal(2, keys)
  end
  table.sort(lines)
  return lines
end

local function fault_of(field)
  local lines = faults_of { field }
  assert.equal(1, #lines, table.concat(lines, "; "))
  return lines[1]
end

describe("core.schema", function()
  it("takes every type and every key", function()
    local schema = assert(core.schema {
      { name = "a", type = "string", required = true, sensitive = true, strict = true, number_too = true, min = 0, max = 10, charset = "printable" },
      { name = "b", type = "id" },
      { name = "c", type = "int", min = -5, max = 5 },
      { name = "d", type = "int64" },
      { name = "e", type = "number", min = -0.5 },
      { name = "f", type = "boolean" },
      { name = "g", type = "date" },
      { name = "h", type = "datetime" },
      { name = "i", type = "url" },
      { name = "j", type = "phone" },
      { name = "k", type = "enum", values = { "x", "y" } },
      { name = "l", type = "enum_model" },
      { name = "m", type = "array", min = 1, max = 3, items = { type = "object", fields = { { name = "order", type = "int" } } }, sequence = "order" },
      { name = "n", type = "object", fields = {} },
      { name = "o", type = "any", also = { "O", "0" } },
      { name = "p", type = "string", charset = "digits", values = { "1" } },
      { name = "q", type = "array" },
      { name = "r", type = "object" },
    })
    assert.same({ "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r" }, schema:names())
    assert.same({}, core.schema({}):names())
  end)

  it("refuses what is not a table", function()
    for _, value in ipairs { "x", 1, true, print } do
      assert.has_error(function()
        core.schema(value)
      end)
    end
    assert.has_error(function()
      core.schema()
    end)
  end)

  it("tells the fault of every key with its path", function()
    assert.equal("[1].name: " .. NAME, fault_of { type = "string" })
    for _, name in ipairs { "", "a b", "a\"b", "a\\b", "a\0b", "a\nb", "\127", "\195\169", ("x"):rep(257) } do
      assert.equal("[1].name: " .. NAME, fault_of { name = name, type = "string" })
    end
    assert(core.schema { { name = ("x"):rep(256), type = "string" } })
    assert.equal("[1].type: " .. TYPES, fault_of { name = "a" })
    assert.equal("[1].type: " .. TYPES, fault_of { name = "a", type = "text" })
    assert.equal("[1].type: " .. TYPES, fault_of { name = "a", type = "string\0" })
    assert.equal("[1].charset: must be one of id, digits, alphanumeric, printable", fault_of { name = "a", type = "string", charset = "hex" })
    assert.equal("[1].values: is required for an enum", fault_of { name = "a", type = "enum" })
    assert.equal("[1].requird: is not a key of a field", fault_of { name = "a", type = "string", requird = true })
    assert.equal("[1].?: is not a key of a field", fault_of { name = "a", type = "string", [1] = "b" })
    assert.equal("[1].?: is not a key of a field", fault_of { name = "a", type = "string", [{}] = true })
    assert.equal("[1].?: is not a key of a field", fault_of { name = "a", type = "string", ["min\0"] = 1 })
    for _, key in ipairs { "required", "sensitive", "strict", "number_too" } do
      assert.equal("[1]." .. key .. ": must be a boolean", fault_of { name = "a", type = "string", [key] = "yes" })
    end
    assert.equal("[1].min: must be a number", fault_of { name = "a", type = "string", min = "1" })
    assert.equal("[1].max: must be a number", fault_of { name = "a", type = "string", max = {} })
    assert.equal("[1].items: must be a field", fault_of { name = "a", type = "array", items = "string" })
    assert.equal("[1].fields: must be an array of fields", fault_of { name = "a", type = "object", fields = "x" })
    assert.equal("[1].sequence: must be a string", fault_of { name = "a", type = "array", sequence = 1 })
  end)

  it("wants lists that are lists", function()
    for _, key in ipairs { "values", "also" } do
      assert.equal("[1]." .. key .. ": must be an array of strings", fault_of { name = "a", type = "string", [key] = "x" })
      assert.equal("[1]." .. key .. ": must be an array of strings", fault_of { name = "a", type = "string", [key] = {} })
      assert.equal("[1]." .. key .. ": must be an array of strings", fault_of { name = "a", type = "string", [key] = { "x", y = "z" } })
      assert.equal("[1]." .. key .. "[2]: must be a string", fault_of { name = "a", type = "string", [key] = { "x", 5 } })
    end
    -- A field instead of a list of fields would be a schema without any.
    assert.same({ ": must be an array of fields: keys 1 to n without a hole" }, faults_of { name = "a", type = "string" })
    assert.same({ ": must be an array of fields: keys 1 to n without a hole" }, faults_of { [2] = { name = "a", type = "string" } })
    assert.equal("[1].fields: must be an array of fields: keys 1 to n without a hole",
      fault_of { name = "a", type = "object", fields = { name = "b", type = "string" } })
    assert.same({ "[1]: must be a field: { name = …, type = … }", "[2]: must be a field: { name = …, type = … }" }, faults_of { "user_id", 5 })
  end)

  it("refuses rules that the type would not heed", function()
    local cases = {
      { "min", 1, { "boolean", "int64", "object", "any", "enum_model" }, "is for texts, numbers and arrays" },
      { "max", 1, { "boolean", "int64", "object", "any", "enum_model" }, "is for texts, numbers and arrays" },
      { "charset", "digits", { "int", "number", "array", "object", "any", "boolean" }, "is for texts" },
      { "values", { "x" }, { "int", "int64", "number", "array", "object", "any", "boolean" }, "is for texts" },
      { "number_too", true, { "int", "number", "id", "date", "array" }, "is for the type string" },
      { "items", { type = "string" }, { "string", "object", "int" }, "is for arrays" },
      { "fields", {}, { "string", "array", "int", "enum_model" }, "is for objects" },
      { "sequence", "order", { "object", "string" }, "is for arrays" },
    }
    for _, case in ipairs(cases) do
      for _, type_name in ipairs(case[3]) do
        assert.equal("[1]." .. case[1] .. ": " .. case[4], fault_of { name = "a", type = type_name, [case[1]] = case[2] })
      end
    end
    assert(core.schema { { name = "a", type = "int", number_too = false } })
  end)

  it("refuses bounds that nothing can keep", function()
    assert.equal("[1].max: must be a number, and not below min", fault_of { name = "a", type = "string", min = 5, max = 4 })
    assert(core.schema { { name = "a", type = "string", min = 5, max = 5 } })
    assert.equal("[1].min: must be a number, and not negative for a length", fault_of { name = "a", type = "array", min = -1 })
    assert.equal("[1].max: must be a number, and not below min", fault_of { name = "a", type = "string", max = -1 })
    assert.equal("[1].min: must be a number, and not negative for a length", fault_of { name = "a", type = "number", min = 0 / 0 })
    assert.equal("[1].max: must be a number, and not below min", fault_of { name = "a", type = "number", max = 0 / 0 })
    assert(core.schema { { name = "a", type = "number", min = -math.huge, max = math.huge } })
  end)

  it("wants a sequence to name an int field of the items", function()
    local function questions(fields, sequence)
      return { name = "q", type = "array", sequence = sequence, items = fields and { type = "object", fields = fields } }
    end
    local order = { name = "order", type = "int" }
    assert(core.schema { questions({ { name = "x", type = "string" }, order }, "order") })
    local message = "[1].sequence: must name an int field of the items"
    assert.equal(message, fault_of(questions({ order }, "ordr")))
    assert.equal(message, fault_of(questions({ { name = "order", type = "string" } }, "order")))
    assert.equal(message, fault_of(questions(nil, "order")))
    assert.equal(message, fault_of { name = "q", type = "array", sequence = "order", items = { type = "string" } })
  end)

  it("refuses one name for two fields", function()
    local a, b = { name = "a", type = "string" }, { name = "b", type = "string", also = { "B" } }
    assert.same({ "[3]: has the name of an earlier field" }, faults_of { a, b, { name = "a", type = "int" } })
    assert.same({ "[3]: has the name of an earlier field" }, faults_of { a, b, { name = "B", type = "int" } })
    assert.same({ "[3].also[2]: has the name of an earlier field" }, faults_of { a, b, { name = "c", type = "int", also = { "C", "a" } } })
    assert.same({ "[1].also[1]: has the name of an earlier field" }, faults_of { { name = "c", type = "int", also = { "c" } } })
    -- Names of different objects may be the same.
    assert(core.schema { a, { name = "o", type = "object", fields = { a, b } } })
  end)

  it("tells all faults at once, however deep", function()
    assert.same({
      "[1].name: " .. NAME,
      "[1].type: " .. TYPES,
      "[2].fields[1].items.fields[2].typo: is not a key of a field",
      "[2].fields[1].items.fields[2].values: is required for an enum",
      "[2].fields[1].items.fields[3]: has the name of an earlier field",
      "[3].also[1]: must be a string",
      "[3].charset: must be one of id, digits, alphanumeric, printable",
      "[3].required: must be a boolean",
      "[4]: must be a field: { name = …, type = … }",
    }, faults_of {
      {},
      { name = "o", type = "object", fields = {
        { name = "list", type = "array", items = { type = "object", fields = {
          { name = "x", type = "string" },
          { name = "e", type = "enum", typo = 1 },
          { name = "x", type = "string" },
        } } },
      } },
      { name = "c", type = "string", charset = "?", required = 1, also = { 5 } },
      "five",
    })
  end)

  it("is bounded in depth and in number", function()
    local function nested(levels)
      local fields = { { name = "leaf", type = "string" } }
      for _ = 1, levels do
        fields = { { name = "o", type = "object", fields = fields } }
      end
      return fields
    end
    assert(core.schema(nested(31)))
    local lines = faults_of(nested(40))
    assert.equal(1, #lines)
    assert.truthy(lines[1]:find("is nested too deep$"))

    local wide = {}
    for i = 1, 256 do
      wide[i] = { name = "f" .. i, type = "string" }
    end
    assert(core.schema(wide))
    wide[257] = { name = "f257", type = "string" }
    assert.same({ ": has too many fields" }, faults_of(wide))

    -- A table that holds itself, once and twice.
    local self = { name = "o", type = "object" }
    self.fields = { self }
    assert.truthy(faults_of({ self })[1]:find("is nested too deep$"))
    local other = { name = "p", type = "object" }
    self.fields = { self, other }
    other.fields = self.fields
    local started = os.clock()
    local found = false
    for _, line in ipairs(faults_of { self }) do
      found = found or line:find("is one field too many for a schema$") ~= nil
    end
    assert.is_true(found)
    assert.is_true(os.clock() - started < 5)
  end)

  it("reads raw, so that no metatable of the table's runs", function()
    local called = 0
    local hostile = {
      __index = function()
        called = called + 1
        return called % 2 == 0 and { { name = "late", type = "string" } } or nil
      end,
      __len = function()
        called = called + 1
        return 1000
      end,
      __pairs = function()
        called = called + 1
      end,
      __newindex = function()
        called = called + 1
      end,
    }
    local function armed(t)
      return setmetatable(t, hostile)
    end
    local schema = assert(core.schema(armed {
      armed { name = "o", type = "object", fields = armed { armed { name = "e", type = "enum", values = armed { "x" } } } },
      armed { name = "any_object", type = "object" },
      armed { name = "any_array", type = "array" },
    }))
    assert.same({ "o", "any_object", "any_array" }, schema:names())
    assert.equal(0, called)
  end)

  it("survives a finalizer that changes the table while it is compiled", function()
    -- The collector runs in the middle of core.schema; what its finalizers leave must not lead the second pass out of its memory.
    -- In a process of its own: only a small heap is collected often enough.
    local output, fine = process.run([[
      local core = require "vkyc.core"
      local refused = 0
      collectgarbage("setpause", 100)
      collectgarbage("setstepmul", 200)
      for round = 1, 100 do
        local fields = {}
        for i = 1, 100 do
          local inner = {}
          for j = 1, 20 do
            inner[j] = { name = ("inner_%d_%d_%d"):format(round, i, j), type = "enum", values = { "a" } }
          end
          fields[i] = { name = ("outer_%d_%d"):format(round, i), type = "object", fields = inner }
        end
        local running = true
        local function change()
          for i = 1, running and 100 or 0 do
            local inner = fields[i].fields
            inner[21] = { name = "late", type = "enum", values = { "b", "c", "d" } }
            inner[1].values[2] = "z"
            inner[2] = nil
          end
        end
        if newproxy then
          getmetatable(newproxy(true)).__gc = change
        else
          setmetatable({}, { __gc = change })
        end
        local good, err = pcall(core.schema, fields)
        running = false
        if not good and err:find("changed while it was read", 1, true) then
          refused = refused + 1
        end
      end
      print(refused > 10 and "refused" or refused)
    ]])
    assert.is_true(fine, output)
    assert.equal("refused", (output:gsub("%s", "")))
  end)

  it("keeps its names when the table is gone", function()
    local schema
    do
      local fields = {}
      for i = 1, 50 do
        fields[i] = { name = ("field_%d_of_many"):format(i), type = "enum", values = { ("value_%d"):format(i) }, also = { ("other_%d"):format(i) } }
      end
      schema = assert(core.schema(fields))
      for i = 1, 50 do
        fields[i].name = nil
      end
    end
    for _ = 1, 3 do
      collectgarbage()
    end
    assert.equal("field_50_of_many", schema:names()[50])
    assert.is_nil(core.check(schema, { other_7 = "value_7" }))
    assert.equal("must be one of value_7", core.check(schema, { field_7_of_many = "value_8" })[1].message)
  end)
end)

describe("a schema", function()
  local schema = assert(core.schema {
    { name = "verification_id", type = "id" },
    { name = "user_id", type = "id" },
    { name = "phone", type = "phone", sensitive = true, also = { "mobile" } },
    { name = "documents", type = "array", sensitive = true, items = { type = "object", fields = { { name = "docNo", type = "string" } } } },
    { name = "remarks", type = "array", items = { type = "string", sensitive = true } },
    { name = "security_questions", type = "array", items = { type = "object", fields = {
      { name = "question", type = "string" },
      { name = "answer", type = "string", sensitive = true },
    } } },
    { name = "document", type = "object", fields = { { name = "type", type = "string" }, { name = "identifier", type = "string", sensitive = true,
      number_too = true } } },
  })

  it("suggests the nearest name", function()
    assert.equal("verification_id", schema:suggest("verificationid"))
    assert.equal("user_id", schema:suggest("USER_ID"))
    assert.is_nil(schema:suggest("zzz"))
    assert.is_nil(schema:suggest(""))
    assert.is_nil(schema:suggest(("v"):rep(10 * 1024 * 1024)))
    assert.is_nil(schema:suggest("user_id\0\0\0\0"))
  end)

  it("collects the texts that must not be seen", function()
    local found = schema:sensitive {
      user_id = "U1",
      phone = "9988776655",
      documents = { { docNo = "ABCPE1234F" }, { unknown = { "deeper" } } },
      remarks = { "first remark", "second remark" },
      security_questions = { { question = "mother?", answer = "Asha" }, { answer = "Ravi" } },
      document = { type = "PAN", identifier = 1234567 },
    }
    table.sort(found)
    assert.same({ "1234567", "9988776655", "ABCPE1234F", "Asha", "Ravi", "deeper", "first remark", "second remark" }, found)
    assert.same({ "9988776655" }, schema:sensitive { mobile = "9988776655" })
    assert.same({}, schema:sensitive {})
    assert.same({}, schema:sensitive(nil))
    assert.same({}, schema:sensitive("x"))
    local round = { phone = "9988776655" }
    round.unknown = round
    assert.equal("9988776655", schema:sensitive(round)[1])
  end)

  it("collects the secrets of credentials, and all of what nobody describes", function()
    local one, two = core.secret("secret one"), core.secret("secret two")
    local found = schema:sensitive(nil, { client_id = "plain", client_secret = one, list = { two, "in a list" }, flag = true, fn = print }, two,
      { a = { b = { "deep", 5 } } }, "text", nil, false)
    local seen = {}
    for _, value in ipairs(found) do
      seen[value == one and "one" or value == two and "two" or value] = true
    end
    assert.same({ one = true, two = true, ["in a list"] = true, deep = true, ["5"] = true, text = true }, seen)
    local ring = {}
    ring.ring, ring.text = ring, "round"
    assert.is_true(#schema:sensitive(nil, nil, ring) > 0)
    local hostile = setmetatable({ "x" }, { __index = error, __pairs = error, __len = error })
    assert.same({ "x" }, schema:sensitive(nil, nil, hostile))
  end)

  it("is not itself readable or changeable", function()
    assert.equal("vkyc.Schema", getmetatable(schema))
    assert.has_error(function()
      schema.x = 1
    end)
    assert.has_error(function()
      schema.names({})
    end)
    assert.has_error(function()
      schema.decode(io.stdout, "{}")
    end)
    assert.has_error(function()
      schema.suggest(schema, {})
    end)
  end)
end)
