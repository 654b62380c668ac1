package filestate

import (
	"fmt"
	"slices"
	"time"

	"github.com/linearbot/linearbot/state"
)

const (
	maxBody = 8 << 20
	minTTL  = 10 * time.Millisecond
)

// invalid returns an error that is [state.ErrInvalid].
func invalid(format string, args ...any) error {
	return fmt.Errorf("filestate: %w: %s", state.ErrInvalid, fmt.Sprintf(format, args...))
}

func checkEntry(e *state.Entry) error {
	switch {
	case e.ID == "":
		return invalid("entry without id")
	case e.Lane.Kind == "" || e.Lane.ID == "":
		return invalid("entry %q has no full lane key", e.ID)
	case slices.Contains(e.Keys, ""):
		return invalid("entry %q has an empty dedup key", e.ID)
	case len(e.Body) > maxBody:
		return invalid("entry %q has a body of %d bytes", e.ID, len(e.Body))
	case e.Delay < 0 || e.Hold < 0:
		return invalid("entry %q has a negative wait", e.ID)
	case e.HoldMode > state.HoldReset:
		return invalid("entry %q has hold mode %d", e.ID, e.HoldMode)
	}
	return nil
}

func checkVerdicts(l *state.Lease, verdicts []state.Verdict) error {
	if l == nil {
		return invalid("no lease")
	}
	for i, v := range verdicts {
		switch {
		case v.Kind < state.KindAck || v.Kind > state.KindBury:
			return invalid("verdict for %q has kind %d", v.ID, v.Kind)
		case v.After < 0:
			return invalid("verdict for %q has a negative wait", v.ID)
		case slices.ContainsFunc(verdicts[:i], func(w state.Verdict) bool { return w.ID == v.ID }):
			return invalid("two verdicts for %q", v.ID)
		case !slices.ContainsFunc(l.Entries, func(q state.Queued) bool { return q.ID == v.ID }):
			return invalid("verdict for %q, which is not in the lease", v.ID)
		}
	}
	return nil
}
