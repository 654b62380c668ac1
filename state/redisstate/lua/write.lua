-- Writes notes of a thread.
--
-- KEYS  1 the notes (hash)
-- ARGV  writes; see plan_notes
-- Answer 1, or a refusal as text; see plan_notes

local plan, refusal = plan_notes(KEYS[1], clock(), 1, #ARGV / 5)
if not plan then
  return refusal
end
change_notes(KEYS[1], plan)
return 1
