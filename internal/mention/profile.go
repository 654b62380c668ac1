package mention

import (
	"net/url"
	"slices"
	"strings"

	"github.com/linearbot/linearbot/internal/markdown"
)

// profile is the address of the page of a user, as far as it counts: query,
// fragment, a last slash and how characters are encoded do not.
type profile struct {
	scheme, host string
	path         []string
}

func parseProfile(raw string) (profile, bool) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil {
		return profile{}, false
	}
	p := profile{scheme: u.Scheme, host: strings.ToLower(u.Host), path: make([]string, 0, 4)}
	path := strings.TrimSuffix(strings.TrimPrefix(u.EscapedPath(), "/"), "/")
	for part := range strings.SplitSeq(path, "/") {
		if part, err = url.PathUnescape(part); err != nil {
			return profile{}, false
		}
		p.path = append(p.path, part)
	}
	return p, true
}

// role compares a link with the profile p. A page with the same shape of
// address, on the same host, is the profile of another user.
func (p profile) role(raw string) markdown.LinkRole {
	if !strings.Contains(raw, p.collection()) && !strings.Contains(raw, "%") {
		return markdown.LinkText
	}
	other, ok := parseProfile(raw)
	switch {
	case !ok || len(other.path) < 2:
		return markdown.LinkText
	case p.host == "":
		if len(other.path) == 3 && other.collection() == p.collection() {
			return markdown.LinkName
		}
		return markdown.LinkText
	case other.scheme == p.scheme && other.host == p.host && slices.Equal(other.path, p.path):
		return markdown.LinkMarked
	case other.host == p.host && len(other.path) == len(p.path) && other.collection() == p.collection():
		return markdown.LinkName
	}
	return markdown.LinkText
}

// collection is the part of the path before the name: "profiles" in
// "/acme/profiles/ann".
func (p profile) collection() string {
	if len(p.path) < 2 {
		return "profiles"
	}
	return p.path[len(p.path)-2]
}
