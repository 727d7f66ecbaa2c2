-- Put providers into the catalogue and take others out, in one step.
-- A server may refuse a command in the middle, and it may evict single keys. So each provider is written and removed in
-- an order in which a repetition ends what was begun, and one that is there already gets what it lacks.
-- KEYS  providers (hash), schedule (hash), due (sorted set), version (counter), generation (string), cursors (hash),
--       updates (stream), lease of the catalogue (hash), polls (hash)
-- ARGV  key prefixes of pages, of seen-sets and of timings, name of this generation of the data server if it has none,
--       '' to put in all, or how many seconds what was lost waits that is put back where it is missing: without
--       cursors and events the printer makes each page due that it has reminded of the record,
--       since when and until when the lost catalogue was seen whole ('' where nothing was lost),
--       fencing token ('' for none that is checked, '0' for a lease that nobody has),
--       number of providers to take out, the origin that those must be of ('' for any), their ids...,
--       then per provider to put in: id, provider, schedule, first due time, slot of its host ('' for none)
-- A provider that stays keeps its due time. Returns {number added, number changed, number removed,
-- number of due times and schedules that were missing}, or {} when the lease is another's by now.
local providers_key, schedule_key, due_key, version_key, generation_key, cursors_key, updates_key,
  owned_key, polls_key = unpack(KEYS)
local page_prefix, seen_prefix, latency_prefix, new_generation, waiting_s, watched_since_s, watched_until_s, token,
  removed_count, removed_origin = unpack(ARGV, 1, 10)
local FIRST = 11
if token ~= '' and (redis.call('HGET', owned_key, 'token') or '0') ~= token then
  return {}
end
local keeps, first_added = waiting_s ~= '', FIRST + tonumber(removed_count)
local waits = 0
if keeps and (redis.call('EXISTS', cursors_key) == 0 or redis.call('XLEN', updates_key) == 0) then
  waits = tonumber(waiting_s)
end
local added, changed, removed, mended = 0, 0, 0, 0
local is_noted = false
-- Workers keep providers as long as the version is the same: it moves before any of them does. So that it does not come
-- again with other providers on a server that was rolled back, it is no less than the time in microseconds.
local function note()
  if not is_noted then
    is_noted = true
    local time = redis.call('TIME')
    local version = math.max((redis.call('GET', version_key) or 0) + 1, time[1] * 1000000 + time[2])
    redis.call('SET', version_key, string.format('%.0f', version))
  end
end
if waits > 0 and watched_until_s ~= '' and redis.call('EXISTS', generation_key) == 0 then
  redis.call('HSET', polls_key, 'watched_since', watched_since_s, 'watched_until', watched_until_s)
end
redis.call('SET', generation_key, new_generation, 'NX')
for i = FIRST, first_added - 1 do
  local id = ARGV[i]
  local provider = redis.call('HGET', providers_key, id)
  if provider and (removed_origin == '' or cjson.decode(provider).origin == removed_origin) then
    note()
    redis.call('HDEL', schedule_key, id)
    redis.call('ZREM', due_key, id)
    redis.call('DEL', page_prefix .. id, seen_prefix .. id, seen_prefix .. id .. ':before', latency_prefix .. id)
    redis.call('HDEL', providers_key, id)
    removed = removed + 1
  end
end
for i = first_added, #ARGV, 5 do
  local id, provider = ARGV[i], ARGV[i + 1]
  local before = redis.call('HGET', providers_key, id)
  if before ~= provider and not (before and keeps) then
    note()
    redis.call('HSET', schedule_key, id, ARGV[i + 2])
    if ARGV[i + 4] ~= '' then
      redis.call('HSET', page_prefix .. id, 'slot', ARGV[i + 4])
    elseif before then
      redis.call('HDEL', page_prefix .. id, 'slot')
    end
    if before then
      changed = changed + 1
      redis.call('ZADD', due_key, ARGV[i + 3], id)
    else
      added = added + 1
      redis.call('ZADD', due_key, 'NX', string.format('%.6f', tonumber(ARGV[i + 3]) + waits), id)
    end
    redis.call('HSET', providers_key, id, provider)
  else
    mended = mended + redis.call('HSETNX', schedule_key, id, ARGV[i + 2])
      + redis.call('ZADD', due_key, 'NX', ARGV[i + 3], id)
  end
end
if mended > 0 or redis.call('EXISTS', version_key) == 0 then
  note()
end
return {added, changed, removed, mended}
