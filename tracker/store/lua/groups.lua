-- Recreate the groups of webhooks and alerts that the data server has lost with the event stream. This comes before any
-- entry is dropped, since no entry that the stream holds now was delivered to one of these groups.
-- KEYS  updates (stream), sinks (hash), settings of alerts (hash)
-- ARGV  name of the group of alerts
-- Returns 0 when there is no stream, else 1.
local updates_key, sinks_key, alerting_key = unpack(KEYS)
local alerts_group = unpack(ARGV)
if redis.call('EXISTS', updates_key) == 0 then
  return 0
end
local is_there = {}
for _, group in ipairs(redis.call('XINFO', 'GROUPS', updates_key)) do
  is_there[group[2]] = true
end
local function restore(group)
  if not is_there[group] then
    redis.call('XGROUP', 'CREATE', updates_key, group, '0')
  end
end
for _, sink in ipairs(redis.call('HKEYS', sinks_key)) do
  restore(sink)
end
if not is_there[alerts_group] then
  local settings = redis.call('HGET', alerting_key, 'config')
  if settings and #(cjson.decode(settings).channels or {}) > 0 then
    restore(alerts_group)
  end
end
return 1
