// Package listen serves HTTP until a context ends, and lets requests finish then.
package listen

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

// Serve serves on ln until ctx ends. Then it accepts nothing more, waits up to drain for
// the requests in flight, and closes what is still open: cut reports whether that was
// anything. If drain is not positive it waits for nothing, which suits streams that end
// only when they are closed.
//
// When Serve returns, ln is closed. The error is nil unless serving failed.
func Serve(ctx context.Context, srv *http.Server, ln net.Listener, drain time.Duration) (cut bool, err error) {
	serving, stop := context.WithCancel(ctx)
	defer stop()
	var wg sync.WaitGroup
	wg.Go(func() {
		defer stop()
		err = srv.Serve(ln)
	})
	<-serving.Done()
	if ctx.Err() == nil {
		drain = 0 // it failed, and its caller is to know at once
	}
	draining, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	if srv.Shutdown(draining) != nil {
		cut = true
		_ = srv.Close() // what Shutdown left open
	}
	wg.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return cut, err
}
