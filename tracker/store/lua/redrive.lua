-- Put a sink's dead letters back for delivery, oldest first, and let the sink try at once.
-- KEYS  dead letters (stream), letters put back (stream), state (hash)
-- Returns how many there were. What the server refuses in the middle leaves the letters where they were.
local dead_key, again_key, state_key = unpack(KEYS)
local letters = redis.call('XRANGE', dead_key, '-', '+')
local copies = {}
local function move()
  for _, letter in ipairs(letters) do
    copies[#copies + 1] = redis.call('XADD', again_key, '*', unpack(letter[2]))
  end
  redis.call('DEL', dead_key)
end
local is_moved, refusal = pcall(move)
if not is_moved then
  for _, copy in ipairs(copies) do
    redis.pcall('XDEL', again_key, copy)
  end
  error(refusal, 0)
end
redis.call('HDEL', state_key, 'not_before')
return #letters
