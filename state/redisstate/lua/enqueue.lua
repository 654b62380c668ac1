-- Records the dedup keys of an entry and appends it, or sets it aside if it
-- has a delay.
--
-- KEYS  1 entries of the lane (list)   2 ready (zset)      3 leases (hash)
--       4 counts (hash)                5 later (zset)      6 parked (hash)
--       7 asleep (string)              8 the entry's id as dedup key (string):
--       'e' if the entry was stored, '1' if the key alone was
--       9.. further dedup keys (strings)
-- ARGV  1 lane          2 tail of the entry   3 dedup time, ms
--       4 delay, µs     5 hold, µs
--       6 flags: r the hold restarts, i only if idle, f the store is full
--       7 wake channel  8 shard
-- Answer {outcome, depth, wait, score}
--       outcome 1 added, 2 duplicate, 3 busy, 4 full
--       wait    µs until there is something new to lease, -1 for never
--       score   from when on the lane may be leased

local lane, ttl, flags = ARGV[1], ARGV[3], ARGV[6]
local delay, hold = tonumber(ARGV[4]), tonumber(ARGV[5])

if #KEYS == 8 and flags == '' then
  if not call('SET', KEYS[8], 'e', 'PX', ttl, 'NX') then
    return {2, call('LLEN', KEYS[1]) / 2, -1, 0}
  end
else
  if call('EXISTS', unpack(KEYS, 8)) > 0 then
    return {2, call('LLEN', KEYS[1]) / 2, -1, 0}
  end
  if string.find(flags, 'f', 1, true) then
    return {4, 0, -1, 0}
  end
  for i = 9, #KEYS do
    call('SET', KEYS[i], '1', 'PX', ttl)
  end
  if string.find(flags, 'i', 1, true) then
    local depth = call('LLEN', KEYS[1]) / 2
    if depth > 0 then
      call('SET', KEYS[8], '1', 'PX', ttl)
      return {3, depth, -1, 0}
    end
  end
  call('SET', KEYS[8], 'e', 'PX', ttl)
end

local now = clock()
local seq = call('HINCRBY', KEYS[4], 'in', 1)
local head = make(0, seq, now)

if delay > 0 then
  local due = now + delay
  call('ZADD', KEYS[5], num(due), seq)
  call('HSET', KEYS[6], seq, park(lane, '', head, ARGV[2]))
  tell(KEYS[7], ARGV[7], ARGV[8], due, delay)
  return {1, call('LLEN', KEYS[1]) / 2, delay, due}
end

local depth = call('RPUSH', KEYS[1], head, ARGV[2]) / 2
if depth == 1 then
  local score = now + hold
  call('ZADD', KEYS[2], num(score), lane)
  tell(KEYS[7], ARGV[7], ARGV[8], score, hold)
  return {1, depth, hold, score}
end
if hold > 0 and string.find(flags, 'r', 1, true) then
  local score = now + hold
  local lease = call('HGET', KEYS[3], lane)
  if lease then
    local token, n, held, holder = string.match(lease, '^(%d+) (%d+) (%d+) (.*)$')
    if score > tonumber(held) then
      call('HSET', KEYS[3], lane, token .. ' ' .. n .. ' ' .. num(score) .. ' ' .. holder)
    end
    return {1, depth, -1, 0}
  end
  call('ZADD', KEYS[2], 'XX', 'GT', num(score), lane)
  tell(KEYS[7], ARGV[7], ARGV[8], score, hold)
  return {1, depth, hold, score}
end
return {1, depth, -1, 0}
