-- Applies verdicts to the entries of a lease and gives the lane back.
--
-- KEYS  1 entries of the lane (list)   2 ready (zset)   3 leased (zset)
--       4 leases (hash)   5 counts (hash)   6 later (zset)   7 parked (hash)
--       8 dead (hash)     9 asleep (string)
-- ARGV  1 lane   2 token   3 wake channel   4 shard
--       5 'all' if every entry of the lease is done, else ''
--       6.. groups of six, one for each verdict:
--           place of the entry in the lease, from 1
--           kind: 1 done, 2 again in place, 3 again aside, 4 dead
--           wait, µs
--           1 if the attempt does not count, else 0
--           cause, packed
--           name of the dead letter
-- Answer {outcome, wait, score}
--       outcome 0 the lease is lost and nothing was changed, 1 applied
--       wait    µs until the lane may be leased again, -1 if it is empty
--       score   from when on it may

local lane = ARGV[1]
local lease = call('HGET', KEYS[4], lane)
if not lease then
  return {0, -1, 0}
end
local token, n, held = string.match(lease, '^(%d+) (%d+) (%d+) ')
if token ~= ARGV[2] then
  return {0, -1, 0}
end
n, held = tonumber(n), tonumber(held)

local now
local hold, out = 0, 0
-- The first write frees memory, so that settling works when memory is short.
if ARGV[5] == 'all' then
  call('LTRIM', KEYS[1], 2 * n, -1)
  out = n
elseif #ARGV > 5 then
  now = clock()
  local list = call('LPOP', KEYS[1], 2 * n) or {}
  local gone = {}
  for i = 6, #ARGV, 6 do
    local at, kind, after = tonumber(ARGV[i]), ARGV[i + 1], tonumber(ARGV[i + 2])
    local head, tail = list[2 * at - 1], list[2 * at]
    if head and tail then
      if ARGV[i + 3] == '0' then
        head = spent(head)
        list[2 * at - 1] = head
      end
      if kind == '1' then
        gone[at] = true
        out = out + 1
      elseif kind == '2' then
        hold = math.max(hold, after)
      elseif kind == '3' then
        gone[at] = true
        local _, seq = parse(head)
        if not seq then
          seq = call('HINCRBY', KEYS[5], 'in', 1)
          out = out + 1
        end
        local due = now + after
        call('ZADD', KEYS[6], num(due), num(seq))
        call('HSET', KEYS[7], num(seq), park(lane, ARGV[i + 4], head, tail))
        tell(KEYS[9], ARGV[3], ARGV[4], due, math.max(after, 1))
      else
        gone[at] = true
        out = out + 1
        call('HSET', KEYS[8], ARGV[i + 5], bury(now, ARGV[i + 4], head, tail))
      end
    end
  end
  for i = math.floor(#list / 2), 1, -1 do
    if not gone[i] then
      insert(KEYS[1], 0, list[2 * i - 1], list[2 * i])
    end
  end
end

call('HDEL', KEYS[4], lane)
call('ZREM', KEYS[3], lane)
if out > 0 then
  call('HINCRBY', KEYS[5], 'out', out)
end
if call('EXISTS', KEYS[1]) == 0 then
  return {1, -1, 0}
end
now = now or clock()
local score = math.max(now + hold, held)
local wait = score - now
call('ZADD', KEYS[2], num(score), lane)
tell(KEYS[9], ARGV[3], ARGV[4], score, wait)
return {1, wait, score}
