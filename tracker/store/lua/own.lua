-- Take or renew the lease of a thing that only one tracker may change. The lease expires.
-- KEYS  lease (hash)
-- ARGV  owner, its session, fencing token that the caller has ('0' for none), lease (ms), now (seconds), host, source
-- A new session of the same owner takes over at once: it is the same tracker, restarted. The same session gets the same
-- token again.
-- Returns {fencing token, '', '', '', 0} for the owner, else {'0', host, since, source, ms left} of the other owner.
local owned_key = unpack(KEYS)
local owner, session, token, lease_ms, now_s, host, source = unpack(ARGV)
local held = redis.call('HMGET', owned_key, 'owner', 'token', 'host', 'since', 'source', 'session')
local is_mine = held[1] == owner and held[6] == session
if held[1] and not is_mine and (held[1] ~= owner or token ~= '0') then
  return {'0', held[3], held[4], held[5], redis.call('PTTL', owned_key)}
end
if is_mine then
  token = held[2]
else
  -- No token is given twice, even after the loss of all data.
  local time = redis.call('TIME')
  token = string.format('%.0f', math.max((held[2] or 0) + 1, time[1] * 1000000 + time[2]))
  redis.call('HSET', owned_key, 'owner', owner, 'session', session, 'token', token, 'host', host, 'since', now_s, 'source', source)
end
redis.call('PEXPIRE', owned_key, lease_ms)
return {token, '', '', '', 0}
