// Package notes is everything that a bot remembers besides its lanes: one
// table of kinds ([Kinds]), and the two ways to read and write them.
//
// A [Thread] holds the notes of one thread. They come with the lease of a lane
// and change with its settle, so that an ordinary turn asks the store nothing
// in between. What must be durable before something else happens is written
// when it is needed ([Thread.Put], [Thread.Swap]); the rest is staged
// ([Thread.Stage]) and goes with the settle. Limits: 128 notes of 256 KiB each
// and 1 MiB in all.
//
// A [Value] stands by itself and is read and written one by one: what belongs
// to no thread, is large, or is needed by lanes of several threads.
//
// Each kind has a lifetime, so that nothing is kept without a bound. It counts
// from the last write. Nothing outside this package and package state knows how
// a key is spelled.
package notes
