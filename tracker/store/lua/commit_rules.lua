-- What holds for each commit of a page; commit.lua and commit_quiet.lua go on from here.
-- KEYS  providers (hash), due (sorted set), version of the catalogue (counter), all polls (hash), ...
-- ARGV  key prefixes of pages, of slots and of pages that wait for one, ...
local providers_key, due_key, version_key, polls_key = unpack(KEYS, 1, 4)
local page_prefix, slots_prefix, waiting_prefix = unpack(ARGV, 1, 3)
-- A commit is an array of these; those from SLOT on may be absent. VERSION is the version of the catalogue that holds
-- the provider ('' where that is not known), CHECKED when the page was asked, READ when it was read ('' to keep it),
-- ENDING how the poll ended ('' to count nothing), RECEIVED the bytes received, ANSWER those of the primary answer (''
-- for none), DUE when it is due ('' to keep it), SLOT what the page takes from now on ('' to keep it), HOST the host
-- whose slot the lease holds, LIMIT how many slots that host has.
local ID, TOKEN, REVISION, VERSION, CHECKED, READ, ENDING, RECEIVED, ANSWER, DUE, SLOT, HOST, LIMIT =
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13
-- A page that is handed a slot has it for so many seconds, in which beat has to notice that it is due.
local HANDED = 5
-- Longer than any lease of a slot, so that the last one does not stay behind forever.
local KEPT = 60
local GONE, REFUSED = -2, -1
local current_version
-- Give the lease's slot back: to the page that has waited longest for it, which is due at once.
local function give_back(commit)
  if not commit[HOST] then
    return
  end
  local slots, waiting = slots_prefix .. commit[HOST], waiting_prefix .. commit[HOST]
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
    if redis.call('ZSCORE', due_key, id) then
      redis.call('ZADD', due_key, commit[CHECKED], id)
      redis.call('ZADD', slots, now + HANDED, id)
      redis.call('EXPIRE', slots, KEPT)
    end
  end
end
local function is_gone(commit)
  if commit[VERSION] ~= '' then
    current_version = current_version or redis.call('GET', version_key) or ''
    -- A catalogue that is what it was still holds the provider.
    if commit[VERSION] == current_version then
      return false
    end
  end
  return redis.call('HEXISTS', providers_key, commit[ID]) == 0
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
    add('received_bytes', redis.call('HGET', page_prefix .. commit[ID], 'received_bytes'), commit[RECEIVED])
  end
  if commit[ENDING] == 'not_modified' and (answer or '0') ~= '0' then
    add('spared_bytes', before, answer)
  end
  if commit[ANSWER] ~= '' then
    add('answer_bytes', 0, commit[ANSWER])
  end
  if not polls and redis.call('HEXISTS', page_prefix .. commit[ID], 'counted_since') == 0 then
    fields[last + 1], fields[last + 2] = 'counted_since', commit[CHECKED]
  end
end
-- Judge a commit. Return GONE or REFUSED, or nil and the fields of the page to write.
-- One on another revision than its lease began with is refused, and so is one whose lease began before that of the last
-- committed one, or before the server lost its data. The lease's slot is given back either way. One that runs twice
-- counts once, by the lease's number, its turn.
local function judged(commit)
  if is_gone(commit) then
    give_back(commit)
    return GONE
  end
  local token = commit[TOKEN]
  local page = redis.call('HMGET', page_prefix .. commit[ID], 'committed', 'revision', 'turn',
    'polls_' .. commit[ENDING], 'spared_bytes', 'answer_bytes')
  if page[3] == token then
    -- Otherwise a later lease has the slot, which is one a page.
    give_back(commit)
  end
  local number = tonumber(token)
  -- The last one is of a page that the server has lost since: its number was not given yet.
  if (page[2] or '0') ~= commit[REVISION] or tonumber(page[1] or '0') > number or tonumber(page[3] or '0') < number then
    return REFUSED
  end
  local fields = {'committed', token, 'checked', commit[CHECKED], 'lease', '0'}
  if commit[READ] ~= '' then
    fields[7], fields[8] = 'read', commit[READ]
  end
  if (commit[SLOT] or '') ~= '' then
    fields[#fields + 1] = 'slot'
    fields[#fields + 1] = commit[SLOT]
  end
  if commit[ENDING] ~= '' and page[1] ~= token then
    count(fields, commit, page[4], page[5], page[6])
  end
  return nil, fields
end
-- Write the fields of a page, and when it is due.
local function write(commit, fields)
  if (commit[DUE] or '') ~= '' then
    redis.call('ZADD', due_key, 'XX', commit[DUE], commit[ID])
  end
  redis.call('HSET', page_prefix .. commit[ID], unpack(fields))
end
