package ticketing

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Transcriber is a [Sink] that can return what was written in a conversation, for the
// description of an issue.
type Transcriber interface {
	// Transcript returns messages of a conversation, the oldest first: those with
	// the ids or, without ids, the last ones that its contact can see. The request
	// that wants them waits for it; if it fails, the issue is created without.
	Transcript(ctx context.Context, account, conversation string, ids []string) ([]TranscriptMessage, error)
}

// TranscriptMessage is a message of a conversation.
type TranscriptMessage struct {
	// ID is the helpdesk's.
	ID string
	// Author is the name of the person or bot that wrote it.
	Author string
	// Text is Markdown or plain text.
	Text string
	// At is when it was written.
	At time.Time
}

// maxNamed is how many messages a request may name.
const maxNamed = 100

// context puts what the request wants of the conversation into the ticket: the
// text into its description, the files to its attachments. What cannot be had is
// a note, since an issue without it is better than none.
func (c *call) context(in *input, p place) (notes []string, err error) {
	if in == nil {
		return nil, nil
	}
	var parts []string
	if s, given, _ := in.text(maxText, "transcript"); given && s != "" {
		parts = append(parts, s)
	}
	all, _ := in.flag("include_transcript")
	list, named := in.refs(maxNamed, "message_ids")
	files, hasFiles := in.list(10, "files")
	if err := in.done(); err != nil {
		return nil, err
	}
	if all || named && len(list) > 0 {
		ids := []string{}
		for _, r := range list {
			ids = append(ids, r.id)
		}
		teller, can := c.api.cfg.Helpdesk.Sink.(Transcriber)
		if !can {
			return nil, &problem{
				status: http.StatusUnprocessableEntity, code: codeValidation,
				message:  "the helpdesk cannot be asked for messages: send them as context.transcript",
				failures: []Failure{{"context.message_ids", "unsupported", "send context.transcript instead"}},
			}
		}
		said, err := teller.Transcript(c.ctx, p.Account, p.Conversation, ids)
		switch {
		case err != nil:
			c.api.log.Warn().Err(err).Str("request_id", c.id).Msg("a conversation could not be read for an issue")
			notes = append(notes, "the messages could not be read from the helpdesk and are not in the issue")
		case len(said) < len(ids):
			notes = append(notes, "some of the messages are not in the conversation")
		}
		if text := transcript(said); text != "" {
			parts = append(parts, text)
		}
	}
	if len(parts) > 0 {
		described, _ := c.input.fields["description"].(string)
		c.input.fields["description"] = strings.TrimSpace(described + "\n\n---\n\n" + strings.Join(parts, "\n\n"))
	}
	if hasFiles && len(files) > 0 {
		have, _ := c.input.fields["attachments"].([]any)
		c.input.fields["attachments"] = append(slices.Clone(have), files...)
	}
	return notes, nil
}

// maxTranscript leaves room for the rest of the description.
const maxTranscript = maxText / 2

// transcript writes messages as Markdown. If they are too many, the first are
// left out.
func transcript(said []TranscriptMessage) string {
	var parts []string
	left := maxTranscript
	for _, m := range slices.Backward(said) {
		head := "**" + escapeMarkdown(m.Author) + "**"
		if !m.At.IsZero() {
			head += " · " + m.At.UTC().Format("2006-01-02 15:04")
		}
		body := strings.ReplaceAll(strings.TrimSpace(strings.ReplaceAll(m.Text, "\r", "")), "\n", "\n> ")
		one := head + "\n\n> " + body
		if left -= utf8.RuneCountInString(one) + 2; left < 0 {
			parts = append(parts, "*Earlier messages are left out.*")
			break
		}
		parts = append(parts, one)
	}
	slices.Reverse(parts)
	return strings.Join(parts, "\n\n")
}
