-- Show which pages have changed, without reading their states.
-- ARGV  key prefix of pages, provider ids...
-- Returns the revision of each page, '' for one that was never committed.
local page_prefix = unpack(ARGV, 1, 1)
local FIRST = 2
local revisions = {}
for i = FIRST, #ARGV do
  revisions[i - FIRST + 1] = redis.call('HGET', page_prefix .. ARGV[i], 'revision') or ''
end
return revisions
