package linearapi

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// documents returns the text of every operation in files, by name.
func documents(files fs.FS) (map[string]string, error) {
	fragments, err := texts(files, "operations/fragments")
	if err != nil {
		return nil, err
	}
	docs, err := texts(files, "operations")
	if err != nil {
		return nil, err
	}
	for name, text := range docs {
		if docs[name], err = join(text, fragments); err != nil {
			return nil, fmt.Errorf("operation %s: %w", name, err)
		}
	}
	return docs, nil
}

// texts returns the texts of the files in dir, by name without the extension.
// Lines that begin with # are removed.
func texts(files fs.FS, dir string) (map[string]string, error) {
	const ending = ".graphql"
	found, err := fs.Glob(files, dir+"/*"+ending)
	if err != nil {
		return nil, err
	}
	out := make(map[string]string, len(found))
	for _, file := range found {
		raw, err := fs.ReadFile(files, file)
		if err != nil {
			return nil, err
		}
		var text strings.Builder
		text.Grow(len(raw))
		for line := range strings.Lines(string(raw)) {
			if !strings.HasPrefix(strings.TrimSpace(line), "#") {
				text.WriteString(line)
			}
		}
		out[strings.TrimSuffix(path.Base(file), ending)] = text.String()
	}
	return out, nil
}

// join returns an operation followed by the fragments that it spreads, directly
// or indirectly, each once.
func join(text string, fragments map[string]string) (string, error) {
	parts := []string{text}
	joined := map[string]bool{}
	for i := 0; i < len(parts); i++ {
		for _, name := range spreads(parts[i]) {
			if joined[name] {
				continue
			}
			fragment, ok := fragments[name]
			if !ok {
				return "", fmt.Errorf("there is no fragment %s", name)
			}
			joined[name] = true
			parts = append(parts, fragment)
		}
	}
	return strings.Join(parts, ""), nil
}

// spreads returns the names of the fragments that text spreads. An inline
// fragment has no name.
func spreads(text string) []string {
	var names []string
	for {
		_, rest, found := strings.Cut(text, "...")
		if !found {
			return names
		}
		text = rest
		name := strings.TrimLeft(rest, " \t\r\n")
		if end := strings.IndexFunc(name, endsName); end >= 0 {
			name = name[:end]
		}
		if name != "" && name != "on" {
			names = append(names, name)
		}
	}
}

// endsName reports whether r cannot be in a name.
func endsName(r rune) bool {
	return r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
}
