-- Write the row of an alert before or after a message to a channel, and prolong the lease. A repetition is harmless.
-- An alert that has changed since it was read stays ready.
-- KEYS  lease (string), state of the channel (hash), rows (hash), ready (sorted set), alerts of the provider (hash),
--       dead letters (sorted set), entries that the journal lacks (sorted set), changes (counter)
-- ARGV  owner, lease (ms), now (seconds), alert id, name of the row in the journal, row, 1 if a message of it was given
--       up, digest of the alert that was read, next time for the alert ('' for never, 'keep' for no change),
--       failures ('' to leave the channel as it is), failing since, not before, error ('' for none each),
--       1 if the channel accepted a message
-- Returns 0 when the lease has ended, else 1.
local lease_key, channel_key, rows_key, ready_key, alerts_key, dead_key, unwritten_key, changes_key = unpack(KEYS)
local owner, lease_ms, now_s, alert_id, row_id, row, is_dead, alert_digest, again_at, failures, failing_since_s,
  not_before_s, error_text, is_delivery = unpack(ARGV)
local holder = redis.call('GET', lease_key)
if holder ~= owner then
  -- Late, but no other owner has taken over: the service still gets the pause that it asked for.
  if not holder and not_before_s ~= '' then
    local known = redis.call('HGET', channel_key, 'not_before')
    if tonumber(known or '0') < tonumber(not_before_s) then
      redis.call('HSET', channel_key, 'not_before', not_before_s)
    end
  end
  return 0
end
redis.call('PEXPIRE', lease_key, lease_ms)
redis.call('HSET', rows_key, alert_id, row)
redis.call('ZADD', unwritten_key, redis.call('INCR', changes_key), row_id)
if is_dead == '1' then
  redis.call('ZADD', dead_key, 'NX', now_s, alert_id)
else
  redis.call('ZREM', dead_key, alert_id)
end
if again_at ~= 'keep' then
  local alert = redis.call('HGET', alerts_key, alert_id)
  if alert and redis.sha1hex(alert) ~= alert_digest then
    redis.call('ZADD', ready_key, now_s, alert_id)
  elseif again_at ~= '' then
    redis.call('ZADD', ready_key, again_at, alert_id)
  else
    redis.call('ZREM', ready_key, alert_id)
  end
end
if failures ~= '' then
  redis.call('HSET', channel_key, 'failures', failures)
  for field, value in pairs({failing_since = failing_since_s, not_before = not_before_s}) do
    if value == '' then
      redis.call('HDEL', channel_key, field)
    else
      redis.call('HSET', channel_key, field, value)
    end
  end
  if error_text ~= '' then
    redis.call('HSET', channel_key, 'last_error', error_text, 'last_error_at', now_s)
  end
  if is_delivery == '1' then
    redis.call('HINCRBY', channel_key, 'delivered', 1)
    redis.call('HSET', channel_key, 'last_delivered_at', now_s)
  end
end
return 1
