-- Replaces a value if it is the expected one.
--
-- KEYS  1 the value (string)
-- ARGV  1 '1' if a value is expected, '0' if none is   2 the expected value
--       3 '1' to store the next value, '0' to delete   4 the next value
--       5 lifetime, ms, 0 if it never expires
-- Answer 1 done, 0 the value is another one

local present = call('GET', KEYS[1])
if ARGV[1] == '0' then
  if present then
    return 0
  end
elseif present ~= ARGV[2] then
  return 0
end
if ARGV[3] == '0' then
  call('DEL', KEYS[1])
elseif ARGV[5] == '0' then
  call('SET', KEYS[1], ARGV[4])
else
  call('SET', KEYS[1], ARGV[4], 'PX', ARGV[5])
end
return 1
