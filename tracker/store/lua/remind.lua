-- Remind a page that was never read of what is on record of it, after the data server has lost its data, and let it be
-- asked now.
-- KEYS  providers (hash), page (hash), seen (set), due (sorted set)
-- ARGV  provider id, now, how long it was to wait for this, state, view, keys of what was told...
-- Returns 1, or 0 for a provider that is gone and a page that was read or reminded already. May run twice.
local page = redis.call('HMGET', KEYS[2], 'committed', 'state')
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 or page[1] or page[2] then
  return 0
end
for i = 6, #ARGV do
  redis.call('SADD', KEYS[3], ARGV[i])
end
redis.call('HSET', KEYS[2], 'state', ARGV[4], 'state_at', ARGV[2], 'view', ARGV[5])
local due, now = redis.call('ZSCORE', KEYS[4], ARGV[1]), tonumber(ARGV[2])
if due and tonumber(due) > now then
  redis.call('ZADD', KEYS[4], 'XX', string.format('%.6f', math.max(now, tonumber(due) - tonumber(ARGV[3]))), ARGV[1])
end
return 1
