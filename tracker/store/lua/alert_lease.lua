-- Lease one channel, so that no two senders send to it at once. The same owner gets the lease again.
-- KEYS  lease (string), state of the channel (hash)
-- ARGV  owner, lease (ms), now (seconds), longest time that a channel waits (seconds)
-- Returns false for a channel that another owner has or that waits, else {failures, failing since or ''}.
local lease_key, channel_key = unpack(KEYS)
local owner, lease_ms, now_s, longest_wait_s = unpack(ARGV)
local state = redis.call('HMGET', channel_key, 'not_before', 'failures', 'failing_since')
local left = tonumber(state[1] or '0') - tonumber(now_s)
-- A time farther ahead was written by a wrong clock.
if left > 0 and left <= tonumber(longest_wait_s) then
  return false
end
local holder = redis.call('GET', lease_key)
if holder and holder ~= owner then
  return false
end
redis.call('SET', lease_key, owner, 'PX', lease_ms)
return {tonumber(state[2] or '0'), state[3] or ''}
