-- Take the right to deliver to one sink, so that no two workers do at once.
-- KEYS  sinks (hash), state (hash), lease (string), updates (stream)
-- ARGV  sink id, now (seconds since the epoch), lease (ms), owner
-- Returns false for an unknown sink, one that waits for its receiver, or one that another owner has; else
-- {sink, failures, failing since or '', 1 if its group was lost with the stream and begins anew, else 0}.
-- Asking again as the same owner gives the right again.
local id = ARGV[1]
local sink = redis.call('HGET', KEYS[1], id)
if not sink then
  return false
end
local state = redis.call('HMGET', KEYS[2], 'not_before', 'failures', 'failing_since')
if state[1] and tonumber(state[1]) > tonumber(ARGV[2]) then
  return false
end
local owner = redis.call('GET', KEYS[3])
if owner and owner ~= ARGV[4] then
  return false
end
redis.call('SET', KEYS[3], ARGV[4], 'PX', ARGV[3])
local lost = 1
if redis.call('EXISTS', KEYS[4]) == 1 then
  for _, group in ipairs(redis.call('XINFO', 'GROUPS', KEYS[4])) do
    if group[2] == id then
      lost = 0
    end
  end
end
if lost == 1 then
  -- What the stream holds now was never delivered to anybody.
  redis.call('XGROUP', 'CREATE', KEYS[4], id, '0', 'MKSTREAM')
end
return {sink, tonumber(state[2] or '0'), state[3] or '', lost}
