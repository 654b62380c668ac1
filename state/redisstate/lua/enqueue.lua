-- Records the dedup keys of entries and appends them to their lanes, or sets
-- aside those that have a delay. The entries are independent of each other.
--
-- KEYS  1 ready (zset)   2 leases (hash)   3 counts (hash)   4 later (zset)
--       5 parked (hash)  6 asleep (string)
--       7.. for each entry
--           entries of its lane (list)
--           its id as dedup key (string): 'e' if the entry was stored, '1' if
--           the key alone was
--           further dedup keys (strings), no two the same
-- ARGV  1 dedup time, ms   2 wake channel   3 shard
--       4 length of what the name of every list of entries begins with; the
--         lane follows
--       5.. for each entry
--           its tail
--           '' or: number of further keys, delay in µs, hold in µs, flags, with
--           blanks between; flags: r the hold restarts, i only if idle, f the
--           store is full
-- Answer {ready, score, wait, entry...}
--       ready   how many lanes may be leased now that could not before
--       score   since when they may
--       wait    µs until more lanes or entries may be, -1 for never
--       entry   two numbers: outcome, depth
--       outcome 1 added, 2 duplicate, 3 busy, 4 full, 5 refused by the server,
--               which says so in place of the depth

local ttl = ARGV[1]
local now, stamp
local seq, more = nil, 0
local fresh, lanes = {}, 0
local wait = -1

-- first keeps the shortest wait.
local function first(w)
  if wait < 0 or w < wait then
    wait = w
  end
end

-- flush makes the lanes ready that became so.
local function flush()
  if #fresh > 0 then
    call('ZADD', KEYS[1], unpack(fresh))
    lanes = lanes + #fresh / 2
    fresh = {}
  end
end

-- record stores the keys from i to j of an entry unless one of them is known.
local function record(i, j)
  for n = i, j do
    if not call('SET', KEYS[n], n == i and 'e' or '1', 'PX', ttl, 'NX') then
      if n > i then
        call('DEL', unpack(KEYS, i, n - 1))
      end
      return false
    end
  end
  return true
end

-- admit does the same under the flags i and f, and returns the outcome.
local function admit(list, i, j, flags)
  if call('EXISTS', unpack(KEYS, i, j)) > 0 then
    return 2
  end
  if string.find(flags, 'f', 1, true) then
    return 4
  end
  record(i, j)
  if call('EXISTS', list) == 1 then
    call('SET', KEYS[i], '1', 'PX', ttl)
    return 3
  end
  return 1
end

-- restart makes the hold of a lane start again, from now.
local function restart(lane, hold)
  local score = now + hold
  local lease = call('HGET', KEYS[2], lane)
  if lease then
    local token, n, held, holder = string.match(lease, '^(%d+) (%d+) (%d+) (.*)$')
    if score > tonumber(held) then
      call('HSET', KEYS[2], lane, token .. ' ' .. n .. ' ' .. num(score) .. ' ' .. holder)
    end
    return
  end
  flush()
  call('ZADD', KEYS[1], 'XX', 'GT', num(score), lane)
  tell(KEYS[6], ARGV[2], ARGV[3], score, hold)
  first(hold)
end

local answer = {0, 0, -1}
local k = 7
for i = 5, #ARGV, 2 do
  local list, last = KEYS[k], k + 1
  local delay, hold, flags = 0, 0, ''
  if ARGV[i + 1] ~= '' then
    local n, d, h, f = string.match(ARGV[i + 1], '^(%d+) (%d+) (%d+) (%a*)$')
    last, delay, hold, flags = last + n, tonumber(d), tonumber(h), f
  end
  local outcome = 1
  if flags == '' or flags == 'r' then
    if not record(k + 1, last) then
      outcome = 2
    end
  else
    outcome = admit(list, k + 1, last, flags)
  end
  local depth
  if outcome == 1 then
    if not now then
      now = clock()
      stamp = num(now)
      seq = call('HINCRBY', KEYS[3], 'in', '1')
    else
      more = more + 1
    end
    local head = make(0, seq + more, now)
    if delay > 0 then
      local due = now + delay
      local lane = string.sub(list, ARGV[4] + 1)
      call('ZADD', KEYS[4], num(due), seq + more)
      call('HSET', KEYS[5], seq + more, park(lane, '', head, ARGV[i]))
      tell(KEYS[6], ARGV[2], ARGV[3], due, delay)
      first(delay)
    else
      -- A lane that is damaged must not stop the others.
      depth = redis.pcall('RPUSH', list, head, ARGV[i])
      if type(depth) == 'table' then
        call('DEL', unpack(KEYS, k + 1, last))
        call('HINCRBY', KEYS[3], 'out', 1)
        outcome, depth = 5, depth.err
      elseif depth == 2 then
        local lane = string.sub(list, ARGV[4] + 1)
        if hold == 0 then
          fresh[#fresh + 1] = stamp
          fresh[#fresh + 1] = lane
        else
          local score = now + hold
          call('ZADD', KEYS[1], num(score), lane)
          tell(KEYS[6], ARGV[2], ARGV[3], score, hold)
          first(hold)
        end
      elseif hold > 0 and flags ~= '' and string.find(flags, 'r', 1, true) then
        restart(string.sub(list, ARGV[4] + 1), hold)
      end
    end
  end
  if outcome ~= 5 then
    depth = depth or redis.pcall('LLEN', list)
    depth = type(depth) == 'number' and depth / 2 or 0
  end
  answer[#answer + 1] = outcome
  answer[#answer + 1] = depth
  k = last + 1
end

if more > 0 then
  call('HINCRBY', KEYS[3], 'in', more)
end
flush()
if lanes > 0 then
  answer[1], answer[2] = lanes, now
  tell(KEYS[6], ARGV[2], ARGV[3], now, 0)
end
answer[3] = wait
return answer
