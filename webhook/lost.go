package webhook

import (
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/internal/wording"
)

// lostEvery is how often deliveries to a wrong path are logged.
const lostEvery = time.Minute

// lost logs posts to unknown paths: they may be deliveries of a webhook with a
// typo in its address.
type lost struct {
	path   string
	log    zerolog.Logger
	lines  *throttle
	tracer adapter.Tracer
}

// note logs posts to a wrong path, at most once per lostEvery.
func (l *lost) note(path string) {
	missed, ok := l.lines.allow()
	if !ok {
		return
	}
	text := "posted to a path that the server does not have"
	if strings.EqualFold(strings.Trim(path, "/"), strings.Trim(l.path, "/")) {
		text = "posted beside the path of the webhook: correct its address in Linear, letter by letter and without a slash at the end"
	}
	if l.tracer != nil {
		t := l.tracer.Begin(adapter.TraceIntake)
		t.Step(adapter.TraceStep{Code: reason.WrongPath, Detail: wording.Clip(path, maxHeader)})
		t.End()
	}
	l.log.Warn().Str(keyPath, wording.Clip(path, maxHeader)).Str(keyRightPath, l.path).Int(keyTimes, 1+missed).Msg(text)
}
