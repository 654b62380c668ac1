-- Records a dedup key that another store exported. One that is there is kept,
-- for as long as one of both wants.
--
-- KEYS  1 counts (hash)   2 what the names of the hashes of dedup keys begin with
-- ARGV  1 the key   2 lifetime, ms, 0 if it never expires   3 dedup time, ms
-- Answer 1

local now = clock()
local live, over = slots(call('HGET', KEYS[1], 'dedup') or '', now)
local found = known(KEYS[2], live, {ARGV[1]})[1]
local at, ttl = 0, tonumber(ARGV[3])
if ARGV[2] ~= '0' then
  -- The moments are those at which other keys are forgotten.
  at = math.ceil((now / 1000 + tonumber(ARGV[2])) / ttl) * ttl
end
if found then
  for _, have in ipairs(live) do
    if call('HEXISTS', KEYS[2] .. have, ARGV[1]) == 1 then
      if have == '0' or at > 0 and tonumber(have) >= at then
        return 1
      end
      call('HDEL', KEYS[2] .. have, ARGV[1])
    end
  end
end
record(KEYS[2], KEYS[1], live, over, num(at), {ARGV[1], found or '1'})
return 1
