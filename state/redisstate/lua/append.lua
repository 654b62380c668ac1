-- Adds items to the end of a list, cuts it from the front and restarts its
-- lifetime.
--
-- KEYS  1 the list
-- ARGV  1 how many items to keep, 0 for all   2 lifetime, ms, 0 for ever
--       3 '1' to replace the list, '0' to add to it   4.. items
-- Answer the number of items

if ARGV[3] == '1' then
  call('DEL', KEYS[1])
end
local n = 0
for i = 4, #ARGV do
  n = call('RPUSH', KEYS[1], ARGV[i])
end
local limit = tonumber(ARGV[1])
if limit > 0 and n > limit then
  call('LTRIM', KEYS[1], -limit, -1)
  n = limit
end
if ARGV[2] == '0' then
  call('PERSIST', KEYS[1])
else
  call('PEXPIRE', KEYS[1], ARGV[2])
end
return n
