--- What is known of a result beside its fields: a table by itself, because results mirror the provider and hold nothing else.

local M = {}

-- result -> record; weak, so that a record goes with its result.
local records = setmetatable({}, { __mode = "k" })

---@class vkyc.Record
---@field states table the provider's compiled states
---@field operation? string
---@field event? string type of a webhook event
---@field data? table the table that carries the status (an event's data)
---@field received_at number Unix seconds
---@field raw? string the body, only with keep_raw

---@param result table
---@param record vkyc.Record
---@return table result
function M.remember(result, record)
  records[result] = record
  return result
end

---@param result table
---@return vkyc.Record|nil
function M.record(result)
  return records[result]
end

---@class vkyc.Meta
---@field attempts integer requests sent for this call, reading back included
---@field elapsed_s number
---@field status integer HTTP status
---@field call_id string
---@field request_id? string
---@field rate_limit? { limit: number?, remaining: number?, reset_s: number? }
---@field headers? table<string, string> those that the option response_headers lists
---@field envelope? { code: any, message: string? }
---@field reconciled? true the answer was lost and the record read back
---@field mismatches? string[] paths of fields of another type than documented
---@field retries? string[] why each further request was sent

local META = {
  "attempts", "elapsed_s", "status", "call_id", "request_id", "rate_limit", "headers", "envelope", "reconciled", "mismatches", "retries",
}

--- How a result came about.
---@param result table of a call, or an event
---@return vkyc.Meta|nil nil for a table that did not come from this module
function M.meta(result)
  local record = records[result]
  if not record then
    return nil
  end
  local meta = {}
  for _, name in ipairs(META) do
    meta[name] = record[name]
  end
  return meta
end

--- The body of the answer as it came, kept only by a client with `keep_raw = true`.
---@param result table
---@return string|nil
function M.raw(result)
  local record = records[result]
  return record and record.raw
end

return M
