-- Drop what is no longer needed from the beginning of the event stream.
-- KEYS  updates (stream), lease of the record (hash)
-- ARGV  stream id of the first entry that stays, '~' for whole nodes alone and '=' for each entry,
--       fencing token ('' for none that is checked)
-- Returns -1 when the lease is another's by now, else the number of entries that were dropped.
local updates_key, owned_key = unpack(KEYS)
local first_kept, exactness, token = unpack(ARGV)
if token ~= '' and redis.call('HGET', owned_key, 'token') ~= token then
  return -1
end
return redis.call('XTRIM', updates_key, 'MINID', exactness, first_kept)
