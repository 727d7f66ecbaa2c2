-- Restore the state of a page from the record after the data server has lost it, and make the page due; a page that has
-- been read stays as it is.
-- KEYS  providers (hash), page (hash), seen (set), due (sorted set), lease of the record (hash)
-- ARGV  fencing token ('' for no check), provider id, now, seconds that the page was to wait for this, state, view,
--       keys of reported updates...
-- Returns 1, 0 for a provider that is gone or a page that was read or restored already, or -1 when the lease has passed
-- to another owner. A repetition is harmless.
local providers_key, page_key, seen_key, due_key, owned_key = unpack(KEYS)
local token, provider_id, now_s, waited_s, state, view = unpack(ARGV, 1, 6)
local FIRST = 7
if token ~= '' and redis.call('HGET', owned_key, 'token') ~= token then
  return -1
end
local page = redis.call('HMGET', page_key, 'committed', 'state')
if redis.call('HEXISTS', providers_key, provider_id) == 0 or page[1] or page[2] then
  return 0
end
for i = FIRST, #ARGV do
  redis.call('SADD', seen_key, ARGV[i])
end
redis.call('HSET', page_key, 'state', state, 'state_at', now_s, 'view', view)
local due, now = redis.call('ZSCORE', due_key, provider_id), tonumber(now_s)
if due and tonumber(due) > now then
  local sooner = math.max(now, tonumber(due) - tonumber(waited_s))
  redis.call('ZADD', due_key, 'XX', string.format('%.6f', sooner), provider_id)
end
return 1
