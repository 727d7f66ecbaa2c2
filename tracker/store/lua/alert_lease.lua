-- Take the right to send to one channel, so that no two senders do at once. Asking again as the same owner gives it again.
-- KEYS  lease (string), state of the channel (hash)
-- ARGV  owner, lease (ms), now (seconds)
-- Returns false for a channel that another one has or that waits, else {failures, failing since or ''}.
local state = redis.call('HMGET', KEYS[2], 'not_before', 'failures', 'failing_since')
if state[1] and tonumber(state[1]) > tonumber(ARGV[3]) then
  return false
end
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then
  return false
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {tonumber(state[2] or '0'), state[3] or ''}
