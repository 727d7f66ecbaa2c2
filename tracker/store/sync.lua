-- Put providers into the catalogue and take others out, in one step.
-- KEYS  providers (hash), schedule (hash), due (sorted set), version (counter)
-- ARGV  key prefixes of pages, of seen-sets and of timings,
--       number of providers to take out, the origin that those must be of ('' for any), their ids...,
--       then per provider to put in: id, provider, schedule, first due time, slot of its host ('' for none)
-- A provider that stays keeps its due time. Returns {number added, number changed, number removed}.
local pages, seen, timings, count, origin = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
local added, changed, removed = 0, 0, 0
for i = 6, 5 + count do
  local id = ARGV[i]
  local provider = redis.call('HGET', KEYS[1], id)
  if provider and (origin == '' or cjson.decode(provider).origin == origin) then
    redis.call('HDEL', KEYS[1], id)
    redis.call('HDEL', KEYS[2], id)
    redis.call('ZREM', KEYS[3], id)
    redis.call('DEL', pages .. id, seen .. id, seen .. id .. ':before', timings .. id)
    removed = removed + 1
  end
end
for i = 6 + count, #ARGV, 5 do
  local id, provider = ARGV[i], ARGV[i + 1]
  local before = redis.call('HGET', KEYS[1], id)
  if before ~= provider then
    redis.call('HSET', KEYS[1], id, provider)
    redis.call('HSET', KEYS[2], id, ARGV[i + 2])
    if ARGV[i + 4] ~= '' then
      redis.call('HSET', pages .. id, 'slot', ARGV[i + 4])
    elseif before then
      redis.call('HDEL', pages .. id, 'slot')
    end
    if before then
      changed = changed + 1
      redis.call('ZADD', KEYS[3], ARGV[i + 3], id)
    else
      added = added + 1
    end
  end
  redis.call('ZADD', KEYS[3], 'NX', ARGV[i + 3], id)
end
if added + changed + removed > 0 then
  redis.call('INCR', KEYS[4])
end
return {added, changed, removed}
