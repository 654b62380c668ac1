package metrics

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/internal/latency"
	"github.com/linearbot/linearbot/internal/status"
	"github.com/linearbot/linearbot/state"
)

const (
	// readTime bounds what a scrape waits for a store.
	readTime = 3 * time.Second
	// listEvery is how often the installations are listed: each is a read of the
	// store.
	listEvery = time.Minute
	// lanesEvery is how often the lanes of a store are looked through for the oldest
	// entry, and maxLanes how many of them are.
	lanesEvery = 15 * time.Second
	maxLanes   = 20_000
)

// reader is the collector that reads the sources.
type reader struct {
	rows  map[string]Row
	descs map[string]*prometheus.Desc
	own   map[string]*latency.Histogram
	words map[string]*words // by name of the metric

	mu       sync.Mutex
	sources  status.Sources
	listed   time.Time
	byStatus map[string]int
	oldest   map[string]oldest // by store
}

// oldest is when the oldest entry of a store was stored, and when that was looked up.
type oldest struct{ at, read time.Time }

func newReader(rows map[string]Row, own map[string]*latency.Histogram) *reader {
	r := &reader{rows: rows, descs: make(map[string]*prometheus.Desc), own: own, words: make(map[string]*words)}
	for name, row := range rows {
		r.descs[name] = prometheus.NewDesc(name, row.Help, row.Labels, nil)
		r.words[name] = &words{}
	}
	return r
}

func (r *reader) watch(s status.Sources) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sources, r.listed, r.byStatus, r.oldest = s, time.Time{}, nil, make(map[string]oldest)
}

// Describe sends the descriptions of all metrics.
func (r *reader) Describe(to chan<- *prometheus.Desc) {
	for _, d := range r.descs {
		to <- d
	}
}

// Collect reads the sources.
func (r *reader) Collect(to chan<- prometheus.Metric) {
	r.mu.Lock()
	from := r.sources
	r.mu.Unlock()
	s := &scrape{reader: r, to: to}
	program, language := status.Version()
	s.add(buildInfo, 1, program, language)
	for name, h := range r.own {
		s.times(name, h.Snapshot())
	}
	s.intake(from.Intake)
	if from.Secrets != nil {
		for _, u := range from.Secrets() {
			s.add(webhookSecretUses, float64(u.Matched), u.Name)
			s.at(webhookSecretLast, u.Last, u.Name)
		}
	}
	s.bot(from.Bot)
	s.stores(from.Stores)
	if from.Budgets != nil {
		s.budgets(from.Budgets())
	}
	if from.Installs != nil {
		s.words(installEvents, from.Installs.Counts())
		for name, n := range r.installs(&from) {
			s.add(workspacesByStatus, float64(n), name)
		}
	}
}

// installs counts the installations by status, at most once in listEvery.
func (r *reader) installs(from *status.Sources) map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.listed.IsZero() && time.Since(r.listed) < listEvery {
		return r.byStatus
	}
	ctx, cancel := context.WithTimeout(context.Background(), readTime)
	defer cancel()
	all, err := from.Installs.List(ctx)
	r.listed, r.byStatus = time.Now(), nil
	if err != nil {
		from.Logger.Warn().Err(err).Msg("the installations cannot be listed, so the metrics lack them")
		return nil
	}
	r.byStatus = make(map[string]int)
	for _, w := range all {
		r.byStatus[string(w.Status)]++
	}
	return r.byStatus
}

// scrape is one collection.
type scrape struct {
	*reader
	to chan<- prometheus.Metric
}

// add sends one number, as the table describes it.
func (s *scrape) add(name string, value float64, labels ...string) {
	kind := prometheus.GaugeValue
	if s.rows[name].Kind == Counter {
		kind = prometheus.CounterValue
	}
	for i, l := range labels {
		labels[i] = clean(l)
	}
	s.to <- prometheus.MustNewConstMetric(s.descs[name], kind, value, labels...)
}

// at sends a time, unless it is zero.
func (s *scrape) at(name string, t time.Time, labels ...string) {
	if !t.IsZero() {
		s.add(name, float64(t.UnixMilli())/1000, labels...)
	}
}

// times sends a histogram.
func (s *scrape) times(name string, h latency.Snapshot) {
	s.to <- prometheus.MustNewConstHistogram(s.descs[name], h.Count, h.Sum.Seconds(), h.Buckets)
}

// words sends counts by a word. Those that have no place of their own are added up.
func (s *scrape) words(name string, counts map[string]int64) {
	sums := make(map[string]int64)
	for _, word := range slices.Sorted(maps.Keys(counts)) {
		sums[s.reader.words[name].bound(word)] += counts[word]
	}
	for word, n := range sums {
		s.add(name, float64(n), word)
	}
}

func (s *scrape) intake(in status.Intake) {
	if in == nil {
		return
	}
	for code, n := range in.Answered() {
		s.add(webhookRequests, float64(n), strconv.Itoa(code))
	}
	s.words(webhookRefused, in.Refused())
	s.add(webhookLate, float64(in.Late()))
	s.times(webhookDuration, latency.Snapshot(in.Took()))
	s.at(webhookLast, in.LastAccepted())
}

// bot sends the counts of a bot, whose names it sorts into metrics.
func (s *scrape) bot(b status.Bot) {
	if b == nil {
		return
	}
	ignored, failed := make(map[string]int64), make(map[string]int64)
	counts := b.Counts()
	for name, n := range counts {
		switch kind, word, _ := strings.Cut(name, ":"); kind {
		case "ignored":
			ignored[word] += n
		case "failed":
			failed[word] += n
		}
	}
	s.words(eventsIgnored, ignored)
	s.words(turnFailures, failed)
	for _, outcome := range []string{"accepted", "duplicate"} {
		s.add(deliveries, float64(counts[outcome]), outcome)
	}
	for _, outcome := range []string{"handled", "retried", "buried", "parked", "returned", "skipped"} {
		s.add(turnsEnded, float64(counts[outcome]), outcome)
	}
	s.add(missedWebhooks, float64(counts["missed_webhooks"]))
	s.add(replies, float64(counts["replies"]))
	s.add(repliesDiffer, float64(counts["differs"]))
	types := make(map[string]int64)
	for _, t := range b.Traffic() {
		types[t.Type] += t.Count
	}
	s.words(eventsReceived, types)
	load := b.Load()
	s.add(turnsRunning, float64(load.Busy))
	s.add(turnsLimit, float64(load.Workers))
	s.times(turnWait, latency.Snapshot(load.Waits))
	s.times(turnDuration, latency.Snapshot(load.Takes))
}

func (s *scrape) stores(all map[string]status.Store) {
	for name, store := range all {
		ctx, cancel := context.WithTimeout(context.Background(), readTime)
		stats, err := store.Stats(ctx)
		cancel()
		if err != nil {
			s.add(storeUp, 0, name)
			continue
		}
		s.add(storeUp, 1, name)
		s.add(storeLanes, float64(stats.Lanes), name)
		s.add(storeEntries, float64(stats.Entries), name)
		s.add(storeLeased, float64(stats.Leased), name)
		s.add(storeDelayed, float64(stats.Delayed), name)
		s.add(storeDead, float64(stats.Dead), name)
		s.add(storeDropped, float64(stats.Dropped), name)
		if stats.Entries > 0 {
			s.at(storeOldest, s.oldestOf(name, store), name)
		}
	}
}

// oldestOf returns when the oldest entry of a store was stored, as it was at most
// lanesEvery ago. Zero if that is unknown.
func (r *reader) oldestOf(name string, store status.Store) time.Time {
	lanes, ok := store.(interface {
		Lanes(ctx context.Context) iter.Seq2[state.LaneInfo, error]
	})
	if !ok {
		return time.Time{}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if was := r.oldest[name]; time.Since(was.read) < lanesEvery && !was.at.IsZero() {
		return was.at
	}
	ctx, cancel := context.WithTimeout(context.Background(), readTime)
	defer cancel()
	now, n := oldest{read: time.Now()}, 0
	for l, err := range lanes.Lanes(ctx) {
		if n++; err != nil || n > maxLanes {
			break // the oldest of those that were seen is old enough
		}
		if !l.Oldest.IsZero() && (now.at.IsZero() || l.Oldest.Before(now.at)) {
			now.at = l.Oldest
		}
	}
	r.oldest[name] = now
	return now.at
}

// budgets sends the budget of the workspace that has the smallest share left.
func (s *scrape) budgets(all map[string]linearapi.Budget) {
	shown := make(map[string]status.Budget, len(all))
	for workspace, b := range all {
		shown[workspace] = status.BudgetOf(b)
	}
	least := status.Least(shown, time.Now())
	for name, a := range map[string]status.Allowance{"requests": least.Requests, "complexity": least.Complexity} {
		if a.Limit <= 0 {
			continue
		}
		s.add(budgetRemaining, a.Remaining, name)
		s.add(budgetLimit, a.Limit, name)
		s.at(budgetReset, a.Reset, name)
	}
}

// clean makes a word fit for a label.
func clean(word string) string {
	if len(word) > maxWord {
		word = word[:maxWord]
	}
	return strings.ToValidUTF8(word, "")
}
