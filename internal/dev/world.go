package dev

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/internal/wording"
)

// WorldConfig says what a world begins with.
type WorldConfig struct {
	// SeedFile describes other workspaces to begin with. Defaults to a small one.
	SeedFile string
	// StateFile is where the world is kept between two runs. It wins over SeedFile
	// if it exists. Defaults to none.
	StateFile string
	// Handle is what people write after "@" to mention the bot. Defaults to
	// helper-bot.
	Handle string
	// WebhookURL is where the bot receives webhooks. Defaults to a free port of
	// this machine and the path /api/webhooks/linear.
	WebhookURL string
}

// webhookPath is the path at which a bot receives webhooks.
const webhookPath = "/api/webhooks/linear"

// World is a simulated Linear with the app of one bot.
type World struct {
	Linear *linearsim.Server
	App    *linearsim.Installation
	// Addr is the host and port at which the bot listens.
	Addr string
	// Path is the path of the bot's webhook.
	Path string

	file string
}

// events are the resource types that the bot's webhook has: all that a bot can
// handle.
func events() []string {
	return []string{"Comment", "Issue", "Reaction", "AgentSessionEvent", "AppUserNotification", "PermissionChange"}
}

// NewWorld starts a world.
func NewWorld(cfg WorldConfig) (_ *World, err error) {
	w := &World{file: cfg.StateFile}
	if err := w.place(cfg.WebhookURL); err != nil {
		return nil, err
	}
	w.Linear, err = linearsim.Start(linearsim.Config{
		Parallel: 1, Clock: linearsim.NewRunningClock(), Control: true, Transcript: true,
		// A mention is an event of a session first: the answer then belongs to it.
		EventOrder: []string{"AgentSessionEvent", "Comment", "AppUserNotification"},
	})
	if err != nil {
		return nil, err
	}
	if err := w.fill(cfg); err != nil {
		w.Linear.Close()
		return nil, err
	}
	secret := ""
	if hook := w.App.Webhook(); hook != nil {
		secret = hook.Secret
	}
	w.App.SetWebhook(linearsim.Webhook{URL: "http://" + w.Addr + w.Path, Secret: secret, ResourceTypes: events()})
	return w, nil
}

// place finds where the bot listens.
func (w *World) place(url string) error {
	if url == "" {
		// The port is taken again by the bot, at once and after each restart.
		ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it does not wait
		if err != nil {
			return err
		}
		w.Addr, w.Path = ln.Addr().String(), webhookPath
		return ln.Close()
	}
	rest, ok := strings.CutPrefix(url, "http://")
	host, path, _ := strings.Cut(rest, "/")
	if _, _, err := net.SplitHostPort(host); !ok || err != nil {
		return fmt.Errorf("%s is not the address of a webhook on this machine: give one such as http://localhost:3000%s", url, webhookPath)
	}
	w.Addr, w.Path = host, "/"+path
	return nil
}

func (w *World) fill(cfg WorldConfig) error {
	srv := w.Linear
	raw, err := os.ReadFile(cfg.StateFile)
	switch {
	case cfg.StateFile != "" && err == nil:
		var st linearsim.Snapshot
		if err := json.Unmarshal(raw, &st); err != nil {
			return fmt.Errorf("%s: %w", cfg.StateFile, err)
		}
		if err := srv.Restore(st); err != nil {
			return err
		}
	case cfg.StateFile != "" && !errors.Is(err, fs.ErrNotExist):
		return err
	case cfg.SeedFile != "":
		seed, err := linearsim.ReadSeed(cfg.SeedFile)
		if err != nil {
			return err
		}
		if _, err := srv.Load(seed); err != nil {
			return err
		}
	default:
		settle(srv)
	}
	all := srv.Workspaces()
	if len(all) == 0 {
		return errors.New("the world has no workspace")
	}
	handle := cfg.Handle
	if handle == "" {
		handle = "helper-bot"
	}
	for _, app := range all[0].Apps() {
		if cfg.Handle == "" || app.User.DisplayName == cfg.Handle {
			w.App = app
			return nil
		}
	}
	w.App = all[0].InstallApp(linearsim.App{Name: title(handle), DisplayName: handle, ClientCredentials: true})
	return nil
}

// title makes a name of a handle: "helper-bot" is "Helper Bot".
func title(handle string) string {
	words := strings.FieldsFunc(handle, func(r rune) bool { return r == '-' || r == '_' })
	for i, word := range words {
		words[i] = wording.Capital(word)
	}
	return strings.Join(words, " ")
}

// settle fills a server with a small workspace.
func settle(srv *linearsim.Server) {
	ws := srv.AddWorkspace("Acme", "acme")
	ada := ws.AddAdmin("Ada Byron", "ada")
	ws.AddUser("Bob Noyce", "bob")
	ws.AddUser("Lin Chen", "lin")
	ws.AddLabel("Bug", "#eb5757")
	team := ws.AddTeam("ENG", "Engineering")
	team.AddIssue(ada, "Checkout fails on retry", "Payment retries return 409 after the second attempt. Seen with three banks since Monday.")
	second := team.AddIssue(ada, "Search is slow on large teams", "Above 10,000 issues a search takes four seconds.")
	ada.UpdateIssue(second, linearsim.IssueChange{State: "In Progress"})
	team.AddIssue(ada, "Invoices show the wrong time zone", "")
}

// Environ returns what the program of the bot needs to work in this world, beside
// the variables of base that have nothing to do with a workspace. dir is where it
// keeps its state.
func (w *World) Environ(base []string, dir string) []string {
	_, port, _ := net.SplitHostPort(w.Addr)
	own := append(w.App.Env(),
		"LINEARBOT_ADDR="+w.Addr, "PORT="+port, "LINEARBOT_WEBHOOK_PATH="+w.Path, "LINEARBOT_PUBLIC_URL=http://"+w.Addr,
		"LINEARBOT_STATE=file:"+filepath.Join(dir, "bot"), "LINEARBOT_TICKETING_STATE=file:"+filepath.Join(dir, "tickets"),
		"LINEARBOT_COMMAND=serve",
	)
	var out []string
	for _, kv := range base {
		name, _, _ := strings.Cut(kv, "=")
		if strings.HasPrefix(name, "LINEAR_") && name != "LINEAR_MODE" && name != "LINEAR_BOT_USERNAME" ||
			name == "LINEARBOT_CLOCK" || slices.ContainsFunc(own, func(o string) bool { return strings.HasPrefix(o, name+"=") }) {
			continue // credentials of a real workspace stay out of this world
		}
		out = append(out, kv)
	}
	return append(out, own...)
}

// Clock returns the variable that has a bot that starts now agree with this world
// about the time.
func (w *World) Clock() string { return "LINEARBOT_CLOCK=" + w.Linear.Clock().Ahead().String() }

// Hold keeps deliveries back while the program of the bot is away.
func (w *World) Hold(on bool) { w.App.Webhook().Hold(on) }

// Close stops the world and writes it to its file.
func (w *World) Close() error {
	w.Linear.Close()
	if w.file == "" {
		return nil
	}
	raw, err := json.Marshal(w.Linear.Dump())
	if err != nil {
		return err
	}
	temporary := w.file + "." + strconv.FormatInt(time.Now().UnixNano(), 36)
	if err := os.WriteFile(temporary, raw, 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, w.file)
}
