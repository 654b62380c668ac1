package migrate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/linearbot/linearbot/adapter/linear/workspaces"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/internal/notes"
)

const (
	// writers is how many things are written at once: stores commit them together.
	writers = 64
	// forever is how long something is kept that has no lifetime in the source:
	// everything here has one.
	forever = 366 * 24 * time.Hour
)

// Config says what to take over. Source, Store and Homes are required.
type Config struct {
	Source *Source
	// Store is written to if Apply is set, and read.
	Store bot.Store
	// Homes knows the workspaces of issues. It is asked for after the installations
	// were taken over.
	Homes func(ctx context.Context, found []*workspaces.NPMInstallation) (Homes, error)
	// Registry takes the installations. Nil means that they are left out.
	Registry *workspaces.Registry
	// Only are the kinds to take over. Empty means all of them.
	Only []Kind
	// Apply writes. Otherwise the report says what would be done.
	Apply bool
	// OnSkip hears of everything that is not taken over. It may be called from
	// several goroutines, one at a time. Nil means that it is only counted.
	OnSkip func(Skipped)
	// OnProgress is called after each page of a kind, with how much of it is done and
	// how much there is; 0 if that is unknown.
	OnProgress func(k Kind, done, of int)
}

// run is a migration that runs.
type run struct {
	Config

	bot    *bot.Bot
	ledger ledger
	tally  *tally
	homes  Homes
	done   map[Kind]int
}

// Run takes over everything, or says what it would take over. The report is
// returned with an error, too, and says what was done before it. A source without a
// key of the predecessor's is a [*NothingError]. Run blocks until it is done or ctx
// ends.
func Run(ctx context.Context, cfg Config) (*Report, error) {
	b, err := bot.New(bot.Config{Adapter: names{}, Store: cfg.Store})
	if err != nil {
		return nil, err
	}
	r := &run{
		Config: cfg, bot: b, tally: newTally(cfg.OnSkip), done: map[Kind]int{},
		ledger: ledger{notes.New(cfg.Store)},
	}
	err = r.all(ctx)
	return r.tally.report(cfg.Apply), err
}

func (r *run) all(ctx context.Context) error {
	if err := r.Source.check(ctx); err != nil {
		return err
	}
	found, err := r.installations(ctx)
	if err != nil {
		return err
	}
	if r.homes, err = r.Homes(ctx, found); err != nil {
		return err
	}
	if r.wants(KindSubscription) {
		if err := r.subscriptions(ctx); err != nil {
			return err
		}
	}
	if err := r.values(ctx); err != nil {
		return err
	}
	if r.wants(KindTranscript) {
		if err := r.transcripts(ctx); err != nil {
			return err
		}
	}
	return r.others(ctx)
}

func (r *run) wants(k Kind) bool { return len(r.Only) == 0 || slices.Contains(r.Only, k) }

func (r *run) progress(k Kind, n, of int) {
	r.done[k] += n
	if r.OnProgress != nil {
		r.OnProgress(k, r.done[k], of)
	}
}

// The names of what the predecessor stores, below its prefix.
const (
	cacheKeys       = "cache:"
	listKeys        = "list:"
	lockKeys        = "lock:"
	queueKeys       = "queue:"
	installationKey = cacheKeys + "linear:installation:"
	threadKey       = cacheKeys + "thread-state:"
	channelKey      = cacheKeys + "channel-state:"
	transcriptKey   = listKeys + "transcripts:user:"
	historyKey      = listKeys + "msg-history:"
)

// item is something that belongs to a thread.
type item struct {
	kind Kind
	// id is the thread as the predecessor spells it.
	id     string
	thread threadRef
	value  []byte
	ttl    time.Duration
}

// threadRef is a thread here.
type threadRef struct {
	issue, id string
	// older says that the predecessor spells the thread otherwise by now.
	older bool
}

// place reads the thread of an item, and reports the item if it has none.
func (r *run) place(it *item) bool {
	t, older, reason := threadOf(it.id)
	if reason != "" {
		r.tally.skip(Skipped{Kind: it.kind, ID: it.id, Reason: reason})
		return false
	}
	it.thread = threadRef{issue: t.IssueID, id: string(t.ID()), older: older}
	return true
}

// each finds the workspaces of items and calls f for each that has one, several at
// a time. The others are reported.
func (r *run) each(ctx context.Context, items []item, f func(ctx context.Context, workspace string, it item) error) error {
	issues := make([]string, len(items))
	for i, it := range items {
		issues[i] = it.thread.issue
	}
	homes, err := r.homes.Of(ctx, issues)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(writers)
	for _, it := range items {
		home, asked := homes[it.thread.issue]
		switch {
		case !asked:
			r.tally.skip(Skipped{Kind: it.kind, ID: it.id, Reason: ReasonAsked})
			continue
		case home == "":
			r.tally.skip(Skipped{Kind: it.kind, ID: it.id, Reason: ReasonWorkspace})
			continue
		}
		group.Go(func() error { return f(ctx, home, it) })
	}
	return group.Wait()
}

// others counts what has no place here.
func (r *run) others(ctx context.Context) error {
	for keys, err := range r.Source.keys(ctx, "") {
		if err != nil {
			return err
		}
		for _, key := range keys {
			if reason := otherReason(key); reason != "" {
				r.tally.skip(Skipped{Kind: KindOther, ID: key, Reason: reason})
			}
		}
		r.progress(KindOther, len(keys), 0)
	}
	return nil
}

// otherReason says why a key has no place here, and nothing for one that has.
func otherReason(key string) Reason {
	cache, ok := strings.CutPrefix(key, cacheKeys)
	switch {
	case key == subscriptionsKey:
		return ""
	case strings.HasPrefix(key, lockKeys):
		return ReasonLock
	case strings.HasPrefix(key, queueKeys):
		return ReasonQueued
	case strings.HasPrefix(key, historyKey+"linear:"):
		return ReasonHistory
	case strings.HasPrefix(key, historyKey):
		return ReasonPlatform
	case strings.HasPrefix(key, transcriptKey):
		return ""
	case !ok:
		return ReasonOwn
	}
	for _, begin := range []string{installationKey, threadKey, channelKey} {
		if strings.HasPrefix(key, begin) {
			return ""
		}
	}
	if strings.HasPrefix(cache, "dedupe:") {
		return ReasonSeen
	}
	for _, begin := range []string{"modal-context:", "chat:callback:", "active-turn:", "abort-turn:"} {
		if strings.HasPrefix(cache, begin) {
			return ReasonShort
		}
	}
	return ReasonOwn
}

// named adds to an error what it happened to.
func named(err error, k Kind, id string) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("migrate: %s, %s: %w", k, id, err)
}
