package migrate

import (
	"context"
	"errors"

	"github.com/linearbot/linearbot/adapter"
)

// subscriptions takes over the subscriptions.
func (r *run) subscriptions(ctx context.Context) error {
	total, err := r.Source.countSubscriptions(ctx)
	if err != nil {
		return err
	}
	for ids, err := range r.Source.subscriptions(ctx) {
		switch {
		case errors.Is(err, errSet):
			r.tally.skip(Skipped{Kind: KindSubscription, ID: subscriptionsKey, Reason: ReasonType})
			return nil
		case err != nil:
			return err
		}
		items := make([]item, 0, len(ids))
		for _, id := range ids {
			if it := (item{kind: KindSubscription, id: id}); r.place(&it) {
				items = append(items, it)
			}
		}
		if err := r.each(ctx, items, r.subscription); err != nil {
			return err
		}
		r.progress(KindSubscription, len(ids), total)
	}
	return nil
}

// subscription takes over one of them.
func (r *run) subscription(ctx context.Context, workspace string, it item) error {
	o, err := r.subscribe(ctx, workspace, it.thread.id)
	if err != nil {
		return named(err, it.kind, it.id)
	}
	r.tally.add(it.kind, workspace, o, 1)
	return nil
}

func (r *run) subscribe(ctx context.Context, workspace, id string) (outcome, error) {
	before, err := r.ledger.get(ctx, workspace, KindSubscription, id)
	if err != nil {
		return 0, err
	}
	thread, err := r.bot.Workspace(workspace).Thread(adapter.ThreadID(id))
	if err != nil {
		return 0, err
	}
	on, err := thread.Subscribed(ctx)
	o := added
	switch {
	case err != nil:
		return 0, err
	case on:
		o = same
	case before != nil:
		return kept, nil // a handler has unsubscribed it since
	}
	if !r.Apply || before != nil {
		return o, nil
	}
	if !on {
		if err := thread.Subscribe(ctx); err != nil {
			return 0, err
		}
	}
	return o, r.ledger.set(ctx, workspace, KindSubscription, id, mark{})
}
