package missed_test

import (
	"testing"

	"github.com/linearbot/linearbot/internal/missed"
)

func TestFind(t *testing.T) {
	t.Parallel()
	if f := missed.From(t.Context()); f != nil {
		t.Errorf("a plain context has %v", f)
	}
	f := &missed.Find{}
	if got := missed.From(missed.With(t.Context(), f)); got != f {
		t.Errorf("%p, want %p", got, f)
	}
}
