-- What Lua 5.1, 5.2, 5.3, 5.4 and LuaJIT have in common, read only; the host's globals are reached with rawget(_G, "ngx").
std = "min"
max_line_length = 160
exclude_files = { "build", "build.luarocks" }

files["spec"].std = "max+busted"
files["sandbox"].std = "min+ngx_lua"
files["bench"].std = "max"
files["*.rockspec"].std = "rockspec"
files[".busted"].std = "min"
