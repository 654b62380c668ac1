package ai

import (
	"encoding/base64"
	"strings"
)

// Role says who speaks, in the words of most models' APIs.
type Role string

// The roles. FromMessages uses RoleUser and RoleAssistant, and FromSession also
// RoleSystem, which is otherwise for what the caller adds.
const (
	RoleSystem    Role = "system"
	RoleUser      Role = "user"
	RoleAssistant Role = "assistant"
)

// Message is a message for a model.
type Message struct {
	Role Role
	// Name is what the author is called; see [MessageOptions.Name].
	Name string
	// Parts are what the message consists of, the text first.
	Parts []Part
}

// Text returns the text parts, with an empty line between two.
func (m Message) Text() string {
	var texts []string
	for _, p := range m.Parts {
		if t, ok := p.(TextPart); ok {
			texts = append(texts, t.Text)
		}
	}
	return strings.Join(texts, "\n\n")
}

// Part is a part of a message: [TextPart] or [FilePart].
type Part interface{ part() }

// TextPart is text.
type TextPart struct{ Text string }

// FilePart is a picture or a text file.
type FilePart struct {
	// Name is the file's name. May be empty.
	Name string
	// MediaType is never empty, for example "image/png".
	MediaType string
	Data      []byte
}

func (TextPart) part() {}
func (FilePart) part() {}

// Image reports whether the file is a picture.
func (p FilePart) Image() bool { return kindOf(p.MediaType) == AttachmentImage }

// DataURI returns the file as a data: address in base64, the form in which most
// models take files.
func (p FilePart) DataURI() string {
	return "data:" + p.MediaType + ";base64," + base64.StdEncoding.EncodeToString(p.Data)
}
