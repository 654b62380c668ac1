package serve

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/linearbot/linearbot/internal/admin"
	"github.com/linearbot/linearbot/internal/settings"
	"github.com/linearbot/linearbot/state"
)

// clockPath is where the admin listener moves the clock of the store, if
// LINEARBOT_CLOCK allows it.
const clockPath = admin.Prefix + "clock"

// clockHandler sets how far the clock of a store is ahead.
func clockHandler(store state.MovableClock) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Ahead string `json:"ahead"`
		}
		err := json.NewDecoder(r.Body).Decode(&in)
		ahead, bad := time.ParseDuration(in.Ahead)
		if err != nil || bad != nil || ahead < 0 || ahead > settings.MaxAhead {
			http.Error(w, `give "ahead" as a duration, such as "1h", of up to 100 years`, http.StatusBadRequest)
			return
		}
		store.SetAhead(ahead)
		w.WriteHeader(http.StatusNoContent)
	})
}
