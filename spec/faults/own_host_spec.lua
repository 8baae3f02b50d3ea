-- Every row of the fault matrix (spec/faults/rows/) in the calls of a host of one's own. Its server is spec.support.faults'.

describe("the calls of a host of one's own meet", function()
  require("spec.faults.suite")("own", { setup = setup, teardown = teardown, it = it, skip = function(reason) pending(reason) end })
end)
