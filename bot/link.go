package bot

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
)

// LinkConfig says how the buttons of cards become links, for platforms whose
// messages have no buttons. The zero value leaves them labels.
type LinkConfig struct {
	// BaseURL is where people reach the bot's server, for example
	// "https://bot.example.com". Links begin with it and
	// [adapter.ButtonPath], which package webhook serves.
	BaseURL string
	// Secrets sign the links: the first signs, all are accepted, so that they
	// can be replaced one by one. Required with BaseURL. They may be the
	// signing secrets of the webhook: what signs links is derived from them.
	Secrets []string
	// TTL is how long a link can be used. Defaults to 7 days.
	TTL time.Duration
}

// check reports what is wrong with c.
func (c LinkConfig) check() error {
	if c.BaseURL == "" && len(c.Secrets) == 0 {
		return nil
	}
	if c.BaseURL == "" {
		return errors.New("bot: Config.Links has secrets but no BaseURL: set the address under which people reach the server")
	}
	u, err := url.Parse(c.BaseURL)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return errors.New("bot: Config.Links.BaseURL (LINEARBOT_PUBLIC_URL) must look like https://bot.example.com")
	}
	if len(c.Secrets) == 0 {
		return errors.New("bot: Config.Links.Secrets is missing: links must be signed, for example with LINEAR_WEBHOOK_SECRET")
	}
	if slices.Contains(c.Secrets, "") {
		return errors.New("bot: Config.Links.Secrets has an empty secret")
	}
	if c.TTL < 0 {
		return errors.New("bot: Config.Links.TTL must not be negative")
	}
	return nil
}

// links makes and reads the links of buttons. Its zero value makes none.
type links struct {
	base string
	keys [][]byte
	ttl  time.Duration
}

func newLinks(c LinkConfig) links {
	if c.BaseURL == "" {
		return links{}
	}
	l := links{base: strings.TrimRight(c.BaseURL, "/") + adapter.ButtonPath, ttl: cmp.Or(c.TTL, 7*24*time.Hour)}
	for _, s := range c.Secrets {
		// The secret may sign deliveries too; a signature of one kind must
		// never do for the other.
		mac := hmac.New(sha256.New, []byte(s))
		mac.Write([]byte("linearbot button links, version 1"))
		l.keys = append(l.keys, mac.Sum(nil))
	}
	return l
}

func (l links) on() bool { return l.base != "" }

// url returns the address of a link.
func (l links) url(k *link) (string, error) {
	token, err := l.sign(k)
	return l.base + token, err
}

// A token is the base64url form of: one version byte, the second at which it
// expires (8 bytes, big endian), the set's and the button's number (8 bytes and
// 2 bytes), the fields of the link, each as its length (2 bytes) and its bytes,
// and the first 16 bytes of the HMAC-SHA256 of all that. It holds no secrets;
// anyone who has it can press the button.
const (
	linkVersion = 1
	linkHead    = 1 + 8 + 8 + 2
	linkMAC     = 16
	// linkField is the most bytes of a field.
	linkField = 2000
)

// link is what the address of a button says.
type link struct {
	// set names the message with the button, n the button within it.
	set       [8]byte
	n         uint16
	expires   time.Time
	workspace string
	thread    adapter.ThreadID
	id, value string
	label     string
	title     string
}

func (k *link) fields() []*string {
	return []*string{&k.workspace, (*string)(&k.thread), &k.id, &k.value, &k.label, &k.title}
}

// name names the link among all: its set, and after a hyphen its number.
func (k *link) name() string {
	return hex.EncodeToString(k.set[:]) + fmt.Sprintf("-%d", k.n)
}

// errLink says that a token is not one of the bot's. It does not say what is wrong
// with it, which would help only a person who guesses tokens.
var errLink = &adapter.Error{Code: adapter.CodeNotFound, Op: "link", Message: "this link is not one of the bot's"}

func (l links) sign(k *link) (string, error) {
	out := make([]byte, 0, 256)
	out = append(out, linkVersion)
	out = binary.BigEndian.AppendUint64(out, uint64(k.expires.Unix())) //nolint:gosec // a time to come
	out = append(out, k.set[:]...)
	out = binary.BigEndian.AppendUint16(out, k.n)
	for _, f := range k.fields() {
		if len(*f) > linkField {
			return "", fmt.Errorf("bot: button %q: a value of %d bytes does not fit into a link, at most %d do: keep it in the state and send a name", k.label, len(*f), linkField)
		}
		out = binary.BigEndian.AppendUint16(out, uint16(len(*f))) //nolint:gosec // at most linkField
		out = append(out, *f...)
	}
	out = append(out, linkSum(l.keys[0], out)...)
	return base64.RawURLEncoding.EncodeToString(out), nil
}

// read returns the link of a token, or errLink. It may have expired.
func (l links) read(token string) (*link, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) < linkHead+linkMAC || raw[0] != linkVersion {
		return nil, errLink
	}
	body, sum := raw[:len(raw)-linkMAC], raw[len(raw)-linkMAC:]
	ours := false
	for _, key := range l.keys {
		ours = hmac.Equal(linkSum(key, body), sum) || ours
	}
	if !ours {
		return nil, errLink
	}
	k := &link{expires: time.Unix(int64(binary.BigEndian.Uint64(body[1:])), 0)} //nolint:gosec // see sign
	copy(k.set[:], body[9:])
	k.n = binary.BigEndian.Uint16(body[17:])
	rest := body[linkHead:]
	for _, f := range k.fields() {
		if len(rest) < 2 {
			return nil, errLink
		}
		n := int(binary.BigEndian.Uint16(rest))
		if rest = rest[2:]; len(rest) < n {
			return nil, errLink
		}
		*f, rest = string(rest[:n]), rest[n:]
	}
	return k, nil
}

func linkSum(key, body []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(body)
	return mac.Sum(nil)[:linkMAC]
}
