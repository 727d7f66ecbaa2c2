-- Bring the sinks in line with a file, or put back those that the data server has lost, in one step. Each has a consumer
-- group of its name. That of a new one begins with the events that come from now on, that of one which was lost with all
-- that the stream holds. A sink that waits for its receiver tries again at once.
-- A server may refuse a command in the middle: a sink is there once its group is, and until its group is gone.
-- KEYS  sinks (hash id -> sink), updates (stream), version of the catalogue (counter)
-- ARGV  key prefixes of states, leases, dead letters and letters put back, 'sync' or 'restore', then pairs of id and sink
-- Returns {number added, number changed, number removed}.
local FIXED = 5
local restores = ARGV[FIXED] == 'restore'
local added, changed, removed = 0, 0, 0
local wanted = {}
local function create_group(id)
  local answer = redis.pcall('XGROUP', 'CREATE', KEYS[2], id, restores and '0' or '$', 'MKSTREAM')
  if answer.err and not string.find(tostring(answer.err), 'BUSYGROUP', 1, true) then
    error(answer, 0)
  end
  if answer.err or restores then
    return
  end
  -- Told how many entries came before, the server counts those that wait.
  local info = redis.call('XINFO', 'STREAM', KEYS[2])
  for field = 1, #info, 2 do
    if info[field] == 'entries-added' then
      redis.call('XGROUP', 'SETID', KEYS[2], id, '$', 'ENTRIESREAD', info[field + 1])
    end
  end
end
for i = FIXED + 1, #ARGV, 2 do
  local id, sink = ARGV[i], ARGV[i + 1]
  wanted[id] = true
  local before = redis.call('HGET', KEYS[1], id)
  if before ~= sink and not (before and restores) then
    if before then
      changed = changed + 1
    else
      added = added + 1
      create_group(id)
    end
    redis.call('HSET', KEYS[1], id, sink)
  end
  if not restores then
    redis.call('HDEL', ARGV[1] .. id, 'not_before')
  end
end
for _, id in ipairs(restores and {} or redis.call('HKEYS', KEYS[1])) do
  if not wanted[id] then
    if redis.call('EXISTS', KEYS[2]) == 1 then
      redis.call('XGROUP', 'DESTROY', KEYS[2], id)
    end
    redis.call('DEL', ARGV[1] .. id, ARGV[2] .. id, ARGV[3] .. id, ARGV[4] .. id)
    redis.call('HDEL', KEYS[1], id)
    removed = removed + 1
  end
end
if added + changed + removed > 0 then
  redis.call('INCR', KEYS[3])
end
return {added, changed, removed}
