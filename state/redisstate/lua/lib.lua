-- Shared by all scripts; it stands in front of each of them.
--
-- Times are microseconds since 1970 by the server's clock. A record is an
-- entry as it is stored: a header of 21 bytes that scripts may rewrite
-- (version 1, attempts spent, sequence, time of storing) and a tail that only
-- Go reads.
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

local function header(attempts, seq, at)
  return '\1' .. struct.pack('>I4I8I8', attempts, seq, at)
end

-- parse returns attempts, sequence and time of a record, or nil if the record
-- is of another version or damaged.
local function parse(rec)
  if #rec >= 21 and string.byte(rec, 1) == 1 then
    return struct.unpack('>I4I8I8', rec, 2)
  end
  return nil
end

-- spent returns the record with one more attempt.
local function spent(rec)
  local attempts, seq, at = parse(rec)
  if not attempts then
    return rec
  end
  return header(attempts + 1, seq, at) .. string.sub(rec, 22)
end

-- insert puts a record back where its sequence belongs in a list, but not
-- before the place from.
local function insert(list, from, rec)
  local _, seq = parse(rec)
  seq = seq or 0
  local low, high = from, call('LLEN', list)
  local pivot
  while low < high do
    local mid = math.floor((low + high) / 2)
    local other = call('LINDEX', list, mid)
    local _, theirs = parse(other)
    if (theirs or 0) > seq then
      high, pivot = mid, other
    else
      low = mid + 1
    end
  end
  if not pivot then
    call('RPUSH', list, rec)
  elseif low == 0 then
    call('LPUSH', list, rec)
  else
    call('LINSERT', list, 'BEFORE', pivot, rec)
  end
end

-- park packs an entry that waits outside its lane.
local function park(lane, cause, rec)
  return '\1' .. struct.pack('>I4I4', #lane, #cause) .. lane .. cause .. rec
end

-- bury packs a dead letter.
local function bury(at, cause, rec)
  return '\1' .. struct.pack('>I8I4', at, #cause) .. cause .. rec
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
