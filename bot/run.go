package bot

import (
	"context"
	"sync"
)

// Run works on stored deliveries until ctx ends. Then it takes no new work,
// lets running turns finish for up to Config.DrainTimeout, ends their contexts
// with the cause [ErrDraining], hands back what is unfinished and returns nil.
//
// While the store cannot be reached, Run keeps trying. Errors: [ErrRunning];
// an [*OptionsError] for options of handlers that cannot be carried out, before
// anything is done; or one that says that handlers ignored the end of their
// contexts.
func (b *Bot) Run(ctx context.Context) error {
	if err := b.registry.err(); err != nil {
		return err
	}
	watch, stop := context.WithCancel(context.WithoutCancel(ctx))
	var watching sync.WaitGroup
	watching.Go(func() { b.watch(watch) })
	watching.Go(func() { b.greeter.Run(watch) })
	defer watching.Wait()
	defer stop()
	return b.runner.Run(ctx)
}
