-- Put in what the configuration says of alerts. Where there are channels the event stream has a group for them, which
-- begins with the events that come from now on, or, after a loss, with all that the stream holds.
-- KEYS  settings (hash), updates (stream), version of the catalogue (counter)
-- ARGV  settings, group ('' where there are no channels), name of the group, 'sync' or 'restore'
-- Returns 1 when they are other ones than before, else 0.
local before = redis.call('HGET', KEYS[1], 'config')
if before and ARGV[4] == 'restore' then
  return 0
end
if ARGV[2] == '' then
  if redis.call('EXISTS', KEYS[2]) == 1 then
    redis.call('XGROUP', 'DESTROY', KEYS[2], ARGV[3])
  end
else
  local start = ARGV[4] == 'restore' and '0' or '$'
  local answer = redis.pcall('XGROUP', 'CREATE', KEYS[2], ARGV[3], start, 'MKSTREAM')
  if answer.err and not string.find(tostring(answer.err), 'BUSYGROUP', 1, true) then
    error(answer, 0)
  end
end
if before == ARGV[1] then
  return 0
end
redis.call('HSET', KEYS[1], 'config', ARGV[1])
redis.call('INCR', KEYS[3])
return 1
