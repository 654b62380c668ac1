package bot

import (
	"cmp"
	"context"
	"iter"
	"strconv"
	"strings"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/heal"
)

// closingWords end a session's turn if all was said before the end.
const closingWords = "Done."

// sessionStream writes a stream into an agent session, where nothing can be
// taken back. Every activity has a key that tells its place in the stream; the
// response has the key of the post.
type sessionStream struct {
	thread *Thread
	agent  adapter.Agent
	key    string
	broken string
	links  string // what stands below the response

	text   streamText
	people mentioner
	// told is how much of the text has become thoughts.
	told int
	// places counts the activities, wrote says that anything was written.
	places int
	wrote  bool
}

func (s *sessionStream) run(ctx context.Context, src iter.Seq2[Chunk, error]) (*adapter.Message, error) {
	err := readStream(ctx, src, func(c Chunk) {
		switch c := c.(type) {
		case TextChunk:
			s.text.add(c.Text)
		case StepChunk:
			s.text.step = true
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
	rest := s.text.b.String()[s.told:]
	if blank(rest) && s.links == "" {
		if !s.wrote {
			return nil, ErrEmpty
		}
		rest = closingWords
	}
	rest = withLinks(rest, s.links)
	t := s.thread
	if rest, err = s.people.replace(ctx, rest); err != nil {
		return nil, err
	}
	return t.send(ctx, &adapter.Post{Workspace: t.workspace, Thread: t.id, Body: rest, Key: s.key}, rest)
}

// think makes a thought of the text that is settled. If that fails, the text
// stays for later.
func (s *sessionStream) think(ctx context.Context) {
	text := s.text.b.String()
	end := heal.Settled(text)
	if end <= s.told || blank(text[s.told:end]) {
		return
	}
	if s.write(ctx, &adapter.Activity{Kind: adapter.ActivityThought, Body: strings.TrimSpace(text[s.told:end])}) {
		s.told = end
	}
}

func (s *sessionStream) task(ctx context.Context, c TaskChunk) {
	if blank(c.Title) { // an action has a name
		c.Title = cmp.Or(c.ID, "Task")
	}
	if c.Status == TaskFailed {
		var parts []string
		for _, part := range []string{c.Title, c.Details, c.Output} {
			if !blank(part) {
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
	steps := []adapter.PlanStep{{Content: c.Title, Status: planDone}}
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
	return s.writeAs(ctx, a, strconv.Itoa(s.places))
}

func (s *sessionStream) writeAs(ctx context.Context, a *adapter.Activity, place string) bool {
	a.Workspace, a.Thread, a.Key = s.thread.workspace, s.thread.id, s.key+"\x00"+place
	for _, text := range []*string{&a.Body, &a.Parameter, &a.Result} {
		var err error
		if *text, err = s.people.replace(ctx, *text); err != nil {
			s.skipped(err)
			return false
		}
	}
	if err := s.agent.Activity(ctx, a); err != nil {
		s.skipped(err)
		return false
	}
	s.wrote = true
	return true
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
	body := brokenText(s.text.b.String()[s.told:], s.broken)
	s.writeAs(ctx, &adapter.Activity{Kind: adapter.ActivityFailure, Body: body}, "broken")
}
