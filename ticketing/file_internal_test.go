package ticketing

import "testing"

func TestTakes(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		taken []string
		kind  string
		want  bool
	}{
		{nil, "application/zip", true},
		{[]string{"image/png"}, "image/PNG; charset=x", true},
		{[]string{"image/*"}, "image/jpeg", true},
		{[]string{"*/*"}, "text/plain", true},
		{[]string{"image/*", "text/plain"}, "application/zip", false},
		{[]string{"image/png"}, "image/jpeg", false},
		{[]string{"image/png"}, "", false},
	} {
		if got := takes(tc.taken, tc.kind); got != tc.want {
			t.Errorf("%v takes %q: %v", tc.taken, tc.kind, got)
		}
	}
}
