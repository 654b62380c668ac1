package migrate

import (
	"maps"
	"slices"
	"sync"
)

// Reason says why something is not taken over, as the end of a sentence.
type Reason string

// The reasons.
const (
	// ReasonPlatform: it belongs to a thread of another platform.
	ReasonPlatform Reason = "belongs to another platform than Linear"
	// ReasonThread: it names no thread that Linear could report.
	ReasonThread Reason = "names no thread of Linear: its ids are not UUIDs"
	// ReasonWorkspace: no workspace knows the issue.
	ReasonWorkspace Reason = "belongs to an issue that no installed workspace knows: the issue was deleted, or its workspace removed the app"
	// ReasonAsked: the issue could not be looked up.
	ReasonAsked Reason = "belongs to an issue that could not be looked up now: run this again later"
	// ReasonJSON: the value cannot be read.
	ReasonJSON Reason = "is not what the predecessor writes: the JSON is broken or of another shape"
	// ReasonType: the key holds another Redis type.
	ReasonType Reason = "is not what the predecessor writes: the key holds another type of Redis"
	// ReasonLarge: it is larger than MaxValue.
	ReasonLarge Reason = "is larger than 4 MiB"
	// ReasonRoom: it does not fit here.
	ReasonRoom Reason = "is larger than what one transcript may hold here, 1 MiB"
	// ReasonOlder: the newest form of a thread's state is taken over.
	ReasonOlder Reason = "belongs to an older spelling of a thread that has a state under the newer one"
	// ReasonDeleted: the predecessor deleted what an earlier run took over.
	ReasonDeleted Reason = "was deleted in the predecessor after an earlier run had taken it over: delete it here, too"
	// ReasonHistory: Linear has the messages.
	ReasonHistory Reason = "is a copy of messages that Linear has: handlers read them from there"
	// ReasonQueued: the predecessor has not handled it yet.
	ReasonQueued Reason = "is a queue of messages that the predecessor has yet to handle: let it finish before it is switched off"
	// ReasonLock: the predecessor is running.
	ReasonLock Reason = "is a lock: the predecessor is handling a message"
	// ReasonShort: it is of use to the predecessor's process only.
	ReasonShort Reason = "is short-lived and of use to the predecessor only"
	// ReasonOwn: the developer's own code wrote it.
	ReasonOwn Reason = "is a key of the program's own: its code has to be ported together with the data"
	// ReasonKey: the installation cannot be decrypted or read.
	ReasonKey Reason = "is an installation that cannot be read"
	// ReasonLeft: the installation is on its way out here.
	ReasonLeft Reason = "is an installation whose tokens are being revoked here: import it later"
)

// Counts says what became of one kind of thing.
type Counts struct {
	// Kind is the kind.
	Kind Kind `json:"kind"`
	// Found is how many the source has, as far as they were read.
	Found int `json:"found"`
	// New are added, Updated replace what an earlier run took over.
	New     int `json:"new"`
	Updated int `json:"updated"`
	// Same are here already.
	Same int `json:"same"`
	// Kept are those that handlers changed or deleted here since.
	Kept int `json:"kept"`
	// Skipped are not taken over, by reason.
	Skipped map[Reason]int `json:"skipped,omitempty"`
}

// Kind is a kind of thing that the predecessor stores.
type Kind string

// The kinds.
const (
	KindInstallation Kind = "installations"
	KindSubscription Kind = "subscriptions"
	KindThreadState  Kind = "thread states"
	KindChannelState Kind = "channel states"
	KindTranscript   Kind = "transcripts"
	KindEntry        Kind = "transcript entries"
	// KindOther is what has no place here.
	KindOther Kind = "other keys"
)

// Skipped is one thing that is not taken over.
type Skipped struct {
	Kind Kind `json:"kind"`
	// ID names it: a thread, a user or a key without its prefix.
	ID     string `json:"id"`
	Reason Reason `json:"reason"`
	// Detail says more. May be empty.
	Detail string `json:"detail,omitempty"`
}

// Report says what a run did, or would do.
type Report struct {
	// Applied says that it was done.
	Applied bool `json:"applied"`
	// Workspaces are the workspaces that were taken over or written to, by id.
	Workspaces []string `json:"workspaces"`
	// Counts are in the order of the kinds.
	Counts []Counts `json:"counts"`
}

// Changes returns how many things are added or updated.
func (r *Report) Changes() int {
	n := 0
	for _, c := range r.Counts {
		n += c.New + c.Updated
	}
	return n
}

// outcome is what became of one thing.
type outcome uint8

const (
	added outcome = iota
	updated
	same
	kept
)

// tally counts. It is safe for concurrent use.
type tally struct {
	mu         sync.Mutex
	counts     map[Kind]*Counts
	workspaces map[string]bool
	onSkip     func(Skipped)
}

func newTally(onSkip func(Skipped)) *tally {
	return &tally{counts: map[Kind]*Counts{}, workspaces: map[string]bool{}, onSkip: onSkip}
}

func (t *tally) of(k Kind) *Counts {
	c := t.counts[k]
	if c == nil {
		c = &Counts{Kind: k, Skipped: map[Reason]int{}}
		t.counts[k] = c
	}
	return c
}

// found counts n things that became o, in a workspace.
func (t *tally) add(k Kind, workspace string, o outcome, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if workspace != "" {
		t.workspaces[workspace] = true
	}
	c := t.of(k)
	c.Found += n
	switch o {
	case added:
		c.New += n
	case updated:
		c.Updated += n
	case same:
		c.Same += n
	case kept:
		c.Kept += n
	}
}

// skip counts something that is not taken over.
func (t *tally) skip(s Skipped) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.of(s.Kind)
	c.Found++
	c.Skipped[s.Reason]++
	if t.onSkip != nil {
		t.onSkip(s)
	}
}

func (t *tally) report(applied bool) *Report {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := &Report{Applied: applied, Workspaces: slices.Sorted(maps.Keys(t.workspaces))}
	for _, k := range []Kind{KindInstallation, KindSubscription, KindThreadState, KindChannelState, KindTranscript, KindEntry, KindOther} {
		if c := t.counts[k]; c != nil {
			r.Counts = append(r.Counts, *c)
		}
	}
	return r
}
