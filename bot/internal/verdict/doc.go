// Package verdict decides what becomes of a stored event whose turn did not end
// well: retried, handed back, kept waiting or buried, when, and under which name.
//
//   - [Of] is the table from an error to a [Decision]. A decision is a value: it
//     says what the store is to do, and what the log and the trace say about it.
//   - [YieldError], [UnreadyError] and the others are errors with a meaning for the
//     table. Errors of platforms and stores have one by their code.
//   - [CrashCause], [MarkCrash] and [Spared] are about what ends the process, which
//     no error tells.
//   - [Reference] and [Apology] are what people are told of a dead letter.
//
// The package knows errors, attempts and the notes of a lane. Counting, logging and
// handlers are the bot's.
package verdict
