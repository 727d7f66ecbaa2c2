-- Lease pages, so that no second worker polls them, each with one of its host's slots where these are counted; return
-- the states of the pages. Without a free slot a page joins the waiting ones: the commit of another page hands it that
-- page's slot. Leases of both kinds expire. Each page is judged by itself.
-- KEYS  providers (hash id -> provider), due (sorted set), schedule (hash id -> "interval phase"),
--       version of the catalogue (counter)
-- ARGV  now, lease, least gap between two polls (seconds; now since the epoch), owner,
--       key prefixes of pages, of slots, of waiting pages and of hosts whose waiting pages were logged,
--       a number in [0, 1) that spreads waiting pages,
--       pages as JSON: [id, the caller's "revision mark" of the state and version of the provider, "" for none]
-- Returns {version of the catalogue, a page's answer, ...}. An answer is
-- false for an unknown provider,
-- 'busy' when another worker has the page or it was polled just now,
-- {'', number of waiting pages, time since when this one waits, 1 if that is to be logged, slot} without a free slot,
-- {false, the server's words} if the page's key has another type,
-- else 'fencing-token time-of-the-last-reading slot', the last two maybe '',
-- or {that, "revision mark", state, provider} if the caller's copy is old, each of the last two false if it is not.
-- The same owner gets its leases again; a page that one call names twice gets one.
local providers_key, due_key, schedule_key, version_key = unpack(KEYS)
local now_s, lease_s, least_gap_s, owner,
  page_prefix, slots_prefix, waiting_prefix, crowded_prefix, random_share, pages = unpack(ARGV)
local WAITS, LOGGED = 3600, 600
-- The part of a circle that keeps any number of points apart.
local GOLDEN = 0.618034
local now, lease, least_gap = tonumber(now_s), tonumber(lease_s), tonumber(least_gap_s)
local lease_end = string.format('%.6f', now + lease)
local version = redis.call('GET', version_key) or ''
-- Drop expired leases of a host's slots; return whether no slot is left.
local function is_full(slots, limit)
  if redis.call('ZCARD', slots) < limit then
    return false
  end
  redis.call('ZREMRANGEBYSCORE', slots, '-inf', now)
  redis.call('ZREMRANGEBYSCORE', slots, now + lease + 1, '+inf')
  return redis.call('ZCARD', slots) >= limit
end
-- Take a slot; return nil, or the answer for a page without one.
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
    -- If every holder of a slot has died, none hands its slot on: the page is due again when the leases have ended.
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
    -- A lease that has more than its full length left is from before the clock was put back, and does not count.
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
  -- After a loss of the page, its next token is higher than all before: milliseconds grow faster than polls.
  local token = (page[4] or math.floor(now * 1000)) + 1
  -- A revision alone identifies no state: a server that was rolled back counts the same revisions again.
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
