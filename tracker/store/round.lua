-- Take the right to deliver to one sink, so that no two workers do at once.
-- KEYS  sinks (hash), state (hash), lease (string)
-- ARGV  sink id, now (seconds since the epoch), lease (ms), owner
-- Returns false for an unknown sink, one that waits for its receiver, or one that another owner has; else
-- {sink, failures, failing since or ''}. Asking again as the same owner gives the right again.
local sink = redis.call('HGET', KEYS[1], ARGV[1])
if not sink then
  return false
end
local state = redis.call('HMGET', KEYS[2], 'not_before', 'failures', 'failing_since')
if state[1] and tonumber(state[1]) > tonumber(ARGV[2]) then
  return false
end
local owner = redis.call('GET', KEYS[3])
if owner and owner ~= ARGV[4] then
  return false
end
redis.call('SET', KEYS[3], ARGV[4], 'PX', ARGV[3])
return {sink, tonumber(state[2] or '0'), state[3] or ''}
