-- Release a lease, if it is still the caller's.
-- KEYS  lease (hash)
-- ARGV  fencing token
local owned_key = unpack(KEYS)
local token = unpack(ARGV)
if redis.call('HGET', owned_key, 'token') == token then
  redis.call('DEL', owned_key)
end
