-- Lease pages: return what is remembered of each, so that no second worker polls it meanwhile, and one of
-- its host's slots where these are counted. Without a free slot a page joins those that wait: a commit hands it the
-- slot of another page when that one is done. Leases of both kinds end by themselves. Each page is judged by itself.
-- KEYS  providers (hash id -> provider), due (sorted set), schedule (hash id -> "interval phase"),
--       version of the catalogue (counter)
-- ARGV  now, lease, least gap between two polls (seconds; now since the epoch), owner,
--       key prefixes of pages, of slots, of those that wait and of hosts whose waiting pages were logged,
--       a number in [0, 1) that spreads those that wait,
--       pages as JSON: [id, what the caller knows: "revision mark" of the state, version of the provider; "" for none]
-- Returns {version of the catalogue, a page's answer, ...}. An answer is false for an unknown provider, 'busy' when
-- another worker has the page or it was polled just now,
-- {'', number of pages that wait, since when this one does, 1 if that is to be logged, slot} where no slot is left,
-- {false, the server's words} where it holds something else under the page's key,
-- else 'fencing-token when-it-was-last-read slot', the last two maybe '', or if the caller does not know all of the page
-- {that, "revision mark", state, provider}, each of the last two false if it does.
-- Asking again as the same owner gives the leases again; a page that one call names twice gets one.
local providers_key, due_key, schedule_key, version_key = unpack(KEYS)
local now_s, lease_s, least_gap_s, owner,
  page_prefix, slots_prefix, waiting_prefix, crowded_prefix, random_share, pages = unpack(ARGV)
local WAITS, LOGGED = 3600, 600
-- The part of a circle that keeps any number of points apart.
local GOLDEN = 0.618034
local now, lease, least_gap = tonumber(now_s), tonumber(lease_s), tonumber(least_gap_s)
local lease_end = string.format('%.6f', now + lease)
local version = redis.call('GET', version_key) or ''
-- Tell whether a host has no slot left once the leases that have ended are dropped.
local function is_full(slots, limit)
  if redis.call('ZCARD', slots) < limit then
    return false
  end
  redis.call('ZREMRANGEBYSCORE', slots, '-inf', now)
  redis.call('ZREMRANGEBYSCORE', slots, now + lease + 1, '+inf')
  return redis.call('ZCARD', slots) >= limit
end
-- Take a slot; return what to answer if there is none.
local function without_slot(id, slot, place)
  local limit, host = string.match(slot, '^(%d+) (.+)$')
  if not limit then
    return nil
  end
  limit = tonumber(limit)
  local slots, waiting = slots_prefix .. host, waiting_prefix .. host
  -- A page that was handed a slot has it already.
  if is_full(slots, limit) and not redis.call('ZSCORE', slots, id) then
    redis.call('ZADD', waiting, 'NX', now_s, id)
    redis.call('EXPIRE', waiting, WAITS)
    -- Should every holder of a slot have died, none of them hands it on.
    local spread = (tonumber(random_share) + place * GOLDEN) % 1
    redis.call('ZADD', due_key, 'XX', 'LT', string.format('%.6f', now + lease * (1 + spread)), id)
    local since = redis.call('ZSCORE', waiting, id)
    local interval = tonumber(string.match(redis.call('HGET', schedule_key, id) or '', '^%S+') or '0')
    local is_new = now - tonumber(since) > interval and redis.call('SET', crowded_prefix .. host, 1, 'NX', 'EX', LOGGED)
    return {'', redis.call('ZCARD', waiting), since, is_new and 1 or 0, slot}
  end
  redis.call('ZADD', slots, lease_end, id)
  redis.call('PEXPIRE', slots, string.format('%d', lease * 1000))
  redis.call('ZREM', waiting, id)
  return nil
end
local function judged(id, known, known_version, place)
  local provider = false
  if version == '' or known_version ~= version then
    provider = redis.call('HGET', providers_key, id)
    if not provider then
      return false
    end
  end
  local key = page_prefix .. id
  local page = redis.call('HMGET', key, 'lease', 'owner', 'checked', 'turn', 'read', 'slot', 'revision', 'state_at')
  if page[2] ~= owner then
    local left = tonumber(page[1] or '0') - now
    -- A lease with more than its full length left was taken before the clock was put back: it does not count.
    if left > 0 and left < lease + 1 then
      return 'busy'
    end
    if page[3] and math.abs(now - tonumber(page[3])) < least_gap then
      return 'busy'
    end
  end
  local slot = page[6] or ''
  if slot ~= '' then
    local busy = without_slot(id, slot, place)
    if busy then
      return busy
    end
  end
  -- Turns of a page that the server has lost count as earlier than all that come after it.
  local token = (page[4] or math.floor(now * 1000)) + 1
  -- A revision alone names no state: a server that was rolled back counts the same ones again.
  local mark, state = page[8], false
  local holds = (page[7] or '0') .. ' ' .. (mark or '')
  if not mark or known ~= holds then
    state = redis.call('HGET', key, 'state') or ''
  end
  if not mark and state ~= '' then
    -- An earlier version of the tracker wrote the state.
    holds = holds .. now_s
    redis.call('HSET', key, 'turn', token, 'lease', lease_end, 'owner', owner, 'state_at', now_s)
  else
    redis.call('HSET', key, 'turn', token, 'lease', lease_end, 'owner', owner)
  end
  local taken = token .. ' ' .. (page[5] or '') .. ' ' .. slot
  return (state or provider) and {taken, holds, state, provider} or taken
end
local answers, asked = {version}, {}
for place, page in ipairs(cjson.decode(pages)) do
  local id = page[1]
  local answer, words = 'busy', nil
  if not asked[id] then
    asked[id] = true
    answer, words = by_itself(judged, id, page[2], page[3], place)
  end
  answers[place + 1] = words and {false, words} or answer
end
return answers
