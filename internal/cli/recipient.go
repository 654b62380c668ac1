package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/internal/recast"
	"github.com/linearbot/linearbot/internal/settings"
)

// askTimeout bounds the question who the bot is.
const askTimeout = 10 * time.Second

// recipient is the workspace of the bot at --to, which deliveries of another
// workspace are mapped to. What is not given stays as it is.
type recipient struct {
	recast.Origin

	// Issue and Comment are where it happens: an id, or an identifier such as ENG-1,
	// and the id of the first comment of a thread.
	Issue, Comment string

	api *linearapi.Client // nil without credentials
}

// ask completes a recipient by what Linear says to the credentials of the environment.
// Without credentials, or with a workspace that is named, nothing is asked.
func (r *recipient) ask(ctx context.Context, values *settings.Values) error {
	if r.Workspace != "" && (r.Issue == "" || uuid.Validate(r.Issue) == nil) {
		return nil
	}
	lin, err := linear.New(linear.ConfigFrom(values.Lookup))
	if err != nil {
		return nil // there are no credentials, or not enough
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	self, err := lin.Identity(ctx, "")
	if err != nil {
		return fmt.Errorf("the bot's workspace cannot be asked for, name it with --workspace or send with --as-is: %w", err)
	}
	key, _, _ := strings.Cut(strings.TrimPrefix(self.ProfileURL, "https://linear.app/"), "/")
	r.Origin = r.Or(recast.Origin{Workspace: self.Workspace, URLKey: key, BotID: self.UserID, Bot: self.Name})
	r.api, err = lin.API(ctx, "")
	return err
}

// body makes a body from somewhere one for the recipient.
func (r *recipient) body(ctx context.Context, from recast.Origin, body []byte) ([]byte, error) {
	m := from.To(r.Origin)
	about := recast.About(body)
	if r.Issue != "" && about.IssueID != "" {
		id := r.Issue
		if uuid.Validate(id) != nil {
			if r.api == nil {
				return nil, &usageError{fmt.Errorf("--issue %s needs the bot's credentials to be looked up: give its id instead", r.Issue)}
			}
			issue, err := r.api.Issue(ctx, r.Issue)
			if err != nil {
				return nil, fmt.Errorf("--issue %s: %w", r.Issue, err)
			}
			id = issue.ID
			if about.Identifier != "" {
				m.Issues[about.Identifier] = issue.Identifier
			}
		}
		m.IDs[about.IssueID] = id
	}
	switch {
	case r.Comment == "" || about.CommentID == "":
	case about.Begins:
		// The comment keeps its id: under that of the thread, it would be one that the
		// bot has seen.
		body = recast.Reply(body, r.Comment)
	default:
		m.IDs[about.CommentID] = r.Comment
	}
	return m.Body(body)
}

// whoAmI returns the bot of the credentials in the environment, empty without any.
func whoAmI(ctx context.Context, values *settings.Values) (recast.Origin, error) {
	var t recipient
	err := t.ask(ctx, values)
	return t.Origin, err
}

// again gives what happened in bodies new ids, the same ones for the same ones, so
// that a bot takes it for something new.
type again map[string]string

func (a again) body(body []byte) ([]byte, error) {
	m := recast.Mapping{IDs: map[string]string{}}
	for _, id := range recast.About(body).Occurred {
		if a[id] == "" {
			a[id] = uuid.NewString()
		}
		m.IDs[id] = a[id]
	}
	return m.Body(body)
}

// origins returns where bodies come from. What one of a workspace does not say is
// taken from the others of it.
func origins(all []recast.Origin) []recast.Origin {
	out := make([]recast.Origin, len(all))
	for i, o := range all {
		for _, other := range all {
			if other.Workspace == o.Workspace {
				o = o.Or(other)
			}
		}
		out[i] = o
	}
	return out
}
