package ai_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/ai"
	"github.com/linearbot/linearbot/internal/testfiles"
)

type vectorAttachment struct {
	Type       string  `json:"type"`
	Name       string  `json:"name"`
	MimeType   string  `json:"mimeType"`
	DataBase64 *string `json:"dataBase64"`
	FetchFails bool    `json:"fetchFails"`
}

type vectorMessage struct {
	ID     string `json:"id"`
	Text   string `json:"text"`
	Author struct {
		UserID   string `json:"userId"`
		UserName string `json:"userName"`
		FullName string `json:"fullName"`
		IsBot    bool   `json:"isBot"`
		IsMe     bool   `json:"isMe"`
	} `json:"author"`
	DateSent time.Time `json:"dateSent"`
	Links    []struct {
		URL         string `json:"url"`
		Title       string `json:"title"`
		Description string `json:"description"`
		SiteName    string `json:"siteName"`
		IsMessage   bool   `json:"isMessage"`
	} `json:"links"`
	Attachments []vectorAttachment `json:"attachments"`
}

// vectorWorld turns the messages of a case into ours. Attachments are addressed
// by message and place.
type vectorWorld struct {
	messages map[string]vectorMessage
	files    map[string]vectorAttachment
}

func (w *vectorWorld) message(v vectorMessage) *adapter.Message {
	by := adapter.User{ID: v.Author.UserID, Name: v.Author.UserName, FullName: v.Author.FullName, Kind: adapter.UserHuman}
	switch {
	case v.Author.IsMe:
		by.Kind = adapter.UserSelf
	case v.Author.IsBot:
		by.Kind = adapter.UserApp
	}
	w.messages[v.ID] = v
	return &adapter.Message{ID: v.ID, Author: by, Body: v.Text, CreatedAt: v.DateSent}
}

func (w *vectorWorld) links(m *adapter.Message) []ai.Link {
	var out []ai.Link
	for _, l := range w.messages[m.ID].Links {
		out = append(out, ai.Link{URL: l.URL, Title: l.Title, Description: l.Description, Site: l.SiteName, Message: l.IsMessage})
	}
	return out
}

func (w *vectorWorld) attachments(m *adapter.Message) []ai.Attachment {
	kinds := map[string]ai.AttachmentKind{"image": ai.AttachmentImage, "audio": ai.AttachmentAudio, "video": ai.AttachmentVideo}
	var out []ai.Attachment
	for i, a := range w.messages[m.ID].Attachments {
		at := ai.Attachment{Kind: kinds[a.Type], Name: a.Name, MediaType: a.MimeType}
		if a.DataBase64 != nil || a.FetchFails {
			at.URL = fmt.Sprintf("%s/%d", m.ID, i)
			w.files[at.URL] = a
		}
		out = append(out, at)
	}
	return out
}

func (w *vectorWorld) open(_ context.Context, url string, _ int64) (io.ReadCloser, error) {
	a := w.files[url]
	if a.FetchFails {
		return nil, errors.New("cannot be fetched")
	}
	return io.NopCloser(base64.NewDecoder(base64.StdEncoding, strings.NewReader(*a.DataBase64))), nil
}

// asVector writes a message the way of the vectors.
func asVector(m ai.Message) map[string]any {
	parts := []any{}
	for _, p := range m.Parts {
		switch p := p.(type) {
		case ai.TextPart:
			if len(m.Parts) == 1 {
				return map[string]any{"role": string(m.Role), "content": p.Text}
			}
			parts = append(parts, map[string]any{"type": "text", "text": p.Text})
		case ai.FilePart:
			f := map[string]any{"type": "file", "data": p.DataURI(), "mediaType": p.MediaType}
			if p.Name != "" {
				f["filename"] = p.Name
			}
			parts = append(parts, f)
		}
	}
	return map[string]any{"role": string(m.Role), "content": parts}
}

func TestVectorsAIMessages(t *testing.T) {
	t.Parallel()
	for _, c := range testfiles.Cases[struct {
		Name  string `json:"name"`
		Input struct {
			Messages []vectorMessage `json:"messages"`
			Options  struct {
				IncludeNames bool `json:"includeNames"`
			} `json:"options"`
		} `json:"input"`
		Upstream map[string]any `json:"upstream"`
		Want     map[string]any `json:"want"`
	}](t, "ai_messages.json") {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			want := maps.Clone(c.Upstream)
			maps.Copy(want, c.Want)
			w := &vectorWorld{messages: map[string]vectorMessage{}, files: map[string]vectorAttachment{}}
			in := make([]*adapter.Message, len(c.Input.Messages))
			for i, v := range c.Input.Messages {
				in[i] = w.message(v)
			}
			var unsupported []any
			out, err := ai.FromMessages(t.Context(), in, ai.MessageOptions{
				Names: c.Input.Options.IncludeNames,
				Name:  func(u adapter.User) string { return u.Name }, // the vectors know handles only
				Links: w.links, Attachments: w.attachments, Open: w.open,
				Skipped: func(_ *adapter.Message, a ai.Attachment, why error) {
					if errors.Is(why, ai.ErrKind) {
						kind := map[ai.AttachmentKind]string{ai.AttachmentAudio: "audio", ai.AttachmentVideo: "video"}[a.Kind]
						unsupported = append(unsupported, map[string]any{"type": kind, "name": a.Name})
					}
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]any{}
			messages := []any{}
			for _, m := range out {
				messages = append(messages, asVector(m))
			}
			got["messages"] = messages
			if unsupported != nil {
				got["unsupported"] = unsupported
			}
			for field, value := range want {
				if value == "any" {
					continue
				}
				if diff := cmp.Diff(value, got[field]); diff != "" {
					t.Errorf("%s (-want +got):\n%s", field, diff)
				}
			}
			if want["unsupported"] == nil && unsupported != nil {
				t.Errorf("handed over as unsupported: %v", unsupported)
			}
		})
	}
}
