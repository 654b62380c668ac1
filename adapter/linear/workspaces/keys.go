package workspaces

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/linearbot/linearbot/internal/wording"
)

// keySize is the length of a key: AES-256.
const keySize = 32

// maxKeys bounds how many keys are tried.
const maxKeys = 16

// Keys are the keys that encrypt tokens. The first one encrypts, all of them
// decrypt. Its text forms show ids only. It is safe for concurrent use.
type Keys struct {
	ring []ringKey
}

type ringKey struct {
	id   string
	aead cipher.AEAD
}

// GenerateKey returns a new random key in the form that [ParseKeys] reads.
func GenerateKey() string {
	var b [keySize]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.StdEncoding.EncodeToString(b[:])
}

// ParseKeys reads keys that are separated by commas, each 32 bytes in base64 or
// 64 hexadecimal digits. The id of a key is computed from it. An empty list is
// nil Keys. Errors name the place of a key and do not quote it.
func ParseKeys(list string) (*Keys, error) {
	k := &Keys{}
	n := 0
	for text := range strings.SplitSeq(list, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		n++
		raw, ok := decodeKey(text)
		switch {
		case !ok:
			return nil, fmt.Errorf("workspaces: encryption key %d is not 32 bytes in base64 or 64 hexadecimal digits: make one with \"linearbot keys generate\"", n)
		case n > maxKeys:
			return nil, fmt.Errorf("workspaces: more than %d encryption keys: remove those that nothing is encrypted with", maxKeys)
		}
		if err := k.add(raw); err != nil {
			return nil, err
		}
	}
	if len(k.ring) == 0 {
		return nil, nil //nolint:nilnil // no keys is an answer: New says what it means
	}
	return k, nil
}

func decodeKey(text string) ([]byte, bool) {
	if raw, err := hex.DecodeString(text); err == nil && len(raw) == keySize {
		return raw, true
	}
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if raw, err := enc.Strict().DecodeString(text); err == nil && len(raw) == keySize {
			return raw, true
		}
	}
	return nil, false
}

func (k *Keys) add(raw []byte) error {
	block, err := aes.NewCipher(raw)
	if err != nil {
		return fmt.Errorf("workspaces: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return fmt.Errorf("workspaces: %w", err)
	}
	sum := sha256.Sum256(append([]byte("linearbot key id\x00"), raw...))
	id := hex.EncodeToString(sum[:4])
	for _, old := range k.ring {
		if old.id == id {
			return nil // the same key twice
		}
	}
	k.ring = append(k.ring, ringKey{id, aead})
	return nil
}

// IDs returns the ids of the keys. The first one encrypts.
func (k *Keys) IDs() []string {
	if k == nil {
		return nil
	}
	ids := make([]string, len(k.ring))
	for i, key := range k.ring {
		ids[i] = key.id
	}
	return ids
}

// String returns the ids.
func (k *Keys) String() string { return "keys " + strings.Join(k.IDs(), ", ") }

// GoString returns the same as String.
func (k *Keys) GoString() string { return k.String() }

// Format writes the same as String, whatever the verb.
func (k *Keys) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(k.String())) }

// current returns the id of the key that encrypts, "" if tokens are stored as
// they are.
func (k *Keys) current() string {
	if k == nil {
		return ""
	}
	return k.ring[0].id
}

// sealed is an encrypted text: nonce, ciphertext and tag in base64, with the id
// of the key. Without an id it was written by the predecessor, which bound the
// ciphertext to nothing. Plain holds the text itself if there was no key.
type sealed struct {
	Key   string `json:"k,omitempty"`
	IV    []byte `json:"iv,omitempty"`
	Data  []byte `json:"data,omitempty"`
	Tag   []byte `json:"tag,omitempty"`
	Plain string `json:"plain,omitempty"`
}

// bound is what a ciphertext belongs to.
func bound(organization, field string) []byte {
	return fmt.Appendf(nil, "linearbot 1\x00%d\x00%s\x00%s", len(organization), organization, field)
}

// seal encrypts a text for a field of an organization.
func (k *Keys) seal(organization, field, text string) *sealed {
	if text == "" {
		return nil
	}
	if k == nil {
		return &sealed{Plain: text}
	}
	key := k.ring[0]
	s := &sealed{Key: key.id, IV: make([]byte, key.aead.NonceSize())}
	_, _ = rand.Read(s.IV) // never fails
	out := key.aead.Seal(nil, s.IV, []byte(text), bound(organization, field))
	cut := len(out) - key.aead.Overhead()
	s.Data, s.Tag = out[:cut], out[cut:]
	return s
}

// sealError is the failure of open. It says what to do, and nothing of the text.
type sealError struct{ text string }

func (e *sealError) Error() string { return e.text }

// open decrypts a text.
func (k *Keys) open(organization, field string, s *sealed) (string, error) {
	switch {
	case s == nil:
		return "", nil
	case s.Plain != "":
		return s.Plain, nil
	case k == nil:
		return "", &sealError{"the tokens are encrypted and the key is missing: set LINEAR_ENCRYPTION_KEY"}
	}
	tried := false
	for _, key := range k.ring {
		extra := bound(organization, field)
		if s.Key == "" {
			extra = nil
		} else if s.Key != key.id {
			continue
		}
		tried = true
		if len(s.IV) != key.aead.NonceSize() {
			break
		}
		text, err := key.aead.Open(nil, s.IV, append(slices.Clip(s.Data), s.Tag...), extra)
		if err == nil {
			return string(text), nil
		}
	}
	if !tried {
		return "", &sealError{"the tokens are encrypted with key " + wording.Clip(s.Key, 16) + ": add that key to LINEAR_ENCRYPTION_KEY"}
	}
	return "", &sealError{"the tokens cannot be decrypted: the record is damaged, belongs to another workspace, or its key is not in LINEAR_ENCRYPTION_KEY"}
}

// ErrNoKey says that tokens would be stored unencrypted.
var ErrNoKey = errors.New("workspaces: LINEAR_ENCRYPTION_KEY is not set, so tokens would be stored unencrypted: " +
	"make a key with \"linearbot keys generate\", or set LINEARBOT_PLAINTEXT_TOKENS=true")
