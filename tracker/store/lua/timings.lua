-- Remember how far an output has delivered, and how long updates took: of each page the newest. May run twice.
-- KEYS  cursors (hash), providers (hash), lease of the record (hash)
-- ARGV  output, stream id, key prefix of timings, most timings of a page, fencing token ('' for none that is checked),
--       then per timing: provider id, milliseconds of its stream id, timing
-- Returns 0 when the lease is another's by now, else 1.
local cursors_key, providers_key, owned_key = unpack(KEYS)
local output, stream_id, latency_prefix, most_timings, token = unpack(ARGV, 1, 5)
local FIRST = 6
if token ~= '' and redis.call('HGET', owned_key, 'token') ~= token then
  return 0
end
redis.call('HSET', cursors_key, output, stream_id)
for i = FIRST, #ARGV, 3 do
  -- A page that was removed meanwhile would leave its timings behind forever.
  if redis.call('HEXISTS', providers_key, ARGV[i]) == 1 then
    local timings = latency_prefix .. ARGV[i]
    redis.call('ZADD', timings, ARGV[i + 1], ARGV[i + 2])
    redis.call('ZREMRANGEBYRANK', timings, 0, -tonumber(most_timings) - 1)
  end
end
return 1
