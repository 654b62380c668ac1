-- Reads what is known about a thread.
--
-- KEYS  1 what the names of all notes begin with   2 what the names of all sets
--       of subscriptions begin with
-- ARGV  1 thread
-- Answer {now, 1 if it is subscribed, {name, note...}}

local subscribed, notes = known_of(KEYS[1], KEYS[2], {ARGV[1]})
return {clock(), subscribed[1], notes[1]}
