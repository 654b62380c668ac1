package emoji

import "strings"

// Placeholder returns the text that stands for an emoji in a post, for
// example "{{emoji:rocket}}". A name that is not known is shown as it is.
func Placeholder(name string) string { return "{{emoji:" + name + "}}" }

// Replace replaces placeholders like {{emoji:rocket}} by emoji, in code as
// well. A name that is not known is left without the braces.
func Replace(text string) string { return ReplaceBy(text, Character) }

// ReplaceBy is Replace with other names. lookup returns "" for a name
// that is not known.
func ReplaceBy(text string, lookup func(name string) string) string {
	if !strings.Contains(text, "{{") {
		return text
	}
	var b strings.Builder
	from := 0
	for i := 0; ; {
		next := strings.Index(text[i:], "{{")
		if next < 0 {
			break
		}
		i += next
		name, n := placeholder(text[i:])
		if n == 0 {
			i++
			continue
		}
		b.WriteString(text[from:i])
		if e := lookup(name); e != "" {
			b.WriteString(e)
		} else {
			b.WriteString(name)
		}
		i += n
		from = i
	}
	if from == 0 {
		return text
	}
	b.WriteString(text[from:])
	return b.String()
}

// placeholder reads the placeholder that s begins with. n is its length, 0 if
// there is none.
func placeholder(s string) (name string, n int) {
	const open = "{{emoji:"
	if len(s) < len(open) || !strings.EqualFold(s[:len(open)], open) {
		return "", 0
	}
	end := len(open)
	for end < len(s) && (isLetter(s[end]) || s[end] >= '0' && s[end] <= '9' || s[end] == '_') {
		end++
	}
	if end == len(open) || !strings.HasPrefix(s[end:], "}}") {
		return "", 0
	}
	return s[len(open):end], end + len("}}")
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
