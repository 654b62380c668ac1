package adminui

import (
	"net/netip"
	"sync"
	"time"
)

const (
	// maxGuesses is how many wrong tokens from an address are answered in a minute.
	maxGuesses = 10
	// maxGuessers bounds the addresses that are remembered. Beyond it all share one
	// count.
	maxGuessers = 10_000
	// guessTime is how long guesses are counted.
	guessTime = time.Minute
)

// guesses counts wrong tokens by address. It slows down those who guess and keeps
// them out of the log; what makes guessing hopeless is the length of the token. The
// zero value is ready to use.
type guesses struct {
	mu sync.Mutex
	by map[string]*guesser
}

type guesser struct {
	since time.Time
	wrong int
}

// note notes a wrong token from an address. It returns how long further ones are
// refused, or 0.
func (g *guesses) note(from string, now time.Time) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.by == nil {
		g.by = make(map[string]*guesser)
	}
	at := g.by[from]
	if at == nil && len(g.by) >= maxGuessers {
		for old, of := range g.by {
			if now.Sub(of.since) >= guessTime {
				delete(g.by, old)
			}
		}
		if len(g.by) >= maxGuessers {
			from = ""
			at = g.by[from]
		}
	}
	if at == nil || now.Sub(at.since) >= guessTime {
		at = &guesser{since: now}
		g.by[from] = at
	}
	if at.wrong++; at.wrong > maxGuesses {
		return at.since.Add(guessTime).Sub(now)
	}
	return 0
}

// addressOf is the address that a request comes from, without the port. A network of
// IPv6, which one person has, counts as one. Behind a proxy it is that of the proxy:
// headers that name another one can be made up.
func addressOf(remote string) string {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return ""
	}
	addr := at.Addr().Unmap().WithZone("")
	if addr.Is6() {
		if net, err := addr.Prefix(64); err == nil {
			return net.String()
		}
	}
	return addr.String()
}
