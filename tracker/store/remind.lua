-- Give a page that was never read what the record says of it, after the data server has lost its data.
-- KEYS  providers (hash), page (hash), seen (set)
-- ARGV  provider id, state, view, keys of what was told...
-- Returns 1, or 0 for a provider that is gone and a page that was read already. May run twice.
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 or redis.call('HEXISTS', KEYS[2], 'committed') == 1 then
  return 0
end
for i = 4, #ARGV do
  redis.call('SADD', KEYS[3], ARGV[i])
end
redis.call('HSET', KEYS[2], 'state', ARGV[2], 'view', ARGV[3])
return 1
