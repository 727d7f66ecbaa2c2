-- Release a lease, if it is still the caller's.
-- KEYS  lease (string)
-- ARGV  owner
local lease_key = unpack(KEYS)
local owner = unpack(ARGV)
if redis.call('GET', lease_key) == owner then
  redis.call('DEL', lease_key)
end
