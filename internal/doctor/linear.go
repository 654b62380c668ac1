package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/adapter/linear/workspaces"
	"github.com/linearbot/linearbot/internal/status"
)

const (
	// skewNoted is the difference between clocks that is worth a warning, and
	// skewRefused about the one from which deliveries are refused.
	skewNoted   = 5 * time.Second
	skewRefused = 50 * time.Second
)

// clock compares this machine's clock with the Date header of Linear's answer, which
// has whole seconds. Any answer will do.
func (e *exam) clock(ctx context.Context) {
	if e.APIURL == "" {
		return
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, e.APIURL, http.NoBody)
	if err != nil {
		return // the configuration has a finding about it
	}
	before := e.Now()
	resp, err := e.HTTPClient.Do(req)
	if err != nil {
		return // so has the token
	}
	_ = resp.Body.Close()
	after := e.Now()
	theirs, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		e.add(Note, "clock", "Linear's answer has no Date header to compare this machine's clock with", "")
		return
	}
	skew := before.Add(after.Sub(before) / 2).Sub(theirs.Add(500 * time.Millisecond)).Round(time.Second)
	side := "ahead of"
	if skew < 0 {
		side = "behind"
	}
	text := fmt.Sprintf("this machine's clock is %s %s Linear's", skew.Abs(), side)
	const fix = "Turn on time synchronization (NTP) on this machine"
	switch {
	case skew.Abs() < skewNoted:
		e.add(OK, "clock", "the clock of this machine agrees with Linear's", "")
	case skew.Abs() < skewRefused:
		e.add(Warning, "clock", text, fix)
	case skew < 0:
		e.add(Error, "clock", text+": deliveries seem to come from the future, and are refused", fix)
	default:
		e.add(Error, "clock", text+": every delivery counts as late, and without a durable store as too old", fix)
	}
}

// linear looks at the token, and at what it can do and see.
func (e *exam) linear(ctx context.Context) {
	if e.Linear == nil || e.Installs != nil {
		return
	}
	self, err := e.Linear.Identity(ctx, "")
	if err != nil {
		e.refused(err)
		return
	}
	api, err := e.Linear.API(ctx, "")
	if err != nil {
		e.refused(err)
		return
	}
	e.identity(self)
	e.name(self)
	granted, err := api.Granted(ctx)
	if err == nil {
		e.scopes(granted, "scopes")
	}
	e.teams(ctx, api)
	e.readWebhooks(ctx, api)
	e.budget("budget", status.BudgetOf(api.Budget()))
}

// refused says why Linear cannot be used. What the client says about it is more
// exact than the code, and holds no secret.
func (e *exam) refused(err error) {
	f := Explain(err, e.Credentials, "Linear")
	if api, ok := errors.AsType[*adapter.Error](err); ok && api.Message != "" && api.Message != f.Text {
		f.Text += " (" + api.Message + ")"
	}
	e.report.Findings = append(e.report.Findings, f)
}

// identity says who the bot is.
func (e *exam) identity(self *adapter.Identity) {
	who := "acts as @" + self.Name + " (" + self.FullName + ") in " + self.WorkspaceName
	switch {
	case e.Auth == linear.AuthAPIKey:
		e.add(Warning, "token", "a personal API key: the bot "+who+", with that person's name and rights, and gets no agent sessions",
			"Create an OAuth app in Linear and set LINEAR_CLIENT_ID and LINEAR_CLIENT_SECRET instead of LINEAR_API_KEY")
	case !self.App:
		e.add(Warning, "token", "the token belongs to a person: the bot "+who+", with that person's name and rights, and gets no agent sessions",
			"Authenticate as an OAuth app: set LINEAR_CLIENT_ID and LINEAR_CLIENT_SECRET")
	case e.Auth == linear.AuthAccessToken:
		e.add(Warning, "token", who+", with an access token that the bot cannot renew: most expire after 24 hours",
			"Set LINEAR_CLIENT_ID and LINEAR_CLIENT_SECRET instead of LINEAR_ACCESS_TOKEN")
	default:
		e.add(OK, "token", string(e.Auth)+": the bot "+who, "")
	}
}

// name compares the configured name with the one that people see in Linear.
func (e *exam) name(self *adapter.Identity) {
	switch {
	case self.Name == "":
		e.add(Note, "name", "Linear does not say what the bot is called", "")
	case e.Name == "" || strings.EqualFold(e.Name, self.Name):
		e.add(OK, "name", "people mention the bot as @"+self.Name, "")
	default:
		e.add(Warning, "name", fmt.Sprintf("LINEAR_BOT_USERNAME is %q, but in Linear the bot is called @%s, and people mention it by that name", e.Name, self.Name),
			"Remove LINEAR_BOT_USERNAME, unless people also type @"+e.Name+" by hand")
	}
}

// scopes compares what the token may do with what the bot needs.
func (e *exam) scopes(granted []string, check string) {
	if granted == nil {
		if e.Auth != linear.AuthAPIKey {
			e.add(Note, check, "the scopes of this token are unknown: Linear names them only when it issues a token", "")
		}
		return
	}
	has := func(scope string) bool { return slices.Contains(granted, scope) }
	const where = "Remove LINEAR_CLIENT_CREDENTIALS_SCOPES, so that the default applies, or add the scope there. With installations it is LINEAR_SCOPES, and the app has to be installed again"
	var missing []string
	if !has("write") {
		if has("comments:create") {
			e.add(Warning, check, "the scope write is missing: the bot can comment, but not react, edit or answer in agent sessions", where)
		} else {
			missing = append(missing, "write")
		}
	}
	if e.Mode != linear.ModeComments && !has("app:mentionable") {
		missing = append(missing, "app:mentionable")
	}
	if len(missing) > 0 {
		e.add(Error, check, "the token lacks "+strings.Join(missing, " and ")+": "+lacking(missing), where)
		return
	}
	if e.Mode != linear.ModeComments && !e.NotAssignable && !has("app:assignable") {
		e.add(Warning, check, "the token lacks app:assignable: issues cannot be delegated to the bot", where+". If that is intended, set LINEAR_ASSIGNABLE=false")
		return
	}
	e.add(OK, check, strings.Join(granted, ", "), "")
}

func lacking(scopes []string) string {
	if slices.Contains(scopes, "write") {
		return "it cannot answer"
	}
	return "people cannot mention it"
}

// teams looks at what the bot can see.
func (e *exam) teams(ctx context.Context, api *linearapi.Client) {
	page, err := api.Teams(ctx, nil, linearapi.PageArgs{First: linearapi.MaxPage})
	if err != nil {
		e.add(Note, "teams", "the teams that the bot has access to cannot be listed: "+adapter.CodeOf(err).String(), "")
		return
	}
	if len(page.Nodes) == 0 {
		e.add(Error, "teams", "the bot has access to no team, so no comment reaches it",
			"In Linear, open the app under Settings → Applications and give it access to teams")
		return
	}
	var keys []string
	for _, t := range page.Nodes {
		keys = append(keys, t.Key)
	}
	slices.Sort(keys)
	more := ""
	if page.Info.HasNextPage {
		more = " and more"
	} else if len(keys) > 8 {
		more = fmt.Sprintf(" and %d more", len(keys)-8)
	}
	e.add(OK, "teams", "the bot sees "+strings.Join(keys[:min(len(keys), 8)], ", ")+more, "")
}

// budget looks at what is left of Linear's limits.
func (e *exam) budget(check string, b status.Budget) {
	now := e.Now()
	for _, of := range []struct {
		name string
		status.Allowance
	}{{"requests", b.Requests}, {"complexity points", b.Complexity}} {
		name, a := of.name, of.Allowance
		if !a.Low(now) {
			continue
		}
		level, until := Warning, ""
		if a.Remaining < 1 {
			level = Error
		}
		if !a.Reset.IsZero() {
			until = ", until " + a.Reset.UTC().Format("15:04 MST")
		}
		e.add(level, check, fmt.Sprintf("%.0f of Linear's %.0f %s an hour are left%s", a.Remaining, a.Limit, name, until),
			"Answers to people go first, and the rest waits until the budget is full again. The metric linearbot_linear_requests_total shows which operations use it up")
		return
	}
	if b.Requests.Limit > 0 {
		e.add(OK, check, fmt.Sprintf("%.0f of %.0f requests an hour are left", b.Requests.Remaining, b.Requests.Limit), "")
	}
}

// installs looks at the workspaces that have installed the app.
func (e *exam) installs(ctx context.Context) {
	if e.Installs == nil {
		return
	}
	all, err := e.Installs.List(ctx)
	if err != nil {
		e.add(Note, "installs", "the installations cannot be listed, because the store does not answer", "")
		return
	}
	var names []string
	installed := false // some workspace has the app, whether its login works or not
	for _, w := range all {
		check := "workspace " + cmp.Or(w.Name, w.URLKey, w.ID)
		installed = installed || w.Status == workspaces.StatusActive || w.Status == workspaces.StatusNeedsReauth || w.Status == workspaces.StatusUnreadable
		switch {
		case w.Status == workspaces.StatusNeedsReauth:
			e.add(Error, check, "Linear no longer accepts its tokens: "+cmp.Or(w.Why, "they were revoked"), "Have an admin of the workspace install the app again: "+e.InstallURL)
		case w.Status == workspaces.StatusUnreadable, w.Status == workspaces.StatusActive && w.Problem != "":
			e.add(Error, check, w.Problem, "Add the earlier key to LINEAR_ENCRYPTION_KEY again, after the current one and a comma")
		case w.Status != workspaces.StatusActive:
			continue
		default:
			names = append(names, cmp.Or(w.Name, w.ID))
			e.installed(ctx, w.ID, check, w.Scopes)
		}
		if w.Key == "none" && w.Status == workspaces.StatusActive {
			e.add(Warning, check, "its tokens are stored unencrypted", "Set LINEAR_ENCRYPTION_KEY to a key that linearbot keys generate makes")
		}
	}
	if !installed {
		e.add(Warning, "installs", "no workspace has installed the app, so the bot answers no one yet",
			"Have an admin of a workspace open "+e.InstallURL+" and approve the app")
		return
	}
	if len(names) == 0 {
		return // there is a finding about each
	}
	e.add(OK, "installs", fmt.Sprintf("%d active: %s", len(names), strings.Join(names[:min(len(names), 8)], ", ")), "")
}

// maxExamined is how many workspaces are asked one by one.
const maxExamined = 20

// installed looks at one workspace.
func (e *exam) installed(ctx context.Context, id, check string, granted []string) {
	asked := 0
	for _, f := range e.report.Findings {
		if strings.HasPrefix(f.Check, "workspace ") {
			asked++
		}
	}
	if e.Linear == nil || asked >= maxExamined {
		return
	}
	self, err := e.Linear.Identity(ctx, id)
	if err != nil {
		f := Explain(err, "the tokens of this workspace", "Linear")
		f.Check = check
		if f.Level == Error && adapter.CodeOf(err) == adapter.CodeUnauthenticated {
			f.Fix = "Have an admin of the workspace install the app again: " + e.InstallURL
		}
		e.report.Findings = append(e.report.Findings, f)
		return
	}
	e.add(OK, check, "the bot is @"+self.Name+" there", "")
	e.scopes(granted, check)
}
