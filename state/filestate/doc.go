// Package filestate is the default store of linearbot: one directory, durable,
// no server. It keeps everything in one bbolt file and implements
// [state.Store].
//
// # Promises
//
// What a call returned without an error is on the disk: it was written and
// synced. One goroutine writes. It collects the calls that wait, puts them into
// one transaction and answers all of them when that is synced, so that many
// callers share one sync. Every decision is taken by that goroutine while it
// builds the transaction, in the order of arrival. A duplicate is therefore
// answered only after the entry that it repeats is durable, and if the
// transaction fails, all calls in it fail and none of it is stored.
//
// One process uses a directory at a time. A second one gets [state.ErrLocked]
// with the id of the process that has it.
//
// # What is in memory
//
// The order of the lanes, their holds, what is ready, the leases and the moments
// at which something falls due live in memory, at about 100 bytes per waiting
// entry. They are rebuilt from the file by [Open]. Bodies are read from the file
// when their entry is leased, so a long backlog costs disk and no memory.
//
// Leases are in memory only: a crash ends them, as no other process could have
// held one. Their tokens begin with the number of times that the directory was
// opened, so that no token repeats.
//
// Attempts are counted on the disk, because an entry that kills the process
// must be recognized by its growing count. [Store.Lease] does not wait for that
// write. It goes with whatever is written next, or by itself after 20 ms; after a
// crash the count may be short by the leases that were younger. That cannot
// repeat forever: the entries that are there when a store is opened that was not
// closed may be what ended the process, so that their next lease waits for the
// write.
//
// A settle of a lane in which nothing else waits is synced together with whatever
// is written next, or after 2 ms. So a message costs one sync where messages
// follow each other, and two where they do not.
//
// Dedup keys are written to the file in full, one bucket for each 24th part of
// the time for which they are kept (an hour, unless configured). A bucket is
// dropped as a whole when all of it has expired; keys are never deleted one by
// one. For lookups the store keeps 16 bytes of a SHA-256 over lane and key in
// memory, one set per bucket, which takes about 20 to 40 bytes per key: a day
// with a million keys stays under 40 MB. Looking into at most 26 sets in memory
// is cheaper than as many searches in the file, and unlike a probabilistic filter
// it never drops an entry that is new.
//
// # Damage
//
// Everything is stored with a checksum. An entry that cannot be read goes to
// the dead letters with its bytes and the code "undecodable", at the latest
// when it is leased, and the lane continues behind it. Damaged notes count as
// absent, and go to the dead letters with the next write to their thread. A file
// of another format, an incomplete one, and after a crash one whose structure is
// damaged, is refused by [Open] with an error that says what to do. [Check]
// examines all of a closed store.
//
// When the disk is full, writes fail with [state.ErrFull]; what is there can
// still be leased. Settling needs a little room. The store recovers with the
// disk.
package filestate
