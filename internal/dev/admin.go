package dev

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/internal/admin"
	"github.com/linearbot/linearbot/internal/console/play"
	"github.com/linearbot/linearbot/internal/trace"
)

// askTimeout bounds one question.
const askTimeout = 2 * time.Second

// Admin talks to a bot by the socket of its admin API in the directory of its
// store. A bot that has none, in another language for example, has no decisions to
// show and no clock to move.
type Admin struct{ api *admin.Client }

// NewAdmin returns the admin API of a bot that keeps its state below dir.
func NewAdmin(dir string) *Admin {
	socket := filepath.Join(dir, "bot", "admin.sock")
	return &Admin{&admin.Client{Base: "http://bot", HTTP: &http.Client{Timeout: askTimeout, Transport: &http.Transport{
		DisableKeepAlives: true, // the bot restarts
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}}}
}

// SetAhead moves the clock of the bot's store ahead of this machine's, so that what
// the bot has put off is due: timeouts of questions, scheduled posts, retries.
func (a *Admin) SetAhead(ctx context.Context, ahead time.Duration) error {
	return a.api.Post(ctx, "clock", map[string]string{"ahead": ahead.String()}, nil)
}

// Decisions returns the decisions about a delivery, the newest handling of it last.
func (a *Admin) Decisions(ctx context.Context, d linearsim.Delivery) []play.Step {
	id := d.Header.Get("Linear-Delivery")
	if id == "" {
		return nil
	}
	var found admin.Explanation
	if _, err := a.api.Get(ctx, "explain", url.Values{"q": {id}}, &found); err != nil {
		return nil
	}
	var steps []play.Step
	for _, one := range slices.Backward(found.Traces) {
		for _, l := range one.Story.Lines {
			steps = append(steps, play.Step{At: l.At, Name: l.Code, Text: l.Text})
		}
		bad := one.Status == trace.StatusFailed || one.Status == trace.StatusRefused
		steps = append(steps, play.Step{Name: string(one.Status), Text: one.Story.What, Bad: bad, Sum: true})
		if one.Story.Do != "" && one.Status != trace.StatusHandled {
			steps = append(steps, play.Step{Name: play.Advice, Text: one.Story.Do, Bad: bad, Sum: true})
		}
	}
	return steps
}
