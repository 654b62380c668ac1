package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/internal/recast"
	"github.com/linearbot/linearbot/internal/settings"
)

// triggerCmd has a person do something.
type triggerCmd struct {
	receiver

	Event   string        `arg:"" help:"What happens: mention, comment, reply, edit, delete, reaction, resolve, issue, delegate, prompt or stop." enum:"mention,comment,reply,edit,delete,reaction,resolve,issue,delegate,prompt,stop"`
	Text    []string      `arg:"" optional:"" help:"What is written, or the emoji."`
	As      string        `help:"Who does it, by the name after \"@\". Defaults to the first person." placeholder:"NAME"`
	Issue   string        `help:"Where, such as ENG-1. Defaults to the first issue, and with --to to a made-up one." placeholder:"ID"`
	Comment string        `help:"The comment that it is about. Defaults to the last one that fits." placeholder:"ID"`
	Wait    time.Duration `help:"How long to wait for the answer in the playground." default:"10s"`

	Bot       string `help:"With --to: what people write after \"@\" to mention the bot. Defaults to LINEAR_BOT_USERNAME or helper-bot." placeholder:"HANDLE"`
	BotID     string `name:"bot-id" help:"With --to: the id of the bot's user in its workspace." placeholder:"ID"`
	AsIs      bool   `name:"as-is" help:"With --to: ask no credentials for the workspace and the bot."`
	Workspace string `help:"With --to: the id of the bot's workspace. Defaults to the one of the bot's credentials, if the environment has them." placeholder:"ID"`
}

// Help says what it does.
func (*triggerCmd) Help() string {
	return `In a running playground, a person of its world does it, and the answer of the bot is printed:

  linearbot dev &
  linearbot trigger mention "what can you do?"
  linearbot trigger reply thanks
  linearbot trigger reaction 🎉

With --to, everything that Linear sends on the occasion goes to any bot, signed with LINEAR_WEBHOOK_SECRET. The workspace and the bot's user are those of the bot's credentials, if the environment has them, or of --workspace and --bot-id. The bot answers 200, and can only write where Linear knows the issue and the thread, so name them with --issue and --comment:

  linearbot trigger delegate --to http://localhost:3000/api/webhooks/linear --issue ENG-1`
}

// Run does it.
func (c *triggerCmd) Run(ctx context.Context, p *program) error {
	text := strings.Join(c.Text, " ")
	if c.To != "" {
		return c.deliver(ctx, p, text)
	}
	return c.play(ctx, p, text)
}

// said is what is written if the command line says nothing.
func said(event, text, handle string) string {
	switch event {
	case "mention":
		return "@" + handle + " " + cmp.Or(text, "hello")
	case "comment":
		return cmp.Or(text, "Has anybody seen this?")
	case "reply":
		return cmp.Or(text, "and what about retries?")
	case "edit":
		return cmp.Or(text, "@"+handle+" hello, once more")
	case "prompt":
		return cmp.Or(text, "go on")
	case "issue":
		return cmp.Or(text, "Refunds arrive twice")
	case "reaction":
		return cmp.Or(text, "👍")
	}
	return text
}

// deliver acts in a private Linear and sends what that sends.
func (c *triggerCmd) deliver(ctx context.Context, p *program, text string) error {
	s, err := c.sender(p)
	if err != nil {
		return err
	}
	values, _ := settings.Read(p.environ(), nil)
	to := recipient{
		Origin: recast.Origin{Workspace: c.Workspace, BotID: c.BotID, Bot: strings.TrimPrefix(cmp.Or(c.Bot, values.Name), "@")},
		Issue:  c.Issue, Comment: c.Comment,
	}
	if !c.AsIs {
		if err := to.ask(ctx, values); err != nil {
			return err
		}
	}
	to.Bot = cmp.Or(to.Bot, "helper-bot")
	bodies, in, err := c.bodies(ctx, to.Bot, text)
	if err != nil {
		return err
	}
	from := recast.Origin{Workspace: in.Workspace().ID, URLKey: in.Workspace().URLKey, ClientID: in.ClientID, BotID: in.User.ID, Bot: to.Bot}
	failed := 0
	for _, d := range bodies {
		body, err := to.body(ctx, from, d.Body)
		if err != nil {
			return err
		}
		a, err := s.Send(ctx, body)
		if err != nil {
			return err
		}
		fmt.Fprintf(p.out, "%s %s  %s\n", d.Type, d.Action, outcome(a))
		if a.Status != http.StatusOK {
			failed++
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d were not answered 200", failed, len(bodies))
	}
	return nil
}

// bodies returns what Linear sends when something happens.
func (c *triggerCmd) bodies(ctx context.Context, handle, text string) ([]linearsim.Delivery, *linearsim.Installation, error) {
	srv, err := linearsim.Start(linearsim.Config{Parallel: 1, RetryAfter: []time.Duration{}}) //nolint:contextcheck // it is closed below
	if err != nil {
		return nil, nil, err
	}
	defer srv.Close()
	ws := srv.AddWorkspace("Acme", "acme")
	me := ws.AddAdmin("Ada Byron", cmp.Or(c.As, "ada"))
	team := ws.AddTeam("ENG", "Engineering")
	issue := team.AddIssue(me, "Checkout fails on retry", "Payment retries return 409 after the second attempt.")
	app := ws.InstallApp(linearsim.App{Name: "Helper Bot", DisplayName: handle, ClientCredentials: true})

	drain, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	sink := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), ReadHeaderTimeout: time.Second}
	var wg sync.WaitGroup
	wg.Go(func() { _ = sink.Serve(drain) }) // until it is closed
	defer func() { _ = sink.Close(); wg.Wait() }()
	app.SetWebhook(linearsim.Webhook{URL: "http://" + drain.Addr().String(), ResourceTypes: []string{
		"Comment", "Issue", "Reaction", "AgentSessionEvent", "AppUserNotification",
	}})
	act := c.scene(me, app, team, issue, said(c.Event, text, handle))
	if err := srv.Flush(ctx); err != nil {
		return nil, nil, err
	}
	before := len(srv.Deliveries())
	act()
	if err := srv.Flush(ctx); err != nil {
		return nil, nil, err
	}
	return srv.Deliveries()[before:], app, nil
}

// scene prepares what an event needs and returns what makes it happen.
func (c *triggerCmd) scene(me *linearsim.User, app *linearsim.Installation, team *linearsim.Team, issue *linearsim.Issue, text string) func() {
	mention := func() *linearsim.Comment { return me.Comment(issue, "@"+app.User.DisplayName+" hello") }
	switch c.Event {
	case "mention", "comment":
		return func() { me.Comment(issue, text) }
	case "issue":
		return func() { team.AddIssue(me, text, "") }
	case "delegate":
		return func() { me.UpdateIssue(issue, linearsim.IssueChange{Delegate: app.User}) }
	}
	root := mention()
	switch c.Event {
	case "reply":
		return func() { me.Reply(root, text) }
	case "edit":
		return func() { me.Edit(root, text) }
	case "delete":
		return func() { me.Delete(root) }
	case "resolve":
		return func() { me.Resolve(root) }
	case "reaction":
		answer := app.User.Reply(root, "Hello.")
		return func() { me.React(answer, text) }
	}
	sessions := root.Issue.Workspace().Sessions()
	session := sessions[len(sessions)-1]
	if c.Event == "stop" {
		return func() { me.Stop(session) }
	}
	return func() { me.Prompt(session, text) }
}

// simIssue is an issue, as the control API shows it.
type simIssue struct {
	Identifier string       `json:"identifier"`
	Comments   []simComment `json:"comments"`
	Sessions   []struct {
		ID     string `json:"id"`
		Status string `json:"status"`
	} `json:"sessions"`
}

type simComment struct {
	ID     string `json:"id"`
	By     string `json:"by"`
	Body   string `json:"body"`
	Parent string `json:"parent"`
}

// play acts in a running playground and prints what the bot answers.
func (c *triggerCmd) play(ctx context.Context, p *program, text string) error {
	sim := newControl(c.Playground)
	w, err := sim.world(ctx)
	if err != nil {
		return err
	}
	who := cmp.Or(c.As, w.People[0].DisplayName)
	at := c.Issue
	if at == "" && len(w.Issues) > 0 {
		at = w.Issues[0].Identifier
	}
	var issue simIssue
	if at != "" {
		if err := sim.get(ctx, "/"+w.URLKey+"/issues/"+at, &issue); err != nil {
			return err
		}
	}
	verb, body, err := c.order(w, who, issue, text)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, one := range issue.Comments {
		seen[one.ID+one.Body] = true
	}
	before, _, err := sim.arrivals(ctx)
	if err != nil {
		return err
	}
	for _, id := range before {
		seen[id] = true
	}
	var done struct {
		ID         string `json:"id"`
		Identifier string `json:"identifier"`
		Body       string `json:"body"`
	}
	if err := sim.post(ctx, "/"+w.URLKey+"/people/"+who+"/"+verb, body, &done); err != nil {
		return err
	}
	if done.Identifier != "" {
		fmt.Fprintf(p.out, "%s: %s created %s\n", c.Event, who, done.Identifier)
		return nil
	}
	fmt.Fprintf(p.out, "%s: done by %s in %s\n", c.Event, who, at)
	return c.watch(ctx, p, sim, "/"+w.URLKey+"/issues/"+at, w.bot(), seen)
}

// order is the request that makes an event happen.
func (c *triggerCmd) order(w *simWorld, who string, issue simIssue, text string) (verb string, body map[string]any, err error) {
	said := said(c.Event, text, w.bot())
	last := func(fits func(simComment) bool) string {
		for _, one := range slices.Backward(issue.Comments) {
			if c.Comment == one.ID || c.Comment == "" && fits(one) {
				return one.ID
			}
		}
		err = errors.New("there is no comment in " + issue.Identifier + " that fits: mention the bot first")
		return ""
	}
	own := func(one simComment) bool { return one.By == who }
	session := ""
	for _, x := range issue.Sessions {
		session = x.ID
	}
	switch c.Event {
	case "mention", "comment":
		return "comment", map[string]any{"issue": issue.Identifier, "body": said}, nil
	case "reply":
		return "comment", map[string]any{"replyTo": last(func(simComment) bool { return true }), "body": said}, err
	case "edit":
		return "edit", map[string]any{"comment": last(own), "body": said}, err
	case "delete":
		return "delete", map[string]any{"comment": last(own)}, err
	case "resolve":
		return "resolve", map[string]any{"comment": last(func(simComment) bool { return true })}, err
	case "reaction":
		return "react", map[string]any{"comment": last(func(one simComment) bool { return one.By == w.bot() }), "emoji": said}, err
	case "issue":
		if len(w.Teams) == 0 {
			return "", nil, errors.New("there is no team")
		}
		return "issue", map[string]any{"team": w.Teams[0].Key, "title": said}, nil
	case "delegate":
		return "update", map[string]any{"issue": issue.Identifier, "delegate": w.bot()}, nil
	}
	if session == "" {
		return "", nil, errors.New("there is no agent session in " + issue.Identifier + ": mention or delegate first")
	}
	return c.Event, map[string]any{"session": session, "body": said}, nil
}
