-- Ends lapsed leases and waits of single entries in a shard, at
-- most 32 of each per call, and leases the lanes that are ready, the one that
-- waited longest first, with their entries and what is known about their
-- threads. With no lanes asked for it only looks. When it finds none it drops
-- dead letters beyond the limits.
--
-- KEYS  1 ready (zset)   2 leased (zset)   3 leases (hash)   4 counts (hash)
--       5 later (zset)   6 parked (hash)   7 asleep (string)
--       8 what the name of every list of entries begins with; the lane follows
--       9 what the names of all notes begin with; the thread follows
--       10 what the names of all sets of subscriptions begin with; the
--       workspace follows
--       11 dead (hash)   12 buried (zset)
-- ARGV  1 lanes at most  2 entries at most of each lane  3 lifetime, µs
--       4 holder         5 bytes at most of each lane, for all but its first
--       entry           6 dead letters at most   7 their lifetime, µs; both
--       negative for no limit
-- Answer {now, rest, head, wait, token, lane...}, six for each lane
--       rest   how many lanes are ready after the call
--       head   since when the first of them is
--       wait   µs until there may be more to do, -1 for never
--       lane   name, entries behind, since when it was ready, 1 if its thread is
--              subscribed, {name, note...}, {head, tail...} or the number of
--              entries that are leased
--
-- Text is expensive in a script. So many bytes of entries are answered, which is
-- all of them unless there is much to do; the entries of further lanes are read
-- afterwards, under their leases.
local inline = 16384
-- Once the entries have budget bytes, no further lane is leased.
local budget = 16777216

-- front returns how many entries of a list, up to most, have no more than so
-- many bytes, but one at least, and how many bytes they have.
local function front(list, most, bytes)
  local n, size = 0, 0
  while n < most do
    local _, _, _, more = parse(call('LINDEX', list, 2 * n) or '')
    if n > 0 and size + (more or 0) > bytes then
      break
    end
    n, size = n + 1, size + (more or 0)
  end
  return n, size
end

local function lapse(now)
  for _, lane in ipairs(call('ZRANGEBYSCORE', KEYS[2], '-inf', num(now), 'LIMIT', 0, 32)) do
    local list = KEYS[8] .. lane
    local lease = call('HGET', KEYS[3], lane)
    local n, held = 0, 0
    if lease then
      local a, b = string.match(lease, '^%d+ (%d+) (%d+) ')
      n, held = tonumber(a), tonumber(b)
    end
    call('ZREM', KEYS[2], lane)
    call('HDEL', KEYS[3], lane)
    local taken = n > 0 and call('LPOP', list, 2 * n) or {}
    for i = 1, #taken, 2 do
      taken[i] = spent(taken[i])
    end
    put_back(list, taken)
    if call('EXISTS', list) == 1 then
      call('ZADD', KEYS[1], num(math.max(now, held)), lane)
    end
  end
end

local function unpark(now)
  for _, member in ipairs(call('ZRANGEBYSCORE', KEYS[5], '-inf', num(now), 'LIMIT', 0, 32)) do
    local v = call('HGET', KEYS[6], member)
    call('ZREM', KEYS[5], member)
    call('HDEL', KEYS[6], member)
    if v and #v > 9 and string.byte(v, 1) == 1 then
      local a, b = struct.unpack('>I4I4', v, 2)
      local lane = string.sub(v, 10, 9 + a)
      local list = KEYS[8] .. lane
      local empty = call('EXISTS', list) == 0
      local lease = call('HGET', KEYS[3], lane)
      -- What is leased stays in front while it is.
      local from = lease and tonumber(string.match(lease, '^%d+ (%d+) ')) or 0
      insert(list, from, split(string.sub(v, 10 + a + b)))
      if empty then
        call('ZADD', KEYS[1], num(now), lane)
      end
    end
  end
end

local now = clock()
local lanes, entries, bytes = tonumber(ARGV[1]), math.floor(tonumber(ARGV[2])), tonumber(ARGV[5])

local due = call('ZRANGE', KEYS[2], '0', '0', 'WITHSCORES')[2]
if due and tonumber(due) <= now then
  lapse(now)
  due = call('ZRANGE', KEYS[2], '0', '0', 'WITHSCORES')[2]
end
local later = call('ZRANGE', KEYS[5], '0', '0', 'WITHSCORES')[2]
if later and tonumber(later) <= now then
  unpark(now)
  later = call('ZRANGE', KEYS[5], '0', '0', 'WITHSCORES')[2]
end

local answer = {now, 0, 0, -1, '0'}
local names, expiries, leases = {}, {}, {}
if lanes > 0 then
  local expiry = num(now + tonumber(ARGV[3]))
  local token, lease, same
  local read, given = 0, {}
  local found = call('ZRANGEBYSCORE', KEYS[1], '-inf', num(now), 'WITHSCORES', 'LIMIT', '0', ARGV[1])
  for i = 1, #found, 2 do
    local lane = found[i]
    local depth = call('LLEN', KEYS[8] .. lane) / 2
    if read > budget then
      break
    end
    names[#names + 1] = lane
    if depth > 0 then
      if not token then
        token = math.max(now, tonumber(call('HGET', KEYS[4], 'token') or 0) + 1)
        answer[5] = num(token)
      end
      local items, n, size
      local list, most = KEYS[8] .. lane, math.min(depth, entries)
      if most == 1 and read <= inline then
        items, n = call('LRANGE', list, '0', '1'), 1
        size = #(items[2] or '')
      else
        n, size = front(list, most, bytes)
        items = read + size <= inline and call('LRANGE', list, '0', 2 * n - 1) or n
      end
      read = read + size
      expiries[#expiries + 1] = expiry
      expiries[#expiries + 1] = lane
      leases[#leases + 1] = lane
      if n ~= same then
        same, lease = n, answer[5] .. ' ' .. n .. ' 0 ' .. ARGV[4]
      end
      leases[#leases + 1] = lease
      local a = 5 + 6 * #given
      answer[a + 1], answer[a + 2], answer[a + 3] = lane, depth - n, found[i + 1]
      answer[a + 6] = items
      given[#given + 1] = lane
    end
  end
  if #names > 0 then
    -- Removing comes first: it is allowed when memory is short, and after it
    -- the rest is, too.
    call('ZREM', KEYS[1], unpack(names))
  end
  if token then
    local subscribed, notes = known_of(KEYS[9], KEYS[10], given)
    for g = 1, #given do
      answer[6 * g + 3], answer[6 * g + 4] = subscribed[g], notes[g]
    end
    call('ZADD', KEYS[2], unpack(expiries))
    call('HSET', KEYS[3], unpack(leases))
    call('HSET', KEYS[4], 'token', answer[5])
    if not due or tonumber(expiry) < tonumber(due) then
      due = expiry
    end
  end
end

if #names == 0 then
  drop_dead(KEYS[11], KEYS[12], KEYS[4], now, tonumber(ARGV[6]), tonumber(ARGV[7]))
end
local head = call('ZRANGE', KEYS[1], '0', '0', 'WITHSCORES')[2]
if head and tonumber(head) <= now then
  answer[2] = call('ZCOUNT', KEYS[1], '-inf', num(now))
  answer[3] = tonumber(head)
  head = nil
else
  redis.pcall('SET', KEYS[7], '1', 'NX')
end
local wait = -1
for _, at in pairs({head or false, due or false, later or false}) do
  if at then
    local w = math.max(0, tonumber(at) - now)
    if wait < 0 or w < wait then
      wait = w
    end
  end
end
answer[4] = wait
return answer
