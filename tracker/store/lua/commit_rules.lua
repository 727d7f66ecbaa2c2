-- The rules for every commit of a page; commit.lua and commit_quiet.lua are appended to this.
-- KEYS  providers (hash), due (sorted set), version of the catalogue (counter), all polls (hash), ...
-- ARGV  key prefixes of pages, of slots and of pages that wait for a slot, ...
local providers_key, due_key, version_key, polls_key = unpack(KEYS, 1, 4)
local page_prefix, slots_prefix, waiting_prefix = unpack(ARGV, 1, 3)
-- A commit is an array of these; those from SLOT on may be absent. VERSION is the version of the catalogue that holds
-- the provider ('' if it is not known), CHECKED the time of the request, READ the time of the reading ('' to keep the
-- last one), ENDING the response class of the poll ('' to count nothing), RECEIVED the bytes received, ANSWER the bytes
-- of the primary answer ('' for none), DUE the next due time ('' to keep it), SLOT the slot that the page takes from now
-- on ('' to keep it), HOST the host whose slot the lease holds, LIMIT the number of slots of that host.
local ID, TOKEN, REVISION, VERSION, CHECKED, READ, ENDING, RECEIVED, ANSWER, DUE, SLOT, HOST, LIMIT =
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13
-- Seconds for which a page keeps a slot that it was handed; within them beat has to notice that the page is due.
local HANDED = 5
-- Seconds that outlast any lease of a slot, so that no set of slots stays forever.
local KEPT = 60
local GONE, REFUSED = -2, -1
local current_version
-- Release the slot of the lease: the page that has waited longest gets it, and is due at once.
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
    -- A page that was removed meanwhile is skipped.
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
    -- An unchanged catalogue still holds the provider.
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
-- A commit is refused if the revision is no longer the one of its lease, if a later lease has committed, or if the
-- server has lost the data since. The slot of the lease is released in any case. A commit that runs twice counts once,
-- by its fencing token (the field `turn`).
local function judged(commit)
  if is_gone(commit) then
    give_back(commit)
    return GONE
  end
  local token = commit[TOKEN]
  local page = redis.call('HMGET', page_prefix .. commit[ID], 'committed', 'revision', 'turn',
    'polls_' .. commit[ENDING], 'spared_bytes', 'answer_bytes')
  if page[3] == token then
    -- With another token, a later lease has the slot: a page holds one at most.
    give_back(commit)
  end
  local number = tonumber(token)
  -- The last condition is for a page that the server has lost since: this token was not given out yet.
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
-- Write the fields of a page, and its next due time.
local function write(commit, fields)
  if (commit[DUE] or '') ~= '' then
    redis.call('ZADD', due_key, 'XX', commit[DUE], commit[ID])
  end
  redis.call('HSET', page_prefix .. commit[ID], unpack(fields))
end
