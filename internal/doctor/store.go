package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/linearbot/linearbot/internal/wording"
	"github.com/linearbot/linearbot/state"
)

// store opens the store, writes to it and looks at its settings.
func (e *exam) store(ctx context.Context) {
	if e.Open == nil {
		return
	}
	if e.Store == "memory" {
		e.add(Warning, "store", "LINEARBOT_STATE is memory: when the bot stops, it loses the messages that it has not answered",
			"Set LINEARBOT_STATE to file:DIR, or to the address of a Redis server")
		return
	}
	if e.Exists != nil {
		if there, err := e.Exists(); err == nil && !there {
			e.add(Note, "store", strings.TrimPrefix(e.Store, "file:")+" does not exist yet: the bot creates it when it starts", "")
			return
		}
	}
	store, err := e.Open()
	if errors.Is(err, state.ErrLocked) {
		e.locked()
		return
	}
	if err != nil {
		f := ExplainStore(err)
		f.Text += ": " + err.Error()
		e.report.Findings = append(e.report.Findings, f)
		return
	}
	if err := store.Ping(ctx); err != nil {
		f := ExplainStore(err)
		f.Text += ": " + err.Error()
		e.report.Findings = append(e.report.Findings, f)
		return
	}
	if checker, ok := store.(interface {
		Check(ctx context.Context) ([]string, error)
	}); ok {
		if warnings, err := checker.Check(ctx); err == nil {
			for _, w := range warnings {
				e.add(Warning, "store", "Redis may lose messages that it has acknowledged: "+w, storeFix(w))
			}
		}
	}
	stats, err := store.Stats(ctx)
	if err != nil {
		e.add(Note, "store", "the store does not say what it holds: "+err.Error(), "")
		return
	}
	e.stats("the store can be written", stats)
}

// locked looks at a store that the running server has open.
func (e *exam) locked() {
	if e.running == nil {
		f := ExplainStore(state.ErrLocked)
		f.Level = Note
		e.report.Findings = append(e.report.Findings, f)
		return
	}
	of, ok := e.running.Stores["bot"]
	switch {
	case !ok:
		e.add(OK, "store", "the running bot has it open", "")
	case of.Error != "":
		e.add(Error, "store", "the store does not answer the running bot: "+of.Error, "Check the disk or the Redis server, and LINEARBOT_STATE")
	default:
		e.stats("the store answers the running bot", of.Stats)
	}
}

// stats says how the store is and what is in it.
func (e *exam) stats(how string, s state.Stats) {
	text := fmt.Sprintf("%s; %s in %s, %d more for later, %s", how, wording.Count(s.Entries, "message", "messages"),
		wording.Count(s.Lanes, "thread", "threads"), s.Delayed, wording.Count(s.Dead, "dead letter", "dead letters"))
	if e.Backlog > 0 && s.Entries+s.Delayed >= e.Backlog {
		e.add(Error, "store", fmt.Sprintf("the backlog is full, so deliveries are answered 503 and Linear retries them: %d of %d entries", s.Entries+s.Delayed, e.Backlog),
			"See with linearbot state lanes what it consists of, and with linearbot explain why that waits, or raise LINEARBOT_MAX_BACKLOG")
		return
	}
	if s.Dead > 0 {
		e.add(Warning, "store", text, "linearbot dead list shows why each of them failed. Fix that, then run linearbot dead requeue --all")
		return
	}
	e.add(OK, "store", text, "")
}

// storeFix says what to change in the settings of Redis.
func storeFix(warning string) string {
	name, _, _ := strings.Cut(warning, " ")
	switch name {
	case "appendonly":
		return "Set appendonly yes and appendfsync always in redis.conf"
	case "appendfsync":
		return "Set appendfsync always in redis.conf, or accept that a crash of the server loses its last second"
	case "maxmemory-policy":
		return "Set maxmemory-policy noeviction in redis.conf"
	case "min-replicas-to-write":
		return "Set min-replicas-to-write 1 in redis.conf"
	default:
		return "Check the settings of the Redis server (docs/storage.md)"
	}
}
