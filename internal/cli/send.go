package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/linearbot/linearbot/internal/fixture"
	"github.com/linearbot/linearbot/internal/settings"
)

// receiver says where deliveries go.
type receiver struct {
	To         string `help:"Webhook of the bot. They are signed with LINEAR_WEBHOOK_SECRET. Without it they go into the world of a running \"dev\" or \"sim\"." placeholder:"URL"`
	Playground string `help:"Where that is." default:"http://127.0.0.1:4010" placeholder:"URL"`
}

// sender returns what sends to the bot.
func (t *receiver) sender(p *program) (fixture.Sender, error) {
	values, problems := settings.Read(p.environ(), nil)
	for _, problem := range problems {
		if problem.Name == values.Source("LINEAR_WEBHOOK_SECRET") {
			return fixture.Sender{}, &settings.Error{Problems: []settings.Problem{problem}}
		}
	}
	secrets := signing(values)
	if len(secrets) == 0 {
		return fixture.Sender{}, &settings.Error{Problems: []settings.Problem{
			{Name: "LINEAR_WEBHOOK_SECRET", Reason: "is missing: deliveries are signed with it, so give the one that the bot has"},
		}}
	}
	to := t.To
	if !strings.Contains(to, "://") {
		to = "http://" + to
	}
	return fixture.Sender{URL: to, Secret: secrets[0], Client: &http.Client{Timeout: 5 * time.Second}}, nil
}

// signing returns the secrets that a bot accepts now, those without an end first.
func signing(v *settings.Values) []string {
	secrets := slices.Clone(v.Secrets)
	for _, s := range v.Expiring {
		if time.Now().Before(s.Expires) {
			secrets = append(secrets, s.Value)
		}
	}
	return secrets
}

// sendCmd sends recorded deliveries.
type sendCmd struct {
	receiver

	Fixture  []string      `help:"File to send: a recorded delivery, or the body of one. May be repeated; they are sent in this order." required:"" type:"existingfile" placeholder:"FILE" sep:"none"`
	Times    int           `help:"How often to send each, the same bytes every time." default:"1"`
	KeepTime bool          `name:"keep-time" help:"Leave webhookTimestamp as it was. Bots refuse old ones."`
	Pause    time.Duration `help:"How long to wait between two."`
}

// Help says what to do.
func (*sendCmd) Help() string {
	return `The body is sent as it is, byte for byte, but for webhookTimestamp, and signed as Linear does it:

  linearbot send --fixture comment-create.json --to http://localhost:3000/api/webhooks/linear

"linearbot record" makes such files of real deliveries.`
}

// Run sends and fails unless everything is answered 200.
func (c *sendCmd) Run(ctx context.Context, p *program) error {
	if c.Times < 1 {
		return &usageError{errors.New("--times must be at least 1")}
	}
	if c.To != "" {
		if _, err := c.sender(p); err != nil {
			return err
		}
	}
	failed, sent := 0, 0
	for _, path := range c.Fixture {
		f, err := fixture.Read(path)
		if err != nil {
			return err
		}
		body := []byte(f.Body)
		if !c.KeepTime {
			body = fixture.Stamp(body, time.Now())
		}
		for range c.Times {
			if sent++; sent > 1 && c.Pause > 0 {
				select {
				case <-time.After(c.Pause):
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			a, err := c.one(ctx, p, body)
			if err != nil {
				return err
			}
			fmt.Fprintf(p.out, "%s  %s\n", filepath.Base(path), outcome(a))
			if a.Status != http.StatusOK {
				failed++
			}
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d were not answered 200", failed, sent)
	}
	return nil
}

func (c *sendCmd) one(ctx context.Context, p *program, body []byte) (fixture.Answer, error) {
	if c.To != "" {
		s, err := c.sender(p)
		if err != nil {
			return fixture.Answer{}, err
		}
		s.KeepTime = true // it was stamped once, for all repetitions
		return s.Send(ctx, body)
	}
	sim := newControl(c.Playground)
	w, err := sim.world(ctx)
	if err != nil {
		return fixture.Answer{}, err
	}
	var out struct {
		Status int    `json:"status"`
		Answer string `json:"answer"`
	}
	start := time.Now()
	err = sim.post(ctx, "/"+w.URLKey+"/apps/"+w.bot()+"/send", map[string]any{"body": json.RawMessage(body)}, &out)
	return fixture.Answer{Status: out.Status, Body: out.Answer, Took: time.Since(start)}, err
}

// outcome is an answer for people.
func outcome(a fixture.Answer) string {
	text := fmt.Sprintf("%d in %d ms", a.Status, a.Took.Milliseconds())
	if a.Status != http.StatusOK && a.Body != "" {
		text += ": " + a.Body
	}
	return text
}

// control is the control API of a simulator.
type control struct {
	url    string
	client *http.Client
}

func newControl(playground string) *control {
	return &control{strings.TrimRight(playground, "/") + "/sim", &http.Client{Timeout: 35 * time.Second}}
}

// simWorld is a workspace, as the control API shows it.
type simWorld struct {
	URLKey string `json:"urlKey"`
	People []struct {
		DisplayName string `json:"displayName"`
		Name        string `json:"name"`
	} `json:"people"`
	Issues []struct {
		Identifier string `json:"identifier"`
	} `json:"issues"`
	Teams []struct {
		Key string `json:"key"`
	} `json:"teams"`
	Apps []struct {
		DisplayName string `json:"displayName"`
	} `json:"apps"`
}

func (w *simWorld) bot() string { return w.Apps[0].DisplayName }

// world returns the first workspace that has an app.
func (c *control) world(ctx context.Context) (*simWorld, error) {
	var all struct {
		Workspaces []simWorld `json:"workspaces"`
	}
	if err := c.call(ctx, http.MethodGet, "", nil, &all); err != nil {
		return nil, err
	}
	for _, w := range all.Workspaces {
		if len(w.Apps) > 0 && len(w.People) > 0 {
			return &w, nil
		}
	}
	return nil, errors.New("there is no workspace with people and an app in " + c.url)
}

func (c *control) get(ctx context.Context, path string, to any) error {
	return c.call(ctx, http.MethodGet, path, nil, to)
}

func (c *control) post(ctx context.Context, path string, body, to any) error {
	return c.call(ctx, http.MethodPost, path, body, to)
}

func (c *control) call(ctx context.Context, method, path string, body, to any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, c.url+path, strings.NewReader(string(raw)))
	if err != nil {
		return &usageError{err}
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := c.client.Do(req)
	if err != nil {
		return fmt.Errorf("nothing answers at %s: start \"dev\" there, or name the webhook of a bot with --to: %w", strings.TrimSuffix(c.url, "/sim"), err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		var bad struct {
			Error string `json:"error"`
		}
		_ = json.NewDecoder(res.Body).Decode(&bad) // the status says enough
		return errors.New(cmp.Or(bad.Error, c.url+path+" answers "+res.Status))
	}
	return json.NewDecoder(res.Body).Decode(to)
}

// recordCmd writes real deliveries to files.
type recordCmd struct {
	To   string `help:"Webhook of the bot that the deliveries are passed on to. Without it they are answered 200." placeholder:"URL"`
	Addr string `help:"Address to listen on, for Linear or the tunnel from it." default:":3001"`
	Dir  string `help:"Directory for the files." default:"fixtures" type:"path"`
	Bot  string `help:"What people write after \"@\" to mention the bot; it is kept as @helper-bot. Defaults to LINEAR_BOT_USERNAME." placeholder:"HANDLE"`
}

// Help says what it does.
func (*recordCmd) Help() string {
	return `Point the webhook in Linear, or the tunnel, to this address instead of the bot. Each delivery is passed on, and its answer back; deliveries with a valid signature are written to files as well.

Nothing private is in the files: texts keep their form and lose their words; names, mail addresses, keys and ids have stand-ins, equal ones for equal ones; addresses of other sites, signatures and secrets are gone. Look at a file before you publish it all the same.

Send them to a bot with "linearbot send --fixture FILE".`
}

// Run records until ctx ends.
func (c *recordCmd) Run(ctx context.Context, p *program) error {
	t := receiver{To: c.To}
	s, err := t.sender(p)
	if err != nil {
		return err
	}
	values, _ := settings.Read(p.environ(), nil)
	if err := os.MkdirAll(c.Dir, 0o750); err != nil {
		return err
	}
	r := &fixture.Recorder{
		Dir: c.Dir, Secrets: signing(values), Redact: &fixture.Redactor{Bot: strings.TrimPrefix(cmp.Or(c.Bot, values.Name), "@")},
		Client: &http.Client{Timeout: 30 * time.Second}, Thread: threadOf,
		Told: func(path string, err error) {
			if err != nil {
				fmt.Fprintln(p.err, p.name+": "+err.Error())
				return
			}
			fmt.Fprintln(p.out, path)
		},
	}
	if c.To != "" {
		r.To = s.URL
	}
	return listenAndServe(ctx, c.Addr, r, func(addr string) {
		fmt.Fprintf(p.out, "recording into %s at http://%s\n", c.Dir, addr)
	})
}
