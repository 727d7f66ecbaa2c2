-- Put a sink's dead letters back for delivery, oldest first, and let the sink try at once.
-- KEYS  dead letters (stream), letters put back (stream), state (hash)
-- Returns how many there were.
local letters = redis.call('XRANGE', KEYS[1], '-', '+')
for _, letter in ipairs(letters) do
  redis.call('XADD', KEYS[2], '*', unpack(letter[2]))
end
redis.call('DEL', KEYS[1])
redis.call('HDEL', KEYS[3], 'not_before')
return #letters
