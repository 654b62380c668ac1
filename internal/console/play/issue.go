package play

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/internal/emoji"
	"github.com/linearbot/linearbot/internal/markdown"
)

// issueView is an issue as the page shows it.
type issueView struct {
	ID, Identifier, Title string
	Description           template.HTML
	Source                string
	State                 stateView
	States                []stateView
	Assignee, Delegate    string
	People, Apps          []person
	By                    person
	At                    time.Time
}

type stateView struct {
	Name, Type string
	Now        bool
}

// thread is a comment with everything below it.
type thread struct {
	ID       string
	Resolved bool
	Items    []item
	Me       person
	Agent    bool // a session is attached to it
}

// item is a comment or a session in a thread. One of the two is set.
type item struct {
	ID      string
	At      time.Time
	Comment *commentView
	Session *sessionView
}

type commentView struct {
	ID        string
	Root      bool
	By        person
	AsUser    string
	Body      template.HTML
	Source    string
	At        time.Time
	Edited    bool
	Mine      bool
	Long      bool // too long to be edited on the page
	System    bool
	Resolved  bool
	Question  bool // an elicitation
	Failed    bool // an error of a session
	Ask       *askView
	Session   string // that the question belongs to
	Reactions []reactionView
}

type reactionView struct {
	Name, Symbol string
	Count        int
	Mine         bool
	Who          string
}

// sessionView is an agent session: what the agent does between the comments.
type sessionView struct {
	ID     string
	By     person
	For    person
	Status string // as Linear calls it
	Word   string // as people call it
	Open   bool
	Plan   []linearsim.PlanStep
	Steps  []activityView
	Links  []linearsim.SessionLink
	Ask    *askView
	Began  time.Time
}

// Bare reports whether the session has nothing to show but its state.
func (s *sessionView) Bare() bool {
	return !s.Open && len(s.Plan)+len(s.Steps)+len(s.Links) == 0
}

type activityView struct {
	ID, Kind, Body string
	HTML           template.HTML
	Action         string
	Parameter      string
	Result         template.HTML
	Ephemeral      bool
	At             time.Time
	By             person
}

// askView is a question that waits for an answer.
type askView struct {
	Text    template.HTML // empty if a comment shows it
	Options []optionView
	Signal  string
	URL     string

	comment *linearsim.Comment // that poses the question, or nil
}

type optionView struct{ Label, Value string }

// maxShown is how many bytes of a text the page shows.
const maxShown = 100 << 10

// clipped returns the beginning of a text that is too long to be shown, and how much
// is left out.
func clipped(text string) (string, int) {
	if len(text) <= maxShown {
		return text, 0
	}
	end := maxShown
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end], len(text) - end
}

// body returns the Markdown of a comment as HTML, with its mentions as links.
func (p *Playground) body(source string) template.HTML {
	source, more := clipped(source)
	if more > 0 {
		source += fmt.Sprintf("…\n\n_%d kB more are not shown._", more>>10+1)
	}
	profile := "https://linear.app/" + p.ws.URLKey + "/profiles/"
	var b strings.Builder
	from := 0
	markdown.Parse(source).Texts(func(at markdown.Span) {
		b.WriteString(source[from:at.Start])
		b.WriteString(p.mentions(source[at.Start:at.End], profile))
		from = at.End
	})
	b.WriteString(source[from:])
	out := markdown.HTML(b.String())
	for _, u := range p.ws.Users() { // an address that a program wrote
		out = strings.ReplaceAll(out, ">"+profile+u.DisplayName+"</a>", ">@"+u.DisplayName+"</a>")
	}
	return template.HTML(out) //nolint:gosec // HTML escapes what it does not write itself
}

// mentions makes links of the handles in a text.
func (p *Playground) mentions(text, profile string) string {
	if !strings.Contains(text, "@") {
		return text
	}
	for _, u := range slices.SortedFunc(slices.Values(p.ws.Users()), func(a, b *linearsim.User) int {
		return cmp.Compare(len(b.DisplayName), len(a.DisplayName))
	}) {
		at := "@" + u.DisplayName
		var out strings.Builder
		for rest := text; ; {
			before, after, ok := strings.Cut(rest, at)
			out.WriteString(before)
			if !ok {
				break
			}
			if inName(lastByte(before)) || lastByte(before) == '[' || inName(firstByte(after)) {
				out.WriteString(at)
			} else {
				out.WriteString("[" + at + "](" + profile + u.DisplayName + ")")
			}
			rest = after
		}
		text = out.String()
	}
	return text
}

func lastByte(s string) byte {
	if s == "" {
		return ' '
	}
	return s[len(s)-1]
}

func firstByte(s string) byte {
	if s == "" {
		return ' '
	}
	return s[0]
}

func inName(c byte) bool {
	return c == '-' || c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80
}

func (p *Playground) issue(i *linearsim.Issue, me *linearsim.User) issueView {
	v := issueView{
		ID: i.ID, Identifier: i.Identifier, Title: i.Title(), Source: i.Description(), Description: p.body(i.Description()),
		State: state(i.State(), true), By: p.person(i.Creator, me), At: i.CreatedAt,
	}
	for _, s := range i.Team.States() {
		v.States = append(v.States, state(s, s == i.State()))
	}
	if u := i.Assignee(); u != nil {
		v.Assignee = u.DisplayName
	}
	if u := i.Delegate(); u != nil {
		v.Delegate = u.DisplayName
	}
	for _, u := range p.ws.Users() {
		if u.App {
			v.Apps = append(v.Apps, p.person(u, me))
		} else {
			v.People = append(v.People, p.person(u, me))
		}
	}
	return v
}

func state(s *linearsim.State, now bool) stateView {
	return stateView{Name: s.Name, Type: s.Type, Now: now}
}

// threads returns the conversations on an issue, oldest first.
func (p *Playground) threads(i *linearsim.Issue, me *linearsim.User) []thread {
	sessions := map[*linearsim.Comment][]*linearsim.Session{}
	for _, x := range p.ws.Sessions() {
		if x.Issue == i {
			sessions[x.Root] = append(sessions[x.Root], x)
		}
	}
	var out []thread
	for _, c := range i.Comments() {
		if c.Parent != nil {
			continue
		}
		t := thread{ID: c.ID, Resolved: !c.ResolvedAt().IsZero(), Me: p.person(me, me), Agent: len(sessions[c]) > 0}
		kinds, asks := map[*linearsim.Comment]string{}, map[*linearsim.Comment]*sessionView{}
		for _, x := range sessions[c] {
			log := x.Activities()
			for _, a := range log {
				kinds[a.Comment] = a.Type
			}
			v := p.session(x, log, me)
			if v.Ask != nil && v.Ask.comment != nil { // its options stand below the question
				asks[v.Ask.comment] = v
			}
			t.Items = append(t.Items, item{ID: "s-" + x.ID, At: x.CreatedAt(), Session: v})
		}
		for _, one := range append([]*linearsim.Comment{c}, c.Replies()...) {
			v := p.comment(one, me)
			v.Question, v.Failed = kinds[one] == "elicitation", kinds[one] == "error"
			if x := asks[one]; x != nil {
				v.Ask, v.Session, x.Ask = x.Ask, x.ID, nil
			}
			t.Items = append(t.Items, item{ID: "c-" + one.ID, At: one.CreatedAt, Comment: v})
		}
		slices.SortStableFunc(t.Items, func(a, b item) int {
			if n := a.At.Compare(b.At); n != 0 {
				return n
			}
			return cmp.Compare(rank(a), rank(b))
		})
		out = append(out, t)
	}
	for _, x := range sessions[nil] {
		out = append(out, thread{ID: x.ID, Agent: true, Items: []item{{ID: "s-" + x.ID, At: x.CreatedAt(), Session: p.session(x, x.Activities(), me)}}})
	}
	return out
}

// rank orders what happened in the same millisecond: a session follows the comment
// that started it.
func rank(i item) int {
	if i.Session != nil {
		return 1
	}
	return 0
}

func (p *Playground) comment(c *linearsim.Comment, me *linearsim.User) *commentView {
	v := &commentView{
		ID: c.ID, Root: c.Parent == nil, By: p.person(c.Author, me), AsUser: c.AsUser, Source: c.Body(), Body: p.body(c.Body()), At: c.CreatedAt,
		Edited: !c.EditedAt().IsZero(), Mine: c.Author == me, System: c.Artificial(), Resolved: !c.ResolvedAt().IsZero(),
	}
	if len(v.Source) > maxShown {
		v.Long, v.Source = true, ""
	}
	if c.External != nil {
		v.By = person{Name: c.External.Name, Initials: initials(c.External.Name)}
	}
	for _, r := range c.Reactions() {
		k := slices.IndexFunc(v.Reactions, func(x reactionView) bool { return x.Name == r.Emoji })
		if k < 0 {
			v.Reactions = append(v.Reactions, reactionView{Name: r.Emoji, Symbol: cmp.Or(emoji.Symbol(r.Emoji), ":"+r.Emoji+":")})
			k = len(v.Reactions) - 1
		}
		x := &v.Reactions[k]
		x.Count++
		x.Mine = x.Mine || r.User == me
		x.Who = strings.TrimPrefix(x.Who+", "+r.User.Name, ", ")
	}
	return v
}

// words are what people call the states of a session.
func words(status string) string {
	switch status {
	case "pending":
		return "Starting"
	case "active":
		return "Working"
	case "awaitingInput":
		return "Waiting for an answer"
	case "complete":
		return "Done"
	case "error":
		return "Failed"
	case "stale":
		return "No sign of life"
	}
	return status
}

func (p *Playground) session(x *linearsim.Session, log []linearsim.Activity, me *linearsim.User) *sessionView {
	status := x.Status()
	v := &sessionView{
		ID: x.ID, By: p.person(x.App, me), For: p.person(x.Creator(), me), Status: status, Word: words(status), Plan: x.Plan(), Links: x.Links(), Began: x.CreatedAt(),
		Open: status == "pending" || status == "active" || status == "awaitingInput" || status == "stale",
	}
	for n, a := range log {
		if a.Type == "elicitation" && n == len(log)-1 {
			v.Ask = p.ask(a)
		}
		if a.Comment != nil || a.Type == "prompt" && a.Signal == "" && x.Root != nil {
			continue // the thread shows it
		}
		step := activityView{ID: a.ID, Kind: a.Type, Body: a.Body, Action: a.Action, Parameter: a.Parameter, Ephemeral: a.Ephemeral, At: a.At, By: p.person(a.By, me)}
		if a.Signal == "stop" {
			step.Kind = "stop"
		}
		if a.Body != "" {
			step.HTML = p.body(a.Body)
		}
		if a.Result != "" {
			step.Result = p.body(a.Result)
		}
		v.Steps = append(v.Steps, step)
	}
	return v
}

func (p *Playground) ask(a linearsim.Activity) *askView {
	v := &askView{Signal: a.Signal, comment: a.Comment}
	if a.Comment == nil {
		v.Text = p.body(a.Body)
	}
	meta, _ := a.Metadata.(map[string]any)
	v.URL, _ = meta["url"].(string)
	options, _ := meta["options"].([]any)
	for _, raw := range options {
		switch o := raw.(type) {
		case string:
			v.Options = append(v.Options, optionView{o, o})
		case map[string]any:
			label, value := fmt.Sprint(cmp.Or(o["label"], o["value"])), fmt.Sprint(cmp.Or(o["value"], o["label"]))
			v.Options = append(v.Options, optionView{label, value})
		}
	}
	return v
}
