package migrate

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/internal/notes"
)

// entry is an entry of a transcript as the predecessor stores it.
type entry struct {
	ID        string  `json:"id"`
	Role      string  `json:"role"`
	Text      *string `json:"text"`
	Platform  string  `json:"platform"`
	ThreadID  string  `json:"threadId"`
	MessageID string  `json:"platformMessageId"`
	Timestamp float64 `json:"timestamp"`
	// Tombstone stands for the entries that were deleted.
	Tombstone bool `json:"__chatSdkTombstone"`

	// issue is that of the thread, and why says why there is none.
	issue string
	why   Reason
}

// brackets are the bytes around an entry that is the only one.
const brackets = 3

// here returns the entry as it is stored here.
func (e *entry) here() bot.TranscriptEntry {
	return bot.TranscriptEntry{
		ID: e.ID, Role: e.Role, Text: *e.Text, Thread: e.ThreadID, MessageID: e.MessageID, At: time.UnixMilli(int64(e.Timestamp)).UTC(),
	}
}

// together is how many transcripts are looked up together.
const together = 64

// transcripts takes over the transcripts.
func (r *run) transcripts(ctx context.Context) error {
	var batch []stored
	size := 0
	flush := func() error {
		err := r.transcriptsOf(ctx, batch)
		batch, size = batch[:0], 0
		return err
	}
	for keys, err := range r.Source.keys(ctx, transcriptKey) {
		if err != nil {
			return err
		}
		for v, err := range r.Source.read(ctx, "list", keys) {
			if err != nil {
				return err
			}
			batch = append(batch, v)
			size += length(v.items)
			if len(batch) == together || size >= pageBytes {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		r.progress(KindTranscript, len(keys), 0)
	}
	return flush()
}

// transcriptsOf takes over some of them.
func (r *run) transcriptsOf(ctx context.Context, batch []stored) error {
	var issues []string
	read := make([][]entry, len(batch))
	for i, v := range batch {
		user := strings.TrimPrefix(v.key, transcriptKey)
		if user == "" && v.reason == "" {
			v.reason = ReasonJSON
		}
		if v.reason != "" {
			r.tally.skip(Skipped{Kind: KindTranscript, ID: user, Reason: v.reason})
			continue
		}
		if v.older > 0 {
			r.tally.skipMany(Skipped{Kind: KindEntry, ID: user, Reason: ReasonRoom, Detail: "the oldest " + strconv.Itoa(v.older)}, v.older)
		}
		entries, deleted := r.entries(user, v.items)
		if deleted {
			if err := r.deleted(ctx, user, entries); err != nil {
				return named(err, KindTranscript, user)
			}
		}
		for _, e := range entries {
			if e.issue != "" {
				issues = append(issues, e.issue)
			}
		}
		read[i] = entries
	}
	homes, err := r.homes.Of(ctx, issues)
	if err != nil {
		return err
	}
	for i, v := range batch {
		user := strings.TrimPrefix(v.key, transcriptKey)
		if err := r.transcript(ctx, user, read[i], homes, v.ttl); err != nil {
			return named(err, KindTranscript, user)
		}
	}
	return nil
}

// entries reads the entries of a transcript. deleted says that the predecessor
// deleted those before.
func (r *run) entries(user string, items []string) (entries []entry, deleted bool) {
	skip := func(id string, reason Reason) {
		r.tally.skip(Skipped{Kind: KindEntry, ID: user + " " + id, Reason: reason})
	}
	seen := make(map[string]bool, len(items))
	for i, raw := range items {
		var e entry
		switch err := json.Unmarshal([]byte(raw), &e); {
		case err == nil && e.Tombstone:
			deleted = true
			continue
		case err != nil, e.Text == nil, e.Timestamp <= 0, e.Timestamp > 1e14,
			!slices.Contains([]string{"user", "assistant", "system"}, e.Role):
			skip(cmp.Or(e.ID, strconv.Itoa(i)), ReasonJSON)
			continue
		}
		if e.ID = cmp.Or(e.ID, digest([]byte(raw))); seen[e.ID] {
			continue // the list has grown while it was read
		}
		seen[e.ID] = true
		t, _, reason := threadOf(e.ThreadID)
		if e.why = reason; reason == "" {
			e.ThreadID, e.issue = string(t.ID()), t.IssueID
		}
		if data, err := json.Marshal(e.here()); err != nil || len(data)+brackets > notes.MaxTranscript {
			skip(e.ID, ReasonRoom)
			continue
		}
		entries = append(entries, e)
	}
	return entries, deleted
}

// transcript takes over that of a user. It may go to several workspaces.
func (r *run) transcript(ctx context.Context, user string, entries []entry, homes map[string]string, ttl time.Duration) error {
	parts := map[string][]bot.TranscriptEntry{}
	for _, e := range entries {
		home, reason := r.homeOf(e, homes)
		if reason != "" {
			r.tally.skip(Skipped{Kind: KindEntry, ID: user + " " + e.ID, Reason: reason})
			continue
		}
		parts[home] = append(parts[home], e.here())
	}
	for _, workspace := range slices.Sorted(maps.Keys(parts)) {
		if err := r.part(ctx, user, workspace, parts[workspace], ttl); err != nil {
			return err
		}
	}
	return nil
}

// homeOf returns the workspace of an entry. What was said elsewhere than in Linear
// belongs to the only workspace, if there is one only.
func (r *run) homeOf(e entry, homes map[string]string) (string, Reason) {
	if only, ok := r.homes.(One); ok && (e.why == "" || e.why == ReasonPlatform) {
		return string(only), ""
	}
	if e.why != "" {
		return "", e.why
	}
	switch home, asked := homes[e.issue]; {
	case !asked:
		return "", ReasonAsked
	case home == "":
		return "", ReasonWorkspace
	default:
		return home, ""
	}
}

// part takes over what a user said in a workspace, and was told there.
func (r *run) part(ctx context.Context, user, workspace string, entries []bot.TranscriptEntry, ttl time.Duration) error {
	slices.SortStableFunc(entries, func(a, b bot.TranscriptEntry) int { return a.At.Compare(b.At) })
	var ids strings.Builder
	for _, e := range entries {
		ids.WriteString(e.ID + "\n")
	}
	now := mark{Digest: digest([]byte(ids.String())), Newest: entries[len(entries)-1].At}
	before, err := r.ledger.get(ctx, workspace, KindTranscript, user)
	if err != nil {
		return err
	}
	count := func(o outcome, n int) {
		r.tally.add(KindTranscript, workspace, o, 1)
		r.tally.add(KindEntry, workspace, o, n)
	}
	if before != nil && before.Digest == now.Digest {
		count(same, len(entries))
		return nil
	}
	transcript := r.bot.Workspace(workspace).Transcript(user)
	have, err := transcript.Entries(ctx)
	if err != nil {
		return err
	}
	if before != nil && len(have) == 0 { // a handler has deleted it since
		count(kept, len(entries))
		return nil
	}
	present := make(map[string]bool, len(have))
	for _, e := range have {
		present[e.ID] = true
	}
	fresh := slices.DeleteFunc(slices.Clone(entries), func(e bot.TranscriptEntry) bool {
		// What was taken over before and is missing now has made room here.
		return present[e.ID] || before != nil && !e.At.After(before.Newest)
	})
	o := added
	switch {
	case len(fresh) == 0:
		o = same
	case len(have) > 0:
		o = updated
	}
	n := len(fresh)
	if n > 0 && r.Apply {
		transcript.MaxEntries = len(have) + len(fresh)
		transcript.Retention = cmp.Or(ttl, forever)
		if n, err = transcript.Merge(ctx, fresh); err != nil {
			return err
		}
	} else if n > 0 {
		n = fit(have, fresh)
	}
	r.tally.add(KindTranscript, workspace, o, 1)
	r.tally.add(KindEntry, workspace, same, len(entries)-len(fresh))
	r.tally.add(KindEntry, workspace, added, n)
	for _, e := range fresh[:len(fresh)-n] {
		r.tally.skip(Skipped{Kind: KindEntry, ID: user + " " + e.ID, Reason: ReasonRoom})
	}
	if !r.Apply {
		return nil
	}
	return r.ledger.set(ctx, workspace, KindTranscript, user, now)
}

// fit returns how many of fresh a transcript holds beside have: the newest of all
// are kept. Both are in the order of time.
func fit(have, fresh []bot.TranscriptEntry) int {
	isFresh := make(map[string]bool, len(fresh))
	for _, e := range fresh {
		isFresh[e.ID] = true
	}
	all := slices.Concat(have, fresh)
	slices.SortStableFunc(all, func(a, b bot.TranscriptEntry) int { return a.At.Compare(b.At) })
	n, size := 0, 2
	for _, e := range slices.Backward(all) {
		data, err := json.Marshal(e)
		if size += len(data) + 1; err != nil || size > notes.MaxTranscript {
			break
		}
		if isFresh[e.ID] {
			n++
		}
	}
	return n
}

// deleted reports a transcript that the predecessor deleted, if what an earlier run
// has taken over of it is still here. left is what the predecessor has stored since.
func (r *run) deleted(ctx context.Context, user string, left []entry) error {
	for _, workspace := range r.homes.Workspaces() {
		before, err := r.ledger.get(ctx, workspace, KindTranscript, user)
		if err != nil {
			return err
		}
		if before == nil {
			continue
		}
		have, err := r.bot.Workspace(workspace).Transcript(user).Entries(ctx)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(have, func(h bot.TranscriptEntry) bool {
			return !h.At.After(before.Newest) && !slices.ContainsFunc(left, func(e entry) bool { return e.ID == h.ID })
		}) {
			r.tally.skip(Skipped{Kind: KindTranscript, ID: user, Reason: ReasonDeleted, Detail: "workspace " + workspace})
		}
	}
	return nil
}
