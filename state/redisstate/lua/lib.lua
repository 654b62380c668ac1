-- Shared by all scripts; it stands in front of each of them.
--
-- Times are microseconds since 1970 by the server's clock.
--
-- The list of a lane holds two elements for each entry, oldest first: a head
-- of 21 bytes that scripts rewrite (version 1, attempts spent, sequence, time
-- of storing) and a tail that only Go reads. Where an entry is kept outside
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

local function make(attempts, seq, at)
  return '\1' .. struct.pack('>I4I8I8', attempts, seq, at)
end

-- parse returns attempts, sequence and time of a head, or nil if it is of
-- another version or damaged.
local function parse(head)
  if #head >= 21 and string.byte(head, 1) == 1 then
    return struct.unpack('>I4I8I8', head, 2)
  end
  return nil
end

-- spent returns the head with one more attempt.
local function spent(head)
  local attempts, seq, at = parse(head)
  if not attempts then
    return head
  end
  return make(attempts + 1, seq, at)
end

-- split takes a record apart.
local function split(rec)
  return string.sub(rec, 1, 21), string.sub(rec, 22)
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
-- moment at, drops what is over and brings the list up to date. Whatever is in
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
      -- For a data set that nobody uses any more.
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
