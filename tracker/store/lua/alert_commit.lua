-- Write the decisions about alerts, and with them the position in the event stream: all of it or nothing.
-- Pending messages are written first and the events are acknowledged last: if the server refuses a command in the
-- middle, the events come again, and a pending message without an alert is skipped.
-- KEYS  lease (string), updates (stream), due times (sorted set), index (sorted set), storms (hash), open alerts (sorted
--       set), facts of open alerts (hash), ended alerts (sorted set), entries that the journal lacks (sorted set),
--       changes (counter)
-- ARGV  owner, lease (ms), group, key prefixes of alerts, of rows, of ready alerts and of dead letters, now (seconds),
--       {acks = {stream id...}, alerts = {{provider, id, alert, due or '', opened, closed or '', facts}...},
--        gone = {{provider, id, {channel...}}...}, ready = {{channel, id}...}, storms = {{cause, storm or ''}...}} as JSON
-- Returns 0 when another owner has the lease or has acknowledged the events, else 1.
local lease_key, updates_key, due_key, index_key, storms_key, open_key, facts_key, over_key, unwritten_key,
  changes_key = unpack(KEYS)
local owner, lease_ms, group, alerts_prefix, rows_prefix, ready_prefix, dead_prefix, now_s, payload = unpack(ARGV)
if redis.call('GET', lease_key) ~= owner then
  return 0
end
local decided = cjson.decode(payload)
local function is_unwritten(name)
  redis.call('ZADD', unwritten_key, redis.call('INCR', changes_key), name)
end
for _, id in ipairs(decided.acks) do
  if #redis.call('XPENDING', updates_key, group, id, id, 1) == 0 then
    return 0
  end
end
redis.call('PEXPIRE', lease_key, lease_ms)
for _, ready in ipairs(decided.ready) do
  redis.call('ZADD', ready_prefix .. ready[1], now_s, ready[2])
end
for _, alert in ipairs(decided.alerts) do
  if alert[4] == '' then
    redis.call('ZREM', due_key, alert[2])
  else
    redis.call('ZADD', due_key, alert[4], alert[2])
  end
  redis.call('ZADD', index_key, alert[5], alert[2])
  if alert[6] == '' then
    redis.call('ZREM', over_key, alert[2])
    redis.call('ZADD', open_key, alert[5], alert[2])
    redis.call('HSET', facts_key, alert[2], alert[7])
  else
    redis.call('ZREM', open_key, alert[2])
    redis.call('HDEL', facts_key, alert[2])
    redis.call('ZADD', over_key, alert[6], alert[2])
  end
  is_unwritten(alert[2])
  redis.call('HSET', alerts_prefix .. alert[1], alert[2], alert[3])
end
for _, gone in ipairs(decided.gone) do
  for _, channel in ipairs(gone[3]) do
    redis.call('ZREM', ready_prefix .. channel, gone[2])
    redis.call('HDEL', rows_prefix .. channel, gone[2])
    redis.call('ZREM', dead_prefix .. channel, gone[2])
    is_unwritten(channel .. ' ' .. gone[2])
  end
  for _, key in ipairs({due_key, index_key, open_key, over_key}) do
    redis.call('ZREM', key, gone[2])
  end
  redis.call('HDEL', facts_key, gone[2])
  is_unwritten(gone[2])
  redis.call('HDEL', alerts_prefix .. gone[1], gone[2])
end
for _, storm in ipairs(decided.storms) do
  if storm[2] == '' then
    redis.call('HDEL', storms_key, storm[1])
  else
    redis.call('HSET', storms_key, storm[1], storm[2])
  end
end
for _, id in ipairs(decided.acks) do
  redis.call('XACK', updates_key, group, id)
end
return 1
