-- Claim every provider that is due and set its next due time on the grid of its interval and phase.
-- Two schedulers that call this share the work: what one claimed is no longer due for the other.
-- When the clock was put back, due times from before are as far away as it was wrong; they are put on the grid, too.
-- KEYS  due (sorted set id -> epoch seconds), schedule (hash id -> "interval phase", seconds; '' -> last claim)
-- ARGV  now, limit, most seconds by which clocks of several schedulers differ
-- Returns {next due time or '', id, interval, due time, id, interval, due time, ...}.
local now = tonumber(ARGV[1])
local function interval_and_next(id)
  local schedule = redis.call('HGET', KEYS[2], id)
  if not schedule then
    redis.call('ZREM', KEYS[1], id)
    return nil
  end
  local interval, phase = string.match(schedule, '^(%S+) (%S+)$')
  local step = math.floor((now - tonumber(phase)) / tonumber(interval)) + 1
  return interval, tonumber(phase) + step * tonumber(interval)
end
local function set_due(id, due)
  redis.call('ZADD', KEYS[1], string.format('%.6f', due), id)
end
if now < tonumber(redis.call('HGET', KEYS[2], '') or '0') - tonumber(ARGV[3]) then
  local later = redis.call('ZRANGE', KEYS[1], now, '+inf', 'BYSCORE', 'WITHSCORES')
  for i = 1, #later, 2 do
    local _, due = interval_and_next(later[i])
    if due and due < tonumber(later[i + 1]) then
      set_due(later[i], due)
    end
  end
end
redis.call('HSET', KEYS[2], '', ARGV[1])
local due = redis.call('ZRANGE', KEYS[1], '-inf', now, 'BYSCORE', 'LIMIT', 0, tonumber(ARGV[2]), 'WITHSCORES')
local claimed = {''}
for i = 1, #due, 2 do
  local interval, upcoming = interval_and_next(due[i])
  if interval then
    set_due(due[i], upcoming)
    claimed[#claimed + 1] = due[i]
    claimed[#claimed + 1] = interval
    claimed[#claimed + 1] = due[i + 1]
  end
end
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if first[2] then
  claimed[1] = first[2]
end
return claimed
