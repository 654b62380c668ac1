-- Counts what is in a shard.
--
-- KEYS  1 ready (zset)   2 leased (zset)   3 counts (hash)
--       4 later (zset)   5 dead (hash)
-- Answer {lanes, entries, leased, delayed, dead, dropped dead letters}

local n = call('HMGET', KEYS[3], 'in', 'out', 'dropped')
local delayed = call('ZCARD', KEYS[4])
return {
  call('ZCARD', KEYS[1]) + call('ZCARD', KEYS[2]),
  (tonumber(n[1] or 0)) - (tonumber(n[2] or 0)) - delayed,
  call('ZCOUNT', KEYS[2], '(' .. num(clock()), '+inf'),
  delayed,
  call('HLEN', KEYS[5]),
  tonumber(n[3] or 0),
}
