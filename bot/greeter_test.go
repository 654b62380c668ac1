package bot

import "testing"

// TestReplayed: the writes of the keeper have the same keys when a message is handled
// again.
func TestReplayed(t *testing.T) {
	t.Parallel()
	for entry, want := range map[string]string{
		"0f":                        "0f",
		"replay\x000f\x00some-uuid": "0f",
		"resume\x00a\x00b":          "resume\x00a\x00b",
	} {
		if got := replayed(entry); got != want {
			t.Errorf("%q repeats %q, want %q", entry, got, want)
		}
	}
}
