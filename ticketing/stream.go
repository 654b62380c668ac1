package ticketing

import (
	"net/http"

	"github.com/linearbot/linearbot/internal/sse"
)

// conversationEvents streams what happens in a conversation as server-sent
// events: activity, links, issue and comment. They come from this process; a
// client that needs those of others reads the lists again on "beat".
func conversationEvents(c *call) (*reply, error) {
	p, err := c.conversation()
	if err != nil {
		return nil, err
	}
	return &reply{write: func(w http.ResponseWriter) {
		events, end := c.api.events.listen(p)
		defer end()
		s, err := sse.Open(w, sse.Config{BeatEvent: "beat"})
		if err != nil {
			return
		}
		defer s.Close()
		for err = s.Alive(); err == nil; {
			select {
			case e, more := <-events:
				if !more { // the API stops; the client reconnects
					return
				}
				err = s.Send(e)
			case <-s.Beat():
				err = s.Alive()
			case <-c.r.Context().Done():
				return
			}
		}
	}}, nil
}
