package filestate

import (
	"fmt"
	"slices"
	"time"

	"github.com/linearbot/linearbot/state"
)

const (
	minTTL = 10 * time.Millisecond
)

// invalid returns an error that is [state.ErrInvalid].
func invalid(format string, args ...any) error {
	return fmt.Errorf("filestate: %w: %s", state.ErrInvalid, fmt.Sprintf(format, args...))
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
