package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/internal/fixture"
	"github.com/linearbot/linearbot/internal/listen"
	"github.com/linearbot/linearbot/internal/recast"
	"github.com/linearbot/linearbot/internal/settings"
)

// receiver says where deliveries go.
type receiver struct {
	To         string `help:"Webhook of the bot. They are signed with LINEAR_WEBHOOK_SECRET. Without it they go into the world of a running \"dev\" or \"sim\"." placeholder:"URL"`
	Playground string `help:"Address of the running \"dev\" or \"sim\", if it is not the usual one." default:"http://127.0.0.1:4010" placeholder:"URL"`
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
	Again    bool          `help:"Give what happened new ids, so that a bot that has handled it takes it for something new."`
	KeepTime bool          `name:"keep-time" help:"Leave webhookTimestamp as it was. Bots refuse old ones."`
	Pause    time.Duration `help:"How long to wait between two."`
	AsIs     bool          `name:"as-is" help:"Leave the workspace, the bot and everything else as recorded."`
	FromBot  string        `name:"from-bot" help:"What people wrote after \"@\" to mention the bot in the recording, if the file does not say." placeholder:"HANDLE"`

	Workspace string `help:"With --to: the id of the bot's workspace. Defaults to the one of the bot's credentials, if the environment has them." placeholder:"ID"`
	Bot       string `help:"With --to: what people write after \"@\" to mention the bot." placeholder:"HANDLE"`
	BotID     string `name:"bot-id" help:"With --to: the id of the bot's user in its workspace." placeholder:"ID"`
	Issue     string `help:"With --to: the issue of that workspace on which it happens, such as ENG-1 or an id." placeholder:"ID"`
	Comment   string `help:"With --to: the id of the first comment of the thread in which it happens." placeholder:"ID"`
}

// Help says what to do.
func (*sendCmd) Help() string {
	return `In a running playground, the world takes the delivery for one of its own: the issue, the comments, the people and the session that it refers to are created, and the bot and the workspace are those of the playground:

  linearbot dev &
  linearbot send --fixture fixtures/comment-create-001.json

With --to it goes to any bot, signed with LINEAR_WEBHOOK_SECRET. The workspace and the bot's user in it become those that the bot's credentials in the environment belong to, or that --workspace and --bot-id name. A bot can only answer where Linear knows the issue and the thread, so name them:

  linearbot send --fixture FILE --to http://localhost:3000/api/webhooks/linear --issue ENG-1 --comment ID

With --as-is nothing of that happens: the body is sent byte for byte, but for webhookTimestamp. "linearbot record" makes such files of real deliveries.`
}

// parcel is a file to send.
type parcel struct {
	name string
	body []byte
	from recast.Origin
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
	parcels, err := c.read()
	if err != nil {
		return err
	}
	if c.To != "" && !c.AsIs {
		if err := c.address(ctx, p, parcels); err != nil {
			return err
		}
	}
	failed, sent := 0, 0
	for _, one := range parcels {
		if !c.KeepTime {
			one.body = fixture.Stamp(one.body, time.Now())
		}
		for range c.Times {
			if sent++; sent > 1 && c.Pause > 0 {
				select {
				case <-time.After(c.Pause):
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			a, at, err := c.one(ctx, p, one)
			if err != nil {
				return err
			}
			fmt.Fprintf(p.out, "%s  %s%s\n", one.name, outcome(a), at)
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

// read reads the files.
func (c *sendCmd) read() ([]parcel, error) {
	var out []parcel
	var from []recast.Origin
	fresh := again{}
	for _, path := range c.Fixture {
		f, err := fixture.Read(path)
		if err != nil {
			return nil, err
		}
		body := []byte(f.Body)
		if c.Again {
			if body, err = fresh.body(body); err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
		}
		o := f.Origin()
		o.Bot = cmp.Or(strings.TrimPrefix(c.FromBot, "@"), o.Bot, fixture.BotHandle)
		from = append(from, o)
		out = append(out, parcel{name: filepath.Base(path), body: body})
	}
	for i, o := range origins(from) {
		out[i].from = o
	}
	return out, nil
}

// address makes what is sent deliveries of the bot's workspace.
func (c *sendCmd) address(ctx context.Context, p *program, parcels []parcel) error {
	values, _ := settings.Read(p.environ(), nil)
	to := recipient{
		Origin: recast.Origin{Workspace: c.Workspace, BotID: c.BotID, Bot: strings.TrimPrefix(c.Bot, "@")},
		Issue:  c.Issue, Comment: c.Comment,
	}
	if err := to.ask(ctx, values); err != nil {
		return err
	}
	for i, one := range parcels {
		body, err := to.body(ctx, one.from, one.body)
		if err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
		parcels[i].body = body
	}
	return nil
}

// one sends one delivery. at says where it happened, if that is known.
func (c *sendCmd) one(ctx context.Context, p *program, one parcel) (a fixture.Answer, at string, err error) {
	if c.To != "" {
		s, err := c.sender(p)
		if err != nil {
			return fixture.Answer{}, "", err
		}
		s.KeepTime = true // it was stamped once, for all repetitions
		a, err := s.Send(ctx, one.body)
		return a, "", err
	}
	sim := newControl(c.Playground)
	w, err := sim.world(ctx)
	if err != nil {
		return fixture.Answer{}, "", err
	}
	var out struct {
		Status int    `json:"status"`
		Answer string `json:"answer"`
		Issue  string `json:"issue"`
	}
	start := time.Now()
	err = sim.post(ctx, "/"+w.URLKey+"/apps/"+w.bot()+"/send", map[string]any{
		"body": json.RawMessage(one.body), "adopt": !c.AsIs && one.from.Workspace != "", "from": one.from,
	}, &out)
	if out.Issue != "" {
		at = ", on " + out.Issue
	}
	return fixture.Answer{Status: out.Status, Body: out.Answer, Took: time.Since(start)}, at, err
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
	Bot  string `help:"What people write after \"@\" to mention the bot; it is kept as @helper-bot. Defaults to LINEAR_BOT_USERNAME, or what Linear says to the bot's credentials." placeholder:"HANDLE"`
}

// Help says what it does.
func (*recordCmd) Help() string {
	return `Point the webhook in Linear, or the tunnel, to this address instead of the bot. Each delivery is passed on, and its answer back; deliveries with a valid signature are written to files as well.

Nothing private is in the files: texts keep their form and lose their words; names, mail addresses, keys and ids have stand-ins, equal ones for equal ones; numbers, fields that Linear does not document, addresses of other sites, signatures and secrets are gone. Look at a file before you publish it all the same.

The files say who the bot was, so that it is still the one that is mentioned where they are sent to: with "linearbot send --fixture FILE" into a playground or to another bot, or in a test with linearbottest.`
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
	self, err := whoAmI(ctx, values)
	handle := strings.TrimPrefix(cmp.Or(c.Bot, values.Name, self.Bot), "@")
	if handle == "" {
		fmt.Fprintf(p.err, "%s: the bot's handle is not known, so that mentions of it are recorded like those of people: give it with --bot\n", p.name)
	}
	if err != nil && c.Bot == "" {
		fmt.Fprintf(p.err, "%s: Linear does not say who the bot is: %v\n", p.name, err)
	}
	r := &fixture.Recorder{
		Dir: c.Dir, Secrets: signing(values), Redact: &fixture.Redactor{Bot: handle, BotID: self.BotID},
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

// threadOf returns the thread that a delivery belongs to, as far as its body says.
func threadOf(_ context.Context, d *adapter.Delivery) string {
	lin, err := linear.New(linear.Config{AccessToken: "none"})
	if err != nil {
		return ""
	}
	route, err := lin.Route(d)
	if err != nil {
		return ""
	}
	return string(route.Thread)
}

// listenAndServe serves until ctx ends. It calls told with the address.
func listenAndServe(ctx context.Context, addr string, h http.Handler, told func(addr string)) error {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	told(ln.Addr().String())
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	_, err = listen.Serve(ctx, srv, ln, 5*time.Second)
	return err
}
