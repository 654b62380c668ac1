package state

import "strings"

// Key names one thing in a store. Keys are comparable; two keys are the same
// thing exactly if all three parts are equal.
type Key struct {
	// Workspace is the organization id that owns the thing. Empty only for
	// what belongs to the whole deployment.
	Workspace string `json:"workspace,omitempty"`
	// Kind is a short word for the sort of thing, for example "thread" or
	// "token". It is chosen by the package that owns the key.
	Kind string `json:"kind"`
	// ID is the name within Workspace and Kind. Any text, any length.
	ID string `json:"id"`
}

// String returns one unambiguous spelling of the key, workspace/kind/id, in
// which "/" and "%" of the first two parts are percent-encoded. [ParseKey]
// reads it back.
func (k Key) String() string {
	var b strings.Builder
	b.Grow(len(k.Workspace) + len(k.Kind) + len(k.ID) + 2)
	escape(&b, k.Workspace)
	b.WriteByte('/')
	escape(&b, k.Kind)
	b.WriteByte('/')
	b.WriteString(k.ID)
	return b.String()
}

// Thread returns the key of the thread that a lane belongs to, the one under
// which its notes and its subscription are kept: the same workspace, the kind
// "thread", and the ID up to its first '#'. The lanes "thread#1" and
// "thread#2" and the urgent lane of a thread all belong to that thread. The
// thread of a thread is itself.
func (k Key) Thread() Key {
	id, _, _ := strings.Cut(k.ID, "#")
	return Key{Workspace: k.Workspace, Kind: "thread", ID: id}
}

// IsZero reports whether k names nothing.
func (k Key) IsZero() bool { return k == Key{} }

// ParseKey reads what [Key.String] wrote. It reports false for other text.
func ParseKey(s string) (Key, bool) {
	ws, rest, ok := strings.Cut(s, "/")
	if !ok {
		return Key{}, false
	}
	kind, id, ok := strings.Cut(rest, "/")
	if !ok {
		return Key{}, false
	}
	return Key{Workspace: unescape(ws), Kind: unescape(kind), ID: id}, true
}

func escape(b *strings.Builder, s string) {
	if !strings.ContainsAny(s, "/%") {
		b.WriteString(s)
		return
	}
	for i := range len(s) {
		switch s[i] {
		case '/':
			b.WriteString("%2F")
		case '%':
			b.WriteString("%25")
		default:
			b.WriteByte(s[i])
		}
	}
}

func unescape(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	return strings.NewReplacer("%2F", "/", "%25", "%").Replace(s)
}
