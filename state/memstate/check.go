package memstate

import (
	"fmt"
	"slices"

	"github.com/linearbot/linearbot/state"
)

// invalid returns an error that is [state.ErrInvalid].
func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", state.ErrInvalid, fmt.Sprintf(format, args...))
}

// checkVerdicts returns the verdicts by entry id.
func checkVerdicts(l *state.Lease, verdicts []state.Verdict) (map[string]state.Verdict, error) {
	if l == nil {
		return nil, invalid("no lease")
	}
	byID := make(map[string]state.Verdict, len(verdicts))
	for _, v := range verdicts {
		if v.Kind < state.KindAck || v.Kind > state.KindBury {
			return nil, invalid("verdict for %q has kind %d", v.ID, v.Kind)
		}
		if v.After < 0 {
			return nil, invalid("verdict for %q has a negative wait", v.ID)
		}
		if _, ok := byID[v.ID]; ok {
			return nil, invalid("two verdicts for %q", v.ID)
		}
		if !slices.ContainsFunc(l.Entries, func(q state.Queued) bool { return q.ID == v.ID }) {
			return nil, invalid("verdict for %q, which is not in the lease", v.ID)
		}
		byID[v.ID] = v
	}
	return byID, nil
}
