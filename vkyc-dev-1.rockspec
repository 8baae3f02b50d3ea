rockspec_format = "3.0"
package = "vkyc"
version = "dev-1"
source = {
  url = "git+file://.",
}
description = {
  summary = "Video KYC from Lua: initiate, follow a case to its decision, verify webhooks",
  detailed = [[
A Lua module with a C core for the Video KYC interfaces of Cashfree and Enkash. Tables go in and tables come out;
retries never start Video KYC twice; it runs in a plain script, in nginx and in a game or device loop.
The simulator also needs lua-cjson; require "vkyc" does not.]],
  license = "MIT",
  labels = { "kyc", "http", "openresty" },
}
supported_platforms = { "unix" }
dependencies = {
  "lua >= 5.1",
}
build = {
  type = "cmake",
  variables = {
    LUA_INCDIR = "$(LUA_INCDIR)",
    LIBDIR = "$(LIBDIR)",
    LUADIR = "$(LUADIR)",
  },
  copy_directories = {},
}
test_dependencies = {
  "busted >= 2.0",
  "lua-cjson >= 2.1",
  "luasocket >= 3.0",
}
test = {
  type = "busted",
}
