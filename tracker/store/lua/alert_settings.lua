-- Write the settings of alerts. With channels, the event stream has a group for them, which begins with the next event
-- or, after a loss, with all events in the stream.
-- If there were no settings before, as on an empty data server, decisions wait until the journal has been read.
-- KEYS  settings (hash), updates (stream), version of the catalogue (counter), mark that the journal is awaited (string),
--       lease of the catalogue (hash)
-- ARGV  settings, group ('' without channels), name of the group, 'sync' or 'restore', longest wait for the journal
--       (ms; 0 for none), fencing token ('' for no check, '0' for a lease without an owner)
-- Returns 1 when the settings have changed, -1 when the lease has passed to another owner, else 0.
local settings_key, updates_key, version_key, awaited_key, owned_key = unpack(KEYS)
local settings, wanted_group, group, mode, awaited_ms, token = unpack(ARGV)
if token ~= '' and (redis.call('HGET', owned_key, 'token') or '0') ~= token then
  return -1
end
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
if before == settings then
  return 0
end
if not before and tonumber(awaited_ms) > 0 then
  redis.call('SET', awaited_key, 1, 'PX', awaited_ms)
end
redis.call('HSET', settings_key, 'config', settings)
redis.call('INCR', version_key)
return 1
