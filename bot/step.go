package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/linearbot/linearbot/state"
)

// stepTTL is how long the result of a step is kept: longer than a turn may be
// tried.
const stepTTL = 14 * 24 * time.Hour

// Step runs f once per turn and keeps its result: if the turn runs again, after
// an error or a crash and on whichever instance, f is not called and the kept
// result is returned. Use it around what is dear or must not happen twice, such
// as a call of a paid model.
//
// T is kept as JSON. Steps are told apart by name and, for several with one
// name, by their order. An error of f is returned and not kept. A process that
// dies after f has finished and before the result is kept runs f again: only
// what f does under a key of its own can be had exactly once. Posts within f are
// such. Outside a turn f simply runs.
func Step[T any](ctx context.Context, name string, f func(ctx context.Context) (T, error)) (T, error) {
	turn := turnFrom(ctx)
	if turn == nil || turn.thread == nil {
		return f(ctx)
	}
	var result T
	store := turn.thread.bot.cfg.Store
	step := turn.nextStep(name)
	head := turn.event.Head()
	k := state.Key{Workspace: head.Workspace, Kind: "step", ID: head.Key + "\x00" + turn.Handler() + "\x00" + step}
	kept, err := store.Get(ctx, k)
	switch {
	case err == nil:
		if err := json.Unmarshal(kept, &result); err != nil {
			return result, fmt.Errorf("bot: step %s was kept in another form: %w", name, err)
		}
		return result, nil
	case !errors.Is(err, state.ErrNotFound):
		return result, fmt.Errorf("bot: step %s: %w", name, err)
	}
	if result, err = f(context.WithValue(ctx, stepKey{}, step)); err != nil {
		return result, err
	}
	if err := alive(ctx); err != nil {
		return result, err // somebody else runs the turn by now
	}
	data, err := json.Marshal(result)
	if err != nil {
		return result, Permanent(fmt.Errorf("bot: step %s: %w", name, err))
	}
	if err := store.Set(ctx, k, data, stepTTL); err != nil {
		return result, fmt.Errorf("bot: step %s: %w", name, err)
	}
	return result, nil
}

type stepKey struct{}

// stepFrom names the step that ctx is in, or "".
func stepFrom(ctx context.Context) string {
	s, ok := ctx.Value(stepKey{}).(string)
	if !ok {
		return ""
	}
	return s
}

// nextStep names the next step of a name within the handler that runs.
func (t *Turn) nextStep(name string) string {
	return name + "#" + strconv.Itoa(t.next("step\x00"+name))
}
