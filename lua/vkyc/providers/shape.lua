--- What a provider's table may hold, and an operation of it: checked by the same schemas as requests. docs/providers.md teaches both.

local core = require "vkyc.core"

local M = {}

local function text(name, required)
  return { name = name, type = "string", required = required }
end

local function texts(name, required)
  return { name = name, type = "array", min = 1, required = required, items = { type = "string" } }
end

local function object(name, fields, required)
  return { name = name, type = "object", fields = fields, required = required }
end

local function one_of(name, values)
  return { name = name, type = "enum", values = values, required = true }
end

local function list(name, fields)
  return { name = name, type = "array", required = true, items = { type = "object", fields = fields } }
end

M.provider = assert(core.schema {
  text("name", true),
  text("title"),
  object("environments", nil, true),
  list("options", {
    text("name", true),
    one_of("type", { "string", "secret", "secrets", "path", "date", "boolean" }),
    { name = "required", type = "boolean" },
    { name = "default", type = "any" },
    texts("values"),
  }),
  object("defaults"),
  list("auth", {
    one_of("part", { "headers", "bearer", "rsa_oaep_timestamp", "oauth_password" }),
    object("headers"),
    text("token"),
    text("header"),
    text("id"),
    text("key"),
  }),
  object("token", {
    { name = "basic", type = "array", min = 2, max = 2, items = { type = "string" } },
    list("form", { text("name", true), text("option"), text("value") }),
    texts("access_token", true),
    texts("expires_in_s", true),
    text("payload"),
    { name = "lifetime_s", type = "number", required = true, min = 1 },
    { name = "locks_out", type = "boolean" },
  }),
  object("envelope", { texts("code", true), { name = "success", type = "any", required = true }, texts("message"), text("payload", true) }),
  object("errors", { texts("type"), texts("code"), texts("message"), object("map"), text("outside_hours") }, true),
  object("rate_limit", { text("limit"), text("remaining"), text("reset_s"), text("retry_s") }),
  object("webhook", {
    one_of("scheme", { "hmac_sha256_base64" }),
    text("secret"),
    text("signature_header", true),
    text("timestamp_header", true),
    one_of("timestamp_unit", { "ms", "s" }),
    text("attempt_header"),
    text("version_header"),
    text("type", true),
    text("time"),
    text("data", true),
    texts("identifies", true),
    { name = "fields", type = "array" },
  }),
  object("hours", {
    { name = "open_h", type = "number", required = true, min = 0, max = 24 },
    { name = "close_h", type = "number", required = true, min = 0, max = 24 },
    { name = "offset_s", type = "number", required = true, min = -86400, max = 86400 },
    { name = "days", type = "array", required = true, min = 1, items = { type = "int", min = 1, max = 7 } },
  }),
  { name = "delivers_link", type = "boolean" },
  object("states", {
    texts("status", true),
    texts("sub_status"),
    text("expires_at"),
    text("expires_in_days"),
    { name = "zone_offset_s", type = "number" },
    object("levels"),
    text("terms"),
    object("table"),
    object("events"),
  }),
  object("aliases"),
  object("operations", nil, true),
})

M.operation = assert(core.schema {
  one_of("method", { "GET", "POST", "PUT", "PATCH", "DELETE" }),
  text("path"),
  text("path_option"),
  text("page"),
  text("read"),
  one_of("repeats", { "safe", "keyed", "never" }),
  text("repeats_option"),
  text("key"),
  text("read_back"),
  text("check"),
  texts("exists"),
  texts("missing"),
  texts("one_of"),
  object("fill"),
  { name = "request", type = "array", required = true },
  { name = "response", type = "array", required = true },
  { name = "envelope", type = "boolean" },
  { name = "stateless", type = "boolean" },
})

-- A row of states.table that is more than a word.
M.state = assert(core.schema {
  text("state", true),
  text("reason"),
  { name = "retryable", type = "boolean" },
  object("after"),
})

return M
