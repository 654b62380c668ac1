-- Describes lanes without handing out their entries.
--
-- KEYS  1 leases (hash)   2.. entries of the lanes (lists)
-- ARGV  names of the lanes, in the same order
-- Answer {now, lane...}
--       lane {depth, head of the first entry or '', lease or ''}

local answer = {clock()}
for i, lane in ipairs(ARGV) do
  local first = call('LINDEX', KEYS[i + 1], 0) or ''
  answer[i + 1] = {
    call('LLEN', KEYS[i + 1]) / 2,
    first,
    call('HGET', KEYS[1], lane) or '',
  }
end
return answer
