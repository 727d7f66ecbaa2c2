-- Write the cursor of an output, and the newest timings of updates for each page. A repetition is harmless.
-- KEYS  cursors (hash), providers (hash), lease of the record (hash)
-- ARGV  output, stream id, key prefix of timings, most timings of a page, fencing token ('' for no check),
--       then per timing: provider id, milliseconds of its stream id, timing
-- Returns 0 when the lease has passed to another owner, else 1.
local cursors_key, providers_key, owned_key = unpack(KEYS)
local output, stream_id, latency_prefix, most_timings, token = unpack(ARGV, 1, 5)
local FIRST = 6
if token ~= '' and redis.call('HGET', owned_key, 'token') ~= token then
  return 0
end
redis.call('HSET', cursors_key, output, stream_id)
for i = FIRST, #ARGV, 3 do
  -- The timings of a page that was removed meanwhile would stay forever.
  if redis.call('HEXISTS', providers_key, ARGV[i]) == 1 then
    local timings = latency_prefix .. ARGV[i]
    redis.call('ZADD', timings, ARGV[i + 1], ARGV[i + 2])
    redis.call('ZREMRANGEBYRANK', timings, 0, -tonumber(most_timings) - 1)
  end
end
return 1
