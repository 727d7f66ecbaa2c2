-- Show which pages have changed and when each was polled last, without reading their states.
-- ARGV  key prefix of pages, provider ids...
-- Returns for each page its revision and the time of its last poll, '' for none.
local page_prefix = unpack(ARGV, 1, 1)
local FIRST = 2
local pulses = {}
for i = FIRST, #ARGV do
  local page = redis.call('HMGET', page_prefix .. ARGV[i], 'revision', 'checked')
  local place = 2 * (i - FIRST)
  pulses[place + 1], pulses[place + 2] = page[1] or '', page[2] or ''
end
return pulses
