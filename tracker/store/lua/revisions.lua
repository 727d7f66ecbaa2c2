-- Tell which pages changed, without reading any of them.
-- ARGV  key prefix of pages, provider ids...
-- Returns the revision of each page, '' for one that was never committed.
local revisions = {}
for i = 2, #ARGV do
  revisions[i - 1] = redis.call('HGET', ARGV[1] .. ARGV[i], 'revision') or ''
end
return revisions
