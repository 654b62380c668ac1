package linear

import (
	"net/url"
	"path"
	"strings"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/markdown"
)

const (
	// maxAttachments is how many attachments of one text are reported.
	maxAttachments = 100
	// maxScan is how much of a text is searched, in bytes.
	maxScan = 256 << 10
)

// attachments returns the files and pictures that a text refers to: all
// pictures, and links to files that Linear stores. Each address is reported
// once.
func (a *Adapter) attachments(body string) []adapter.Attachment {
	return scanAttachments(body, a.uploads, a.ownsFile)
}

// attach sets the attachments of the message that an event carries.
func (a *Adapter) attach(ev adapter.Event) {
	var m *adapter.Message
	switch ev := ev.(type) {
	case *adapter.MessageEvent:
		m = ev.Message
	case *adapter.EditEvent:
		m = ev.Message
	case *adapter.IssueEvent:
		m = ev.Mention
	default:
	}
	if m == nil {
		return
	}
	m.Attachments = a.attachments(m.Body)
	if m.Session != nil {
		for _, earlier := range m.Session.Previous {
			earlier.Attachments = a.attachments(earlier.Body)
		}
	}
}

// scanAttachments finds attachments. host is the name of Linear's storage, and
// own reports whether an address belongs to it.
func scanAttachments(body, host string, own func(address string) bool) []adapter.Attachment {
	if len(body) > maxScan {
		body = body[:maxScan]
	}
	if !strings.Contains(body, "](") && !strings.Contains(body, host) {
		return nil
	}
	var found []adapter.Attachment
	seen := map[string]bool{}
	for t := range markdown.Parse(body).Targets() {
		if t.Bare || seen[t.URL] {
			continue
		}
		a, ok := attachmentAt(t, own(t.URL))
		if !ok {
			continue
		}
		seen[t.URL] = true
		if found = append(found, a); len(found) == maxAttachments {
			break
		}
	}
	return found
}

// attachmentAt returns what a link or a picture refers to: a picture anywhere, or
// a file that is the workspace's own.
func attachmentAt(t markdown.Target, own bool) (adapter.Attachment, bool) {
	u, err := url.Parse(t.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || !own && !t.Image {
		return adapter.Attachment{}, false
	}
	name := t.Text
	if name == "" || name == t.URL {
		name = strings.TrimLeft(path.Base(u.Path), "./")
	}
	return adapter.Attachment{Name: name, URL: t.URL, Image: t.Image, Own: own}, true
}
