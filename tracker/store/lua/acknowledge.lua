-- Write down what became of one delivery, and prolong the lease. Refused when the lease is another's by now.
-- KEYS  lease (string), state (hash), where the event waits (stream), dead letters (stream)
-- ARGV  owner, lease (ms), now, group ('' for letters that were put back, which are deleted), stream id,
--       verdict ('accepted', 'buried', 'postponed'), failures, failing since, not before, reason ('' for none each),
--       event, most dead letters that are kept
-- Returns 0 for a refusal, else 1. Repeating is harmless: an event is acknowledged once, and counts then. A dead letter
-- is written before its event is acknowledged: what the server refuses in the middle loses neither.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
local verdict = ARGV[6]
local function waits()
  if ARGV[4] == '' then
    return #redis.call('XRANGE', KEYS[3], ARGV[5], ARGV[5]) == 1
  end
  return #redis.call('XPENDING', KEYS[3], ARGV[4], ARGV[5], ARGV[5], 1) == 1
end
local function acknowledge()
  if ARGV[4] == '' then
    return redis.call('XDEL', KEYS[3], ARGV[5])
  end
  return redis.call('XACK', KEYS[3], ARGV[4], ARGV[5])
end
local settled = 0
if verdict == 'accepted' then
  settled = acknowledge()
elseif verdict == 'buried' and waits() then
  local letter = redis.call('XADD', KEYS[4], 'MAXLEN', ARGV[12], '*', 'event', ARGV[11], 'reason', ARGV[10])
  local is_acknowledged, refusal = pcall(acknowledge)
  if not is_acknowledged then
    redis.pcall('XDEL', KEYS[4], letter)
    error(refusal, 0)
  end
end
redis.call('HSET', KEYS[2], 'failures', ARGV[7])
for field, value in pairs({failing_since = ARGV[8], not_before = ARGV[9]}) do
  if value == '' then
    redis.call('HDEL', KEYS[2], field)
  else
    redis.call('HSET', KEYS[2], field, value)
  end
end
if ARGV[10] ~= '' then
  redis.call('HSET', KEYS[2], 'last_error', ARGV[10], 'last_error_at', ARGV[3])
end
if verdict == 'accepted' and settled == 1 then
  redis.call('HINCRBY', KEYS[2], 'delivered', 1)
  redis.call('HSET', KEYS[2], 'last_delivered_at', ARGV[3])
end
return 1
