-- Claim every provider that is due and set its next due time on the grid of its interval and phase.
-- Two schedulers that call this share the work: what one claimed is no longer due for the other.
-- KEYS  due (sorted set id -> epoch seconds), schedule (hash id -> "interval phase", seconds)
-- ARGV  now, limit
-- Returns {next due time or '', id, interval, due time, id, interval, due time, ...}.
local now = tonumber(ARGV[1])
local due = redis.call('ZRANGE', KEYS[1], '-inf', now, 'BYSCORE', 'LIMIT', 0, tonumber(ARGV[2]), 'WITHSCORES')
local claimed = {''}
for i = 1, #due, 2 do
  local id = due[i]
  local schedule = redis.call('HGET', KEYS[2], id)
  if schedule then
    local interval, phase = string.match(schedule, '^(%S+) (%S+)$')
    local step = math.floor((now - tonumber(phase)) / tonumber(interval)) + 1
    redis.call('ZADD', KEYS[1], string.format('%.6f', tonumber(phase) + step * tonumber(interval)), id)
    claimed[#claimed + 1] = id
    claimed[#claimed + 1] = interval
    claimed[#claimed + 1] = due[i + 1]
  else
    redis.call('ZREM', KEYS[1], id)
  end
end
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if first[2] then
  claimed[1] = first[2]
end
return claimed
