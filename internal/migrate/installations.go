package migrate

import (
	"context"
	"strings"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/workspaces"
)

// installations takes over the installations. It returns those that can be read,
// also if they are not to be taken over: their tokens may look issues up.
func (r *run) installations(ctx context.Context) ([]*workspaces.NPMInstallation, error) {
	if r.Registry == nil {
		return nil, nil
	}
	var found []*workspaces.NPMInstallation
	for keys, err := range r.Source.keys(ctx, installationKey) {
		if err != nil {
			return found, err
		}
		for v, err := range r.Source.read(ctx, "string", keys) {
			if err != nil {
				return found, err
			}
			f, err := r.installation(ctx, v)
			if err != nil {
				return found, err
			}
			if f != nil {
				found = append(found, f)
			}
		}
		r.progress(KindInstallation, len(keys), 0)
	}
	return found, nil
}

// installation takes over one of them. It returns nil if it cannot be read.
func (r *run) installation(ctx context.Context, v stored) (*workspaces.NPMInstallation, error) {
	org := strings.TrimPrefix(v.key, installationKey)
	skip := func(reason Reason, detail string) {
		if r.wants(KindInstallation) {
			r.tally.skip(Skipped{Kind: KindInstallation, ID: org, Reason: reason, Detail: detail})
		}
	}
	if v.reason != "" {
		skip(v.reason, "")
		return nil, nil //nolint:nilnil // it is reported
	}
	f, err := r.Registry.ReadNPM(v.data)
	switch {
	case err != nil:
		skip(ReasonKey, detail(err))
		return nil, nil //nolint:nilnil // it is reported
	case f.Workspace != org:
		skip(ReasonKey, "it says that it belongs to "+f.Workspace)
		return nil, nil //nolint:nilnil // it is reported
	case !r.wants(KindInstallation):
		return f, nil
	}
	present, err := r.Registry.Workspace(ctx, org)
	if err != nil {
		return f, named(err, KindInstallation, org)
	}
	switch {
	case present != nil && (present.Status == workspaces.StatusActive || present.Status == workspaces.StatusNeedsReauth || present.Status == workspaces.StatusUnreadable):
		r.tally.add(KindInstallation, org, same, 1)
		return f, nil
	case present != nil && present.Status == workspaces.StatusLeaving:
		skip(ReasonLeft, "")
		return f, nil
	case present != nil && present.Status == workspaces.StatusGone:
		// It removed the app here since: what an earlier run took over stays away.
		if m, err := r.ledger.get(ctx, org, KindInstallation, org); err != nil || m != nil {
			r.tally.add(KindInstallation, org, kept, 1)
			return f, named(err, KindInstallation, org)
		}
	}
	if !r.Apply {
		if err := r.Registry.Importable(); err != nil {
			skip(ReasonKey, detail(err))
			return f, nil
		}
		r.tally.add(KindInstallation, org, added, 1)
		return f, nil
	}
	switch _, err := r.Registry.Import(ctx, v.data); {
	case adapter.CodeOf(err) == adapter.CodeConflict: // installed meanwhile
		r.tally.add(KindInstallation, org, same, 1)
		return f, nil
	case err != nil:
		return f, named(err, KindInstallation, org)
	}
	r.tally.add(KindInstallation, org, added, 1)
	return f, named(r.ledger.set(ctx, org, KindInstallation, org, mark{}), KindInstallation, org)
}

// detail returns what an error says, without its frame.
func detail(err error) string {
	_, text, ok := strings.Cut(err.Error(), ": ")
	if !ok {
		return err.Error()
	}
	return text
}
