package serve

import (
	"context"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/bot"
)

// storeCheck warns of a store whose own settings let it lose what it has
// acknowledged. It runs alongside the server, which does not wait for it.
type storeCheck struct {
	store bot.Store
	log   zerolog.Logger
}

// Run checks once and then waits for the end of ctx.
func (c storeCheck) Run(ctx context.Context) error {
	checker, ok := c.store.(interface {
		Check(ctx context.Context) ([]string, error)
	})
	if ok {
		ask, cancel := context.WithTimeout(ctx, 10*time.Second)
		warnings, err := checker.Check(ask)
		cancel()
		if err != nil && ctx.Err() == nil {
			c.log.Warn().Err(err).Msg("store cannot be checked now")
		}
		for _, w := range warnings {
			c.log.Warn().Msg("store may lose what it has acknowledged: " + w)
		}
	}
	<-ctx.Done()
	return nil
}
