package workspaces

import (
	"context"
	"errors"
	"iter"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/state"
)

// Content is the part of a state.Store that [Registry.Purge] empties.
type Content interface {
	Export(ctx context.Context) iter.Seq2[state.Record, error]
	Delete(ctx context.Context, k state.Key) error
	Unsubscribe(ctx context.Context, thread state.Key) error
	Notes(ctx context.Context, thread state.Key) (state.NoteSet, error)
	WriteNotes(ctx context.Context, thread state.Key, writes ...state.NoteWrite) error
	Purge(ctx context.Context, lane state.Key, id string) error
}

// Purged counts what Purge has deleted.
type Purged struct {
	Values        int `json:"values"`
	Subscriptions int `json:"subscriptions"`
	Notes         int `json:"notes"`
	Dead          int `json:"dead"`
}

// Purge deletes everything that the store keeps of a workspace that left: its
// record, values, subscriptions, notes and dead letters. The audit lines stay.
// What still waits in lanes is dropped by the bot. It reads the whole store once.
// The error has code adapter.CodeConflict if the app is installed there: disconnect first.
// If it is installed again meanwhile, Purge stops with that code, too.
func (r *Registry) Purge(ctx context.Context, content Content, workspace string) (Purged, error) {
	var n Purged
	if workspace == "" {
		return n, &adapter.Error{Code: adapter.CodeInvalid, Op: "purge", Message: "no workspace is named"}
	}
	w, err := r.Workspace(ctx, workspace)
	if err != nil {
		return n, err
	}
	if w != nil && w.Status != StatusGone {
		return n, &adapter.Error{Code: adapter.CodeConflict, Op: "purge", Message: "workspace " + workspace + " is " + string(w.Status) + ": disconnect it first, and wait until its tokens are revoked"}
	}
	if err := r.take(ctx, workspace, &n); err != nil {
		return n, err
	}
	var found []state.Record // a store may not be changed while it is read
	for rec, err := range content.Export(ctx) {
		if err != nil {
			return n, storeError(err)
		}
		if workspaceOf(rec) == workspace {
			rec.Value = nil
			found = append(found, rec)
		}
	}
	for _, rec := range found {
		if s, _ := r.read(ctx, workspace); s != nil { // what is deleted from now on may be the new installation's
			return n, meanwhile(workspace)
		}
		if err := r.purge(ctx, content, rec, &n); err != nil && !errors.Is(err, state.ErrNotFound) {
			return n, storeError(err)
		}
	}
	if err := r.delist(ctx, workspace); err != nil {
		return n, err
	}
	r.login(workspace).saw(nil)
	r.audit(ctx, workspace, "forgotten", "everything else that was stored is deleted")
	return n, nil
}

// take deletes the record of a workspace that left. It goes first and only as it
// was read, so that no new installation is deleted.
func (r *Registry) take(ctx context.Context, workspace string, n *Purged) error {
	s, err := r.read(ctx, workspace)
	switch {
	case s == nil:
		return err
	case s.rec.Status != StatusGone:
		return meanwhile(workspace)
	}
	err = r.cfg.Store.CompareAndSet(ctx, recordKey(workspace), s.raw, nil, 0)
	switch {
	case errors.Is(err, state.ErrConflict):
		return meanwhile(workspace)
	case err != nil && !errors.Is(err, state.ErrNotFound):
		return storeError(err)
	}
	n.Values++
	return nil
}

func meanwhile(workspace string) error {
	return &adapter.Error{Code: adapter.CodeConflict, Op: "purge", Message: "workspace " + workspace + " was installed again meanwhile: what is left of it stays"}
}

func workspaceOf(rec state.Record) string {
	if rec.Dead != nil {
		return rec.Dead.Lane.Workspace
	}
	return rec.Key.Workspace
}

func (r *Registry) purge(ctx context.Context, content Content, rec state.Record, n *Purged) error {
	switch rec.Kind {
	case state.RecordValue:
		switch rec.Key {
		case auditKey(rec.Key.Workspace), recordKey(rec.Key.Workspace), leaseKey(rec.Key.Workspace):
			return nil // the record is taken already, and a lease lapses: what is there now is not of this installation
		}
		n.Values++
		return content.Delete(ctx, rec.Key)
	case state.RecordSubscription:
		n.Subscriptions++
		return content.Unsubscribe(ctx, rec.Key)
	case state.RecordNote:
		n.Notes++
		return content.WriteNotes(ctx, rec.Key, state.NoteWrite{Name: rec.Note})
	case state.RecordDead:
		n.Dead++
		return content.Purge(ctx, rec.Dead.Lane, rec.Dead.ID)
	default: // entries that wait are the bot's to drop, and dedup keys expire
		return nil
	}
}
