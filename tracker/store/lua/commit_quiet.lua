-- Write the changes of polls without events: their times, counters and next due times. Each is judged by itself; one
-- that runs twice counts once.
-- KEYS  as commit_rules.lua says
-- ARGV  as commit_rules.lua says, then commits as JSON
-- Returns {place, answer, place, answer, ...} for commits that were not written: -1 for a refused one, -2 for one whose
-- provider is gone, the server's words if the page's key has another type.
local commits = unpack(ARGV, 4, 4)
local function refusal_of(commit)
  local refusal, fields = judged(commit)
  if not refusal then
    write(commit, fields)
  end
  return refusal
end
local refused, polled_at = {}, nil
for place, commit in ipairs(cjson.decode(commits)) do
  local refusal, words = by_itself(refusal_of, commit)
  if refusal or words then
    refused[#refused + 1] = place
    refused[#refused + 1] = refusal or words
  else
    polled_at = commit[CHECKED]
  end
end
if polled_at then
  redis.pcall('HSET', polls_key, 'at', polled_at)
end
return refused
