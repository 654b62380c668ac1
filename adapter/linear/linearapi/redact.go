package linearapi

import (
	"errors"
	"net/url"
	"strings"

	"github.com/linearbot/linearbot/internal/wording"
)

// redacted replaces a secret.
const redacted = wording.Redacted

// maxMessage bounds messages of the platform, in characters.
const maxMessage = 300

// mask replaces the secrets in text, and user names and passwords in
// addresses.
func mask(text string, secrets ...string) string {
	for _, s := range secrets {
		if s == "" {
			continue
		}
		text = strings.ReplaceAll(text, s, redacted)
		if escaped := url.QueryEscape(s); escaped != s {
			text = strings.ReplaceAll(text, escaped, redacted)
		}
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "://")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteString("://")
		host := after
		if end := strings.IndexAny(after, "/?# \t\r\n\"'<>"); end >= 0 {
			host = after[:end]
		}
		if at := strings.LastIndexByte(host, '@'); at >= 0 {
			b.WriteString(redacted)
			after = after[at:]
		}
		text = after
	}
}

// brief reduces text to one line of at most limit characters.
func brief(text string, limit int) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "\uFFFD")), " ")
	if len(text) <= limit {
		return text
	}
	n := 0
	for i := range text {
		if n == limit {
			return text[:i] + "…"
		}
		n++
	}
	return text
}

// networkCause returns the cause of a failed HTTP request without the
// request's address and without secrets.
func networkCause(err error, secrets ...string) error {
	for {
		outer, ok := errors.AsType[*url.Error](err)
		if !ok {
			break
		}
		err = outer.Err
	}
	text := err.Error()
	if masked := mask(text, secrets...); masked != text {
		return errors.New(brief(masked, maxMessage)) // the cause itself would leak the secret
	}
	return err
}
