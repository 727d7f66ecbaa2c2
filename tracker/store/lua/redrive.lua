-- Put a sink's dead letters back for delivery, oldest first, and let the sink try at once.
-- KEYS  dead letters (stream), letters put back (stream), state (hash)
-- Returns how many there were. What the server refuses in the middle leaves the letters where they were.
local letters = redis.call('XRANGE', KEYS[1], '-', '+')
local copies = {}
local function move()
  for _, letter in ipairs(letters) do
    copies[#copies + 1] = redis.call('XADD', KEYS[2], '*', unpack(letter[2]))
  end
  redis.call('DEL', KEYS[1])
end
local is_moved, refusal = pcall(move)
if not is_moved then
  for _, copy in ipairs(copies) do
    redis.pcall('XDEL', KEYS[2], copy)
  end
  error(refusal, 0)
end
redis.call('HDEL', KEYS[3], 'not_before')
return #letters
