package stateurl_test

import (
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

func TestFromEnv(t *testing.T) {
	t.Setenv("LINEARBOT_STATE", "memory")
	store, err := stateurl.FromEnv()
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	t.Chdir(t.TempDir())
	t.Setenv("LINEARBOT_STATE", "")
	if store, err = stateurl.FromEnv(); err != nil || !store.Durable() {
		t.Fatalf("the default store: %v, %v, want a durable one", store, err)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
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
