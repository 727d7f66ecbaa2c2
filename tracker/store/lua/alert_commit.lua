-- Keep what was decided about alerts, and with it how far the event stream was read: all of it or nothing.
-- What is to be sent is noted first and the events are acknowledged last: should the server refuse a command in the
-- middle, the events come again, and what is noted without an alert is passed over.
-- KEYS  lease (string), updates (stream), due times (sorted set), index (sorted set), storms (hash)
-- ARGV  owner, lease (ms), group, key prefixes of alerts, of rows and of what is ready, now (seconds),
--       {acks = {stream id...}, alerts = {{provider, id, alert, due or '', opened}...}, gone = {{provider, id, {channel...}}...},
--        ready = {{channel, id}...}, storms = {{cause, storm or ''}...}} as JSON
-- Returns 0 when another one has the lease or has acknowledged the events, else 1.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
local decided = cjson.decode(ARGV[8])
for _, id in ipairs(decided.acks) do
  if #redis.call('XPENDING', KEYS[2], ARGV[3], id, id, 1) == 0 then
    return 0
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
for _, ready in ipairs(decided.ready) do
  redis.call('ZADD', ARGV[6] .. ready[1], ARGV[7], ready[2])
end
for _, alert in ipairs(decided.alerts) do
  if alert[4] == '' then
    redis.call('ZREM', KEYS[3], alert[2])
  else
    redis.call('ZADD', KEYS[3], alert[4], alert[2])
  end
  redis.call('ZADD', KEYS[4], alert[5], alert[2])
  redis.call('HSET', ARGV[4] .. alert[1], alert[2], alert[3])
end
for _, gone in ipairs(decided.gone) do
  for _, channel in ipairs(gone[3]) do
    redis.call('ZREM', ARGV[6] .. channel, gone[2])
    redis.call('HDEL', ARGV[5] .. channel, gone[2])
  end
  redis.call('ZREM', KEYS[3], gone[2])
  redis.call('ZREM', KEYS[4], gone[2])
  redis.call('HDEL', ARGV[4] .. gone[1], gone[2])
end
for _, storm in ipairs(decided.storms) do
  if storm[2] == '' then
    redis.call('HDEL', KEYS[5], storm[1])
  else
    redis.call('HSET', KEYS[5], storm[1], storm[2])
  end
end
for _, id in ipairs(decided.acks) do
  redis.call('XACK', KEYS[2], ARGV[3], id)
end
return 1
