-- Makes a lease live longer, from now.
--
-- KEYS  1 leased (zset)   2 leases (hash)
-- ARGV  1 lane   2 token   3 lifetime, µs
-- Answer 1 done, 0 the lease is lost

local lease = call('HGET', KEYS[2], ARGV[1])
if not lease or string.match(lease, '^(%d+) ') ~= ARGV[2] then
  return 0
end
call('ZADD', KEYS[1], num(clock() + tonumber(ARGV[3])), ARGV[1])
return 1
