package workspaces

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/linearbot/linearbot/internal/wording"
	"github.com/linearbot/linearbot/state"
)

const (
	// auditKept is how many lines are kept of a workspace.
	auditKept = 50
	// auditFor is how long they are kept after the last one.
	auditFor = 2 * 365 * 24 * time.Hour
)

// AuditLine is something that happened to an installation.
type AuditLine struct {
	At time.Time `json:"at"`
	// What is a snake_case word, for example "installed".
	What string `json:"what"`
	// Why says more. May be empty.
	Why string `json:"why,omitempty"`
}

// audit adds a line. It logs the line even if storing it fails.
func (r *Registry) audit(ctx context.Context, org, what, why string) {
	line := AuditLine{At: r.cfg.Now().UTC().Truncate(time.Millisecond), What: what, Why: wording.Clip(why, 300)}
	r.log.Info().Str(keyWorkspace, org).Str(keyReason, line.Why).Msg("installation: " + what)
	for range maxTries {
		lines, raw, err := r.auditLines(ctx, org)
		if err != nil {
			break
		}
		lines = append(lines, line)
		lines = lines[max(0, len(lines)-auditKept):]
		next, err := json.Marshal(lines)
		if err != nil {
			break
		}
		err = r.cfg.Store.CompareAndSet(ctx, auditKey(org), raw, next, auditFor)
		if err == nil {
			return
		}
		if !errors.Is(err, state.ErrConflict) {
			break
		}
	}
	r.log.Warn().Str(keyWorkspace, org).Msg("audit line could not be stored")
}

func (r *Registry) auditLines(ctx context.Context, org string) (lines []AuditLine, raw []byte, err error) {
	raw, err = r.cfg.Store.Get(ctx, auditKey(org))
	switch {
	case errors.Is(err, state.ErrNotFound):
		return nil, nil, nil
	case err != nil:
		return nil, nil, storeError(err)
	}
	if json.Unmarshal(raw, &lines) != nil {
		lines = nil // damaged: start over
	}
	return lines, raw, nil
}

// Audit returns what happened to a workspace's installation, oldest first: the
// last 50 lines, for two years.
func (r *Registry) Audit(ctx context.Context, workspace string) ([]AuditLine, error) {
	lines, _, err := r.auditLines(ctx, workspace)
	return lines, err
}
