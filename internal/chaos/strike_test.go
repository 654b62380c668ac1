package chaos

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"syscall"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/internal/faultproxy"
	"github.com/linearbot/linearbot/internal/pause"
)

// processKinds are the faults of strikeProcess.
func processKinds(instances int) []kind {
	kinds := []kind{
		{name: "kill", weight: 5},
		{name: "term", weight: 3},
		{name: "stop", weight: 1, least: 500 * time.Millisecond, most: 2 * leaseTTL},
	}
	if instances > 1 {
		kinds = append(kinds, kind{name: "kill all", weight: 1})
	}
	return kinds
}

func (r *rig) strikeProcess(ctx context.Context, e event) error {
	in := r.instances[e.Target%len(r.instances)]
	switch e.Kind {
	case "kill":
		return r.again(ctx, in, syscall.SIGKILL)
	case "term":
		return r.again(ctx, in, syscall.SIGTERM)
	case "stop":
		in.freeze(ctx, e.For)
		return nil
	case "kill all":
		var all sync.WaitGroup
		errs := make([]error, len(r.instances))
		for i, in := range r.instances {
			all.Go(func() { errs[i] = r.again(ctx, in, syscall.SIGKILL) })
		}
		all.Wait()
		return errors.Join(errs...)
	default:
		return fmt.Errorf("processes know no fault %q", e.Kind)
	}
}

// again ends and starts an instance.
func (r *rig) again(ctx context.Context, in *instance, sig syscall.Signal) error {
	at := time.Now()
	ending, starting, err := in.again(ctx, sig)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.Starting = max(r.result.Starting, ms(starting))
	if sig == syscall.SIGTERM {
		r.result.Ending = max(r.result.Ending, ms(ending))
	} else {
		r.kills = append(r.kills, at)
	}
	return err
}

func apiKinds() []kind {
	return []kind{
		{name: "api 500", weight: 2, times: 4},
		{name: "api limit", weight: 2, times: 3},
		{name: "api reset", weight: 2, times: 4},
		{name: "api lost", weight: 4, times: 4},
		{name: "api stall", weight: 2, times: 4, least: 300 * time.Millisecond, most: 2500 * time.Millisecond},
		{name: "api down", weight: 1, times: 6},
		{name: "api token", weight: 1, times: 2},
		{name: "api cut", weight: 1},
		{name: "api hold", weight: 1, least: 300 * time.Millisecond, most: 2500 * time.Millisecond},
	}
}

// distance is the network delay between the bots and Linear on a good day. With
// it a turn takes long enough to be interrupted.
func distance() faultproxy.Faults { return faultproxy.Faults{Delay: 40 * time.Millisecond} }

func (r *rig) strikeAPI(ctx context.Context, e event) error {
	f := linearsim.Fault{Operation: "commentCreate", Times: e.Times}
	switch e.Kind {
	case "api 500":
		f.Status = http.StatusInternalServerError
	case "api limit":
		f.RateLimited, f.RetryAfter = true, time.Second
	case "api reset":
		f.Reset = true
	case "api lost":
		f.ResetAfter = true
	case "api stall":
		f.Delay = e.For
	case "api down":
		f.Operation, f.Status = "", http.StatusServiceUnavailable
	case "api token":
		f.Operation, f.Status = linearsim.TokenEndpoint, http.StatusInternalServerError
	case "api cut":
		r.api.Cut()
		return nil
	case "api hold":
		r.api.Set(faultproxy.Faults{HoldDown: true})
		defer r.api.Set(distance())
		_ = pause.For(ctx, e.For)
		return nil
	default:
		return fmt.Errorf("the API knows no fault %q", e.Kind)
	}
	r.linear.Fault(f)
	return nil
}
