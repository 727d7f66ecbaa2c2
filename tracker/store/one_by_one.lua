-- Judge one of many. What the server refuses of one key, which is of another type, concerns no other; all else ends
-- the call. Returns the answer, or nil and the server's words.
local function by_itself(judge, ...)
  local is_judged, answer = pcall(judge, ...)
  if is_judged then
    return answer
  end
  local words = type(answer) == 'table' and answer.err or tostring(answer)
  if not string.find(words, 'WRONGTYPE', 1, true) then
    error(answer, 0)
  end
  return nil, words
end
