-- Write all that one poll changes, or nothing: seen ids, stream entries, state, view and the next due time.
-- Repeating a commit with news is harmless: its revision has passed. A quiet one may run twice; it is counted once.
-- Seen ids are kept in two sets: once the newer is full it becomes the older, and the one that was the older is
-- forgotten. What was published before it became full then counts as old (`horizon`), known or not. So that this is
-- long ago also for a page that shows more than fits, the sets change places once a day at most, unless they burst.
-- A server may refuse a command in the middle (its rights, a key of another type), and takes nothing back by itself. So
-- an event goes before what makes it pass once, and the state last; what was written before a refusal is removed again, so that
-- the next poll writes all of it.
-- KEYS  as commit_rules.lua says, then seen (set), seen before (set), updates (stream)
-- ARGV  as commit_rules.lua says, then the commit as JSON, state, view, ledger (each '' to keep it), most seen ids,
--       number of silent keys, the silent keys..., then pairs of key ('' for none) and event
-- Returns the number of events that were new, -1 for a refused commit, -2 when the provider is gone.
local SILENT, DAY, BURST = 9, 86400, 10
local commit = cjson.decode(ARGV[4])
local refusal, fields = judged(commit)
if refusal then
  return refusal
end
local silent = tonumber(ARGV[SILENT])
local entries, marks = {}, {}
local function mark(key)
  if redis.call('SADD', KEYS[4], key) == 1 then
    marks[#marks + 1] = key
  end
end
local function is_marked(key)
  return redis.call('SISMEMBER', KEYS[4], key) == 1 or redis.call('SISMEMBER', KEYS[5], key) == 1
end
local function tell()
  for i = SILENT + 1, SILENT + silent do
    mark(ARGV[i])
  end
  for i = SILENT + 1 + silent, #ARGV, 2 do
    local key = ARGV[i]
    if key == '' or not is_marked(key) then
      entries[#entries + 1] = redis.call('XADD', KEYS[6], '*', 'event', ARGV[i + 1])
    end
    if key ~= '' then
      mark(key)
    end
  end
end
local function take_back()
  for _, entry in ipairs(entries) do
    redis.pcall('XDEL', KEYS[6], entry)
  end
  for _, key in ipairs(marks) do
    redis.pcall('SREM', KEYS[4], key)
  end
end
local function set(field, value)
  if value ~= '' then
    fields[#fields + 1] = field
    fields[#fields + 1] = value
  end
end
if ARGV[5] ~= '' or ARGV[6] ~= '' or ARGV[7] ~= '' or #ARGV > SILENT then
  set('revision', string.format('%.0f', commit[REVISION] + 1))
end
if ARGV[5] ~= '' then
  set('state', ARGV[5])
  -- Revisions of a server that was rolled back come again, with other states; begin.lua tells them apart by this.
  set('state_at', commit[CHECKED])
end
set('view', ARGV[6])
set('ledger', ARGV[7])
local is_full = false
local function turn_over()
  if #ARGV == SILENT then
    return
  end
  local size, most = redis.call('SCARD', KEYS[4]), tonumber(ARGV[8])
  if size <= most then
    return
  end
  local rotated = redis.call('HGET', ARGV[1] .. commit[ID], 'rotated')
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
local is_written, told = pcall(function()
  tell()
  turn_over()
  write(commit, fields)
end)
if not is_written then
  take_back()
  error(told, 0)
end
-- Should this be refused, the sets change places another time.
if is_full then
  redis.call('RENAME', KEYS[4], KEYS[5])
end
return #entries
