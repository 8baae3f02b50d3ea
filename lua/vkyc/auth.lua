--- Authentication: the parts that a provider's table names. Secrets and what ages are applied to each attempt anew.

local core = require("vkyc.core").uncompiled()
local errors = require "vkyc.errors"

local M = {}

--- Prepares the parts of a client: options looked up, keys loaded once.
---@param provider table compiled
---@param credentials table the provider's options
---@return table|nil parts `fixed` of them are the same in every request
---@return table[]|nil faults of { path, message }
function M.prepare(provider, credentials)
  local parts, faults = { fixed = {} }, {}
  for _, part in ipairs(provider.spec.auth) do
    if part.part == "headers" then
      for header, option in pairs(part.headers) do
        local value = credentials[option]
        local list = type(value) == "string" and parts.fixed or parts
        if value ~= nil then
          list[#list + 1] = { kind = "header", name = header, value = value, option = option }
        end
      end
    elseif part.part == "bearer" then
      parts[#parts + 1] = { kind = "header", name = "Authorization", prefix = "Bearer ", value = credentials[part.token], option = part.token }
    elseif part.part == "rsa_oaep_timestamp" and credentials[part.key] then
      local key, reason = core.rsa_key_file(credentials[part.key])
      if key then
        parts[#parts + 1] = { kind = "rsa", name = part.header, key = key, id = credentials[part.id] }
      else
        faults[#faults + 1] = { path = part.key, message = reason }
      end
    elseif part.part == "oauth_password" then
      parts[#parts + 1] = { kind = "token" }
    end
  end
  return parts, #faults > 0 and faults or nil
end

local function header(request, name, value, prefix, option)
  local good, reason = request:header(name, value, prefix)
  if good then
    return true
  end
  return nil, errors.violations("config", { { path = option, rule = "charset", message = reason } })
end

--- The headers that every request of a client has, made once.
---@param client table
---@param has_body boolean
---@return userdata|nil request one that is never sent and only has these headers
---@return vkyc.Error|nil err
function M.head(client, has_body)
  local head = client.heads[has_body]
  if head then
    return head
  end
  head = core.raw_request("HEAD", client.options.base_url, "/")
  if has_body then
    head:header("Content-Type", "application/json")
  end
  head:header("Accept", "application/json")
  head:header("Accept-Encoding", "identity") -- without it a server may choose any; we decode none
  head:header("User-Agent", client.user_agent)
  for _, part in ipairs(client.parts.fixed) do
    local good, err = header(head, part.name, part.value, nil, part.option)
    if not good then
      return nil, err
    end
  end
  client.heads[has_body] = head
  return head
end

--- Signs a request: adds the headers of every part that is not fixed.
---@param call table
---@param request userdata
---@return true|nil
---@return vkyc.Error|nil err
function M.apply(call, request)
  local parts = call.client.parts
  for i = 1, #parts do
    local part = parts[i]
    local good, err = true, nil
    if part.kind == "header" then
      good, err = header(request, part.name, part.value, part.prefix, part.option)
    elseif part.kind == "rsa" then
      -- Encryption of "id.seconds" with the provider's key; good for minutes, so made for each attempt.
      local text, reason = part.key:encrypt(part.id .. "." .. string.format("%d", math.floor(call.host.wall())))
      if text then
        good, err = header(request, part.name, text, nil, "public_key_file")
      else
        good, err = nil, errors.new { kind = "config", message = "public_key_file: " .. reason }
      end
    elseif part.kind == "token" then
      local token
      token, err = call.client.tokens:get(call)
      if token then
        call.token, call.used = token, { call.used, token }
        good, err = header(request, "Authorization", token, "Bearer ", "the token")
      else
        good = nil
      end
    end
    if not good then
      return nil, err
    end
  end
  return true
end

return M
