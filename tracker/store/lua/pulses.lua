-- Tell which pages changed and when each was asked last, without reading any of them.
-- ARGV  key prefix of pages, provider ids...
-- Returns for each page: its revision and when it was asked, '' for one that never was.
local page_prefix = unpack(ARGV, 1, 1)
local FIRST = 2
local pulses = {}
for i = FIRST, #ARGV do
  local page = redis.call('HMGET', page_prefix .. ARGV[i], 'revision', 'checked')
  pulses[2 * i - 3], pulses[2 * i - 2] = page[1] or '', page[2] or ''
end
return pulses
