-- Tell which pages changed and when each was asked last, without reading any of them.
-- ARGV  key prefix of pages, provider ids...
-- Returns for each page: its revision and when it was asked, '' for one that never was.
local pulses = {}
for i = 2, #ARGV do
  local page = redis.call('HMGET', ARGV[1] .. ARGV[i], 'revision', 'checked')
  pulses[2 * i - 3], pulses[2 * i - 2] = page[1] or '', page[2] or ''
end
return pulses
