package ticketing

import (
	"net/http"
	"time"
)

// beat is how often an idle stream of events is kept alive.
const beat = 15 * time.Second

// conversationEvents streams what happens in a conversation as server-sent
// events: activity, links, issue and comment. They come from this process; a
// client that needs those of others reads the lists again on "beat".
func conversationEvents(c *call) (*reply, error) {
	p := c.conversation()
	if err := c.enabled(p); err != nil {
		return nil, err
	}
	events, end := c.api.events.listen(p)
	return &reply{write: func(w http.ResponseWriter) {
		defer end()
		h := w.Header()
		h.Set("Content-Type", "text/event-stream")
		h.Set("X-Accel-Buffering", "no")
		w.WriteHeader(http.StatusOK)
		flusher := http.NewResponseController(w)
		_, _ = w.Write([]byte("event: beat\ndata: {}\n\n"))
		_ = flusher.Flush() // a writer that cannot flush sends later
		tick := time.NewTicker(beat)
		defer tick.Stop()
		for {
			var (
				chunk []byte
				more  = true
			)
			select {
			case chunk, more = <-events:
			case <-tick.C:
				chunk = []byte("event: beat\ndata: {}\n\n")
			case <-c.r.Context().Done():
				return
			}
			if !more { // the API stops; the client reconnects
				return
			}
			_ = flusher.SetWriteDeadline(time.Now().Add(2 * beat)) // the server's is for plain answers
			if _, err := w.Write(chunk); err != nil {
				return
			}
			_ = flusher.Flush()
		}
	}}, nil
}
