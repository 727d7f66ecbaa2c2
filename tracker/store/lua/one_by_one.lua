-- Judge one of many. A broken key of one page (another type, or a field that should be a number and is none) concerns
-- no other page. Any other refusal of the server (a table) ends the call.
-- Returns the answer, or nil and the words of the refusal.
local function by_itself(judge, ...)
  local is_judged, answer = pcall(judge, ...)
  if is_judged then
    return answer
  end
  local words = type(answer) == 'table' and answer.err or tostring(answer)
  if type(answer) ~= 'string' and not string.find(words, 'WRONGTYPE', 1, true) then
    error(answer, 0)
  end
  return nil, words
end
