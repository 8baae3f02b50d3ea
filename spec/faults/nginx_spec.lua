-- Every row of the fault matrix (spec/faults/rows/) through cosockets in a real nginx.

local missing = require("spec.support.nginx").missing()

describe("nginx's calls meet", function()
  if missing then
    pending(missing)
    return
  end
  require("spec.faults.suite")("nginx", { setup = setup, teardown = teardown, it = it, skip = function(reason) pending(reason) end })
end)
