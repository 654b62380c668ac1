package linearsim

import (
	"net/http"
	"time"
)

// stateVersion is the format of [Snapshot].
const stateVersion = 1

// Snapshot is the state of a server: workspaces with all entities and inboxes, OAuth
// apps and grants, tokens, webhooks, deliveries that are not done, and uploaded files.
// Logs and faults are not part of it. It marshals to JSON and back with encoding/json,
// and holds secrets. Take one with [Server.Dump].
type Snapshot struct{ serverState }

// serverState is the content of a [Snapshot].
type serverState struct {
	Version    int              `json:"version"`
	Seq        int              `json:"seq"`
	SyncID     int              `json:"syncId"`
	Workspaces []stateWorkspace `json:"workspaces"`
	Tokens     []stateToken     `json:"tokens"`
	Files      []stateFile      `json:"files,omitempty"`
	Deliveries []stateDelivery  `json:"deliveries,omitempty"`
	IDs        []string         `json:"ids"`
	// Ahead is by how much [Config.Clock] was moved.
	Ahead time.Duration `json:"ahead,omitempty"`
	// OAuth is the state of the authorization server. Nil in snapshots of versions
	// that did not keep it: Restore then leaves the server's as it is.
	OAuth *stateOAuth `json:"oauth,omitempty"`
}

type stateRecord struct {
	ID        string    `json:"id"`
	Seq       int       `json:"seq"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
}

func (r *record) kept(id string) stateRecord {
	return stateRecord{ID: id, Seq: r.seq, CreatedAt: r.createdAt, UpdatedAt: r.updatedAt}
}

func (r stateRecord) record() record {
	return record{seq: r.Seq, createdAt: r.CreatedAt, updatedAt: r.UpdatedAt}
}

type stateToken struct {
	Text    string    `json:"text"`
	User    string    `json:"user"`
	App     string    `json:"app,omitempty"`
	Key     bool      `json:"key,omitempty"`
	Handed  bool      `json:"handed,omitempty"`
	Scopes  string    `json:"scopes,omitempty"`
	Expires time.Time `json:"expires,omitzero"`
	// Credentials says that the token was granted by client_credentials.
	Credentials bool `json:"credentials,omitempty"`
}

type stateWorkspace struct {
	stateRecord
	Name        string          `json:"name"`
	URLKey      string          `json:"urlKey"`
	MembersOnly bool            `json:"agentsForMembersOnly,omitempty"`
	Users       []stateUser     `json:"users"`
	External    []stateUser     `json:"external,omitempty"`
	Teams       []stateTeam     `json:"teams"`
	Labels      []stateLabel    `json:"labels,omitempty"`
	Things      []stateThing    `json:"things,omitempty"`
	Issues      []stateIssue    `json:"issues"`
	Comments    []stateComment  `json:"comments"`
	Reacted     []stateReaction `json:"reactions,omitempty"`
	Sessions    []stateSession  `json:"sessions,omitempty"`
	Webhooks    []stateWebhook  `json:"webhooks,omitempty"`
	Apps        []stateApp      `json:"apps,omitempty"`

	Notifications []stateNotification `json:"notifications,omitempty"`
}

type stateUser struct {
	stateRecord
	Name        string `json:"name"`
	DisplayName string `json:"displayName,omitempty"`
	Email       string `json:"email,omitempty"`
	App         bool   `json:"app,omitempty"`
	Guest       bool   `json:"guest,omitempty"`
	Admin       bool   `json:"admin,omitempty"`
}

type stateTeam struct {
	stateRecord
	Key    string         `json:"key"`
	Name   string         `json:"name"`
	Last   int            `json:"last"`
	Extra  map[string]any `json:"extra,omitempty"`
	States []stateState   `json:"states"`
}

type stateState struct {
	stateRecord
	Name        string  `json:"name"`
	Type        string  `json:"type"`
	Color       string  `json:"color"`
	Description string  `json:"description,omitempty"`
	Position    float64 `json:"position"`
}

type stateLabel struct {
	stateRecord
	Name        string `json:"name"`
	Color       string `json:"color"`
	Description string `json:"description,omitempty"`
	Group       bool   `json:"group,omitempty"`
	Creator     string `json:"creator,omitempty"`
	Team        string `json:"team,omitempty"`
	Parent      string `json:"parent,omitempty"`

	RetiredAt time.Time `json:"retiredAt,omitzero"`
	RetiredBy string    `json:"retiredBy,omitempty"`
}

type stateThing struct {
	stateRecord
	Type   string         `json:"type"`
	Values map[string]any `json:"values"`
}

type stateIssue struct {
	stateRecord
	Number      int            `json:"number"`
	Team        string         `json:"team"`
	Creator     string         `json:"creator"`
	Title       string         `json:"title"`
	Description string         `json:"description,omitempty"`
	Typed       bool           `json:"typed,omitempty"`
	State       string         `json:"state"`
	Priority    int            `json:"priority,omitempty"`
	Estimate    any            `json:"estimate,omitempty"`
	DueDate     string         `json:"dueDate,omitempty"`
	SortOrder   float64        `json:"sortOrder"`
	Assignee    string         `json:"assignee,omitempty"`
	Delegate    string         `json:"delegate,omitempty"`
	Parent      string         `json:"parent,omitempty"`
	Project     string         `json:"project,omitempty"`
	Cycle       string         `json:"cycle,omitempty"`
	Milestone   string         `json:"milestone,omitempty"`
	Labels      []string       `json:"labels,omitempty"`
	Subscribers []string       `json:"subscribers,omitempty"`
	StartedAt   time.Time      `json:"startedAt,omitzero"`
	CompletedAt time.Time      `json:"completedAt,omitzero"`
	CanceledAt  time.Time      `json:"canceledAt,omitzero"`
	TrashedAt   time.Time      `json:"trashedAt,omitzero"`
	ArchivedAt  time.Time      `json:"archivedAt,omitzero"`
	AsUser      string         `json:"asUser,omitempty"`
	IconURL     string         `json:"iconUrl,omitempty"`
	Extra       map[string]any `json:"extra,omitempty"`
	History     []stateThing   `json:"history,omitempty"`
}

type stateComment struct {
	stateRecord
	Issue      string    `json:"issue,omitempty"`
	On         string    `json:"on,omitempty"` // Type/id
	Parent     string    `json:"parent,omitempty"`
	Author     string    `json:"author,omitempty"`
	External   string    `json:"external,omitempty"`
	AsUser     string    `json:"asUser,omitempty"`
	IconURL    string    `json:"iconUrl,omitempty"`
	Body       string    `json:"body"`
	Quoted     string    `json:"quoted,omitempty"`
	Typed      bool      `json:"typed,omitempty"`
	Artificial bool      `json:"artificial,omitempty"`
	EditedAt   time.Time `json:"editedAt,omitzero"`
	ResolvedAt time.Time `json:"resolvedAt,omitzero"`
	ResolvedBy string    `json:"resolvedBy,omitempty"`
	Resolving  string    `json:"resolving,omitempty"`
}

type stateReaction struct {
	stateRecord
	Emoji    string `json:"emoji"`
	Spelling string `json:"spelling"`
	User     string `json:"user"`
	Comment  string `json:"comment,omitempty"`
	Issue    string `json:"issue,omitempty"`
	On       string `json:"on,omitempty"`
}

type stateSession struct {
	stateThing
	App        string       `json:"app"`
	Issue      string       `json:"issue"`
	Root       string       `json:"root,omitempty"`
	Source     string       `json:"source,omitempty"`
	Activities []stateThing `json:"activities,omitempty"`
	Queued     []stateThing `json:"queued,omitempty"`
}

type stateWebhook struct {
	stateRecord
	URL     string   `json:"url"`
	Secret  string   `json:"secret"`
	Label   string   `json:"label,omitempty"`
	Types   []string `json:"resourceTypes,omitempty"`
	Enabled bool     `json:"enabled"`
	Team    string   `json:"team,omitempty"`
	Creator string   `json:"creator,omitempty"`
	App     string   `json:"app,omitempty"`
}

type stateApp struct {
	ClientID          string   `json:"clientId"`
	ClientSecret      string   `json:"clientSecret"`
	User              string   `json:"user"`
	Name              string   `json:"name"`
	DisplayName       string   `json:"displayName"`
	Scopes            []string `json:"scopes"`
	Granted           []string `json:"granted"`
	ClientCredentials bool     `json:"clientCredentials,omitempty"`
	Webhook           string   `json:"webhook,omitempty"`
	Closed            bool     `json:"closed,omitempty"`
}

type stateNotification struct {
	stateRecord
	Type     string    `json:"type"`
	User     string    `json:"user"`
	Actor    string    `json:"actor,omitempty"`
	Issue    string    `json:"issue"`
	Comment  string    `json:"comment,omitempty"`
	Emoji    string    `json:"emoji,omitempty"`
	ReadAt   time.Time `json:"readAt,omitzero"`
	Snoozed  time.Time `json:"snoozedUntilAt,omitzero"`
	Archived time.Time `json:"archivedAt,omitzero"`
}

type stateFile struct {
	Path      string `json:"path"`
	Workspace string `json:"workspace"`
	Name      string `json:"name"`
	Type      string `json:"contentType"`
	Size      int    `json:"size"`
	Public    bool   `json:"public,omitempty"`
	Signature string `json:"signature"`
	Sent      bool   `json:"sent,omitempty"`
	Content   []byte `json:"content,omitempty"`
}

// stateDelivery is a delivery that has not arrived yet.
type stateDelivery struct {
	ID       string         `json:"id"`
	Webhook  string         `json:"webhook"`
	Action   string         `json:"action"`
	Type     string         `json:"type"`
	URL      string         `json:"url,omitempty"`
	Actor    map[string]any `json:"actor,omitempty"`
	Data     map[string]any `json:"data,omitempty"`
	From     map[string]any `json:"updatedFrom,omitempty"`
	Own      map[string]any `json:"own,omitempty"`
	At       time.Time      `json:"at"`
	Body     []byte         `json:"body,omitempty"` // as sent last
	Header   http.Header    `json:"header,omitempty"`
	Attempts []stateAttempt `json:"attempts,omitempty"`
	Tries    int            `json:"tries,omitempty"`
	Due      time.Time      `json:"due,omitzero"`
	Repeat   bool           `json:"repeat,omitempty"`
	Act      int            `json:"act"`
}

type stateAttempt struct {
	At          time.Time     `json:"at"`
	Duration    time.Duration `json:"duration"`
	Status      int           `json:"status,omitempty"`
	Answer      string        `json:"answer,omitempty"`
	Err         string        `json:"err,omitempty"`
	Redelivered bool          `json:"redelivered,omitempty"`
}
