-- Applies verdicts to the entries of leases, writes notes of their threads and
-- gives the lanes back. The leases are independent of each other.
--
-- KEYS  1 ready (zset)   2 leased (zset)   3 leases (hash)   4 counts (hash)
--       5 later (zset)   6 parked (hash)   7 dead (hash)     8 asleep (string)
--       9 buried (zset)
--       10.. for each lane its entries (list) and the notes of its thread (hash),
--       which may be any name of this shard if none are written
-- ARGV  1 wake channel   2 shard   3 dead letters at most   4 their lifetime, µs;
--       both negative for no limit
--       5.. for each lane
--           its name
--           the token
--           the number of writes of notes, and the writes; see plan_notes
--           'all' if every entry of the lease is done, else the number of
--           verdicts, and for each of them
--             place of the entry in the lease, from 1
--             kind: 1 done, 2 again in place, 3 again aside, 4 dead
--             wait, µs
--             1 if the attempt does not count, else 0
--             cause, packed
--             name of the dead letter
-- Answer {ready, score, wait, outcome...}
--       ready   how many lanes may be leased at once
--       score   since when they may
--       wait    µs until more lanes or entries may be, -1 for never
--       outcome 0 the lease is lost and nothing was changed, 1 applied, or why
--               it was refused: see plan_notes, or what the server said

local out, wait = 0, -1
local letters = false
local now, stamp
local back, later = {}, {}

-- first keeps the shortest wait.
local function first(w)
  if wait < 0 or w < wait then
    wait = w
  end
end

-- apply carries out the verdicts in ARGV from i to j on the n entries of a
-- lease and returns for how long the lane is to wait.
local function apply(lane, list, n, i, j)
  local hold, upto = 0, 0
  for v = i, j, 6 do
    upto = math.max(upto, tonumber(ARGV[v]))
  end
  if upto < n then
    -- What follows the last verdict stays where it is, unless an entry came
    -- back meanwhile that belongs before it.
    local _, mine = parse(call('LINDEX', list, 2 * n - 2) or '')
    local after = call('LINDEX', list, 2 * n)
    local _, theirs = parse(after or '')
    if after and (theirs or 0) < (mine or 0) then
      upto = n
    end
  end
  local taken = upto > 0 and call('LPOP', list, 2 * upto) or {}
  local gone = {}
  for v = i, j, 6 do
    local at, kind, after = tonumber(ARGV[v]), ARGV[v + 1], tonumber(ARGV[v + 2])
    local head, tail = taken[2 * at - 1], taken[2 * at]
    if head and tail then
      if ARGV[v + 3] == '0' then
        head = spent(head)
        taken[2 * at - 1] = head
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
          seq = call('HINCRBY', KEYS[4], 'in', 1)
          out = out + 1
        end
        local due = now + after
        call('ZADD', KEYS[5], num(due), num(seq))
        call('HSET', KEYS[6], num(seq), park(lane, ARGV[v + 4], head, tail))
        tell(KEYS[8], ARGV[1], ARGV[2], due, math.max(after, 1))
        first(math.max(after, 1))
      else
        gone[at] = true
        out = out + 1
        call('HSET', KEYS[7], ARGV[v + 5], bury(now, ARGV[v + 4], head, tail))
        call('ZADD', KEYS[9], num(now), ARGV[v + 5])
        letters = true
      end
    end
  end
  local keep = {}
  for e = 1, math.floor(#taken / 2) do
    if not gone[e] then
      local k = #keep
      keep[k + 1], keep[k + 2] = taken[2 * e - 1], taken[2 * e]
    end
  end
  put_back(list, keep)
  return hold
end

-- What is asked for, and which of it is still leased.
local names, begins, ends = {}, {}, {}
local i = 5
while i <= #ARGV do
  local last = i + 3 + 5 * ARGV[i + 2]
  local verdicts = ARGV[last]
  if verdicts ~= 'all' then
    last = last + 6 * verdicts
  end
  names[#names + 1], begins[#begins + 1], ends[#ends + 1] = ARGV[i], i, last
  i = last + 1
end
local leases = call('HMGET', KEYS[3], unpack(names))

local answer = {0, 0, -1}
local ended, lists, helds = {}, {}, {}
-- Leases that were taken together are often spelled the same.
local lease, token, n, held, cut
for a, lane in ipairs(names) do
  local at, last, list, notes = begins[a], ends[a], KEYS[8 + 2 * a], KEYS[9 + 2 * a]
  if leases[a] and leases[a] ~= lease then
    lease = leases[a]
    token, n, held = string.match(lease, '^(%d+) (%d+) (%d+) ')
    n, held = tonumber(n), tonumber(held)
    cut = n and num(2 * n)
  end
  local outcome = 0
  -- Of two that give the same lease back the first one wins.
  if leases[a] and token == ARGV[at + 1] and not ended[lane] then
    outcome = 1
    if not now then
      now = clock()
      stamp = num(now)
    end
    local hold, writes, plan = 0, tonumber(ARGV[at + 2])
    local from = at + 3 + 5 * writes
    if writes > 0 then
      local done, result, refusal = pcall(plan_notes, notes, now, at + 3, writes)
      if not done then
        outcome = type(result) == 'table' and result.err or tostring(result)
      elseif not result then
        outcome = refusal
      end
      plan = result
    end
    -- The first write frees memory, so that settling works when memory is
    -- short. A lane that is damaged must not stop the others.
    if outcome ~= 1 then
      hold = 0
    elseif ARGV[from] == 'all' then
      local done = redis.pcall('LTRIM', list, cut, '-1')
      if done.err then
        outcome = done.err
      else
        out = out + n
      end
    else
      local done, result = pcall(apply, lane, list, n, from + 1, last)
      if done then
        hold = result
      else
        outcome = type(result) == 'table' and result.err or tostring(result)
      end
    end
    if outcome == 1 and plan then
      local done, result = pcall(change_notes, notes, plan)
      if not done then
        outcome = type(result) == 'table' and result.err or tostring(result)
      end
    end
    if outcome == 1 then
      ended[lane] = true
      local e = #ended + 1
      ended[e], lists[e], helds[e] = lane, list, math.max(now + hold, held)
    end
  end
  answer[a + 3] = outcome
end

if #ended > 0 then
  -- Mostly all of the lanes are empty now, or none.
  local left = call('EXISTS', unpack(lists))
  for e, lane in ipairs(ended) do
    if left > 0 and (left == #lists or call('EXISTS', lists[e]) == 1) then
      if helds[e] > now then
        later[#later + 1] = helds[e]
      end
      back[#back + 1] = helds[e] > now and num(helds[e]) or stamp
      back[#back + 1] = lane
    end
  end
  call('HDEL', KEYS[3], unpack(ended))
  call('ZREM', KEYS[2], unpack(ended))
end
if out > 0 then
  call('HINCRBY', KEYS[4], 'out', out)
end
if letters then
  drop_dead(KEYS[7], KEYS[9], KEYS[4], now, tonumber(ARGV[3]), tonumber(ARGV[4]))
end
if #back > 0 then
  call('ZADD', KEYS[1], unpack(back))
  for _, score in ipairs(later) do
    tell(KEYS[8], ARGV[1], ARGV[2], score, score - now)
    first(score - now)
  end
  local ready = #back / 2 - #later
  if ready > 0 then
    tell(KEYS[8], ARGV[1], ARGV[2], now, 0)
    answer[1], answer[2] = ready, now
  end
end
answer[3] = wait
return answer
