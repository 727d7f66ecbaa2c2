-- Write the disposition of one delivery, and prolong the lease. Refused when the lease has ended.
-- KEYS  lease (string), state (hash), where the event waits (stream), dead letters (stream)
-- ARGV  owner, lease (ms), now, group ('' for redriven letters, which are deleted), stream id,
--       disposition ('accepted', 'buried', 'postponed'), failures, failing since, not before and reason ('' for
--       none), event, most dead letters that are kept
-- Returns 0 for a refusal, else 1. A repetition is harmless: an event is acknowledged and counted once. A dead letter
-- is written before its event is acknowledged: a refusal of the server in the middle loses neither.
local lease_key, state_key, waiting_key, dead_key = unpack(KEYS)
local owner, lease_ms, now_s, group, stream_id, disposition,
  failures, failing_since_s, not_before_s, reason, event, most_dead = unpack(ARGV)
local holder = redis.call('GET', lease_key)
if holder ~= owner then
  -- Late, but no other owner has taken over: the receiver still gets the pause that it asked for.
  -- A removed sink has no state and gets none.
  if not holder and not_before_s ~= '' and redis.call('EXISTS', state_key) == 1 then
    local known = redis.call('HGET', state_key, 'not_before')
    if tonumber(known or '0') < tonumber(not_before_s) then
      redis.call('HSET', state_key, 'not_before', not_before_s)
    end
  end
  return 0
end
redis.call('PEXPIRE', lease_key, lease_ms)
local function waits()
  if group == '' then
    return #redis.call('XRANGE', waiting_key, stream_id, stream_id) == 1
  end
  return #redis.call('XPENDING', waiting_key, group, stream_id, stream_id, 1) == 1
end
local function acknowledge()
  if group == '' then
    return redis.call('XDEL', waiting_key, stream_id)
  end
  return redis.call('XACK', waiting_key, group, stream_id)
end
local settled = 0
if disposition == 'accepted' then
  settled = acknowledge()
elseif disposition == 'buried' and waits() then
  local letter = redis.call('XADD', dead_key, 'MAXLEN', most_dead, '*', 'event', event, 'reason', reason)
  local is_acknowledged, refusal = pcall(acknowledge)
  if not is_acknowledged then
    redis.pcall('XDEL', dead_key, letter)
    error(refusal, 0)
  end
end
redis.call('HSET', state_key, 'failures', failures)
for field, value in pairs({failing_since = failing_since_s, not_before = not_before_s}) do
  if value == '' then
    redis.call('HDEL', state_key, field)
  else
    redis.call('HSET', state_key, field, value)
  end
end
if reason ~= '' then
  redis.call('HSET', state_key, 'last_error', reason, 'last_error_at', now_s)
end
if disposition == 'accepted' and settled == 1 then
  redis.call('HINCRBY', state_key, 'delivered', 1)
  redis.call('HSET', state_key, 'last_delivered_at', now_s)
end
return 1
