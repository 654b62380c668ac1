package bot

import (
	"cmp"
	"errors"
	"strings"
	"sync"
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
	// Config.TurnTimeout; negative means no limit.
	Timeout time.Duration
	// MaxAttempts is how often a turn is tried that fails in this handler
	// before it goes to the dead letters. All tries of the turn count.
	// Defaults to Config.MaxAttempts.
	MaxAttempts int
	// Backoff returns the wait after the given attempt that failed in this
	// handler, from 1 on. Defaults to Config.Backoff.
	Backoff func(attempt int) time.Duration
	// Access says who may run the handler, in addition to Config.Access and, for
	// commands, Command.Access. People who are refused may still run
	// other handlers of the same kind. Defaults to everyone.
	Access Access
}

// Registration is a handler that was registered. It can be ignored.
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
	if o.MaxAttempts < 0 {
		reg.refuse(h, "MaxAttempts", "must not be negative")
	}
	if o.Access != nil && (h.kind == kindStop || h.kind == kindUninstalled || h.kind == kindInstalled) {
		reg.refuse(h, "Access", "is not possible here: everyone may stop and remove the bot. Leave it out")
	}
	h.options.Timeout = orOff(o.Timeout, h.options.Timeout, unlimited)
	h.options.MaxAttempts = cmp.Or(o.MaxAttempts, h.options.MaxAttempts)
	if o.Backoff != nil {
		h.options.Backoff = o.Backoff
	}
	if o.Access != nil {
		h.options.Access = o.Access
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

// registry is what is known of all handlers together.
type registry struct {
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

// mostAttempts returns the most attempts that a handler grants a turn, or def if
// that is more.
func (r *registry) mostAttempts(def int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, h := range r.all {
		def = max(def, h.options.MaxAttempts)
	}
	return def
}

// isLetter reports whether r is an ASCII letter.
func isLetter(r rune) bool { return r|0x20 >= 'a' && r|0x20 <= 'z' }

// accessOf returns the Access of the handler with a name, or nil.
func (r *registry) accessOf(name string) Access {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, h := range r.all {
		if h.name == name {
			return h.allowed()
		}
	}
	return nil
}
