--- Runs the code that a spec posted to nginx (nginx.lua), and answers with what it returns.

local cjson = require("cjson").new()

local ngx = rawget(_G, "ngx")

cjson.encode_sparse_array(true)

return function()
  ngx.req.read_body()
  local body = ngx.req.get_body_data()
  if not body then
    local file = assert(io.open(ngx.req.get_body_file(), "rb"))
    body = file:read("*a")
    file:close()
  end
  local job = cjson.decode(body)
  local fn, reason = loadstring(job.code)
  local fine, value = false, reason
  if fn then
    fine, value = pcall(fn, job.args)
  end
  ngx.header["Content-Type"] = "application/json"
  ngx.print(cjson.encode(fine and { value = value } or { raised = tostring(value) }))
end
