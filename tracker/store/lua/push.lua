-- Have a page asked at once, but no more than once in a while: what is pushed meanwhile has it asked right after that.
-- KEYS  due (sorted set), that the page was pushed (string, runs out)
-- ARGV  provider id, now, least milliseconds between two such fetches
-- Returns 1 if there is such a page, else 0.
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
