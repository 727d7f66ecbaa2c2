-- Put providers into the catalogue and take others out, in one step.
-- KEYS  providers (hash), schedule (hash), due (sorted set), version (counter)
-- ARGV  key prefixes of pages, of seen-sets and of timings, origin whose absent providers are taken out ('' for none),
--       number of providers to take out by id, their ids...,
--       then per provider to put in: id, provider, schedule, first due time, slot of its host ('' for none)
-- A provider that stays keeps its due time. Returns {number added, number changed, number removed}.
local pages, seen, timings, origin, count = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local added, changed, removed = 0, 0, 0
local function remove(id)
  if redis.call('HDEL', KEYS[1], id) == 1 then
    redis.call('HDEL', KEYS[2], id)
    redis.call('ZREM', KEYS[3], id)
    redis.call('DEL', pages .. id, seen .. id, seen .. id .. ':before', timings .. id)
    removed = removed + 1
  end
end
for i = 6, 5 + count do
  remove(ARGV[i])
end
local wanted = {}
for i = 6 + count, #ARGV, 5 do
  local id, provider = ARGV[i], ARGV[i + 1]
  wanted[id] = true
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
if origin ~= '' then
  local all = redis.call('HGETALL', KEYS[1])
  for i = 1, #all, 2 do
    if not wanted[all[i]] and cjson.decode(all[i + 1]).origin == origin then
      remove(all[i])
    end
  end
end
if added + changed + removed > 0 then
  redis.call('INCR', KEYS[4])
end
return {added, changed, removed}
