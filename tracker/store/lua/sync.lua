-- Put providers into the catalogue and take others out, in one step.
-- A server may refuse a command in the middle, and it may evict single keys. So each provider is written and removed in
-- an order in which a repetition ends what was begun, and one that is there already gets what it lacks.
-- KEYS  providers (hash), schedule (hash), due (sorted set), version (counter), generation (string), cursors (hash),
--       updates (stream)
-- ARGV  key prefixes of pages, of seen-sets and of timings, name of this generation of the data server if it has none yet,
--       '' to put in all, or how many seconds what was lost waits that is put back where it is missing: without
--       cursors and events the printer makes each page due that it has reminded of the record,
--       number of providers to take out, the origin that those must be of ('' for any), their ids...,
--       then per provider to put in: id, provider, schedule, first due time, slot of its host ('' for none)
-- A provider that stays keeps its due time. Returns {number added, number changed, number removed,
-- number of due times and schedules that were missing}.
local FIXED = 7
local pages, seen, timings = ARGV[1], ARGV[2], ARGV[3]
local keeps, count, origin = ARGV[5] ~= '', tonumber(ARGV[6]), ARGV[7]
local waits = 0
if keeps and (redis.call('EXISTS', KEYS[6]) == 0 or redis.call('XLEN', KEYS[7]) == 0) then
  waits = tonumber(ARGV[5])
end
local added, changed, removed, mended = 0, 0, 0, 0
local is_noted = false
-- Workers keep providers as long as the version is the same: it moves before any of them does. So that it does not come
-- again with other providers on a server that was rolled back, it is no less than the time in microseconds.
local function note()
  if not is_noted then
    is_noted = true
    local time = redis.call('TIME')
    local version = math.max((redis.call('GET', KEYS[4]) or 0) + 1, time[1] * 1000000 + time[2])
    redis.call('SET', KEYS[4], string.format('%.0f', version))
  end
end
redis.call('SET', KEYS[5], ARGV[4], 'NX')
for i = FIXED + 1, FIXED + count do
  local id = ARGV[i]
  local provider = redis.call('HGET', KEYS[1], id)
  if provider and (origin == '' or cjson.decode(provider).origin == origin) then
    note()
    redis.call('HDEL', KEYS[2], id)
    redis.call('ZREM', KEYS[3], id)
    redis.call('DEL', pages .. id, seen .. id, seen .. id .. ':before', timings .. id)
    redis.call('HDEL', KEYS[1], id)
    removed = removed + 1
  end
end
for i = FIXED + 1 + count, #ARGV, 5 do
  local id, provider = ARGV[i], ARGV[i + 1]
  local before = redis.call('HGET', KEYS[1], id)
  if before ~= provider and not (before and keeps) then
    note()
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
      redis.call('ZADD', KEYS[3], 'NX', string.format('%.6f', tonumber(ARGV[i + 3]) + waits), id)
    end
    redis.call('HSET', KEYS[1], id, provider)
  else
    mended = mended + redis.call('HSETNX', KEYS[2], id, ARGV[i + 2]) + redis.call('ZADD', KEYS[3], 'NX', ARGV[i + 3], id)
  end
end
if mended > 0 or redis.call('EXISTS', KEYS[4]) == 0 then
  note()
end
return {added, changed, removed, mended}
