-- Puts a dead letter back at the end of its lane with no attempts spent.
--
-- KEYS  1 entries of the lane (list)   2 ready (zset)   3 counts (hash)
--       4 dead (hash)                  5 asleep (string)   6 buried (zset)
-- ARGV  1 lane   2 name of the dead letter   3 wake channel   4 shard
-- Answer {outcome, wait, score}
--       outcome 0 the letter is absent, 1 done
--       wait    0 if the lane became ready, else -1
--       score   since when it is

local v = call('HGET', KEYS[4], ARGV[2])
if not v then
  return {0, -1, 0}
end
local head, tail = '', ''
if #v >= 13 and string.byte(v, 1) == 1 then
  local _, cause = struct.unpack('>I8I4', v, 2)
  head, tail = split(string.sub(v, 14 + cause))
end
local now = clock()
local seq = call('HINCRBY', KEYS[3], 'in', 1)
local attempts, _, at = parse(head)
if attempts then
  head = make(0, seq, at, #tail)
end
call('HDEL', KEYS[4], ARGV[2])
call('ZREM', KEYS[6], ARGV[2])
if call('RPUSH', KEYS[1], head, tail) > 2 then
  return {1, -1, 0}
end
call('ZADD', KEYS[2], num(now), ARGV[1])
tell(KEYS[5], ARGV[3], ARGV[4], now, 0)
return {1, 0, now}
