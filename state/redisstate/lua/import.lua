-- Adds an entry that another store exported, unless it was stored before.
--
-- KEYS  1 entries of the lane (list)   2 ready (zset)    3 counts (hash)
--       4 later (zset)                 5 parked (hash)   6 asleep (string)
--       7 what the names of the hashes of dedup keys begin with
-- ARGV  1 lane   2 tail of the entry   3 attempts spent   4 time of storing
--       5 when it is due, 0 for an entry that is in its lane
--       6 cause, packed   7 dedup time, ms   8 wake channel   9 shard
--       10 the entry's id as a dedup key   11.. further dedup keys
-- Answer {wait, score} as in enqueue

local now = clock()
local names = {unpack(ARGV, 10)}
local counts = call('HMGET', KEYS[3], 'in', 'dedup')
local live, over = slots(counts[2], now)
local found = known(KEYS[7], live, names)
if found[1] == 'e' then
  return {-1, 0}
end
local fields = {}
for i, name in ipairs(names) do
  if i == 1 or not found[i] then
    fields[#fields + 1] = name
    fields[#fields + 1] = i == 1 and 'e' or '1'
  end
end
local lane, attempts, due = ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[5])
local seq = tonumber(counts[1] or 0) + 1
call('HSET', KEYS[3], 'in', num(seq))
if found[1] then
  for _, at in ipairs(live) do
    call('HDEL', KEYS[7] .. at, names[1])
  end
end
record(KEYS[7], KEYS[3], live, over, until_when(now, tonumber(ARGV[7])), fields)
local head = make(attempts, seq, tonumber(ARGV[4]), #ARGV[2])
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
