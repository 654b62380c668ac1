package cli

import (
	"fmt"
	"runtime/debug"
	"strings"
)

// module is the path of this library.
const module = "github.com/linearbot/linearbot"

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(p *program) error {
	_, err := fmt.Fprintln(p.out, version(p.name))
	return err
}

// version returns the name of the program, its version, the version of this
// library if that is a different module, the commit and the version of Go.
func version(name string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return name + " devel"
	}
	words := []string{name, released(info.Main.Version)}
	if info.Main.Path != module {
		for _, dep := range info.Deps {
			if dep.Path == module {
				words = append(words, "linearbot", released(dep.Version))
			}
		}
	}
	for _, kv := range info.Settings {
		if kv.Key == "vcs.revision" {
			words = append(words, kv.Value)
		}
	}
	return strings.Join(append(words, info.GoVersion), " ")
}

// released returns a version, or "devel" for a build from a working tree.
func released(v string) string {
	if v == "" || v == "(devel)" {
		return "devel"
	}
	return v
}
