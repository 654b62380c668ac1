package settings

import (
	"regexp"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Unknown is an unknown variable that looks meant for linearbot.
type Unknown struct {
	// Name is the variable, and Nearest the known one that it resembles, or empty.
	Name, Nearest string
}

// String returns a warning about it.
func (u Unknown) String() string {
	if u.Nearest == "" {
		return u.Name + " is not a variable of linearbot"
	}
	return u.Name + " is not a variable of linearbot: did you mean " + u.Nearest + "?"
}

// FindUnknown returns the variables of environ that begin with LINEAR_ or
// LINEARBOT_ and that nothing reads, sorted by name.
func FindUnknown(environ []string) []Unknown {
	known := Names()
	// Variables that the project's tests read.
	ignored := []string{"LINEAR_SCHEMA", "LINEAR_FIXTURES", "LINEAR_VECTORS"}
	// Variables that Kubernetes sets in every container of a namespace with a
	// service called linear or linearbot.
	service := regexp.MustCompile(`_SERVICE_HOST$|_SERVICE_PORT(_[A-Z0-9_]+)?$|_PORT_\d+_(TCP|UDP|SCTP)(_PROTO|_PORT|_ADDR)?$`)
	var found []Unknown
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		ours := strings.HasPrefix(name, "LINEAR_") || strings.HasPrefix(name, "LINEARBOT_")
		if !ours || slices.Contains(known, name) || slices.Contains(ignored, name) ||
			service.MatchString(name) || strings.HasSuffix(name, "_PORT") && strings.Contains(value, "://") {
			continue
		}
		found = append(found, Unknown{Name: name, Nearest: nearest(name, known)})
	}
	slices.SortFunc(found, func(a, b Unknown) int { return strings.Compare(a.Name, b.Name) })
	return found
}

// Names returns all names that are read, in the order of the table.
func Names() []string {
	var names []string
	for _, s := range Table() {
		names = append(append(names, s.Name), s.Also...)
	}
	return names
}

// nearest returns the known name with the smallest edit distance to name, or ""
// if none is within a typo or two.
func nearest(name string, known []string) string {
	const slips = 2
	const most = 200 // comparing costs the product of the lengths
	if len(name) > most {
		name = name[:most]
	}
	best, least := "", -1
	for _, k := range known {
		if d := levenshtein.ComputeDistance(name, k); d <= slips && (least < 0 || d < least) {
			best, least = k, d
		}
	}
	return best
}
