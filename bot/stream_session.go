package bot

import (
	"cmp"
	"context"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/attend"
	"github.com/linearbot/linearbot/internal/heal"
	"github.com/linearbot/linearbot/internal/plan"
	"github.com/linearbot/linearbot/internal/profiles"
	"github.com/linearbot/linearbot/internal/stream"
	"github.com/linearbot/linearbot/internal/tally"
)

// sessionStream writes a stream into an agent session, where nothing can be
// taken back.
//
// Text is only written where its meaning is settled: whole paragraphs, lists and
// tables. What came before a task becomes a thought, which stays; the rest becomes
// the response, and is shown before that from time to time in thoughts that disappear.
//
// The response has the key of the post. All else has one that tells its place in the
// stream and its words: a run that is repeated writes the same words once and other
// words besides. A response with other words, to an earlier run's that was complete,
// follows that one.
type sessionStream struct {
	thread   *Thread
	key      string
	o        StreamOptions
	progress bool   // says that the rest is a thought as well
	links    string // what stands below the response

	text   stream.Text
	people profiles.Mentions
	// told is how much of the text has become thoughts.
	told int
	// places counts the activities, wrote says that anything was written.
	places int
	wrote  bool

	// glimpsed is how much of the text was shown, at the time of looked. blind says
	// that nothing more can be shown before the end.
	glimpsed int
	looked   time.Time
	pace     stream.Pace
	blind    bool
}

func (s *sessionStream) run(ctx context.Context, src iter.Seq2[Chunk, error]) (*adapter.Message, error) {
	s.looked, s.pace = time.Now(), stream.NewPace(s.o.Every)
	err := stream.Read(ctx, src, func(c Chunk) {
		switch c := c.(type) {
		case TextChunk:
			s.text.Add(c.Text)
			s.glimpse(ctx)
		case StepChunk:
			s.text.Step()
		case TaskChunk:
			s.think(ctx)
			s.task(ctx, c)
		case PlanChunk:
			s.plan(ctx, c)
		}
	})
	if err != nil {
		s.breakOff(ctx, err)
		return nil, err
	}
	rest := s.text.String()[s.told:]
	if stream.Blank(rest) && s.links == "" {
		if !s.wrote {
			return nil, ErrEmpty
		}
		rest = attend.Done
	}
	rest = stream.WithBelow(rest, s.links)
	if rest, err = s.people.Replace(ctx, rest); err != nil {
		return nil, err
	}
	return s.respond(ctx, rest)
}

// respond writes the response.
func (s *sessionStream) respond(ctx context.Context, rest string) (*adapter.Message, error) {
	t := s.thread
	p := &adapter.Post{Workspace: t.workspace, Thread: t.id, Body: rest, Key: s.key, Progress: s.progress}
	if s.progress {
		p.Key = variant(s.key, rest)
	}
	m, err := t.put(ctx, p)
	if err == nil && m.Existed && strings.TrimSpace(m.Body) != strings.TrimSpace(rest) {
		p.Key = variant(s.key, rest)
		m, err = t.put(ctx, p)
	}
	if err != nil {
		return nil, err
	}
	t.bot.counts.Add(tally.Replies, "")
	return m, nil
}

// glimpse shows what of the text is settled, in a thought that the next activity
// replaces, if it is time for it. It slows down as a stream in comments does.
func (s *sessionStream) glimpse(ctx context.Context) {
	if s.blind || time.Since(s.looked) < s.pace.Every() {
		return
	}
	text := s.text.String()
	end := heal.Settled(text)
	if end <= max(s.told, s.glimpsed) || stream.Blank(text[s.told:end]) {
		return
	}
	start := time.Now()
	s.places++
	err := s.put(adapter.WithPriority(ctx, adapter.PriorityRefreshing), &adapter.Activity{
		Kind: adapter.ActivityThought, Body: strings.TrimSpace(text[s.told:end]), Ephemeral: true,
	})
	s.looked = time.Now()
	s.pace.Shown(s.looked.Sub(start), err)
	switch {
	case err == nil:
		s.glimpsed = end
	case !adapter.CodeOf(err).Retryable():
		s.blind = true
	}
}

// think makes a thought of the text that is settled. If that fails, the text
// stays for later.
func (s *sessionStream) think(ctx context.Context) {
	text := s.text.String()
	end := heal.Settled(text)
	if end <= s.told || stream.Blank(text[s.told:end]) {
		return
	}
	if s.write(ctx, &adapter.Activity{Kind: adapter.ActivityThought, Body: strings.TrimSpace(text[s.told:end])}) {
		s.told = end
	}
}

func (s *sessionStream) task(ctx context.Context, c TaskChunk) {
	if stream.Blank(c.Title) { // an action has a name
		c.Title = cmp.Or(c.ID, "Task")
	}
	if c.Status == TaskFailed {
		var parts []string
		for _, part := range []string{c.Title, c.Details, c.Output} {
			if !stream.Blank(part) {
				parts = append(parts, part)
			}
		}
		s.write(ctx, &adapter.Activity{Kind: adapter.ActivityFailure, Body: strings.Join(parts, "\n")})
		return
	}
	s.write(ctx, &adapter.Activity{
		Kind: adapter.ActivityAction, Name: c.Title, Parameter: c.Details, Result: c.Output,
		Ephemeral: c.Status != TaskComplete,
	})
}

func (s *sessionStream) plan(ctx context.Context, c PlanChunk) {
	steps := []adapter.PlanStep{{Content: c.Title, Status: plan.StepDone}}
	if err := s.thread.setPlan(ctx, &s.people, steps); err != nil {
		s.skipped(err)
		return
	}
	s.wrote = true
}

// write writes an activity at the next place. A failure is logged, so that the
// answer is not lost with it.
func (s *sessionStream) write(ctx context.Context, a *adapter.Activity) bool {
	s.places++
	if err := s.put(ctx, a); err != nil {
		s.skipped(err)
		return false
	}
	s.wrote = true
	return true
}

// put writes an activity at the current place.
func (s *sessionStream) put(ctx context.Context, a *adapter.Activity) error {
	a.Key = s.key + "\x00" + strconv.Itoa(s.places)
	if s.thread.turnOf(ctx) != nil { // which may run again
		a.Key = variant(a.Key, string(a.Kind), a.Body, a.Name, a.Parameter, a.Result)
	}
	for _, text := range []*string{&a.Body, &a.Parameter, &a.Result} {
		var err error
		if *text, err = s.people.Replace(ctx, *text); err != nil {
			return err
		}
	}
	return s.thread.activity(ctx, a)
}

func (s *sessionStream) skipped(err error) {
	s.thread.bot.log.Warn().Err(err).Str(keyThread, string(s.thread.id)).Msg("part of a stream could not be shown")
}

// breakOff ends the session's turn with what is left of the text and the mark.
func (s *sessionStream) breakOff(ctx context.Context, cause error) {
	if !hasLastWord(cause) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	s.write(ctx, &adapter.Activity{Kind: adapter.ActivityFailure, Body: stream.Broken(s.text.String()[s.told:], s.o.Broken)})
}
