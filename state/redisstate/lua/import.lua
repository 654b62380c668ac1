-- Adds an entry that another store exported, unless it was stored before.
--
-- KEYS  1 entries of the lane (list)   2 ready (zset)    3 counts (hash)
--       4 later (zset)                 5 parked (hash)   6 asleep (string)
--       7 the entry's id as dedup key (string): see enqueue
--       8.. further dedup keys (strings)
-- ARGV  1 lane   2 tail of the entry   3 attempts spent   4 time of storing
--       5 when it is due, 0 for an entry that is in its lane
--       6 cause, packed   7 dedup time, ms   8 wake channel   9 shard
-- Answer {wait, score} as in enqueue

if call('GET', KEYS[7]) == 'e' then
  return {-1, 0}
end
call('SET', KEYS[7], 'e', 'PX', ARGV[7])
for i = 8, #KEYS do
  call('SET', KEYS[i], '1', 'PX', ARGV[7], 'NX')
end
local lane, attempts, due = ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[5])
local now = clock()
local seq = call('HINCRBY', KEYS[3], 'in', 1)
local head = make(attempts, seq, tonumber(ARGV[4]))
if due > 0 then
  local wait = math.max(1, due - now)
  call('ZADD', KEYS[4], num(due), seq)
  call('HSET', KEYS[5], seq, park(lane, ARGV[6], head, ARGV[2]))
  tell(KEYS[6], ARGV[8], ARGV[9], due, wait)
  return {wait, due}
end
if call('RPUSH', KEYS[1], head, ARGV[2]) > 2 then
  return {-1, 0}
end
call('ZADD', KEYS[2], num(now), lane)
tell(KEYS[6], ARGV[8], ARGV[9], now, 0)
return {0, now}
