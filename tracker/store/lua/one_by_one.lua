-- Judge one of many. A broken key of one page concerns no other page: it has another type, or a field of it is not the
-- number that it should be. Any other refusal of the server (a table) ends the call.
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
