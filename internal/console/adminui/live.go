package adminui

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/linearbot/linearbot/internal/sse"
)

const (
	// liveEvery is how often a page is rendered again for those who look at it.
	liveEvery = 2 * time.Second
	// maxStreams is how many pages can be live at once, all viewers together.
	maxStreams = 256
	// beatEvery is after how long a page that does not change hears something.
	beatEvery = 10 * time.Second
)

// events sends the content of the page at the address in the parameter page, each
// time that it changes.
func (c *Console) events(w http.ResponseWriter, r *http.Request) {
	address := r.FormValue("page")
	page, query, ok := c.pageAt(address)
	if !ok {
		http.Error(w, "there is no such page", http.StatusNotFound)
		return
	}
	c.mu.Lock()
	full := c.streams >= maxStreams
	if !full {
		c.streams++
	}
	c.mu.Unlock()
	if full {
		http.Error(w, "too many pages are live", http.StatusServiceUnavailable)
		return
	}
	defer func() { c.mu.Lock(); c.streams--; c.mu.Unlock() }()

	out, err := sse.Open(w, sse.Config{Beat: beatEvery})
	if err != nil {
		return
	}
	defer out.Close()
	tick := time.NewTicker(liveEvery)
	defer tick.Stop()
	var before []byte
	for {
		content, err := c.snapshot(r, address, page, query)
		if err != nil {
			return
		}
		if !bytes.Equal(content, before) {
			before = content
			if out.Send(sse.Event{Data: content}) != nil {
				return
			}
		}
		select {
		case <-r.Context().Done():
			return
		case <-c.stopped:
			return
		case <-out.Beat():
			if out.Alive() != nil {
				return
			}
		case <-tick.C:
			if !c.known(r) {
				return
			}
		}
	}
}

// livePage is a page that can be rendered again.
type livePage struct {
	name string
	load func(r *http.Request, query url.Values) (view, error)
}

// pageAt returns the page at an address below the prefix, with its query.
func (c *Console) pageAt(address string) (livePage, url.Values, bool) {
	u, err := url.Parse(address)
	if err != nil || u.Host != "" {
		return livePage{}, nil, false
	}
	path, ok := strings.CutPrefix(u.Path, Prefix)
	if !ok {
		return livePage{}, nil, false
	}
	query := u.Query()
	if id, ok := strings.CutPrefix(path, "deliveries/"); ok {
		query.Set("id", id)
		return livePage{deliveryPage, c.delivery}, query, true
	}
	pages := map[string]livePage{
		"": {overviewPage, c.overview}, "deliveries": {deliveriesPage, c.deliveries}, "lanes": {lanesPage, c.lanes},
		"dead": {deadPage, c.dead}, "scheduled": {scheduledPage, c.scheduled},
	}
	p, ok := pages[path]
	return p, query, ok
}
