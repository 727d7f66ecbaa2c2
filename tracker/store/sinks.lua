-- Bring the sinks in line with a file, in one step. Each has a consumer group of its name; that of a new one begins
-- with the events that come from now on. A sink that waits for its receiver tries again at once.
-- KEYS  sinks (hash id -> sink), updates (stream)
-- ARGV  key prefixes of states, leases, dead letters and letters put back, then pairs of id and sink
-- Returns {number added, number changed, number removed}.
local added, changed, removed = 0, 0, 0
local wanted = {}
for i = 5, #ARGV, 2 do
  local id, sink = ARGV[i], ARGV[i + 1]
  wanted[id] = true
  local before = redis.call('HGET', KEYS[1], id)
  if before ~= sink then
    redis.call('HSET', KEYS[1], id, sink)
    if before then
      changed = changed + 1
    else
      added = added + 1
      redis.pcall('XGROUP', 'CREATE', KEYS[2], id, '$', 'MKSTREAM')
      -- Told how many entries came before, the server counts those that wait.
      local info = redis.call('XINFO', 'STREAM', KEYS[2])
      for field = 1, #info, 2 do
        if info[field] == 'entries-added' then
          redis.call('XGROUP', 'SETID', KEYS[2], id, '$', 'ENTRIESREAD', info[field + 1])
        end
      end
    end
  end
  redis.call('HDEL', ARGV[1] .. id, 'not_before')
end
for _, id in ipairs(redis.call('HKEYS', KEYS[1])) do
  if not wanted[id] then
    redis.call('HDEL', KEYS[1], id)
    redis.pcall('XGROUP', 'DESTROY', KEYS[2], id)
    redis.call('DEL', ARGV[1] .. id, ARGV[2] .. id, ARGV[3] .. id, ARGV[4] .. id)
    removed = removed + 1
  end
end
return {added, changed, removed}
