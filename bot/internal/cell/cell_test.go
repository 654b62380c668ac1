package cell_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/linearbot/linearbot/bot/internal/cell"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state/memstate"
)

func newValue(t *testing.T) notes.Value {
	t.Helper()
	return notes.New(memstate.New(memstate.Options{})).Value(notes.State, "W1", "name")
}

// add returns a change that writes n behind the value.
func add(n string) func([]byte) ([]byte, error) {
	return func(before []byte) ([]byte, error) {
		return fmt.Appendf(nil, `"%s%s"`, strings.Trim(string(before), `"`), n), nil
	}
}

func TestNamedUpdatesAreAppliedOnce(t *testing.T) {
	t.Parallel()
	v, ctx := newValue(t), t.Context()
	for _, key := range []string{"a", "b", "a", "", "c", "b", "d", "e", "a"} { // a is forgotten by then
		if err := cell.Update(ctx, v, key, add(key+".")); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := cell.Get(ctx, v); err != nil || string(got) != `"a.b..c.d.e.a."` {
		t.Errorf("%s, %v", got, err)
	}
	// One that is repeated sees what it saw.
	var saw string
	err := cell.Update(ctx, v, "d", func(before []byte) ([]byte, error) {
		saw = string(before)
		return []byte(`"dropped"`), nil
	})
	if err != nil || saw != `"a.b..c."` {
		t.Errorf("it saw %s, %v", saw, err)
	}
}

func TestUpdatesThatFail(t *testing.T) {
	t.Parallel()
	v, ctx := newValue(t), t.Context()
	failed := errors.New("failed")
	if err := cell.Update(ctx, v, "a", func([]byte) ([]byte, error) { return []byte("1"), failed }); !errors.Is(err, failed) {
		t.Errorf("%v, want the error of the change", err)
	}
	over, cancel := context.WithCancelCause(ctx)
	err := cell.Update(over, v, "a", func([]byte) ([]byte, error) {
		cancel(failed)
		return []byte("1"), nil
	})
	if !errors.Is(err, failed) {
		t.Errorf("%v, want the cause of the context", err)
	}
	if got, err := cell.Get(ctx, v); err != nil || got != nil {
		t.Errorf("%q, %v, want an empty cell", got, err)
	}
	if err := v.Set(ctx, []byte("\x01damaged")); err != nil {
		t.Fatal(err)
	}
	if _, err := cell.Get(ctx, v); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("%v, want an error that says so", err)
	}
}

func TestUpdatesAtOnce(t *testing.T) {
	t.Parallel()
	v, ctx := newValue(t), t.Context()
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if err := cell.Update(ctx, v, "", add("x")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got, err := cell.Get(ctx, v); err != nil || len(got) != 18 {
		t.Errorf("%s, %v, want sixteen of them", got, err)
	}
}
