-- Remember how far an output has delivered, and how long updates took: of each page the newest. May run twice.
-- KEYS  cursors (hash), providers (hash)
-- ARGV  output, stream id, key prefix of timings, most timings of a page, then per timing: provider id, milliseconds of
--       its stream id, timing
local cursors_key, providers_key = unpack(KEYS)
local output, stream_id, latency_prefix, most_timings = unpack(ARGV, 1, 4)
local FIRST = 5
redis.call('HSET', cursors_key, output, stream_id)
for i = FIRST, #ARGV, 3 do
  -- A page that was removed meanwhile would leave its timings behind for ever.
  if redis.call('HEXISTS', providers_key, ARGV[i]) == 1 then
    local timings = latency_prefix .. ARGV[i]
    redis.call('ZADD', timings, ARGV[i + 1], ARGV[i + 2])
    redis.call('ZREMRANGEBYRANK', timings, 0, -tonumber(most_timings) - 1)
  end
end
