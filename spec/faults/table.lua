--- The whole table: all rows, in the order of the matrix.

local FILES = { "network", "slow", "tls", "framing", "compression", "redirects", "http2", "status", "body", "input", "webhook", "lifecycle" }

local M = { rows = {}, by_id = {} }

--- How many cases of the matrix each letter has.
M.CASES = { A = 12, B = 9, C = 14, D = 22, E = 4, F = 8, G = 9, H = 13, I = 14, J = 13, K = 14, L = 11 }

for _, file in ipairs(FILES) do
  for _, row in ipairs(require("spec.faults.rows." .. file)) do
    M.rows[#M.rows + 1] = row
    row.title = row.id .. " " .. row.name
  end
end

--- A row by its title, which is one of a kind.
function M.find(title)
  for _, row in ipairs(M.rows) do
    if row.title == title then
      return row
    end
  end
end

--- Why a transport has no test of a row; nil when it has one, which may still skip and say why.
function M.left_out(row, transport)
  if row.pure and (transport == "thread" or transport == "own") then
    return "no call is made, so that there is no transport to tell apart: once in a script, once in nginx"
  elseif transport ~= "inline" and (row.once or row.elsewhere) then
    return row.once or row.why or true
  end
  return nil
end

return M
