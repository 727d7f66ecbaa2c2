-- Give a lease back, if it is still the caller's.
-- KEYS  lease (string)
-- ARGV  owner
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
