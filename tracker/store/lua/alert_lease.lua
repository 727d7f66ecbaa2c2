-- Take the right to send to one channel, so that no two senders do at once. Asking again as the same owner gives it again.
-- KEYS  lease (string), state of the channel (hash)
-- ARGV  owner, lease (ms), now (seconds)
-- Returns false for a channel that another one has or that waits, else {failures, failing since or ''}.
local lease_key, channel_key = unpack(KEYS)
local owner, lease_ms, now_s = unpack(ARGV)
local state = redis.call('HMGET', channel_key, 'not_before', 'failures', 'failing_since')
if state[1] and tonumber(state[1]) > tonumber(now_s) then
  return false
end
local holder = redis.call('GET', lease_key)
if holder and holder ~= owner then
  return false
end
redis.call('SET', lease_key, owner, 'PX', lease_ms)
return {tonumber(state[2] or '0'), state[3] or ''}
