package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/reason"
)

// Step runs f once per turn and keeps its result: if the turn runs again, after
// an error or a crash and on any instance, f is not called and the kept result
// is returned. Use it around what is expensive or must not happen twice,
// such as the call of a paid model.
//
// T is kept as JSON. Steps are told apart by name and, for several with one
// name, by their order. An error of f is returned and not kept. A process that
// dies after f has finished and before the result is kept runs f again: only
// idempotent effects of f happen exactly once. Posts within f are idempotent.
// Outside a turn f simply runs.
func Step[T any](ctx context.Context, name string, f func(ctx context.Context) (T, error)) (T, error) {
	turn := turnFrom(ctx)
	if turn == nil || turn.thread == nil {
		return f(ctx)
	}
	var result T
	step := turn.nextStep(name)
	v := turn.bot.notes.Value(notes.Step, turn.head().Workspace, turn.head().Key, turn.Handler(), step)
	kept, err := v.Get(ctx)
	if err != nil {
		return result, fmt.Errorf("bot: step %s: %w", name, err)
	}
	if kept != nil {
		if err := json.Unmarshal(kept, &result); err != nil {
			return result, fmt.Errorf("bot: step %s was kept in another form: %w", name, err)
		}
		turn.bot.decisions.Add(ctx, adapter.TraceStep{Code: reason.StepKept, Detail: name})
		return result, nil
	}
	start := time.Now()
	if result, err = f(context.WithValue(ctx, stepKey{}, step)); err != nil {
		return result, err
	}
	if err := alive(ctx); err != nil {
		return result, err // another process runs the turn by now
	}
	data, err := json.Marshal(result)
	if err != nil {
		return result, Permanent(fmt.Errorf("bot: step %s: %w", name, err))
	}
	if err := v.Set(ctx, data); err != nil {
		return result, fmt.Errorf("bot: step %s: %w", name, err)
	}
	turn.bot.decisions.Add(ctx, adapter.TraceStep{Code: reason.StepRan, Detail: name, Took: time.Since(start)})
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
