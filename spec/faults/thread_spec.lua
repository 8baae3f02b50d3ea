-- Every row of the fault matrix (spec/faults/rows/) in a loop's calls. Its server is spec.support.faults'.

describe("a loop's calls meet", function()
  require("spec.faults.suite")("thread", { setup = setup, teardown = teardown, it = it, skip = function(reason) pending(reason) end })
end)
