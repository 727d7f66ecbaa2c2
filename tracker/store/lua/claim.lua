-- Claim every provider that is due and set its next due time on the grid of its interval and phase.
-- Two schedulers that call this share the work: a provider that one claimed is no longer due for the other. After the
-- clock was put back, earlier due times are too far away by the same amount. They are put on the grid, too, all in this
-- one call, which is slow and rare.
-- KEYS  due (sorted set id -> epoch seconds), schedule (hash id -> "interval phase", seconds; '' -> last claim)
-- ARGV  now, limit, most seconds by which clocks of several schedulers differ
-- Returns {next due time or '', id, interval, due time, id, interval, due time, ...}.
local due_key, schedule_key = unpack(KEYS)
local now_s, limit, clocks_differ_s = unpack(ARGV)
local MOST = 1000 -- ids in one command: Lua passes some 8,000 arguments at most
local now = tonumber(now_s)
-- Call `takes(id, interval, due, upcoming)` for each of {id, due, id, due, ...}; move those that it takes.
local function move(found, takes)
  for first = 1, #found, 2 * MOST do
    local ids, times = {}, {}
    for i = first, math.min(first + 2 * MOST, #found) - 1, 2 do
      ids[#ids + 1] = found[i]
    end
    local schedules = redis.call('HMGET', schedule_key, unpack(ids))
    for i, id in ipairs(ids) do
      local schedule = schedules[i]
      if schedule then
        local space = string.find(schedule, ' ', 1, true)
        local interval, phase = string.sub(schedule, 1, space - 1), tonumber(string.sub(schedule, space + 1))
        local length = tonumber(interval)
        local upcoming = phase + (math.floor((now - phase) / length) + 1) * length
        if takes(id, interval, found[first + 2 * i - 1], upcoming) then
          times[#times + 1] = upcoming
          times[#times + 1] = id
        end
      else
        redis.call('ZREM', due_key, id)
      end
    end
    if #times > 0 then
      redis.call('ZADD', due_key, unpack(times))
    end
  end
end
if now < tonumber(redis.call('HGET', schedule_key, '') or '0') - tonumber(clocks_differ_s) then
  move(redis.call('ZRANGE', due_key, now, '+inf', 'BYSCORE', 'WITHSCORES'), function(_, _, due, upcoming)
    return upcoming < tonumber(due)
  end)
end
redis.call('HSET', schedule_key, '', now_s)
local claimed = {''}
move(
  redis.call('ZRANGE', due_key, '-inf', now, 'BYSCORE', 'LIMIT', 0, tonumber(limit), 'WITHSCORES'),
  function(id, interval, due)
    local last = #claimed
    claimed[last + 1], claimed[last + 2], claimed[last + 3] = id, interval, due
    return true
  end
)
local first = redis.call('ZRANGE', due_key, 0, 0, 'WITHSCORES')
if first[2] then
  claimed[1] = first[2]
end
return claimed
