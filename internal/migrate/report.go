package migrate

import (
	"maps"
	"slices"
	"strconv"
	"sync"

	"github.com/linearbot/linearbot/internal/notes"
)

// Reason says why something is not taken over, in a word for programs.
type Reason string

// The reasons. [Reason.Text] says what each means.
const (
	ReasonPlatform  Reason = "other_platform"
	ReasonThread    Reason = "no_thread"
	ReasonWorkspace Reason = "unknown_issue"
	ReasonAsked     Reason = "not_looked_up"
	ReasonJSON      Reason = "broken"
	ReasonType      Reason = "wrong_type"
	ReasonLarge     Reason = "too_large"
	ReasonRoom      Reason = "no_room"
	ReasonOlder     Reason = "older_spelling"
	ReasonDeleted   Reason = "deleted_there"
	ReasonHistory   Reason = "history"
	ReasonQueued    Reason = "queued"
	ReasonLock      Reason = "locked"
	ReasonSeen      Reason = "seen_there"
	ReasonShort     Reason = "short_lived"
	ReasonOwn       Reason = "own_key"
	ReasonKey       Reason = "unreadable_installation"
	ReasonLeft      Reason = "leaving"
)

// Reasons returns all reasons.
func Reasons() []Reason {
	return []Reason{
		ReasonPlatform, ReasonThread, ReasonWorkspace, ReasonAsked, ReasonJSON, ReasonType, ReasonLarge, ReasonRoom, ReasonOlder,
		ReasonDeleted, ReasonHistory, ReasonQueued, ReasonLock, ReasonSeen, ReasonShort, ReasonOwn, ReasonKey, ReasonLeft,
	}
}

// Text continues a sentence about the thing.
func (r Reason) Text() string {
	switch r {
	case ReasonPlatform:
		return "belongs to another platform than Linear"
	case ReasonThread:
		return "names no thread that Linear could report: its ids are not UUIDs"
	case ReasonWorkspace:
		return "belongs to an issue that no installed workspace knows: the issue was deleted, or its workspace removed the app"
	case ReasonAsked:
		return "belongs to an issue that could not be looked up now: run this again later"
	case ReasonJSON:
		return "is not what the other bot writes: the JSON is broken or of another shape"
	case ReasonType:
		return "is not what the other bot writes: the key holds another type of Redis"
	case ReasonLarge:
		return "is larger than " + mebibytes(MaxValue)
	case ReasonRoom:
		return "does not fit: a transcript holds " + mebibytes(notes.MaxTranscript) + " here"
	case ReasonOlder:
		return "belongs to an older spelling of a thread that has a state under the newer one"
	case ReasonDeleted:
		return "was deleted in the other bot after an earlier run had taken it over: delete it here, too"
	case ReasonHistory:
		return "is a copy of messages that Linear has: handlers read them from there"
	case ReasonQueued:
		return "is a queue of messages that the other bot has yet to handle: let it finish before it is switched off"
	case ReasonLock:
		return "is a lock: the other bot is handling a message"
	case ReasonSeen:
		return "notes that the other bot has received a message, which says nothing about an answer: if Linear delivers it again, it is handled here"
	case ReasonShort:
		return "is short-lived and of use to the other bot only"
	case ReasonOwn:
		return "is a key of the program's own: port its code together with the data"
	case ReasonKey:
		return "cannot be read"
	case ReasonLeft:
		return "removed the app here, and its tokens are still being revoked: import it later"
	default:
		return string(r)
	}
}

// mebibytes writes a limit that is a whole number of MiB.
func mebibytes(n int) string { return strconv.Itoa(n>>20) + " MiB" }

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

// add counts n things that became o, in a workspace.
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
func (t *tally) skip(s Skipped) { t.skipMany(s, 1) }

// skipMany counts n things that are reported as one.
func (t *tally) skipMany(s Skipped, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.of(s.Kind)
	c.Found += n
	c.Skipped[s.Reason] += n
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
