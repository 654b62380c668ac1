package ticketing

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// ChatwootConfig is the address of a Chatwoot, and the token for it.
type ChatwootConfig struct {
	// URL is its address, for example "https://desk.example.com".
	URL string
	// Token is an API access token of an agent or a bot there. Required for
	// messages and transcripts; sessions are checked without.
	Token string
	// Client sends the requests; its CheckRedirect is not used, since redirects are
	// not followed. Defaults to one with a timeout of 10 s.
	Client *http.Client
}

// Chatwoot is a [Sink], a [Messenger], a [Reopener], a [Transcriber] and [Sessions] for
// a Chatwoot helpdesk. It is safe for concurrent use. Its methods wait for Chatwoot, and
// return an error if that does not answer 2xx. Activities are written as private notes: a message of type
// activity would show the contact as its sender.
type Chatwoot struct {
	base   string
	token  string
	client *http.Client
}

// NewChatwoot checks cfg and returns a Chatwoot. It does no I/O.
func NewChatwoot(cfg ChatwootConfig) (*Chatwoot, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("ticketing: ChatwootConfig.URL must be an http or https address without user name and password")
	}
	client := http.Client{Timeout: 10 * time.Second}
	if cfg.Client != nil {
		client = *cfg.Client
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Chatwoot{base: strings.TrimRight(cfg.URL, "/"), token: cfg.Token, client: &client}, nil
}

// Session asks Chatwoot who has a dashboard's session.
func (w *Chatwoot) Session(ctx context.Context, r *http.Request, account string) (Agent, error) {
	if account == "" { // roles differ between accounts
		return Agent{}, ErrNoSession
	}
	header := http.Header{}
	for _, name := range []string{"access-token", "client", "uid", "expiry", "token-type"} {
		header.Set(name, r.Header.Get(name))
	}
	var profile struct {
		ID        int64  `json:"id"`
		Name      string `json:"name"`
		AvatarURL string `json:"avatar_url"`
		Accounts  []struct {
			ID   int64  `json:"id"`
			Role string `json:"role"`
		} `json:"accounts"`
	}
	status, err := w.send(ctx, http.MethodGet, "/api/v1/profile", header, nil, &profile)
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return Agent{}, ErrNoSession
	case err != nil:
		return Agent{}, err
	}
	for _, a := range profile.Accounts {
		if strconv.FormatInt(a.ID, 10) == account {
			return Agent{
				ID: strconv.FormatInt(profile.ID, 10), Name: profile.Name, AvatarURL: profile.AvatarURL, Admin: a.Role == "administrator",
			}, nil
		}
	}
	return Agent{}, ErrNoSession
}

// Activity writes a private note.
func (w *Chatwoot) Activity(ctx context.Context, a Activity) error {
	_, err := w.message(ctx, a.Account, a.Conversation, a.Text, a.ID)
	return err
}

// Post writes a comment of Linear as a private note.
func (w *Chatwoot) Post(ctx context.Context, m Message) (string, error) {
	return w.message(ctx, m.Account, m.Conversation, quoteMessage(m), m.ID)
}

// Edit replaces a note: Chatwoot cannot change one.
func (w *Chatwoot) Edit(ctx context.Context, id string, m Message) (string, error) {
	if err := w.Delete(ctx, id, m); err != nil {
		return "", err
	}
	return w.Post(ctx, m)
}

// Delete deletes a note. Deleting an absent note is a no-op.
func (w *Chatwoot) Delete(ctx context.Context, id string, m Message) error {
	status, err := w.send(ctx, http.MethodDelete, w.path(m.Account, m.Conversation, "/messages/"+url.PathEscape(id)), w.auth(), nil, nil)
	if status == http.StatusNotFound {
		return nil
	}
	return err
}

// SetStatus sets the status of a conversation: open, resolved, pending or
// snoozed.
func (w *Chatwoot) SetStatus(ctx context.Context, account, conversation, status string) error {
	_, err := w.send(ctx, http.MethodPost, w.path(account, conversation, "/toggle_status"), w.auth(), map[string]string{"status": status}, nil)
	return err
}

func quoteMessage(m Message) string {
	return "**" + escapeMarkdown(m.Author) + "** on [" + m.Identifier + "](" + m.URL + "):\n\n" + m.Text
}

func (w *Chatwoot) path(account, conversation, rest string) string {
	return "/api/v1/accounts/" + url.PathEscape(account) + "/conversations/" + url.PathEscape(conversation) + rest
}

func (w *Chatwoot) auth() http.Header {
	return http.Header{"Api_access_token": {w.token}}
}

// noteMark is the attribute of a note that says what it is about.
const noteMark = "linearbot_id"

// message writes a private note. The queue repeats a call whose answer was lost, and
// Chatwoot takes the same note twice, so a note that is there is looked for first.
func (w *Chatwoot) message(ctx context.Context, account, conversation, text, id string) (string, error) {
	have, err := w.noted(ctx, account, conversation, id)
	if err != nil || have != "" {
		return have, err
	}
	var made struct {
		ID int64 `json:"id"`
	}
	_, err = w.send(ctx, http.MethodPost, w.path(account, conversation, "/messages"), w.auth(), map[string]any{
		"content": text, "message_type": "outgoing", "private": true, "echo_id": id, "content_attributes": map[string]string{noteMark: id},
	}, &made)
	return strconv.FormatInt(made.ID, 10), err
}

// A call is repeated for seven hours at most.
const (
	maxNotePages = 5
	maxNoteAge   = 8 * time.Hour
)

// noted finds the note that was written for an activity or a comment; "" if there is
// none.
func (w *Chatwoot) noted(ctx context.Context, account, conversation, id string) (string, error) {
	oldest := time.Now().Add(-maxNoteAge).Unix()
	before := ""
	for range maxNotePages {
		page, err := w.page(ctx, account, conversation, before)
		if err != nil || len(page) == 0 {
			return "", err
		}
		for _, m := range page {
			if mark, _ := m.Attributes[noteMark].(string); mark == id && m.Private {
				return strconv.FormatInt(m.ID, 10), nil
			}
		}
		if first := page[0]; first.CreatedAt != 0 && first.CreatedAt < oldest {
			return "", nil
		}
		before = strconv.FormatInt(page[0].ID, 10)
	}
	return "", nil
}

func (w *Chatwoot) send(ctx context.Context, method, path string, header http.Header, body, out any) (int, error) {
	var raw []byte
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return 0, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, w.base+path, bytes.NewReader(raw))
	if err != nil {
		return 0, errors.New("ticketing: the address of Chatwoot is not a URL")
	}
	req.Header = header
	req.Header.Set("Content-Type", "application/json")
	resp, err := w.client.Do(req)
	if err != nil {
		return 0, fmt.Errorf("ticketing: Chatwoot cannot be reached: %w", err)
	}
	defer resp.Body.Close() //nolint:errcheck // only read from
	content, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return resp.StatusCode, fmt.Errorf("ticketing: the answer of Chatwoot broke off: %w", err)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return resp.StatusCode, fmt.Errorf("ticketing: Chatwoot answered HTTP %d", resp.StatusCode)
	}
	if out == nil || len(content) == 0 {
		return resp.StatusCode, nil
	}
	if err := json.Unmarshal(content, out); err != nil {
		return resp.StatusCode, errors.New("ticketing: the answer of Chatwoot is not what it should be")
	}
	return resp.StatusCode, nil
}
