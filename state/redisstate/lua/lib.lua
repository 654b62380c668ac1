-- Shared by all scripts; it stands in front of each of them.
--
-- Times are microseconds since 1970 by the server's clock.
--
-- The list of a lane holds two elements for each entry, oldest first: a head
-- of 25 bytes that scripts rewrite (version 3, attempts spent, sequence, time
-- of storing, bytes of the tail) and a tail that only Go reads. Where an entry is kept outside
-- its lane the two are joined to a record.
--
-- A lane with entries is in exactly one of two sorted sets: ready (score:
-- from when on it may be leased) or leased (score: when the lease lapses). A
-- lane without entries is in none of them.

local call = redis.call

local function clock()
  local t = call('TIME')
  return t[1] * 1000000 + t[2]
end

-- num spells a whole number in full.
local function num(n)
  return string.format('%.0f', n)
end

local function make(attempts, seq, at, size)
  return '\3' .. struct.pack('>I4I8I8I4', attempts, seq, at, size)
end

-- parse returns attempts, sequence, time and size of a head, or nil if it is of
-- another version or damaged.
local function parse(head)
  if #head >= 25 and string.byte(head, 1) == 3 then
    return struct.unpack('>I4I8I8I4', head, 2)
  end
  return nil
end

-- spent returns the head with one more attempt.
local function spent(head)
  local attempts, seq, at, size = parse(head)
  if not attempts then
    return head
  end
  return make(attempts + 1, seq, at, size)
end

-- split takes a record apart.
local function split(rec)
  return string.sub(rec, 1, 25), string.sub(rec, 26)
end

-- insert puts an entry back where its sequence belongs in a list, but not in
-- front of the first from entries.
local function insert(list, from, head, tail)
  local _, seq = parse(head)
  seq = seq or 0
  local low, high = from, call('LLEN', list) / 2
  local pivot
  while low < high do
    local mid = math.floor((low + high) / 2)
    local other = call('LINDEX', list, 2 * mid)
    local _, theirs = parse(other)
    if (theirs or 0) > seq then
      high, pivot = mid, other
    else
      low = mid + 1
    end
  end
  if not pivot then
    call('RPUSH', list, head, tail)
  elseif low == 0 then
    call('LPUSH', list, tail, head)
  else
    -- No two heads are the same, and no tail begins like one.
    call('LINSERT', list, 'BEFORE', pivot, head)
    call('LINSERT', list, 'BEFORE', pivot, tail)
  end
end

-- put_back puts entries, heads and tails by turns, back in front of a list that
-- they were taken from. Entries that came back to the list meanwhile and belong
-- before some of them are merged.
local function put_back(list, entries)
  local n = #entries
  if n == 0 then
    return
  end
  local _, last = parse(entries[n - 1])
  last = last or 0
  local passed = {}
  while true do
    local other = call('LINDEX', list, 0)
    if not other then
      break
    end
    local _, seq = parse(other)
    if (seq or 0) >= last then
      break
    end
    local pair = call('LPOP', list, 2)
    passed[#passed + 1], passed[#passed + 2] = pair[1], pair[2] or ''
  end
  if #passed > 0 then
    local merged, i, j = {}, 1, 1
    while i < n or j < #passed do
      local mine, other
      if i < n then
        _, mine = parse(entries[i])
      end
      if j < #passed then
        _, other = parse(passed[j])
      end
      local m = #merged
      if j >= #passed or i < n and (mine or 0) <= (other or 0) then
        merged[m + 1], merged[m + 2] = entries[i], entries[i + 1]
        i = i + 2
      else
        merged[m + 1], merged[m + 2] = passed[j], passed[j + 1]
        j = j + 2
      end
    end
    entries, n = merged, #merged
  end
  local back = {}
  for i = n, 1, -1 do
    back[#back + 1] = entries[i]
  end
  for i = 1, n, 4000 do
    call('LPUSH', list, unpack(back, i, math.min(i + 3999, n)))
  end
end

-- The notes of a thread are a hash: name to 8 bytes with the time at which the
-- note expires, and its value. The hash itself expires with the last of them.

-- thread returns the name of the thread that a lane belongs to, and its
-- workspace.
local function thread(lane)
  local own = string.match(lane, '^([^/]*)/thread/[^#]*$')
  if own then
    return lane, own -- without making another long string
  end
  local ws, id = string.match(lane, '^([^/]*)/[^/]*/([^#]*)')
  if not ws then
    return lane, ''
  end
  return ws .. '/thread/' .. id, ws
end

-- known_of reads what is known about the threads of lanes. For each of them it
-- returns 1 if the thread is subscribed, else 0, and {name, note...}. Damaged
-- keys count as empty.
local function known_of(notes, subs, lanes)
  local keys, members, places = {}, {}, {}
  for i, lane in ipairs(lanes) do
    local name, ws = thread(lane)
    keys[i] = notes .. name
    if not members[ws] then
      members[ws], places[ws] = {}, {}
    end
    local m = #members[ws] + 1
    members[ws][m], places[ws][m] = name, i
  end
  local subscribed, found = {}, {}
  for ws, names in pairs(members) do
    local got = redis.pcall('SMISMEMBER', subs .. ws, unpack(names))
    for m, i in ipairs(places[ws]) do
      subscribed[i] = got[m] or 0
    end
  end
  -- Mostly few of many threads have notes, or there is one lane.
  local some = #keys == 1 or #keys > 1 and call('EXISTS', unpack(keys)) > 0
  for i, key in ipairs(keys) do
    local have = some and redis.pcall('HGETALL', key) or {}
    found[i] = have.err and {} or have
  end
  return subscribed, found
end

-- plan_notes decides about writes of notes without changing anything. They
-- stand in ARGV from i on, count of them with five each:
--     name
--     s to set or d to delete; then n if it must not exist or v if it must have
--     a value
--     lifetime, µs   value   the value that it must have
-- It returns what change_notes needs, or nil and a refusal: !c and the name of a
-- note with another value, !n and the number of notes, or !b and their bytes if
-- that is too much.
local function plan_notes(hash, now, i, count)
  local have = call('HGETALL', hash)
  local notes, there, set, gone = {}, {}, {}, {}
  for j = 1, #have, 2 do
    local name, v = have[j], have[j + 1]
    there[name] = true
    if #v >= 8 and struct.unpack('>I8', v) > now then
      notes[name] = v
    else
      gone[name] = true
    end
  end
  for a = i, i + 5 * count - 5, 5 do
    local name, flags = ARGV[a], ARGV[a + 1]
    local check, present = string.sub(flags, 2), notes[name]
    if check == 'n' and present or check == 'v' and (not present or string.sub(present, 9) ~= ARGV[a + 4]) then
      return nil, '!c' .. name
    end
    if string.sub(flags, 1, 1) == 's' then
      notes[name] = struct.pack('>I8', now + tonumber(ARGV[a + 2])) .. ARGV[a + 3]
      set[name], gone[name] = true, nil
    else
      notes[name], set[name] = nil, nil
      gone[name] = there[name]
    end
  end
  local n, size, last, fields, names = 0, 0, 0, {}, {}
  for name, v in pairs(notes) do
    n, size, last = n + 1, size + #v - 8, math.max(last, struct.unpack('>I8', v))
    if set[name] then
      fields[#fields + 1], fields[#fields + 2] = name, v
    end
  end
  if n > 128 then
    return nil, '!n' .. n
  elseif size > 1048576 then
    return nil, '!b' .. size
  end
  for name in pairs(gone) do
    names[#names + 1] = name
  end
  return {fields = fields, names = names, last = last}
end

-- change_notes carries out a plan. Removing comes first, as it is allowed when
-- memory is short.
local function change_notes(hash, plan)
  for i = 1, #plan.names, 4000 do
    call('HDEL', hash, unpack(plan.names, i, math.min(i + 3999, #plan.names)))
  end
  if #plan.fields > 0 then
    call('HSET', hash, unpack(plan.fields))
  end
  if plan.last > 0 then
    call('PEXPIREAT', hash, num(math.ceil(plan.last / 1000)))
  end
end

-- Dedup keys are fields of hashes, one for each moment at which keys are
-- forgotten: 'e' if the entry of that id was stored, '1' if the key alone was.
-- The field dedup of counts lists those moments, in ms, with blanks between; 0
-- stands for never. A hash is dropped as a whole, and aside.

-- slots reads the list: the moments that are still to come, and those that are
-- over.
local function slots(list, now)
  local live, over = {}, {}
  for at in string.gmatch(list or '', '%d+') do
    if at == '0' or tonumber(at) * 1000 > now then
      live[#live + 1] = at
    else
      over[#over + 1] = at
    end
  end
  return live, over
end

-- most is how many values a call takes from the stack.
local most = 4000

-- known returns what is stored about names, by their places: false, 'e' or '1'.
local function known(base, live, names)
  local found = {}
  for _, at in ipairs(live) do
    for from = 1, #names, most do
      local got = call('HMGET', base .. at, unpack(names, from, math.min(from + most - 1, #names)))
      for i = 1, #got do
        if got[i] and found[from + i - 1] ~= 'e' then
          found[from + i - 1] = got[i]
        end
      end
    end
  end
  return found
end

-- until_when returns the moment at which keys of now are forgotten if they are
-- to live for ttl ms at least. It is the same for a while.
local function until_when(now, ttl)
  return num((math.floor(now / 1000 / ttl) + 2) * ttl)
end

-- record stores fields, names and values by turns, to be forgotten at the
-- moment at, drops what has expired and brings the list up to date. What is in
-- fields must not be in another slot.
local function record(base, counts, live, over, at, fields)
  for from = 1, #fields, most do
    call('HSET', base .. at, unpack(fields, from, math.min(from + most - 1, #fields)))
  end
  local new = true
  for _, have in ipairs(live) do
    new = new and have ~= at
  end
  if new then
    live[#live + 1] = at
    if at ~= '0' then
      -- For a data set that is no longer used.
      call('PEXPIREAT', base .. at, num(tonumber(at) + 86400000))
    end
  end
  for _, gone in ipairs(over) do
    call('UNLINK', base .. gone)
  end
  if new or #over > 0 then
    call('HSET', counts, 'dedup', table.concat(live, ' '))
  end
end

-- park packs an entry that waits outside its lane.
local function park(lane, cause, head, tail)
  return '\1' .. struct.pack('>I4I4', #lane, #cause) .. lane .. cause .. head .. tail
end

-- bury packs a dead letter.
local function bury(at, cause, head, tail)
  return '\1' .. struct.pack('>I8I4', at, #cause) .. cause .. head .. tail
end

-- drop_dead drops dead letters that are older than ttl µs, and the oldest of more
-- than most; a negative limit is none. It drops some hundred at a time.
local function drop_dead(dead, buried, counts, now, most, ttl)
  local names = {}
  if ttl >= 0 then
    names = call('ZRANGEBYSCORE', buried, '-inf', num(now - ttl), 'LIMIT', 0, 500)
  end
  local over = most >= 0 and call('ZCARD', buried) - most or 0
  if over > #names then
    names = call('ZRANGE', buried, 0, math.min(over, 500) - 1)
  end
  if #names > 0 then
    call('HDEL', dead, unpack(names))
    call('ZREM', buried, unpack(names))
    call('HINCRBY', counts, 'dropped', #names)
  end
end

-- tell wakes the processes that sleep on this shard: a lane may be leased from
-- score on, wait microseconds from now. Publishing may be forbidden; then they
-- find out when they next look.
local function tell(asleep, channel, shard, score, wait)
  local sleeping
  if wait > 0 then
    sleeping = call('EXISTS', asleep)
  else
    sleeping = call('DEL', asleep)
  end
  if sleeping == 1 then
    redis.pcall('PUBLISH', channel, shard .. ' ' .. num(score) .. ' ' .. num(wait))
  end
end
