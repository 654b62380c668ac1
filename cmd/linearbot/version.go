package main

import (
	"fmt"
	"runtime/debug"
)

type versionCmd struct{}

// Run prints module version, commit and Go version.
func (versionCmd) Run(s streams) error {
	version, commit, goVersion := "devel", "", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		goVersion = info.GoVersion
		if info.Main.Version != "" && info.Main.Version != "(devel)" {
			version = info.Main.Version
		}
		for _, kv := range info.Settings {
			if kv.Key == "vcs.revision" {
				commit = kv.Value
			}
		}
	}
	line := "linearbot " + version
	if commit != "" {
		line += " " + commit
	}
	_, err := fmt.Fprintln(s.out, line, goVersion)
	return err
}
