"""Keys and arguments of the Lua scripts in `tracker/store/lua`, as typed structs: one module for each concern."""
