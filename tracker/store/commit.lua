-- Write all that one poll changes, or nothing: seen ids, stream entries, state, view and the next due time.
-- A commit on another revision than the one that its turn began with is refused, and so is one whose turn began
-- before that of the last committed one. Repeating a commit with news is harmless: its revision has passed.
-- KEYS  providers (hash), page (hash), seen (set), updates (stream), due (sorted set)
-- ARGV  provider id, turn, revision, checked, due ('' keeps it), state ('' keeps it), view ('' keeps it),
--       number of silent keys, the silent keys..., then pairs of key ('' for none) and event
-- Returns the number of events that were new, -1 for a refused commit, -2 when the provider is gone.
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then
  return -2
end
local page = redis.call('HMGET', KEYS[2], 'committed', 'revision')
if (page[2] or '0') ~= ARGV[3] or tonumber(page[1] or '0') > tonumber(ARGV[2]) then
  return -1
end
local silent = tonumber(ARGV[8])
for i = 9, 8 + silent do
  redis.call('SADD', KEYS[3], ARGV[i])
end
local new = 0
for i = 9 + silent, #ARGV, 2 do
  if ARGV[i] == '' or redis.call('SADD', KEYS[3], ARGV[i]) == 1 then
    redis.call('XADD', KEYS[4], '*', 'event', ARGV[i + 1])
    new = new + 1
  end
end
local fields = {'committed', ARGV[2], 'checked', ARGV[4], 'lease', '0', 'owner', ''}
if ARGV[6] ~= '' or ARGV[7] ~= '' or #ARGV > 8 then
  fields[#fields + 1] = 'revision'
  fields[#fields + 1] = string.format('%d', tonumber(ARGV[3]) + 1)
end
if ARGV[6] ~= '' then
  fields[#fields + 1] = 'state'
  fields[#fields + 1] = ARGV[6]
end
if ARGV[7] ~= '' then
  fields[#fields + 1] = 'view'
  fields[#fields + 1] = ARGV[7]
end
redis.call('HSET', KEYS[2], unpack(fields))
if ARGV[5] ~= '' then
  redis.call('ZADD', KEYS[5], 'XX', ARGV[5], ARGV[1])
end
return new
