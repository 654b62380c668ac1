package play

import (
	"mime"
	"net/http"
	"net/url"

	"github.com/linearbot/linearbot/internal/loopback"
)

// policy lets the page load its own files and talk to its own server, and
// nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// guard keeps other sites out. A name that leads to this machine by DNS rebinding
// is refused by its Host, a form or script of another site by its Origin and by
// the Content-Type that such requests cannot have.
func guard(next http.Handler) http.Handler {
	own := http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", policy)
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if !loopback.Host((&url.URL{Host: r.Host}).Hostname()) {
			http.Error(w, "The playground answers on this machine only, not as "+r.Host+".", http.StatusForbidden)
			return
		}
		if r.Method == http.MethodPost {
			if media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); media != "application/json" {
				http.Error(w, "send application/json", http.StatusUnsupportedMediaType)
				return
			}
		}
		own.ServeHTTP(w, r)
	})
}
