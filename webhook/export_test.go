package webhook

import (
	"context"
	"net"
)

// RunOn is Run on a listener of the test.
func (s *Server) RunOn(ctx context.Context, ln net.Listener, runners ...Runner) error {
	return s.run(ctx, ln, runners)
}
