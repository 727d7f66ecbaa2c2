-- Write all that one poll changes, or nothing: seen ids, stream entries, state, view and the next due time.
-- A commit on another revision than the one that its turn began with is refused, and so is one whose turn began
-- before that of the last committed one, or before the server lost its data. Repeating a commit with news is harmless: its revision has passed.
-- Seen ids are kept in two sets: once the newer is full it becomes the older, and the one that was the older is
-- forgotten. What was published before it became full then counts as old (`horizon`), known or not. So that this is
-- long ago also for a page that shows more than fits, the sets change places once a day at most, unless they burst.
-- A server may refuse a command in the middle (its rights, a key of another type), and takes nothing back by itself. So
-- an event goes before what makes it pass once, and the state last; what was written before a refusal is removed again, so that
-- the next poll writes all of it.
-- The turn's slot is given back, also by a commit that is refused: to the page that has waited longest for it, which
-- is due at once. The counters of the page go along. A quiet commit may run twice; it is counted by the turn, once.
-- KEYS  providers (hash), page (hash), seen (set), seen before (set), updates (stream), due (sorted set),
--       slots of the host whose slot the turn holds, pages that wait for one (sorted sets; '' if it holds none)
-- ARGV  provider id, turn, revision, checked, due, state, view, ledger (each '' to keep it),
--       when it was read ('' to keep it), how the poll ended ('' to count nothing), bytes received,
--       bytes of the primary answer ('' for none), slot that the page takes from now on ('' to keep what is there),
--       number of the host's slots ('' for none), most seen ids, number of silent keys, the silent keys...,
--       then pairs of key ('' for none) and event
-- Returns the number of events that were new, -1 for a refused commit, -2 when the provider is gone.
local SILENT, DAY, BURST = 16, 86400, 10
-- A page that is handed a slot has it for so many seconds, in which beat has to notice that it is due.
local HANDED = 5
-- Longer than any lease of a slot, so that the last one does not stay behind for ever.
local KEPT = 60
local function give_back()
  if KEYS[7] == '' then
    return
  end
  redis.call('ZREM', KEYS[7], ARGV[1])
  if redis.call('EXISTS', KEYS[8]) == 0 then
    return
  end
  local now = tonumber(ARGV[4])
  redis.call('ZREMRANGEBYSCORE', KEYS[7], '-inf', now)
  while redis.call('ZCARD', KEYS[7]) < tonumber(ARGV[14]) do
    local id = redis.call('ZPOPMIN', KEYS[8])[1]
    if not id then
      return
    end
    -- One that was removed meanwhile is passed over.
    if redis.call('ZSCORE', KEYS[6], id) then
      redis.call('ZADD', KEYS[6], ARGV[4], id)
      redis.call('ZADD', KEYS[7], now + HANDED, id)
      redis.call('EXPIRE', KEYS[7], KEPT)
    end
  end
end
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then
  give_back()
  return -2
end
local ending = 'polls_' .. ARGV[10]
local page = redis.call('HMGET', KEYS[2], 'committed', 'revision', 'rotated',
  ending, 'received_bytes', 'spared_bytes', 'answer_bytes', 'counted_since', 'turn')
if page[9] == ARGV[2] then
  -- Otherwise a later turn has the slot, which is one a page.
  give_back()
end
local number = tonumber(ARGV[2])
-- The last one is of a page that the server has lost since: its number was not given yet.
if (page[2] or '0') ~= ARGV[3] or tonumber(page[1] or '0') > number or tonumber(page[9] or '0') < number then
  return -1
end
local silent = tonumber(ARGV[SILENT])
local entries, marks = {}, {}
local function mark(key)
  if redis.call('SADD', KEYS[3], key) == 1 then
    marks[#marks + 1] = key
  end
end
local function is_marked(key)
  return redis.call('SISMEMBER', KEYS[3], key) == 1 or redis.call('SISMEMBER', KEYS[4], key) == 1
end
local function tell()
  for i = SILENT + 1, SILENT + silent do
    mark(ARGV[i])
  end
  for i = SILENT + 1 + silent, #ARGV, 2 do
    local key = ARGV[i]
    if key == '' or not is_marked(key) then
      entries[#entries + 1] = redis.call('XADD', KEYS[5], '*', 'event', ARGV[i + 1])
    end
    if key ~= '' then
      mark(key)
    end
  end
end
local function take_back()
  for _, entry in ipairs(entries) do
    redis.pcall('XDEL', KEYS[5], entry)
  end
  for _, key in ipairs(marks) do
    redis.pcall('SREM', KEYS[3], key)
  end
end
local fields = {'committed', ARGV[2], 'checked', ARGV[4], 'lease', '0', 'owner', ''}
local function set(field, value)
  if value ~= '' then
    fields[#fields + 1] = field
    fields[#fields + 1] = value
  end
end
if ARGV[6] ~= '' or ARGV[7] ~= '' or ARGV[8] ~= '' or #ARGV > SILENT then
  set('revision', string.format('%d', tonumber(ARGV[3]) + 1))
end
set('state', ARGV[6])
set('view', ARGV[7])
set('ledger', ARGV[8])
set('read', ARGV[9])
set('slot', ARGV[13])
if ARGV[10] ~= '' and page[1] ~= ARGV[2] then
  local function add(field, before, more)
    if tonumber(more) > 0 then
      set(field, string.format('%.0f', tonumber(before or '0') + tonumber(more)))
    end
  end
  add(ending, page[4], 1)
  add('received_bytes', page[5], ARGV[11])
  if ARGV[10] == 'not_modified' then
    add('spared_bytes', page[6], page[7] or '0')
  end
  set('answer_bytes', ARGV[12])
  if not page[8] then
    set('counted_since', ARGV[4])
  end
end
local is_full = false
local function turn_over()
  local size, most = redis.call('SCARD', KEYS[3]), tonumber(ARGV[15])
  if #ARGV == SILENT or size <= most then
    return
  end
  local since = tonumber(ARGV[4]) - tonumber(page[3] or '0')
  if since > DAY or size > BURST * most then
    is_full = true
    set('horizon', page[3] or '')
    set('rotated', ARGV[4])
  elseif since < 0 then
    -- The clock was put back: the day begins now.
    set('rotated', ARGV[4])
  end
end
local function write()
  tell()
  turn_over()
  if ARGV[5] ~= '' then
    redis.call('ZADD', KEYS[6], 'XX', ARGV[5], ARGV[1])
  end
  redis.call('HSET', KEYS[2], unpack(fields))
end
local is_written, refusal = pcall(write)
if not is_written then
  take_back()
  error(refusal, 0)
end
-- Should this be refused, the sets change places another time.
if is_full then
  redis.call('RENAME', KEYS[3], KEYS[4])
end
return #entries
