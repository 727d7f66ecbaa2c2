-- Take a page's turn: what is remembered of it, and a lease so that no second worker polls it meanwhile.
-- KEYS  providers (hash id -> provider), page (hash)
-- ARGV  provider id, now, lease, least gap between two polls (seconds; now since the epoch), owner
-- Returns false for an unknown provider, 'busy' when it is not this caller's turn,
-- else {provider, turn, revision, state, when it was last read}. Asking again as the same owner gives the turn again.
local provider = redis.call('HGET', KEYS[1], ARGV[1])
if not provider then
  return false
end
local now, lease = tonumber(ARGV[2]), tonumber(ARGV[3])
local page = redis.call('HMGET', KEYS[2], 'lease', 'owner', 'checked', 'revision', 'state', 'read')
if page[2] ~= ARGV[5] then
  local left = tonumber(page[1] or '0') - now
  -- More than a whole one is left of a lease that was taken before the clock was put back: it does not count.
  if left > 0 and left < lease + 1 then
    return 'busy'
  end
  if page[3] and math.abs(now - tonumber(page[3])) < tonumber(ARGV[4]) then
    return 'busy'
  end
end
redis.call('HSET', KEYS[2], 'lease', now + lease, 'owner', ARGV[5])
local turn = redis.call('HINCRBY', KEYS[2], 'turn', 1)
return {provider, turn, tonumber(page[4] or '0'), page[5] or '', page[6] or ''}
