-- Redrive a sink's dead letters, oldest first, and let the sink try at once.
-- KEYS  dead letters (stream), redriven letters (stream), state (hash)
-- Returns the number of letters. If the server refuses a command in the middle, the letters stay where they were.
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
