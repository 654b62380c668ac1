// Command schemagen writes the simulator's schema.
//
//	schemagen <output> <published schema>
//
// The file newer.graphql beside the published schema is joined to it.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/linearbot/linearbot/adapter/linear/linearsim/internal/schemagen"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 || args[1] == "" {
		return errors.New("usage: schemagen <output> <published schema>; go generate takes the second from LINEAR_SCHEMA")
	}
	var texts []string
	for _, path := range []string{args[1], filepath.Join(filepath.Dir(args[1]), "newer.graphql")} {
		text, err := os.ReadFile(path) //nolint:gosec // the caller names the file
		if err != nil {
			return err
		}
		texts = append(texts, string(text))
	}
	out, err := schemagen.Generate(texts...)
	if err != nil {
		return err
	}
	return os.WriteFile(args[0], []byte(out), 0o600) //nolint:gosec // the caller names the file
}
