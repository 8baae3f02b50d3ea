-- Every row of the fault matrix (spec/faults/rows/) in a script's calls. Its server is spec.support.faults'.

describe("a script's calls meet", function()
  require("spec.faults.suite")("inline", { setup = setup, teardown = teardown, it = it, skip = function(reason) pending(reason) end })
end)
