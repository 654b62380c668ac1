package workspaces

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/state"
)

// The keys of everything that this package stores.

func recordKey(org string) state.Key {
	return state.Key{Workspace: org, Kind: "installation", ID: "linear"}
}

func leaseKey(org string) state.Key {
	return state.Key{Workspace: org, Kind: "installation-refresh", ID: "linear"}
}

func arrivalKey(org string) state.Key {
	return state.Key{Workspace: org, Kind: "installation-arrival", ID: "linear"}
}

func auditKey(org string) state.Key {
	return state.Key{Workspace: org, Kind: "installation-audit", ID: "linear"}
}
func stateKey(hash string) state.Key { return state.Key{Kind: "install-state", ID: hash} }
func doneKey(hash string) state.Key  { return state.Key{Kind: "install-done", ID: hash} }

// shards is over how many values the list of workspaces is spread.
const shards = 16

func shardKey(n int) state.Key {
	return state.Key{Kind: "installations", ID: fmt.Sprintf("%02x", n)}
}

func shardOf(org string) int {
	sum := sha256.Sum256([]byte(org))
	return int(sum[0]) % shards
}

const (
	// goneFor is how long the record of a workspace that left is kept.
	goneFor = 180 * 24 * time.Hour
	// arrivalFor is how long the time of the last delivery is kept.
	arrivalFor = 90 * 24 * time.Hour
)

// digest names a secret text without telling it.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// name returns a new random name.
func name() string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// read returns the record of a workspace as it is stored, nil if there is none.
// With an error about the record itself, the snapshot may still be set, without
// tokens.
func (r *Registry) read(ctx context.Context, org string) (*snapshot, error) {
	raw, err := r.cfg.Store.Get(ctx, recordKey(org))
	switch {
	case errors.Is(err, state.ErrNotFound):
		return nil, nil //nolint:nilnil // no record is an answer
	case err != nil:
		return nil, storeError(err)
	}
	return decode(raw, org, r.cfg.Keys)
}

func storeError(err error) error {
	code := adapter.CodeUnavailable
	if adapter.CodeOf(err) == adapter.CodeCanceled {
		code = adapter.CodeCanceled
	}
	return &adapter.Error{Code: code, Op: "installation", Message: "the store", Err: err}
}

// errStale says that another process changed the record in the meantime.
var errStale = errors.New("workspaces: the record was changed meanwhile")

// write replaces the record old (nil if there is none) by rec.
func (r *Registry) write(ctx context.Context, old *snapshot, rec record) (*snapshot, error) {
	var present []byte
	if old != nil {
		present = old.raw
		rec.Rev = old.rec.Rev
	}
	rec.Rev++
	rec.Version = recordVersion
	raw, err := json.Marshal(rec)
	if err != nil {
		return nil, &adapter.Error{Code: adapter.CodeInvalid, Op: "installation", Message: "the record cannot be encoded"}
	}
	var ttl time.Duration
	if rec.Status == StatusGone {
		ttl = goneFor
	}
	err = r.cfg.Store.CompareAndSet(ctx, recordKey(rec.Organization), present, raw, ttl)
	switch {
	case errors.Is(err, state.ErrConflict):
		return nil, errStale
	case err != nil:
		return nil, storeError(err)
	}
	s, err := decode(raw, rec.Organization, r.cfg.Keys)
	if err != nil && s == nil {
		return nil, err
	}
	r.login(rec.Organization).saw(s)
	return s, nil
}

// maxTries bounds the attempts to make a change against concurrent ones.
const maxTries = 20

// change reads the record, applies f and writes the result, retrying on conflict.
// f gets a copy and may be called several times; if it returns false, the record
// stays as it is. change returns the resulting record.
func (r *Registry) change(ctx context.Context, org string, f func(old *snapshot, rec *record) bool) (*snapshot, error) {
	for range maxTries {
		old, err := r.read(ctx, org)
		if err != nil && old == nil {
			return nil, err
		}
		rec := record{Organization: org}
		if old != nil {
			rec = old.rec
		}
		if !f(old, &rec) {
			return old, nil
		}
		s, err := r.write(ctx, old, rec)
		if !errors.Is(err, errStale) {
			return s, err
		}
	}
	return nil, &adapter.Error{Code: adapter.CodeUnavailable, Op: "installation", Message: "the record of workspace " + org + " changes all the time"}
}

// shard returns the workspaces of one part of the list.
func (r *Registry) shard(ctx context.Context, n int) (orgs []string, raw []byte, err error) {
	raw, err = r.cfg.Store.Get(ctx, shardKey(n))
	switch {
	case errors.Is(err, state.ErrNotFound):
		return nil, nil, nil
	case err != nil:
		return nil, nil, storeError(err)
	}
	if err := json.Unmarshal(raw, &orgs); err != nil {
		return nil, nil, &adapter.Error{Code: adapter.CodeUnavailable, Op: "installations", Message: "the list of workspaces cannot be read: it is damaged"}
	}
	return orgs, raw, nil
}

// enlist puts a workspace on the list, or takes it off. It stands there before
// its record does, so that no record is overlooked, and is put there again once
// its record is there, because a sweep that saw none may have taken it off.
func (r *Registry) enlist(ctx context.Context, org string, on bool) error {
	for range maxTries {
		orgs, raw, err := r.shard(ctx, shardOf(org))
		if err != nil {
			return err
		}
		at := slices.Index(orgs, org)
		if on == (at >= 0) {
			return nil
		}
		if on {
			orgs = append(orgs, org)
		} else {
			orgs = slices.Delete(orgs, at, at+1)
		}
		next, err := json.Marshal(orgs)
		if err != nil {
			return err
		}
		if len(orgs) == 0 {
			next = nil
		}
		err = r.cfg.Store.CompareAndSet(ctx, shardKey(shardOf(org)), raw, next, 0)
		if !errors.Is(err, state.ErrConflict) {
			if err != nil {
				return storeError(err)
			}
			return nil
		}
	}
	return &adapter.Error{Code: adapter.CodeUnavailable, Op: "installations", Message: "the list of workspaces changes all the time"}
}

// delist takes a workspace without a record off the list. If it was installed
// meanwhile, or if that cannot be told, it goes back on.
func (r *Registry) delist(ctx context.Context, org string) error {
	if err := r.enlist(ctx, org, false); err != nil {
		return err
	}
	s, err := r.read(ctx, org)
	if s == nil && err == nil {
		return nil
	}
	return r.enlist(context.WithoutCancel(ctx), org, true)
}

// errFull says that no further workspace may install the app.
var errFull = &adapter.Error{Code: adapter.CodeForbidden, Op: "installations", Message: "the most workspaces that Config.MaxWorkspaces allows have installed the app"}

// organizations returns every workspace on the list.
func (r *Registry) organizations(ctx context.Context) ([]string, error) {
	var all []string
	for n := range shards {
		orgs, _, err := r.shard(ctx, n)
		if err != nil {
			return nil, err
		}
		all = append(all, orgs...)
	}
	slices.Sort(all)
	return all, nil
}
