package simulation

import (
	"hash/fnv"
	"math/rand/v2"
	"sync"
	"time"
)

// plan is what goes wrong, by the seed of a run.
type plan struct {
	seed      uint64
	instances int
	threads   int
	messages  int
	window    time.Duration // in which people write and things go wrong

	// In a thousand calls.
	storeBefore, storeAfter, storeSlow int
	apiBefore, apiAfter, apiSlow       int
	hookBefore, hookAfter              int

	crashes, freezes, restarts int
	storeOutages, apiOutages   int
	duplicates, reversals      int
	notifications              bool          // each mention also arrives as a notification
	skew, jump                 time.Duration // of the store's clock

	mu    sync.Mutex
	dice  map[string]*rand.Rand
	until time.Time // after which nothing goes wrong any more
	out   []outage
}

// outage is a time in which all calls of a kind fail.
type outage struct {
	kind     string
	from, to time.Time
}

func newPlan(seed uint64, messages int) *plan {
	r := rand.New(rand.NewPCG(seed, 0))
	some := func(most int) int { return max(0, r.IntN(2*most)-most/2) * 2 / 3 } // often none
	p := &plan{
		seed: seed, instances: 2 + r.IntN(4), threads: 1 + r.IntN(8), messages: messages,
		window:      time.Duration(5+r.IntN(40)) * time.Minute,
		storeBefore: some(40), storeAfter: some(40), storeSlow: some(40),
		apiBefore: some(60), apiAfter: some(60), apiSlow: some(40),
		hookBefore: some(100), hookAfter: some(60),
		crashes: some(10), freezes: some(5), restarts: some(6),
		storeOutages: some(3), apiOutages: some(3),
		duplicates: some(20), reversals: some(4), notifications: r.IntN(2) == 0,
		dice: map[string]*rand.Rand{},
	}
	if r.IntN(2) == 0 {
		p.skew = time.Duration(r.IntN(1201)-600) * time.Second
		p.jump = time.Duration(r.IntN(241)-120) * time.Second
	}
	return p
}

// begin fixes the times of a run.
func (p *plan) begin(now time.Time) {
	p.until = now.Add(p.window)
	r := rand.New(rand.NewPCG(p.seed, 1))
	for kind, n := range map[string]int{"store": p.storeOutages, "api": p.apiOutages} {
		for range n {
			from := now.Add(time.Duration(r.Int64N(int64(p.window))))
			p.out = append(p.out, outage{kind, from, from.Add(time.Duration(1+r.IntN(60)) * time.Second)})
		}
	}
}

// hits throws the dice of a kind of call: true in so many of a thousand.
func (p *plan) hits(kind string, perMille int) bool {
	if perMille == 0 || time.Now().After(p.until) {
		return false
	}
	return p.throw(kind, 1000) < perMille
}

func (p *plan) throw(kind string, sides int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	d := p.dice[kind]
	if d == nil {
		h := fnv.New64a()
		_, _ = h.Write([]byte(kind))
		d = rand.New(rand.NewPCG(p.seed, h.Sum64()))
		p.dice[kind] = d
	}
	return d.IntN(sides)
}

// down reports whether all calls of a kind fail now.
func (p *plan) down(kind string) bool {
	now := time.Now()
	for _, o := range p.out {
		if o.kind == kind && !now.Before(o.from) && now.Before(o.to) {
			return true
		}
	}
	return false
}
