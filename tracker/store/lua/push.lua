-- Have a page asked at once, but no more than once in a while: what is pushed meanwhile has it asked right after that.
-- KEYS  due (sorted set), that the page was pushed (string, runs out)
-- ARGV  provider id, now, least milliseconds between two such fetches
-- Returns 1 if there is such a page, else 0.
local pause = tonumber(ARGV[3])
local left = redis.call('PTTL', KEYS[2])
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  return 0
end
if left > pause then
  return 1 -- one waits already
end
left = math.max(left, 0)
redis.call('SET', KEYS[2], '1', 'PX', left + pause)
redis.call('ZADD', KEYS[1], 'XX', 'LT', string.format('%.6f', tonumber(ARGV[2]) + left / 1000), ARGV[1])
return 1
