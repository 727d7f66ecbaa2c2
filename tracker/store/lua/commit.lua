-- Write all that one poll changes, or nothing: seen ids, stream entries, state, view and the next due time.
-- A repetition of a commit with events is harmless: its revision has passed. A quiet one may run twice and counts once.
-- Seen ids are in two sets: once the newer set is full, it replaces the older one. Updates that were published before
-- it was full then count as old (`horizon`), known or not. The sets are swapped once a day at most, unless the newer
-- one bursts, so that this watermark is long past even for a page that shows more updates than fit. A server may refuse
-- a command in the middle (its rights, a key of another type), and does not undo those before. So an event is written
-- before its seen key, and the state last; after a refusal the entries and keys are removed again, and the next poll
-- writes all of it.
-- KEYS  as commit_rules.lua says, then seen (set), seen before (set), updates (stream)
-- ARGV  as commit_rules.lua says, then the commit as JSON, state, view, digests (each '' to keep it), most seen ids,
--       number of suppressed keys, those keys..., then pairs of key ('' for none) and event
-- Returns the number of events that were new, -1 for a refused commit, -2 when the provider is gone.
local seen_key, seen_before_key, updates_key = unpack(KEYS, 5, 7)
local commit_json, state, view, digests, most_seen, suppressed_count = unpack(ARGV, 4, 9)
local FIRST = 10
local DAY, BURST = 86400, 10
local commit = cjson.decode(commit_json)
local refusal, fields = judged(commit)
if refusal then
  return refusal
end
local first_event = FIRST + tonumber(suppressed_count)
local entries, marks = {}, {}
local function mark(key)
  if redis.call('SADD', seen_key, key) == 1 then
    marks[#marks + 1] = key
  end
end
local function is_marked(key)
  return redis.call('SISMEMBER', seen_key, key) == 1 or redis.call('SISMEMBER', seen_before_key, key) == 1
end
local function report()
  for i = FIRST, first_event - 1 do
    mark(ARGV[i])
  end
  for i = first_event, #ARGV, 2 do
    local key = ARGV[i]
    if key == '' or not is_marked(key) then
      entries[#entries + 1] = redis.call('XADD', updates_key, '*', 'event', ARGV[i + 1])
    end
    if key ~= '' then
      mark(key)
    end
  end
end
local function take_back()
  for _, entry in ipairs(entries) do
    redis.pcall('XDEL', updates_key, entry)
  end
  for _, key in ipairs(marks) do
    redis.pcall('SREM', seen_key, key)
  end
end
local function set(field, value)
  if value ~= '' then
    fields[#fields + 1] = field
    fields[#fields + 1] = value
  end
end
if state ~= '' or view ~= '' or digests ~= '' or #ARGV >= FIRST then
  set('revision', string.format('%.0f', commit[REVISION] + 1))
end
if state ~= '' then
  set('state', state)
  -- After a rollback of the server, revisions come again with other states; begin.lua distinguishes them by this.
  set('state_at', commit[CHECKED])
end
set('view', view)
set('ledger', digests)
local is_full = false
local function swap_seen_sets()
  if #ARGV < FIRST then
    return
  end
  local size, most = redis.call('SCARD', seen_key), tonumber(most_seen)
  if size <= most then
    return
  end
  local rotated = redis.call('HGET', page_prefix .. commit[ID], 'rotated')
  local since = tonumber(commit[CHECKED]) - tonumber(rotated or '0')
  if since > DAY or size > BURST * most then
    is_full = true
    set('horizon', rotated or '')
    set('rotated', commit[CHECKED])
  elseif since < 0 then
    -- The clock was put back: the day begins now.
    set('rotated', commit[CHECKED])
  end
end
local is_written, failure = pcall(function()
  report()
  swap_seen_sets()
  write(commit, fields)
end)
if not is_written then
  take_back()
  error(failure, 0)
end
-- If this is refused, a later commit swaps the sets.
if is_full then
  redis.call('RENAME', seen_key, seen_before_key)
end
redis.pcall('HSET', polls_key, 'at', commit[CHECKED])
if state ~= '' or view ~= '' then
  redis.pcall('HINCRBY', polls_key, 'changes', 1)
end
return #entries
