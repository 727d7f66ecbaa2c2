-- Lease one sink, so that no two workers deliver to it at once.
-- KEYS  sinks (hash), state (hash), lease (string), updates (stream)
-- ARGV  sink id, now (seconds since the epoch), lease (ms), owner, longest time that a sink waits (seconds)
-- Returns false for an unknown sink, one that waits for its receiver, or one that another owner has; else
-- {sink, failures, failing since or '', 1 if its group was lost with the stream and starts over, else 0}.
-- The same owner gets the lease again.
local sinks_key, state_key, lease_key, updates_key = unpack(KEYS)
local sink_id, now_s, lease_ms, owner, longest_wait_s = unpack(ARGV)
local sink = redis.call('HGET', sinks_key, sink_id)
if not sink then
  return false
end
local state = redis.call('HMGET', state_key, 'not_before', 'failures', 'failing_since')
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
local lost = 1
if redis.call('EXISTS', updates_key) == 1 then
  for _, group in ipairs(redis.call('XINFO', 'GROUPS', updates_key)) do
    if group[2] == sink_id then
      lost = 0
    end
  end
end
if lost == 1 then
  -- No event that the stream holds now was delivered to this sink.
  redis.call('XGROUP', 'CREATE', updates_key, sink_id, '0', 'MKSTREAM')
end
return {sink, tonumber(state[2] or '0'), state[3] or '', lost}
