package stateurl_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/stateurl"
)

func TestOpen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for address, durable := range map[string]bool{
		"memory":                            false,
		"file:" + filepath.Join(dir, "a"):   true,
		"file://" + filepath.Join(dir, "b"): true,
		"redis://127.0.0.1:1/0":             true,
	} {
		store, err := stateurl.Open(address)
		if err != nil {
			t.Errorf("Open(%q): %v", address, err)
			continue
		}
		if store.Durable() != durable {
			t.Errorf("Open(%q).Durable() = %v, want %v", address, store.Durable(), durable)
		}
		if err := store.Close(); err != nil {
			t.Errorf("Close of %q: %v", address, err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "floppy:a", "file:", "redis://user:MARKER-SECRET@host:port:port/x", "redisx://MARKER-SECRET@h"} {
		store, err := stateurl.Open(address)
		if err == nil {
			_ = store.Close()
			t.Errorf("Open(%q): no error", address)
			continue
		}
		if strings.Contains(err.Error(), "MARKER-SECRET") {
			t.Errorf("Open(%q): the error holds the password: %v", address, err)
		}
	}
}

// Check changes nothing, and Open refuses what it refuses.
func TestCheck(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"memory":      "",
		"file:" + dir: "",
		"file:" + filepath.Join(dir, "not", "yet"): "",
		"redis://:p@host/1":                        "",
		"redis+sentinel://a,b/master":              "",
		"":                                         "is empty",
		"linearbot.data":                           "names no kind of store",
		"floppy:a":                                 `is of an unknown kind, "floppy"`,
		"file:":                                    "names no directory",
		"file:" + file:                             "is a file",
		"file:" + filepath.Join(file, "below", "x"): "is a file",
		"redis://host:port":                         "a port is not a number",
		"redis://host/x":                            "the database is not a number",
	} {
		err := stateurl.CheckURL(address)
		var bad *stateurl.AddressError
		switch {
		case want == "" && err != nil:
			t.Errorf("Check(%q): %v", address, err)
		case want != "" && (!errors.As(err, &bad) || !strings.Contains(bad.Reason, want)):
			t.Errorf("Check(%q): %v, want %q", address, err, want)
		case want != "":
			if _, err := stateurl.Open(address); !errors.As(err, &bad) {
				t.Errorf("Open(%q): %v, want an AddressError", address, err)
			}
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("the directory holds %v, %v, want the one file", entries, err)
	}
}

func TestBacklogLimit(t *testing.T) {
	t.Parallel()
	store, err := stateurl.OpenOptions("file:"+t.TempDir(), stateurl.Options{MaxEntries: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for i, want := range []bool{true, false} {
		_, err := store.Enqueue(t.Context(), state.Entry{ID: string(rune('a' + i)), Lane: state.Key{Kind: "thread", ID: "t"}})
		if (err == nil) != want {
			t.Errorf("entry %d: %v", i, err)
		}
	}
}

func TestExamine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := stateurl.Check(t.Context(), "file:"+dir); err == nil {
		t.Error("Check of a directory without a store succeeded")
	}
	store, err := stateurl.Open("file:" + dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"file:" + dir, "memory"} {
		if w, err := stateurl.Check(t.Context(), address); err != nil || len(w) != 0 {
			t.Errorf("Check(%s) = %q, %v", address, w, err)
		}
	}
	for _, address := range []string{"file:", "", "nowhere:x"} {
		if _, err := stateurl.Check(t.Context(), address); err == nil {
			t.Errorf("Check(%q) succeeded", address)
		}
	}
}
