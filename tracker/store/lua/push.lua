-- Make a page due at once, at most once per pause: a push within the pause makes it due at the end of the pause.
-- KEYS  due (sorted set), mark that the page was pushed (string, expires)
-- ARGV  provider id, now, pause (ms)
-- Returns 1 for a known page, else 0.
local due_key, pushed_key = unpack(KEYS)
local provider_id, now_s, pause_ms = unpack(ARGV)
local pause = tonumber(pause_ms)
local left = redis.call('PTTL', pushed_key)
if not redis.call('ZSCORE', due_key, provider_id) then
  return 0
end
if left > pause then
  return 1 -- one waits already
end
left = math.max(left, 0)
redis.call('SET', pushed_key, '1', 'PX', left + pause)
redis.call('ZADD', due_key, 'XX', 'LT', string.format('%.6f', tonumber(now_s) + left / 1000), provider_id)
return 1
