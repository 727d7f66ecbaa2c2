-- Take a page's turn: what is remembered of it, a lease so that no second worker polls it meanwhile, and one of its
-- host's slots where these are counted. Without a free slot the page joins those that wait: commit.lua hands it the
-- slot of another page when its turn has come. Leases of both kinds end by themselves.
-- KEYS  providers (hash id -> provider), page (hash), due (sorted set), schedule (hash id -> "interval phase")
-- ARGV  provider id, now, lease, least gap between two polls (seconds; now since the epoch), owner,
--       key prefixes of slots, of those that wait and of what was told; a number in [0, 1) that spreads those that wait
-- Returns false for an unknown provider, 'busy' when it is not this caller's turn,
-- {'', number of pages that wait, since when this one does, 1 if that is news, slot} when its host has no slot left,
-- else {provider, turn, revision, state, when it was last read, slot or ''}.
-- Asking again as the same owner gives the turn again.
local WAITS, TOLD = 3600, 600
local provider = redis.call('HGET', KEYS[1], ARGV[1])
if not provider then
  return false
end
local id, now, lease = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local page = redis.call('HMGET', KEYS[2], 'lease', 'owner', 'checked', 'revision', 'state', 'read', 'slot', 'turn')
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
local limit, host = string.match(page[7] or '', '^(%d+) (.+)$')
if limit then
  limit = tonumber(limit)
  local slots, waiting = ARGV[6] .. host, ARGV[7] .. host
  local function is_full()
    return redis.call('ZCARD', slots) >= limit
  end
  local function drop_ended_leases()
    redis.call('ZREMRANGEBYSCORE', slots, '-inf', now)
    redis.call('ZREMRANGEBYSCORE', slots, now + lease + 1, '+inf')
    return true
  end
  -- A page that was handed a slot has it already.
  if is_full() and drop_ended_leases() and is_full() and not redis.call('ZSCORE', slots, id) then
    redis.call('ZADD', waiting, 'NX', ARGV[2], id)
    redis.call('EXPIRE', waiting, WAITS)
    -- Should every holder of a slot have died, none of them hands it on.
    redis.call('ZADD', KEYS[3], 'XX', 'LT', string.format('%.6f', now + lease * (1 + tonumber(ARGV[9]))), id)
    local since = redis.call('ZSCORE', waiting, id)
    local interval = tonumber(string.match(redis.call('HGET', KEYS[4], id) or '', '^%S+') or '0')
    local is_news = now - tonumber(since) > interval and redis.call('SET', ARGV[8] .. host, 1, 'NX', 'EX', TOLD)
    return {'', redis.call('ZCARD', waiting), since, is_news and 1 or 0, page[7]}
  end
  redis.call('ZADD', slots, now + lease, id)
  redis.call('PEXPIRE', slots, string.format('%d', lease * 1000))
  redis.call('ZREM', waiting, id)
end
-- Turns of a page that the server has lost count as earlier than all that come after it.
if not page[8] then
  redis.call('HSET', KEYS[2], 'turn', string.format('%.0f', now * 1000))
end
-- The lease last: should either be refused, it keeps nobody from the page.
local turn = redis.call('HINCRBY', KEYS[2], 'turn', 1)
redis.call('HSET', KEYS[2], 'lease', now + lease, 'owner', ARGV[5])
return {provider, turn, tonumber(page[4] or '0'), page[5] or '', page[6] or '', page[7] or ''}
