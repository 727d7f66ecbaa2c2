-- What holds for each commit of a page; commit.lua and commit_quiet.lua go on from here.
-- KEYS  providers (hash), due (sorted set), version of the catalogue (counter), ...
-- ARGV  key prefixes of pages, of slots and of pages that wait for one, ...
-- A commit is an array of these; trailing ones may be absent:
local ID, TURN, REVISION = 1, 2, 3
-- The version of the catalogue that holds its provider, '' where that is not known.
local VERSION = 4
-- When the page was asked, and when it was read ('' to keep it).
local CHECKED, READ = 5, 6
-- How the poll ended ('' to count nothing), bytes received, bytes of the primary answer ('' for none).
local ENDING, RECEIVED, ANSWER = 7, 8, 9
-- When it is due ('' to keep it).
local DUE = 10
-- The slot that the page takes from now on ('' to keep what is there).
local SLOT = 11
-- The host whose slot the turn holds, and how many of these there are.
local HOST, LIMIT = 12, 13
-- A page that is handed a slot has it for so many seconds, in which beat has to notice that it is due.
local HANDED = 5
-- Longer than any lease of a slot, so that the last one does not stay behind for ever.
local KEPT = 60
local GONE, REFUSED = -2, -1
local current_version
-- Give the turn's slot back: to the page that has waited longest for it, which is due at once.
local function give_back(commit)
  if not commit[HOST] then
    return
  end
  local slots, waiting = ARGV[2] .. commit[HOST], ARGV[3] .. commit[HOST]
  redis.call('ZREM', slots, commit[ID])
  if redis.call('EXISTS', waiting) == 0 then
    return
  end
  local now = tonumber(commit[CHECKED])
  redis.call('ZREMRANGEBYSCORE', slots, '-inf', now)
  while redis.call('ZCARD', slots) < commit[LIMIT] do
    local id = redis.call('ZPOPMIN', waiting)[1]
    if not id then
      return
    end
    -- One that was removed meanwhile is passed over.
    if redis.call('ZSCORE', KEYS[2], id) then
      redis.call('ZADD', KEYS[2], commit[CHECKED], id)
      redis.call('ZADD', slots, now + HANDED, id)
      redis.call('EXPIRE', slots, KEPT)
    end
  end
end
local function is_gone(commit)
  if commit[VERSION] ~= '' then
    current_version = current_version or redis.call('GET', KEYS[3]) or ''
    -- A catalogue that is what it was still holds the provider.
    if commit[VERSION] == current_version then
      return false
    end
  end
  return redis.call('HEXISTS', KEYS[1], commit[ID]) == 0
end
-- Add the poll to the page's counters.
local function count(fields, commit, polls, before, answer)
  local last = #fields
  local function add(field, value, more)
    fields[last + 1], fields[last + 2] = field, string.format('%.0f', (value or 0) + more)
    last = last + 2
  end
  add('polls_' .. commit[ENDING], polls, 1)
  if commit[RECEIVED] > 0 then
    add('received_bytes', redis.call('HGET', ARGV[1] .. commit[ID], 'received_bytes'), commit[RECEIVED])
  end
  if commit[ENDING] == 'not_modified' and (answer or '0') ~= '0' then
    add('spared_bytes', before, answer)
  end
  if commit[ANSWER] ~= '' then
    add('answer_bytes', 0, commit[ANSWER])
  end
  if not polls and redis.call('HEXISTS', ARGV[1] .. commit[ID], 'counted_since') == 0 then
    fields[last + 1], fields[last + 2] = 'counted_since', commit[CHECKED]
  end
end
-- Judge a commit. Return GONE or REFUSED, or nil and the fields of the page to write.
-- One on another revision than that which its turn began with is refused, and so is one whose turn began before that
-- of the last committed one, or before the server lost its data. The turn's slot is given back either way.
-- One that runs twice is counted once, by its turn.
local function judged(commit)
  if is_gone(commit) then
    give_back(commit)
    return GONE
  end
  local turn = commit[TURN]
  local page = redis.call('HMGET', ARGV[1] .. commit[ID], 'committed', 'revision', 'turn', 'polls_' .. commit[ENDING],
    'spared_bytes', 'answer_bytes')
  if page[3] == turn then
    -- Otherwise a later turn has the slot, which is one a page.
    give_back(commit)
  end
  local number = tonumber(turn)
  -- The last one is of a page that the server has lost since: its number was not given yet.
  if (page[2] or '0') ~= commit[REVISION] or tonumber(page[1] or '0') > number or tonumber(page[3] or '0') < number then
    return REFUSED
  end
  local fields = {'committed', turn, 'checked', commit[CHECKED], 'lease', '0'}
  if commit[READ] ~= '' then
    fields[7], fields[8] = 'read', commit[READ]
  end
  if (commit[SLOT] or '') ~= '' then
    fields[#fields + 1] = 'slot'
    fields[#fields + 1] = commit[SLOT]
  end
  if commit[ENDING] ~= '' and page[1] ~= turn then
    count(fields, commit, page[4], page[5], page[6])
  end
  return nil, fields
end
-- Write the fields of a page, and when it is due.
local function write(commit, fields)
  if (commit[DUE] or '') ~= '' then
    redis.call('ZADD', KEYS[2], 'XX', commit[DUE], commit[ID])
  end
  redis.call('HSET', ARGV[1] .. commit[ID], unpack(fields))
end
