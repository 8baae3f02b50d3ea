-- What an installed vkyc must do with nothing but its own files and lua-cjson: load, and complete one call against the simulator.

local function at(module)
  return tostring(package.loaded[module])
end

local vkyc = require("vkyc")
assert(type(vkyc._VERSION) == "string" and vkyc._VERSION:find("^%d+%.%d+%.%d+"), "no version")
assert(at("cjson") == "nil" and at("vkyc.flow") == "nil" and at("vkyc.simulator") == "nil", "require loads more than it needs")

local client = assert(vkyc.new({ provider = "cashfree_ppi", environment = "simulator", client_id = "id", client_secret = "secret" }))
local user = assert(client:create_user({ user_id = "U1", phone = "9876500000" }))
assert(user.user_id == "U1", "the answer is not that of the user")

local wrong, err = client:create_user({ user_id = "no spaces allowed", phone = "1" })
assert(wrong == nil and err.kind and tostring(err) ~= "", "a wrong user is not refused")
client:close()

assert(type(require("vkyc.curl")) == "table", "vkyc.curl does not load")
