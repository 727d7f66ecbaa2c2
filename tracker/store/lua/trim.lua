-- Drop the entries at the beginning of the event stream that no reader needs any more.
-- KEYS  updates (stream), lease of the record (hash)
-- ARGV  stream id of the first entry that stays, '~' to drop only whole nodes, '=' to drop each entry,
--       fencing token ('' for no check)
-- Returns -1 when the lease has passed to another owner, else the number of dropped entries.
local updates_key, owned_key = unpack(KEYS)
local first_kept, exactness, token = unpack(ARGV)
if token ~= '' and redis.call('HGET', owned_key, 'token') ~= token then
  return -1
end
return redis.call('XTRIM', updates_key, 'MINID', exactness, first_kept)
