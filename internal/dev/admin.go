package dev

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/internal/console/play"
)

// askTimeout bounds one question.
const askTimeout = 2 * time.Second

// Admin talks to a bot by the socket of its admin API in the directory of its
// store. A bot that has none, in another language for example, has no decisions to
// show and no clock to move.
type Admin struct{ client *http.Client }

// NewAdmin returns the admin API of a bot that keeps its state below dir.
func NewAdmin(dir string) *Admin {
	socket := filepath.Join(dir, "bot", "admin.sock")
	return &Admin{&http.Client{Timeout: askTimeout, Transport: &http.Transport{
		DisableKeepAlives: true, // the bot restarts
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}}
}

// SetAhead moves the clock of the bot's store ahead of this machine's, so that what
// the bot has put off is due: timeouts of questions, scheduled posts, retries.
func (a *Admin) SetAhead(ctx context.Context, ahead time.Duration) error {
	body, err := json.Marshal(map[string]string{"ahead": ahead.String()})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://bot/admin/v1/clock", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := a.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusNoContent {
		return fmt.Errorf("the bot answers %s", res.Status)
	}
	return nil
}

// Decisions returns the decisions about a delivery, the newest handling of it last.
func (a *Admin) Decisions(ctx context.Context, d linearsim.Delivery) []play.Step {
	id := d.Header.Get("Linear-Delivery")
	if id == "" {
		return nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://bot/admin/v1/explain?q="+url.QueryEscape(id), http.NoBody)
	if err != nil {
		return nil
	}
	res, err := a.client.Do(req)
	if err != nil {
		return nil
	}
	defer func() { _ = res.Body.Close() }()
	var found struct {
		Traces []struct {
			Status string `json:"status"`
			Story  struct {
				What  string `json:"what"`
				Do    string `json:"do"`
				Lines []struct {
					At   time.Time `json:"at"`
					Code string    `json:"code"`
					Text string    `json:"text"`
				} `json:"lines"`
			} `json:"story"`
		} `json:"traces"`
	}
	if res.StatusCode != http.StatusOK || json.NewDecoder(res.Body).Decode(&found) != nil {
		return nil
	}
	var steps []play.Step
	for _, one := range slices.Backward(found.Traces) {
		for _, l := range one.Story.Lines {
			steps = append(steps, play.Step{At: l.At, Name: l.Code, Text: l.Text})
		}
		bad := one.Status == "failed" || one.Status == "refused"
		steps = append(steps, play.Step{Name: one.Status, Text: one.Story.What, Bad: bad, Sum: true})
		if one.Story.Do != "" && one.Status != "handled" {
			steps = append(steps, play.Step{Name: "to do", Text: one.Story.Do, Bad: bad, Sum: true})
		}
	}
	return steps
}
