package adminui

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/workspaces"
	"github.com/linearbot/linearbot/internal/admin"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/internal/status"
	"github.com/linearbot/linearbot/internal/wording"
)

// Card is one number of the overview.
type Card struct {
	Label, Value, Note string
	// Level is "good", "odd" or "bad".
	Level string
	// Link leads to more. May be empty.
	Link string
}

// Row is one workspace of the overview.
type Row struct {
	Name, ID string
	// Level and State say whether the bot can act there.
	Level, State string
	// Requests and Complexity are what is left, from 0 to 1; negative if unknown.
	Requests, Complexity float64
	// Left says it in numbers, Reset when all of it is back.
	Left  string
	Reset time.Time
	Last  time.Time
}

// start is the data of the overview.
type start struct {
	Cards   []Card
	Charts  []*Chart
	Rows    []Row
	Recent  []admin.Told
	Secrets []secret
	Types   []string
	Started time.Time
	Version string
}

// secret is the use of a signing secret.
type secret struct {
	Name    string
	Matched int64
	Last    time.Time
	Expires time.Time
}

func (c *Console) overview(r *http.Request, _ url.Values) (view, error) {
	s := c.cfg.Status.Read(r.Context())
	var recent admin.Deliveries
	err := c.get(r.Context(), "deliveries", url.Values{"limit": {"10"}}, &recent)
	d := &start{
		Cards: c.cards(s), Charts: charts(c.history.read()), Rows: rows(s), Recent: recent.Traces,
		Started: s.Started, Version: s.Version,
	}
	for _, u := range s.Secrets {
		d.Secrets = append(d.Secrets, secret{u.Name, u.Matched, u.Last, u.Expires})
	}
	for _, t := range s.Traffic {
		d.Types = append(d.Types, fmt.Sprintf("%s %d", t.Type, t.Count))
	}
	v := view{Title: "Overview", Page: overviewPage, Data: d, Live: Prefix}
	if err != nil {
		return v, errors.New("the traces cannot be read: " + err.Error())
	}
	return v, nil
}

// cards are the numbers that say whether the bot is healthy.
func (c *Console) cards(s *status.Status) []Card {
	now := c.cfg.Now()
	last := Card{Label: "Last delivery", Value: ago(now, s.Intake.Last), Note: fmt.Sprintf("%d accepted", s.Intake.Answered[http.StatusOK]), Level: "good", Link: "deliveries"}
	if s.Intake.Last.IsZero() {
		last.Value, last.Level = "none yet", "odd"
	}
	wrong := s.Intake.Refused[reason.BadSignature] + s.Intake.Refused[reason.SecretExpired]
	if wrong > 0 {
		last.Note, last.Level = fmt.Sprintf("%d with a wrong signature", wrong), "odd"
		if s.Intake.Answered[http.StatusOK] == 0 {
			last.Level = "bad"
		}
	}
	turns := Card{Label: "Turns", Value: fmt.Sprintf("%d of %d", s.Busy, s.Workers), Note: "run now", Level: "good", Link: "lanes"}
	if s.Workers > 0 && s.Busy >= s.Workers {
		turns.Note, turns.Level = "all workers are busy", "odd"
	}
	cards := []Card{last, turns}
	for _, name := range slices.Sorted(maps.Keys(s.Stores)) {
		of, label := s.Stores[name], ""
		if name != "bot" {
			label = " (" + name + ")"
		}
		if of.Error != "" {
			cards = append(cards, Card{Label: "Store" + label, Value: "down", Note: "it does not answer", Level: "bad"})
			continue
		}
		waiting := Card{Label: "Waiting" + label, Value: strconv.Itoa(of.Entries), Note: fmt.Sprintf("in %s, %d later", wording.Count(of.Lanes, "thread", "threads"), of.Delayed), Level: "good", Link: "lanes"}
		dead := Card{Label: "Dead letters" + label, Value: strconv.Itoa(of.Dead), Note: "failed for good", Level: "good", Link: "dead"}
		if of.Dead > 0 {
			dead.Level, dead.Note = "bad", "people wait for these answers"
		}
		cards = append(cards, waiting, dead)
	}
	if s.WorkspacesError != "" {
		cards = append(cards, Card{Label: "Workspaces", Value: "unknown", Note: "the installations cannot be listed: " + s.WorkspacesError, Level: "bad"})
	}
	if least := status.Least(s.Budgets, now).Requests; least.Limit > 0 {
		card := Card{Label: "Requests left", Value: percent(least.Remaining / least.Limit), Note: fmt.Sprintf("%.0f of %.0f an hour", least.Remaining, least.Limit), Level: "good"}
		if least.Low(now) {
			card.Level = "odd"
		}
		cards = append(cards, card)
	}
	if n := s.Counts["missed_webhooks"]; n > 0 {
		cards = append(cards, Card{Label: "Missed webhooks", Value: strconv.FormatInt(n, 10), Note: "found by asking Linear", Level: "odd"})
	}
	return cards
}

// maxRows is how many workspaces are shown.
const maxRows = 50

// rows are the workspaces: the installations, or the one that the bot acts in.
func rows(s *status.Status) []Row {
	var all []Row
	seen := make(map[string]bool)
	for _, w := range s.Workspaces {
		row := Row{Name: cmp.Or(w.Name, w.URLKey, w.ID), ID: w.ID, Level: "good", State: "active", Last: w.LastDelivery}
		switch {
		case w.Status == workspaces.StatusNeedsReauth:
			row.Level, row.State = "bad", "an admin has to install the app again"
		case w.Status == workspaces.StatusUnreadable, w.Status == workspaces.StatusActive && w.Problem != "":
			row.Level, row.State = "bad", w.Problem
		case w.Status != workspaces.StatusActive:
			row.Level, row.State = "odd", string(w.Status)
		}
		seen[w.ID] = true
		all = append(all, withBudget(row, s.Budgets[w.ID]))
	}
	for _, id := range slices.Sorted(maps.Keys(s.Budgets)) {
		if !seen[id] && s.Workspaces == nil {
			row := Row{Name: cmp.Or(id, "not connected yet"), ID: id, Level: "good", State: "connected", Last: s.Intake.Last}
			if id == s.WorkspaceID && s.Workspace != "" {
				row.Name, row.State = s.Workspace, "connected as @"+s.Name
			}
			if id == "" {
				row.Level, row.State = "odd", "the bot does not know yet who it is"
			}
			all = append(all, withBudget(row, s.Budgets[id]))
		}
	}
	return all[:min(len(all), maxRows)]
}

// withBudget adds what is left of the budget to a row.
func withBudget(row Row, b status.Budget) Row {
	row.Requests, row.Complexity = -1, -1
	if b.Requests.Limit > 0 {
		row.Requests = b.Requests.Remaining / b.Requests.Limit
		row.Left, row.Reset = fmt.Sprintf("%.0f of %.0f", b.Requests.Remaining, b.Requests.Limit), b.Requests.Reset
	}
	if b.Complexity.Limit > 0 {
		row.Complexity = b.Complexity.Remaining / b.Complexity.Limit
	}
	return row
}

func percent(v float64) string { return fmt.Sprintf("%.0f %%", 100*v) }
