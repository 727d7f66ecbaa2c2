-- Write down what is being sent to a channel, or what became of it, and keep the lease. Repeating is harmless.
-- An alert that was decided about since it was read stays ready.
-- KEYS  lease (string), state of the channel (hash), rows (hash), ready (sorted set), alerts of the provider (hash)
-- ARGV  owner, lease (ms), now (seconds), alert id, row, digest of the alert that was read,
--       when it is looked at again ('' for never, 'keep' for what is there)
--       failures ('' to leave the channel as it is), failing since, not before, error ('' for none each), 1 if it took a message
-- Returns 0 when another one has the lease by now, else 1.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('HSET', KEYS[3], ARGV[4], ARGV[5])
if ARGV[7] ~= 'keep' then
  local alert = redis.call('HGET', KEYS[5], ARGV[4])
  if alert and redis.sha1hex(alert) ~= ARGV[6] then
    redis.call('ZADD', KEYS[4], ARGV[3], ARGV[4])
  elseif ARGV[7] ~= '' then
    redis.call('ZADD', KEYS[4], ARGV[7], ARGV[4])
  else
    redis.call('ZREM', KEYS[4], ARGV[4])
  end
end
if ARGV[8] ~= '' then
  redis.call('HSET', KEYS[2], 'failures', ARGV[8])
  for field, value in pairs({failing_since = ARGV[9], not_before = ARGV[10]}) do
    if value == '' then
      redis.call('HDEL', KEYS[2], field)
    else
      redis.call('HSET', KEYS[2], field, value)
    end
  end
  if ARGV[11] ~= '' then
    redis.call('HSET', KEYS[2], 'last_error', ARGV[11], 'last_error_at', ARGV[3])
  end
  if ARGV[12] == '1' then
    redis.call('HINCRBY', KEYS[2], 'delivered', 1)
    redis.call('HSET', KEYS[2], 'last_delivered_at', ARGV[3])
  end
end
return 1
