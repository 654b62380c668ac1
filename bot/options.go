package bot

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// HandlerOptions are the options of one handler. Fields that are not set leave
// what the bot's [Config] says.
type HandlerOptions struct {
	// Name names the handler, "mention/answer" instead of "mention/0", in logs
	// and middleware and in the keys of everything that it writes, of its steps
	// and of its questions. Without a name the order of registration is part of
	// these keys: if the next version of a program registers its handlers in
	// another order, turns that are under way may write something twice or
	// leave something out. A name that changes has the same effect. Letters,
	// digits, ".", "_" and "-", not digits alone; each name once among the
	// handlers of a kind. Defaults to the number of the handler.
	Name string
	// Timeout ends the handler's context with the cause ErrTurnTimeout. The
	// handlers of a turn share Config.TurnTimeout, and the end of that ends
	// them too, except that a Timeout that is longer is granted in full and
	// leaves the others their share. Defaults to what is left of
	// Config.TurnTimeout.
	Timeout time.Duration
	// MaxAttempts is how often a turn is tried that fails in this handler
	// before it goes to the dead letters. All tries of the turn count.
	// Defaults to Config.MaxAttempts.
	MaxAttempts int
	// Backoff returns the wait after the given attempt that failed in this
	// handler, from 1 on. Defaults to Config.Backoff.
	Backoff func(attempt int) time.Duration
	// Policy says what happens to messages for this handler that arrive while
	// their thread is busy: Serial, Latest, Debounce or Burst. Only messages
	// that this handler would get are taken together. The newest is handled
	// in its place, after what arrived before it, and Message.Skipped are the
	// others. A thread waits as a whole, so a message for another handler
	// waits behind one that Debounce or Burst holds back.
	//
	// Concurrent and Drop are decided before it is known whose a message is,
	// so they exist for the whole bot only, and a bot with one of them has no
	// other policies. A message that goes to several handlers is taken
	// together with others only if all of them have the same policy. Handlers
	// of anything but new messages have none. Defaults to Config.Policy.
	Policy LanePolicy
	// Access says who may run the handler, besides what Config.Access says
	// and, for commands, Command.Access. Who is refused may still run other
	// handlers of the same kind. Defaults to everybody.
	Access Access
}

// Registration is a handler that was registered. It need not be kept.
type Registration struct {
	bot     *Bot
	handler *handler // nil if nothing was registered
}

// With sets options of the handler and returns r. Fields that are set replace
// those of an earlier call. Options that cannot be carried out are reported by
// [Bot.Run] and [Bot.Ready] as an [*OptionsError]. Call it before Run.
func (r *Registration) With(o HandlerOptions) *Registration {
	h := r.handler
	if h == nil {
		return r
	}
	reg := &r.bot.registry
	if o.Name != "" && o.Name != h.options.Name {
		if reason := r.bot.refusesName(h, o.Name); reason != "" {
			reg.refuse(h, "Name", reason)
		} else {
			h.options.Name, h.name = o.Name, h.kind+"/"+o.Name
		}
	}
	if o.Timeout < 0 {
		reg.refuse(h, "Timeout", "must not be negative")
	}
	if o.MaxAttempts < 0 {
		reg.refuse(h, "MaxAttempts", "must not be negative")
	}
	if reason := r.bot.refusesPolicy(h, o.Policy); reason != "" {
		reg.refuse(h, "Policy", reason)
	}
	if o.Access != nil && (h.kind == kindStop || h.kind == kindUninstalled) {
		reg.refuse(h, "Access", "is not possible here: nobody is kept from stopping the bot or from removing it. Leave it out")
	}
	h.options.Timeout = or(o.Timeout, h.options.Timeout)
	h.options.MaxAttempts = or(o.MaxAttempts, h.options.MaxAttempts)
	h.options.Policy = or(o.Policy, h.options.Policy)
	if o.Backoff != nil {
		h.options.Backoff = o.Backoff
	}
	if o.Access != nil {
		h.options.Access = o.Access
	}
	if o.Policy != (LanePolicy{}) {
		reg.policies.Store(true)
	}
	if o.Policy.coalesces() {
		reg.coalesces.Store(true)
	}
	return r
}

// refusesName says why a handler cannot have a name. It is empty if it can.
func (b *Bot) refusesName(h *handler, name string) string {
	odd := func(r rune) bool {
		return !isLetter(r) && (r < '0' || r > '9') && !strings.ContainsRune("._-", r)
	}
	switch {
	case strings.ContainsFunc(name, odd):
		return "must consist of letters, digits, \".\", \"_\" and \"-\""
	case strings.Trim(name, "0123456789") == "":
		return "must not be a number: numbers stand for the order of registration"
	case b.registry.named(h.kind + "/" + name):
		return "must be given once: another handler of this kind is called " + name
	}
	return ""
}

// refusesPolicy says why a handler cannot have a policy. It is empty if it can.
func (b *Bot) refusesPolicy(h *handler, p LanePolicy) string {
	switch {
	case p == LanePolicy{}:
		return ""
	case p.atOnce():
		return "cannot be Concurrent or Drop: these are decided before it is known which handler a message is for. Use Config.Policy"
	case !p.valid():
		return "needs a time above zero"
	case b.cfg.Policy.atOnce():
		return "is not possible with a Config.Policy of Concurrent or Drop: set that to Serial, Latest, Debounce or Burst"
	case p.coalesces() && !h.takesMessages():
		return "is for handlers of new messages only: events of other kinds always wait their turn. Leave it out"
	}
	return ""
}

// registry is what is known of all handlers together.
type registry struct {
	// policies says that a handler has a policy of its own, coalesces that it
	// takes messages together.
	policies, coalesces atomic.Bool

	mu   sync.Mutex
	all  []*handler
	errs []error
}

func (r *registry) add(h *handler) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, h)
}

// named reports whether there is a handler of this name.
func (r *registry) named(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, h := range r.all {
		if h.name == name {
			return true
		}
	}
	return false
}

// refuse remembers that an option of a handler cannot be carried out.
func (r *registry) refuse(h *handler, option, reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errs = append(r.errs, &OptionsError{Handler: h.name, Option: option, Reason: reason})
}

// err returns all that was refused.
func (r *registry) err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return errors.Join(r.errs...)
}

// acceptPolicy returns what Accept does with messages. Where handlers have
// policies of their own, all waiting is decided when it is known whose a
// message is.
func (b *Bot) acceptPolicy() LanePolicy {
	if b.registry.policies.Load() && b.cfg.Policy.coalesces() {
		return Latest()
	}
	return b.cfg.Policy
}

// coalesces reports whether messages may be taken together.
func (b *Bot) coalesces() bool {
	return b.cfg.Policy.coalesces() || b.registry.coalesces.Load()
}

// isLetter reports whether r is an ASCII letter.
func isLetter(r rune) bool { return r|0x20 >= 'a' && r|0x20 <= 'z' }
