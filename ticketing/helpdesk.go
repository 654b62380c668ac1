package ticketing

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Helpdesk says how conversations of a helpdesk are linked to issues. The zero
// value switches the conversation routes off.
type Helpdesk struct {
	// ConversationURL is the address of a conversation, with the placeholders
	// {account} and {conversation}, for example
	//
	//	https://desk.example.com/app/accounts/{account}/conversations/{conversation}
	//
	// It is what people in Linear click, and what links are found by.
	ConversationURL string
	// FormerURLs are earlier values of ConversationURL: links made with them
	// are still found.
	FormerURLs []string
	// Sink receives activity messages and more, see [Sink]. Defaults to none: the
	// API then only lists them.
	Sink Sink
	// Wording is how activity messages are worded. Defaults to WordingPassive.
	Wording Wording
	// Templates replace the wording of single kinds of activity, by kind. They may
	// hold {issue}, {user}, {from}, {to} and {text}.
	Templates map[string]string
	// Envelope answers the routes of the dashboard as {"data": …}, as the
	// integration's guide describes them. The dashboard itself reads bare
	// answers, which is the default; ?envelope=data and ?envelope=bare choose
	// for one request.
	Envelope bool
	// AgentsDisconnect lets agents end the connection. Defaults to admins only.
	AgentsDisconnect bool
	// Sessions checks the sessions of a dashboard's users. Defaults to none:
	// only tokens open the API.
	Sessions Sessions
}

// Sessions asks the helpdesk who a dashboard's request comes from. It is safe for
// concurrent use.
type Sessions interface {
	// Session returns the agent whose session the headers of r hold, if they may use
	// account, which is never empty; Admin is their role in it. It returns
	// ErrNoSession if the helpdesk knows no such session, which is answered 401. Every
	// request with a session calls it, and waits.
	Session(ctx context.Context, r *http.Request, account string) (Agent, error)
}

// ErrNoSession is what [Sessions] returns if the helpdesk does not know the session of a
// request.
var ErrNoSession = errors.New("ticketing: the helpdesk does not know this session")

// Agent is a person who works in the helpdesk. Admin says that they may change
// settings and end connections.
type Agent struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	AvatarURL string `json:"avatar_url,omitempty"`
	Admin     bool   `json:"-"`
}

// Wording is a set of texts for activity messages.
type Wording string

// The wordings.
const (
	// WordingPassive is "Linear issue ENG-12 was created by Ada".
	WordingPassive Wording = "passive"
	// WordingShort is "Created Linear issue [ENG-12]".
	WordingShort Wording = "short"
)

func (h *Helpdesk) check() error {
	for _, t := range append([]string{h.ConversationURL}, h.FormerURLs...) {
		if t == "" {
			continue
		}
		u, err := url.Parse(strings.NewReplacer("{account}", "1", "{conversation}", "1").Replace(t))
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || !strings.Contains(t, "{conversation}") {
			return fmt.Errorf("ticketing: Helpdesk.ConversationURL %q must be an http or https address with {conversation} and, if there are several accounts, {account}", t)
		}
	}
	for kind := range h.Templates {
		if !slices.Contains(activityKinds(), kind) {
			return fmt.Errorf("ticketing: Helpdesk.Templates has %q, which is not a kind of activity; the kinds are %s", kind, strings.Join(activityKinds(), ", "))
		}
	}
	switch h.Wording {
	case "", WordingPassive, WordingShort:
		return nil
	default:
		return fmt.Errorf("ticketing: unknown Helpdesk.Wording %q", h.Wording)
	}
}

// address returns the address of a conversation.
func (h *Helpdesk) address(account, conversation string) string {
	return fill(h.ConversationURL, account, conversation)
}

// addresses are all that links to a conversation may have.
func (h *Helpdesk) addresses(account, conversation string) []string {
	out := []string{h.address(account, conversation)}
	for _, t := range h.FormerURLs {
		out = append(out, fill(t, account, conversation))
	}
	return out
}

func fill(template, account, conversation string) string {
	return strings.NewReplacer("{account}", url.PathEscape(account), "{conversation}", url.PathEscape(conversation)).Replace(template)
}

// parse finds the conversation that an address leads to. The account is "-" if
// the template has none.
func (h *Helpdesk) parse(address string) (account, conversation string) {
	for _, t := range append([]string{h.ConversationURL}, h.FormerURLs...) {
		if t == "" {
			continue
		}
		if a, c, ok := match(t, address); ok {
			return a, c
		}
	}
	return "", ""
}

// match reads the values of the placeholders out of an address.
func match(template, address string) (account, conversation string, ok bool) {
	account = "-"
	for template != "" {
		lit, rest, has := strings.Cut(template, "{")
		after, fits := strings.CutPrefix(address, lit)
		if !fits {
			return "", "", false
		}
		if !has {
			return account, conversation, after == "" && conversation != ""
		}
		name, next, _ := strings.Cut(rest, "}")
		end := strings.IndexAny(after, "/?#")
		if end < 0 {
			end = len(after)
		}
		v, err := url.PathUnescape(after[:end])
		if err != nil || v == "" {
			return "", "", false
		}
		switch name {
		case "account":
			account = v
		case "conversation":
			conversation = v
		}
		template, address = next, after[end:]
	}
	return account, conversation, address == "" && conversation != ""
}

// takesSessions reports whether the route is one that a dashboard's user may
// call. The rest belongs to no account, so that an administrator of one account
// of the helpdesk would be an administrator of everything.
func (r *route) takesSessions() bool {
	return r.facade || strings.HasPrefix(r.path, "/conversations/") || r.path == "/issues/{issue}/conversations"
}

// session lets a dashboard's user in, if the helpdesk vouches for them.
func (c *call) session() error {
	refused := &problem{
		status: http.StatusUnauthorized, code: codeUnauthenticated,
		message: "the session is unknown: sign in to the helpdesk, or send a token of this API as api_access_token",
	}
	check := c.api.cfg.Helpdesk.Sessions
	if check == nil {
		refused.message = "sessions of the helpdesk are not taken here: set Helpdesk.Sessions, or send a token of this API as api_access_token"
		return refused
	}
	if c.route == nil || !c.route.takesSessions() {
		refused.message = "sessions of the helpdesk open the routes of its dashboard and of conversations: send a token of this API as api_access_token"
		return refused
	}
	account := c.path["account"]
	if account == "" {
		account = c.q.get("account_id")
	}
	if account == "" {
		refused.message = "a session is good for one account of the helpdesk: name it with account_id in the query"
		return refused
	}
	agent, err := check.Session(c.ctx, c.r, account)
	if errors.Is(err, ErrNoSession) {
		return refused
	}
	if err != nil {
		return &problem{
			status: http.StatusServiceUnavailable, code: codeStorage, retryable: true, cause: err,
			message: "the helpdesk cannot say who you are at the moment: try again",
		}
	}
	role := RoleAgent
	if agent.Admin {
		role = RoleAdmin
	}
	who := &identity{session: true}
	who.ID, who.Name, who.Role, who.AvatarURL = "session:"+agent.ID, agent.Name, role, agent.AvatarURL
	who.Accounts = []string{account}
	c.who = who
	return nil
}

// named is the account of the helpdesk that a request names, itself or by its
// token, or "".
func (c *call) named() string {
	if a := c.path["account"]; a != "" {
		return a
	}
	if a := c.q.get("account_id"); a != "" {
		return a
	}
	if c.input != nil {
		if s, given, _ := c.input.text(100, "account_id"); given && s != "" {
			return s
		}
	}
	if len(c.who.Accounts) == 1 {
		return c.who.Accounts[0]
	}
	return ""
}

// account is the account of the helpdesk that a request is about.
func (c *call) account() string {
	if a := c.named(); a != "" {
		return a
	}
	if c.conn != nil && c.conn.Account != "" {
		return c.conn.Account
	}
	return "1"
}
