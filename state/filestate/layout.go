package filestate

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/linearbot/linearbot/state"
)

// formatVersion is the version of everything below. A file with another one is
// refused.
const formatVersion = 2

// The buckets of the file. Numbers in keys are 8 bytes, big-endian. Values are
// sealed, that is they begin with their checksum, unless said otherwise.
const (
	// bucketMeta holds keyFormat, keyEpoch, keyProbe and keyDropped; its
	// sequence is the last record number. Not sealed.
	bucketMeta = "meta"
	// bucketEntries holds the entries in lanes and the delayed ones: record
	// number → entry (see appendEntry). An entry is written once.
	bucketEntries = "entries"
	// bucketMarks holds what changes about entries: record number → mark.
	// Without one, nothing has happened to the entry yet.
	bucketMarks = "marks"
	// bucketHolds holds the holds of lanes: name of the lane → hold.
	bucketHolds = "holds"
	// bucketDead holds the dead letters: name of lane and id → dead letter.
	bucketDead = "dead"
	// bucketBuried holds the order of the dead letters: when one was buried,
	// in Unix nanoseconds, and its name → one byte. Not sealed. An entry whose
	// dead letter is gone, or was buried again, means nothing.
	bucketBuried = "buried"
	// bucketDedup holds one bucket per slot of time, named by the slot's end
	// in Unix nanoseconds, with the keys recorded in it: number → key log.
	bucketDedup = "dedup"
	// bucketValues holds values: name of the key → value.
	bucketValues = "values"
	// bucketNotes holds the notes of threads: name of the thread → its notes.
	bucketNotes = "notes"
	// bucketSubs holds one bucket per workspace: its name → bucket with name
	// of the thread → thread.
	bucketSubs = "subscriptions"
)

const (
	keyFormat = "format"
	keyEpoch  = "epoch"
	keyProbe  = "probe"
	// keyDropped is the number of dead letters that were dropped.
	keyDropped = "dropped"
)

func buckets() []string {
	return []string{
		bucketMeta, bucketEntries, bucketMarks, bucketHolds, bucketDead, bucketBuried,
		bucketDedup, bucketValues, bucketNotes, bucketSubs,
	}
}

// undecodable is the code of what could not be read, and the kind of the lane
// under which it is shown if its lane could not be read either.
const undecodable = "undecodable"

// maxName is the longest name that is used as a key of the file as it is.
const maxName = 512

// name returns the key of the file for s: s itself, or a hash if s is too
// long. Hashes begin with a zero byte, as no other name does.
func name(s string) []byte {
	if s != "" && s[0] != 0 && len(s) <= maxName {
		return []byte(s)
	}
	sum := sha256.Sum256([]byte(s))
	return append([]byte{0}, sum[:]...)
}

// pairName returns the key of the file for an entry of a lane.
func pairName(lane state.Key, id string) []byte {
	return name(string(appendText(nil, lane.String())) + id)
}

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// digest stands for a dedup key of a lane.
type digest [16]byte

func digestOf(lane state.Key, key string) digest {
	buf := make([]byte, 0, 256)
	buf = append(appendKey(buf, lane), key...)
	sum := sha256.Sum256(buf)
	return digest(sum[:16])
}
