-- Put in what the configuration says of alerts. Where there are channels the event stream has a group for them, which
-- begins with the events that come from now on, or, after a loss, with all that the stream holds.
-- KEYS  settings (hash), updates (stream), version of the catalogue (counter)
-- ARGV  settings, group ('' where there are no channels), name of the group, 'sync' or 'restore'
-- Returns 1 when they are other ones than before, else 0.
local settings_key, updates_key, version_key = unpack(KEYS)
local config, wanted_group, group, mode = unpack(ARGV)
local before = redis.call('HGET', settings_key, 'config')
if before and mode == 'restore' then
  return 0
end
if wanted_group == '' then
  if redis.call('EXISTS', updates_key) == 1 then
    redis.call('XGROUP', 'DESTROY', updates_key, group)
  end
else
  local start = mode == 'restore' and '0' or '$'
  local answer = redis.pcall('XGROUP', 'CREATE', updates_key, group, start, 'MKSTREAM')
  if answer.err and not string.find(tostring(answer.err), 'BUSYGROUP', 1, true) then
    error(answer, 0)
  end
end
if before == config then
  return 0
end
redis.call('HSET', settings_key, 'config', config)
redis.call('INCR', version_key)
return 1
