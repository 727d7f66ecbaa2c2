-- Replace the sinks by those of a file, or restore sinks that the data server has lost, in one step. Each sink has a
-- consumer group of its name. The group of a new sink begins with the next event, that of a lost sink with all events
-- in the stream. A sink that waits for its receiver tries again at once.
-- A server may refuse a command in the middle. So a sink is written after its group, and removed after its group.
-- KEYS  sinks (hash id -> sink), updates (stream), version of the catalogue (counter), lease of the catalogue (hash)
-- ARGV  key prefixes of states, leases, dead letters and redriven letters, 'sync' or 'restore', fencing token
--       ('' for no check, '0' for a lease without an owner), then pairs of id and sink
-- Returns {number added, number changed, number removed}, or {} when the lease has passed to another owner.
local sinks_key, updates_key, version_key, owned_key = unpack(KEYS)
local state_prefix, lease_prefix, dead_prefix, again_prefix, mode, token = unpack(ARGV, 1, 6)
local FIRST = 7
if token ~= '' and (redis.call('HGET', owned_key, 'token') or '0') ~= token then
  return {}
end
local restores = mode == 'restore'
local added, changed, removed = 0, 0, 0
local wanted = {}
local function create_group(id)
  local answer = redis.pcall('XGROUP', 'CREATE', updates_key, id, restores and '0' or '$', 'MKSTREAM')
  if answer.err and not string.find(tostring(answer.err), 'BUSYGROUP', 1, true) then
    error(answer, 0)
  end
  if answer.err or restores then
    return
  end
  -- With the number of earlier entries, the server can count the pending ones.
  local info = redis.call('XINFO', 'STREAM', updates_key)
  for field = 1, #info, 2 do
    if info[field] == 'entries-added' then
      redis.call('XGROUP', 'SETID', updates_key, id, '$', 'ENTRIESREAD', info[field + 1])
    end
  end
end
for i = FIRST, #ARGV, 2 do
  local id, sink = ARGV[i], ARGV[i + 1]
  wanted[id] = true
  local before = redis.call('HGET', sinks_key, id)
  if before ~= sink and not (before and restores) then
    if before then
      changed = changed + 1
    else
      added = added + 1
      create_group(id)
    end
    redis.call('HSET', sinks_key, id, sink)
  end
  if not restores then
    redis.call('HDEL', state_prefix .. id, 'not_before')
  end
end
for _, id in ipairs(restores and {} or redis.call('HKEYS', sinks_key)) do
  if not wanted[id] then
    if redis.call('EXISTS', updates_key) == 1 then
      redis.call('XGROUP', 'DESTROY', updates_key, id)
    end
    redis.call('DEL', state_prefix .. id, lease_prefix .. id, dead_prefix .. id, again_prefix .. id)
    redis.call('HDEL', sinks_key, id)
    removed = removed + 1
  end
end
if added + changed + removed > 0 then
  redis.call('INCR', version_key)
end
return {added, changed, removed}
