package ticketing

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/linearbot/linearbot/internal/sse"
	"github.com/linearbot/linearbot/internal/wording"
	"github.com/linearbot/linearbot/state"
)

// The kinds of activity, which Helpdesk.Templates are for.
const (
	ActivityCreated   = "issue_created"          // an issue was created from the conversation
	ActivityLinked    = "issue_linked"           // an issue was linked to it
	ActivityUnlinked  = "issue_unlinked"         // a link was removed
	ActivityStatus    = "issue_status_changed"   // From and To name the statuses
	ActivityCommented = "issue_commented"        // the text quotes the comment
	ActivityAssigned  = "issue_assigned"         // To is the assignee
	ActivityPriority  = "issue_priority_changed" // From and To name the priorities
	ActivityDeleted   = "issue_deleted"          // the issue went to the trash
	ActivityMerged    = "issue_merged_duplicate" // To is the issue that it is a duplicate of
	ActivityNotLinked = "issue_link_failed"      // what a message names could not be linked
)

func activityKinds() []string {
	return []string{
		ActivityCreated, ActivityLinked, ActivityUnlinked, ActivityStatus, ActivityCommented, ActivityAssigned, ActivityPriority, ActivityDeleted,
		ActivityMerged, ActivityNotLinked,
	}
}

// Activity is a message about a linked issue in a conversation. Account and
// Conversation are the helpdesk's ids. Text is plain text in the configured wording; the
// other fields are what it was made of, empty if the kind has no such part. Actor is the
// name of a person or an app.
type Activity struct {
	ID           string    `json:"id"`
	Account      string    `json:"account"`
	Conversation string    `json:"conversation"`
	Kind         string    `json:"kind" enum:"issue_created,issue_linked,issue_unlinked,issue_status_changed,issue_commented,issue_assigned,issue_priority_changed,issue_deleted,issue_merged_duplicate,issue_link_failed"`
	Text         string    `json:"text"`
	IssueID      string    `json:"issue_id"`
	Identifier   string    `json:"identifier"`
	Actor        string    `json:"actor"`
	From         string    `json:"from,omitempty"`
	To           string    `json:"to,omitempty"`
	At           time.Time `json:"at"`
}

// Sink puts what happens to linked issues into the conversations of a helpdesk. It may
// also be a [Messenger], a [Reopener] and a [Transcriber].
//
// Calls come from the durable queue: in order within a conversation, concurrently for
// different ones, each with a deadline of a minute. A call that fails is repeated with
// backoff, and so is one whose process died, so a sink may see a call twice: deduplicate
// by Activity.ID and Message.ID.
type Sink interface {
	// Activity writes a message that the people of the helpdesk see, and not the
	// customer.
	Activity(ctx context.Context, a Activity) error
}

// Messenger is a [Sink] that can write, change and delete messages, for
// comments that are mirrored.
type Messenger interface {
	// Post writes a message and returns the helpdesk's id for it.
	Post(ctx context.Context, m Message) (id string, err error)
	// Edit changes a message and returns its id, which may be a new one.
	Edit(ctx context.Context, id string, m Message) (newID string, err error)
	// Delete removes a message; m says where it is. Removing an absent message is a
	// no-op.
	Delete(ctx context.Context, id string, m Message) error
}

// Reopener is a [Sink] that can set the status of a conversation.
type Reopener interface {
	// SetStatus sets the status: "open", or what Settings.StatusMap says.
	SetStatus(ctx context.Context, account, conversation, status string) error
}

// Message is a comment of Linear on its way into a conversation.
type Message struct {
	// ID is that of the comment.
	ID           string `json:"id"`
	Account      string `json:"account"`
	Conversation string `json:"conversation"`
	// Text is Markdown.
	Text   string `json:"text"`
	Author string `json:"author"`
	// Identifier is that of the issue, URL that of the comment.
	Identifier string `json:"identifier"`
	URL        string `json:"url"`
}

// text words an activity.
func (h *Helpdesk) word(a *Activity, said string) string {
	template, own := h.Templates[a.Kind]
	if !own {
		passive := map[string]string{
			ActivityCreated:   "Linear issue {issue} was created by {user}",
			ActivityLinked:    "Linear issue {issue} was linked by {user}",
			ActivityUnlinked:  "Linear issue {issue} was unlinked by {user}",
			ActivityStatus:    "Linear issue {issue} moved from {from} to {to} by {user}",
			ActivityCommented: "{user} commented on Linear issue {issue}: {text}",
			ActivityAssigned:  "Linear issue {issue} was assigned to {to} by {user}",
			ActivityPriority:  "Priority of Linear issue {issue} changed from {from} to {to} by {user}",
			ActivityDeleted:   "Linear issue {issue} was deleted by {user}",
			ActivityMerged:    "Linear issue {issue} was merged into {to} as a duplicate by {user}",
			ActivityNotLinked: "Linear issue {issue} could not be linked: {text}",
		}
		short := map[string]string{
			ActivityCreated:   "Created Linear issue [{issue}]",
			ActivityLinked:    "Linked Linear issue [{issue}]",
			ActivityUnlinked:  "Unlinked Linear issue [{issue}]",
			ActivityStatus:    "Linear issue [{issue}]: {from} → {to}",
			ActivityCommented: "Comment on Linear issue [{issue}] by {user}: {text}",
			ActivityAssigned:  "Linear issue [{issue}] assigned to {to}",
			ActivityPriority:  "Linear issue [{issue}]: priority {from} → {to}",
			ActivityDeleted:   "Deleted Linear issue [{issue}]",
			ActivityMerged:    "Linear issue [{issue}]: duplicate of {to}",
			ActivityNotLinked: "Linear issue [{issue}] not linked: {text}",
		}
		template = passive[a.Kind]
		if h.Wording == WordingShort {
			template = short[a.Kind]
		}
	}
	return strings.NewReplacer(
		"{issue}", a.Identifier, "{user}", a.Actor, "{from}", a.From, "{to}", a.To, "{text}", wording.Clip(said, 500),
	).Replace(template)
}

// maxActivities is how many activities a conversation keeps here.
const maxActivities = 200

func activityKey(p place) state.Key {
	return state.Key{Kind: "ticketing.activities", ID: p.Account + "/" + p.Conversation}
}

// record stores an activity and hands it to the sink, through the queue. A
// duplicate id is a no-op.
func (a *API) record(ctx context.Context, v Activity, said string) error {
	v.At = a.cfg.Now().UTC()
	v.Text = a.cfg.Helpdesk.word(&v, said)
	p := place{v.Account, v.Conversation}
	isNew := false
	_, err := change(ctx, a.docs, activityKey(p), 0, func(all *[]Activity) (bool, error) {
		isNew = true
		for _, o := range *all {
			if o.ID == v.ID {
				isNew = false
				return false, nil
			}
		}
		*all = append(*all, v)
		if n := len(*all); n > maxActivities {
			*all = (*all)[n-maxActivities:]
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	// Duplicates too: the first attempt may have failed before this point.
	if a.cfg.Helpdesk.Sink != nil {
		if err := a.enqueue(ctx, job{Kind: jobActivity, Activity: &v}, laneOf(p), v.ID, 0); err != nil {
			return err
		}
	}
	if isNew {
		a.events.tell(p, "activity", v)
	}
	return nil
}

func listActivities(c *call) (*reply, error) {
	p, err := c.conversation()
	if err != nil {
		return nil, err
	}
	out := []Activity{}
	if _, err := c.api.docs.load(c.ctx, activityKey(p), &out); err != nil {
		return nil, err
	}
	return ok(&List{Result: out, ResultCount: len(out), Limit: maxActivities}), nil
}

// hub notifies listeners in this process of events in a conversation.
type hub struct {
	mu        sync.Mutex
	listeners map[place]map[chan sse.Event]bool
	ended     bool
}

func newHub() *hub { return &hub{listeners: map[place]map[chan sse.Event]bool{}} }

// open lets streams begin, after an earlier close.
func (h *hub) open() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ended = false
}

// close ends all streams, so that a server that stops need not wait for them.
func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ended = true
	for _, chans := range h.listeners {
		for ch := range chans {
			close(ch)
		}
	}
	clear(h.listeners)
}

// listen returns a channel of server-sent events. end stops it. The channel is
// closed when the API stops.
func (h *hub) listen(p place) (events <-chan sse.Event, end func()) {
	ch := make(chan sse.Event, 32)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended {
		close(ch)
		return ch, func() {}
	}
	if h.listeners[p] == nil {
		h.listeners[p] = map[chan sse.Event]bool{}
	}
	h.listeners[p][ch] = true
	return ch, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.listeners[p], ch)
		if len(h.listeners[p]) == 0 {
			delete(h.listeners, p)
		}
	}
}

// tell sends an event to the current listeners. A slow listener misses it and
// reloads the list with the next one.
func (h *hub) tell(p place, name string, v any) {
	raw, err := json.Marshal(v)
	if err != nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for ch := range h.listeners[p] {
		select {
		case ch <- sse.Event{Name: name, Data: raw}:
		default:
		}
	}
}
