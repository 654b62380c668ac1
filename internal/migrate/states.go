package migrate

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
)

// ChannelCell is the name of the cell of an issue that holds the state of the
// predecessor's channel: bot.State[T](issue).Named(ChannelCell).
const ChannelCell = "channel"

// values takes over the states of threads and channels.
func (r *run) values(ctx context.Context) error {
	for _, of := range []struct {
		kind  Kind
		begin string
	}{{KindThreadState, threadKey}, {KindChannelState, channelKey}} {
		if !r.wants(of.kind) {
			continue
		}
		// The older spelling of a thread comes second, as the newer one wins.
		for _, older := range []bool{false, true} {
			if err := r.states(ctx, of.kind, of.begin, older); err != nil {
				return err
			}
		}
	}
	return nil
}

// states takes over the states whose threads have, or have not, an older spelling.
func (r *run) states(ctx context.Context, kind Kind, begin string, older bool) error {
	for keys, err := range r.Source.keys(ctx, begin) {
		if err != nil {
			return err
		}
		chosen := keys[:0]
		for _, key := range keys {
			if _, old, _ := threadOf(strings.TrimPrefix(key, begin)); old == older {
				chosen = append(chosen, key)
			}
		}
		var items []item
		for v, err := range r.Source.read(ctx, "string", chosen) {
			if err != nil {
				return err
			}
			it := item{kind: kind, id: strings.TrimPrefix(v.key, begin), ttl: v.ttl}
			if !r.place(&it) {
				continue
			}
			if v.reason == "" {
				if it.value, err = normal(v.data); err != nil {
					v.reason = ReasonJSON
				}
			}
			if v.reason != "" {
				r.tally.skip(Skipped{Kind: kind, ID: it.id, Reason: v.reason})
				continue
			}
			items = append(items, it)
		}
		if older {
			if items, err = r.withoutNewer(ctx, items, begin); err != nil {
				return err
			}
		}
		if err := r.each(ctx, items, r.state); err != nil {
			return err
		}
		r.progress(kind, len(chosen), 0)
	}
	return nil
}

// withoutNewer drops, and reports, the items whose thread has a state under its
// newer spelling.
func (r *run) withoutNewer(ctx context.Context, items []item, begin string) ([]item, error) {
	keys := make([]string, len(items))
	for i, it := range items {
		keys[i] = begin + it.thread.id
	}
	newer, err := r.Source.exist(ctx, keys)
	if err != nil {
		return nil, err
	}
	left := items[:0]
	for i, it := range items {
		if newer[i] {
			r.tally.skip(Skipped{Kind: it.kind, ID: it.id, Reason: ReasonOlder})
			continue
		}
		left = append(left, it)
	}
	return left, nil
}

// normal returns JSON as a cell stores it.
func normal(raw []byte) ([]byte, error) { return json.Marshal(json.RawMessage(raw)) }

// state takes over one of them.
func (r *run) state(ctx context.Context, workspace string, it item) error {
	o, reason, err := r.cell(ctx, workspace, it)
	switch {
	case err != nil:
		return named(err, it.kind, it.id)
	case reason != "":
		r.tally.skip(Skipped{Kind: it.kind, ID: it.id, Reason: reason})
	default:
		r.tally.add(it.kind, workspace, o, 1)
	}
	return nil
}

// errChanged says that a handler has changed a value meanwhile.
var errChanged = errors.New("migrate: changed meanwhile")

func (r *run) cell(ctx context.Context, workspace string, it item) (outcome, Reason, error) {
	id := it.thread.id
	want := digest(it.value)
	before, err := r.ledger.get(ctx, workspace, it.kind, id)
	if err != nil {
		return 0, "", err
	}
	if before != nil && before.Digest == want {
		return same, "", nil // whatever handlers have done with it since
	}
	thread, err := r.bot.Workspace(workspace).Thread(adapter.ThreadID(id))
	if err != nil {
		return 0, "", err
	}
	cell := bot.State[json.RawMessage](thread)
	if it.kind == KindChannelState {
		cell = cell.Named(ChannelCell)
	}
	have, err := cell.Get(ctx)
	if err != nil {
		return 0, "", err
	}
	o := kept
	switch {
	case bytes.Equal(have, it.value):
		o = same
	case it.thread.older && before != nil && before.From != it.id:
		return 0, ReasonOlder, nil
	case have == nil && before == nil:
		o = added
	case have != nil && before != nil && digest(have) == before.Digest:
		o = updated
	}
	if !r.Apply || o == kept {
		return o, "", nil
	}
	if o != same {
		err := cell.WithTTL(cmp.Or(it.ttl, forever)).Update(ctx, func(v *json.RawMessage) error {
			if !bytes.Equal(*v, have) {
				return errChanged
			}
			*v = it.value
			return nil
		})
		switch {
		case errors.Is(err, errChanged):
			return kept, "", nil
		case err != nil:
			return 0, "", err
		}
	}
	return o, "", r.ledger.set(ctx, workspace, it.kind, id, mark{Digest: want, From: it.id})
}
