-- Records the dedup keys of entries and appends them to their lanes, or sets
-- aside those that have a delay. The entries are independent of each other. Lanes
-- that are leased with their first entry do not become ready.
--
-- KEYS  1 ready (zset)   2 leases (hash)   3 counts (hash)   4 later (zset)
--       5 parked (hash)  6 asleep (string)
--       7 what the names of the hashes of dedup keys begin with
--       8 leased (zset)
--       9 what the names of all notes begin with; the thread follows
--       10 what the names of all sets of subscriptions begin with; the workspace
--       follows
--       11.. entries of the lane of each entry (lists)
-- ARGV  1 dedup time, ms   2 wake channel   3 shard
--       4 length of what the name of every list of entries begins with; the
--         lane follows
--       5 lifetime of leases, µs   6 their holder
--       7.. for each entry
--           its tail
--           '' or: number of further dedup keys, delay in µs, hold in µs, flags,
--           with blanks between; flags: r the hold restarts, i only if idle, f
--           the store is full, l its lane is to be leased
--           its id as a dedup key
--           further dedup keys, no two the same
-- Answer {ready, score, wait, now, token, entry...}
--       ready   how many lanes may be leased now that could not before
--       score   since when they may
--       wait    µs until more lanes or entries may be, -1 for never
--       token   of the leases; '' if there are none
--       entry   four items: outcome, sequence if it was added, depth, and 0 or,
--               if its lane is leased, {1 if its thread is subscribed, {name,
--               note...}}
--       outcome 1 added, 2 duplicate, 3 busy, 4 full, 5 refused by the server,
--               which says so in place of the depth

local now = clock()
local stamp = num(now)
local counts = call('HMGET', KEYS[3], 'in', 'dedup', 'token')
local before = tonumber(counts[1] or 0)
local seq = before
local fresh, lanes = {}, 0
local wait = -1
local given, places, taken, token = {}, {}, {}, nil

-- What is asked for. The names of an entry are those from firsts to lasts.
local names, firsts, lasts, tails, special = {}, {}, {}, {}, {}
local a = 7
for e = 1, #KEYS - 10 do
  local how, further = ARGV[a + 1], 0
  if how ~= '' then
    local n, delay, hold, flags = string.match(how, '^(%d+) (%d+) (%d+) (%a*)$')
    further = tonumber(n)
    special[e] = {tonumber(delay), tonumber(hold), flags}
  end
  tails[e], firsts[e] = a, #names + 1
  for i = a + 2, a + 2 + further do
    names[#names + 1] = ARGV[i]
  end
  lasts[e] = #names
  a = a + 3 + further
end
local live, over = slots(counts[2], now)
local found = known(KEYS[7], live, names)
local fields, new = {}, {}

-- duplicate reports whether one of the names from i to j is known or was
-- recorded by an entry in front of this one.
local function duplicate(i, j)
  for n = i, j do
    if found[n] or new[names[n]] then
      return true
    end
  end
  return false
end

-- remember notes the names from i to j to be recorded.
local function remember(i, j, first)
  for n = i, j do
    new[names[n]] = true
    fields[#fields + 1] = names[n]
    fields[#fields + 1] = n == i and first or '1'
  end
end

-- soon keeps the shortest wait.
local function soon(w)
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

-- take leases the lanes that are given with their first entries.
local function take()
  if #taken == 0 then
    return
  end
  token = token or num(math.max(now, tonumber(counts[3] or 0) + 1))
  local expiry, lease = num(now + tonumber(ARGV[5])), token .. ' 1 0 ' .. ARGV[6]
  local expiries, leases = {}, {}
  for t, lane in ipairs(taken) do
    expiries[2 * t - 1], expiries[2 * t] = expiry, lane
    leases[2 * t - 1], leases[2 * t] = lane, lease
  end
  call('ZADD', KEYS[8], unpack(expiries))
  call('HSET', KEYS[2], unpack(leases))
  taken = {}
end

-- restart makes the hold of a lane start again, from now.
local function restart(lane, hold)
  take()
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
  soon(hold)
end

-- quiet reports whether no lane is ready, so that leasing one that becomes so
-- passes over none.
local function quiet()
  if lanes > 0 or #fresh > 0 then
    return false
  end
  local head = call('ZRANGE', KEYS[1], '0', '0', 'WITHSCORES')[2]
  return not head or tonumber(head) > now
end

local answer = {0, 0, -1, now, ''}
for e = 1, #firsts do
  local list = KEYS[10 + e]
  local delay, hold, flags = 0, 0, ''
  if special[e] then
    delay, hold, flags = unpack(special[e])
  end
  local outcome = 1
  if duplicate(firsts[e], lasts[e]) then
    outcome = 2
  elseif flags ~= '' then
    if string.find(flags, 'f', 1, true) then
      outcome = 4
    elseif string.find(flags, 'i', 1, true) and call('EXISTS', list) == 1 then
      outcome = 3
      remember(firsts[e], lasts[e], '1')
    end
  end
  local depth
  if outcome == 1 then
    local head = make(0, seq + 1, now, #ARGV[tails[e]])
    if delay > 0 then
      local due = now + delay
      local lane = string.sub(list, ARGV[4] + 1)
      call('ZADD', KEYS[4], num(due), seq + 1)
      call('HSET', KEYS[5], seq + 1, park(lane, '', head, ARGV[tails[e]]))
      tell(KEYS[6], ARGV[2], ARGV[3], due, delay)
      soon(delay)
    else
      -- A lane that is damaged must not stop the others.
      depth = redis.pcall('RPUSH', list, head, ARGV[tails[e]])
      if type(depth) == 'table' then
        if seq == before and string.sub(depth.err, 1, 9) ~= 'WRONGTYPE' then
          -- The server takes no writes, which concerns all.
          return depth
        end
        outcome, depth = 5, depth.err
      elseif depth == 2 then
        local lane = string.sub(list, ARGV[4] + 1)
        if hold == 0 and string.find(flags, 'l', 1, true) and quiet() then
          given[#given + 1], taken[#taken + 1] = lane, lane
          places[#places + 1] = e
        elseif hold == 0 then
          fresh[#fresh + 1] = stamp
          fresh[#fresh + 1] = lane
        else
          local score = now + hold
          call('ZADD', KEYS[1], num(score), lane)
          tell(KEYS[6], ARGV[2], ARGV[3], score, hold)
          soon(hold)
        end
      elseif hold > 0 and string.find(flags, 'r', 1, true) then
        restart(string.sub(list, ARGV[4] + 1), hold)
      end
    end
    if outcome == 1 then
      seq = seq + 1
      remember(firsts[e], lasts[e], 'e')
    end
  end
  if outcome ~= 5 then
    depth = depth or redis.pcall('LLEN', list)
    depth = type(depth) == 'number' and depth / 2 or 0
  end
  answer[#answer + 1] = outcome
  answer[#answer + 1] = outcome == 1 and seq or 0
  answer[#answer + 1] = depth
  answer[#answer + 1] = 0
end

if seq > before then
  call('HSET', KEYS[3], 'in', num(seq))
end
if #fields > 0 then
  record(KEYS[7], KEYS[3], live, over, until_when(now, tonumber(ARGV[1])), fields)
end
flush()
if #given > 0 then
  take()
  call('HSET', KEYS[3], 'token', token)
  local subscribed, notes = known_of(KEYS[9], KEYS[10], given)
  for g, e in ipairs(places) do
    answer[5 + 4 * e] = {subscribed[g], notes[g]}
  end
  answer[5] = token
end
if lanes > 0 then
  answer[1], answer[2] = lanes, now
  tell(KEYS[6], ARGV[2], ARGV[3], now, 0)
end
answer[3] = wait
return answer
