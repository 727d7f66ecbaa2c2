-- Write the cursor of an output.
-- KEYS  cursors (hash), lease of the record (hash)
-- ARGV  output, stream id, fencing token ('' for no check)
-- Returns 0 when the lease has passed to another owner, else 1.
local cursors_key, owned_key = unpack(KEYS)
local output, stream_id, token = unpack(ARGV)
if token ~= '' and redis.call('HGET', owned_key, 'token') ~= token then
  return 0
end
redis.call('HSET', cursors_key, output, stream_id)
return 1
