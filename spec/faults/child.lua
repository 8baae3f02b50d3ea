--- One row in a process of its own (suite.lua): it starts its own servers, because its network or its environment is another one.

local clocks = require("spec.faults.clocks")
local faults = require("spec.support.faults")
local runner = require("spec.faults.runner")
local seats = require("spec.faults.seats")
local shape = require("spec.faults.table")

---@param transport string
---@param title string of a row
---@return string "fine", or why not
return function(transport, title)
  local row = runner.view(shape.find(title), transport)
  local server = assert(faults.start(120))
  clocks.tell_nginx(row.child.clock)
  local seat = seats[transport].new(server, 120, row.child.resolver)
  local fine, reason = pcall(runner.run, row, seat, server)
  seat:stop()
  server:stop()
  return fine and "fine" or tostring(reason)
end
