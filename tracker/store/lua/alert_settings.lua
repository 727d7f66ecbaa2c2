-- Put in what the configuration says of alerts. Where there are channels the event stream has a group for them, which
-- begins with the events that come from now on, or, after a loss, with all that the stream holds.
-- Where there were none, as on a data server that is empty, nobody decides until the journal was read.
-- KEYS  settings (hash), updates (stream), version of the catalogue (counter), mark that the journal is awaited (string),
--       lease of the catalogue (hash)
-- ARGV  settings, group ('' where there are no channels), name of the group, 'sync' or 'restore', how long the journal
--       is awaited (ms), 0 for not at all, fencing token ('' for none that is checked, '0' for a lease that nobody has)
-- Returns 1 when they are other ones than before, -1 when the lease is another's by now, else 0.
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
