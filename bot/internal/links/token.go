package links

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/linearbot/linearbot/adapter"
)

// A token is the base64url form of: one version byte, the second at which it
// expires (8 bytes, big endian), the set's and the button's number (8 bytes and
// 2 bytes), the fields of the link, each as its length (2 bytes) and its bytes,
// and the first 16 bytes of the HMAC-SHA256 of all that. It holds no secrets;
// anyone who has it can press the button.
const (
	version  = 1
	headSize = 1 + 8 + 8 + 2
	macSize  = 16
	// maxField is the most bytes of a field of a [Link].
	maxField = 2000
)

// Link is what the address of a button says.
type Link struct {
	// Set names the message with the button, N the button within it.
	Set       [8]byte
	N         uint16
	Expires   time.Time
	Workspace string
	Thread    adapter.ThreadID
	// ID and Value are those of the button.
	ID, Value string
	// Label and Title are what the page shows.
	Label string
	Title string
}

func (k *Link) fields() []*string {
	return []*string{&k.Workspace, (*string)(&k.Thread), &k.ID, &k.Value, &k.Label, &k.Title}
}

// Name names the link among all: its set, and after a hyphen its number.
func (k *Link) Name() string {
	return hex.EncodeToString(k.Set[:]) + fmt.Sprintf("-%d", k.N)
}

// ErrToken says that a token is not one of the bot's. It does not say what is wrong
// with it, which would help only a person who guesses tokens.
var ErrToken = &adapter.Error{Code: adapter.CodeNotFound, Op: "link", Message: "this link is not one of the bot's"}

// sign returns the token of a link.
func (l Links) sign(k *Link) (string, error) {
	out := make([]byte, 0, 256)
	out = append(out, version)
	out = binary.BigEndian.AppendUint64(out, uint64(k.Expires.Unix())) //nolint:gosec // a time to come
	out = append(out, k.Set[:]...)
	out = binary.BigEndian.AppendUint16(out, k.N)
	for _, f := range k.fields() {
		if len(*f) > maxField {
			return "", fmt.Errorf("bot: button %q: a value of %d bytes does not fit into a link, at most %d do: keep it in the state and send a name", k.Label, len(*f), maxField)
		}
		out = binary.BigEndian.AppendUint16(out, uint16(len(*f))) //nolint:gosec // at most maxField
		out = append(out, *f...)
	}
	out = append(out, macOf(l.keys[0], out)...)
	return base64.RawURLEncoding.EncodeToString(out), nil
}

// Read returns the link of a token, or [ErrToken]. It may have expired.
func (l Links) Read(token string) (*Link, error) {
	if !l.On() {
		return nil, ErrToken
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) < headSize+macSize || raw[0] != version {
		return nil, ErrToken
	}
	body, sum := raw[:len(raw)-macSize], raw[len(raw)-macSize:]
	ours := false
	for _, key := range l.keys {
		ours = hmac.Equal(macOf(key, body), sum) || ours
	}
	if !ours {
		return nil, ErrToken
	}
	k := &Link{Expires: time.Unix(int64(binary.BigEndian.Uint64(body[1:])), 0)} //nolint:gosec // see sign
	copy(k.Set[:], body[9:])
	k.N = binary.BigEndian.Uint16(body[17:])
	rest := body[headSize:]
	for _, f := range k.fields() {
		if len(rest) < 2 {
			return nil, ErrToken
		}
		n := int(binary.BigEndian.Uint16(rest))
		if rest = rest[2:]; len(rest) < n {
			return nil, ErrToken
		}
		*f, rest = string(rest[:n]), rest[n:]
	}
	return k, nil
}

func macOf(key, body []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(body)
	return mac.Sum(nil)[:macSize]
}
