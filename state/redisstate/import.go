package redisstate

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/linearbot/linearbot/state"
)

// Import adds a record. See [state.Porter]. Whether an entry was stored before
// is known as long as its id is remembered as a dedup key.
func (s *Store) Import(ctx context.Context, r state.Record) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	var ttl time.Duration
	if !r.Expires.IsZero() {
		ttl = time.Until(r.Expires)
		if ttl <= 0 {
			return nil
		}
	}
	switch {
	case r.Kind == state.RecordEntry && r.Entry != nil:
		return s.importEntry(ctx, r.Entry, 0, state.Cause{})
	case r.Kind == state.RecordDelayed && r.Delayed != nil:
		return s.importEntry(ctx, &r.Delayed.Queued, max(micros(r.Delayed.Due), 1), r.Delayed.Cause)
	case r.Kind == state.RecordDead && r.Dead != nil:
		name, i := s.at(r.Dead.Lane)
		sh, field := &s.shards[i], pair(name, r.Dead.ID)
		_, err := s.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
			p.HSet(ctx, sh.dead, field, encodeDead(r.Dead))
			p.ZAdd(ctx, sh.buried, redis.Z{Score: float64(micros(r.Dead.BuriedAt)), Member: field})
			return nil
		})
		return s.fail(ctx, "import", err)
	case r.Kind == state.RecordValue:
		return s.Set(ctx, r.Key, r.Value, ttl)
	case r.Kind == state.RecordNote:
		return s.importNote(ctx, r, ttl)
	case r.Kind == state.RecordSubscription:
		return s.Subscribe(ctx, r.Key)
	case r.Kind == state.RecordDedup:
		return s.importDedup(ctx, r.Key, r.Dedup, wholeMillis(ttl))
	default:
		return invalid("import: a record of kind %q with nothing of that kind", r.Kind)
	}
}

func (s *Store) importEntry(ctx context.Context, q *state.Queued, due uint64, cause state.Cause) error {
	if err := q.Entry.Validate(); err != nil {
		return fmt.Errorf("import: %w", err)
	}
	name, i := s.at(q.Lane)
	sh := &s.shards[i]
	keys := []string{sh.queue(name), sh.ready, sh.counts, sh.later, sh.parked, sh.asleep, sh.dedup}
	args := []any{
		name, packTail(&q.Entry), max(q.Attempt, 0),
		micros(q.EnqueuedAt), due, packCause(cause), millis(s.o.DedupTTL), s.channel, sh.id, pair(name, q.ID),
	}
	for n, k := range q.Keys {
		if k != q.ID && !slices.Contains(q.Keys[:n], k) {
			args = append(args, pair(name, k))
		}
	}
	a, err := s.ask(ctx, s.scripts.load, 2, keys, args...)
	if err != nil {
		return s.fail(ctx, "import", err)
	}
	s.became(i, a.num(0), a.num(1))
	return nil
}

// importDedup records a dedup key. It keeps one that is there, for as long as
// one of both wants.
func (s *Store) importDedup(ctx context.Context, lane state.Key, dedup string, ttl time.Duration) error {
	if err := checkKey(lane, ttl); err != nil {
		return err
	}
	name, i := s.at(lane)
	sh := &s.shards[i]
	err := s.scripts.remember.Run(ctx, s.calls, []string{sh.counts, sh.dedup},
		pair(name, dedup), millis(ttl), millis(s.o.DedupTTL)).Err()
	return s.fail(ctx, "import", err)
}

// importNote writes a note. A ttl of zero means that it never expires.
func (s *Store) importNote(ctx context.Context, r state.Record, ttl time.Duration) error {
	if ttl == 0 {
		return invalid("import: note %q of %s never expires", r.Note, r.Key)
	}
	return s.WriteNotes(ctx, r.Key, state.NoteWrite{Name: r.Note, Value: append([]byte{}, r.Value...), TTL: ttl})
}
