-- Remember how far an output has delivered, and how long updates took: of each page the newest. May run twice.
-- KEYS  cursors (hash), providers (hash)
-- ARGV  output, stream id, key prefix of timings, most timings of a page, then per timing: provider id, milliseconds of
--       its stream id, timing
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
for i = 5, #ARGV, 3 do
  -- A page that was removed meanwhile would leave its timings behind for ever.
  if redis.call('HEXISTS', KEYS[2], ARGV[i]) == 1 then
    local timings = ARGV[3] .. ARGV[i]
    redis.call('ZADD', timings, ARGV[i + 1], ARGV[i + 2])
    redis.call('ZREMRANGEBYRANK', timings, 0, -tonumber(ARGV[4]) - 1)
  end
end
