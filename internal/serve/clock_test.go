package serve

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// clock notes how far it was moved.
type clock struct{ ahead time.Duration }

func (c *clock) SetAhead(d time.Duration) { c.ahead = d }

// The clock moves to what can be stored, and to nothing else.
func TestClockHandler(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		body   string
		status int
		want   time.Duration
	}{
		{`{"ahead":"90m"}`, http.StatusNoContent, 90 * time.Minute},
		{`{"ahead":"876000h"}`, http.StatusNoContent, 876000 * time.Hour},
		{`{"ahead":"2562047h"}`, http.StatusBadRequest, 0}, // times would overflow
		{`{"ahead":"9999999999h"}`, http.StatusBadRequest, 0},
		{`{"ahead":"-1s"}`, http.StatusBadRequest, 0},
		{`{"ahead":"soon"}`, http.StatusBadRequest, 0},
		{`{"ahead":1}`, http.StatusBadRequest, 0},
		{`{}`, http.StatusBadRequest, 0},
		{`nonsense`, http.StatusBadRequest, 0},
	} {
		c := &clock{}
		res := httptest.NewRecorder()
		clockHandler(c).ServeHTTP(res, httptest.NewRequestWithContext(t.Context(), http.MethodPost, clockPath, strings.NewReader(tt.body)))
		if res.Code != tt.status || c.ahead != tt.want {
			t.Errorf("%s: status %d, the clock is %s ahead, want %d and %s", tt.body, res.Code, c.ahead, tt.status, tt.want)
		}
	}
}
