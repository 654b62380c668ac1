package metrics

import (
	"cmp"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/internal/latency"
	"github.com/linearbot/linearbot/internal/status"
)

// Metrics collects what a bot counts. Make one with [New]. It is safe for
// concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	reader   *reader

	requests *prometheus.CounterVec
	points   *prometheus.CounterVec
	retries  prometheus.Counter
	tickets  *prometheus.CounterVec
	called   *latency.Histogram
	served   *latency.Histogram

	operations words
}

// New returns Metrics without sources. It starts nothing.
func New() *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), called: latency.Quick(), served: latency.Quick()}
	rows := make(map[string]Row)
	for _, r := range Table() {
		rows[r.Name] = r
	}
	vec := func(name string) *prometheus.CounterVec {
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: rows[name].Help}, rows[name].Labels)
		delete(rows, name)
		m.registry.MustRegister(v)
		return v
	}
	m.requests, m.points, m.tickets = vec(linearRequests), vec(linearPoints), vec(ticketingRequests)
	m.retries = vec(linearRetries).WithLabelValues()
	m.reader = newReader(rows, map[string]*latency.Histogram{linearDuration: m.called, ticketingDuration: m.served})
	m.registry.MustRegister(
		m.reader,
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// Watch sets what a scrape reads. It replaces earlier sources.
func (m *Metrics) Watch(s status.Sources) { m.reader.watch(s) }

// Handler returns the endpoint for a scraper. It needs no authentication of its
// own: put it where only the scraper comes.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		MaxRequestsInFlight: 4, Timeout: 10 * time.Second,
		ErrorHandling: promhttp.ContinueOnError,
	})
}

// ObserveCall counts one request to Linear's API.
func (m *Metrics) ObserveCall(c linearapi.Call) {
	op, code := m.operations.bound(c.Op), "ok"
	if c.Failed {
		code = c.Code.String()
	}
	m.requests.WithLabelValues(op, code).Inc()
	m.called.Observe(c.Took)
	if c.Attempt > 1 {
		m.retries.Inc()
	}
	if !c.Failed && c.Budget.Cost > 0 {
		m.points.WithLabelValues(op).Add(c.Budget.Cost)
	}
}

// Ticketing returns next with its requests counted.
func (m *Metrics) Ticketing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		answer := &statusWriter{ResponseWriter: w}
		next.ServeHTTP(answer, r)
		m.tickets.WithLabelValues(strconv.Itoa(cmp.Or(answer.code, http.StatusOK))).Inc()
		m.served.Observe(time.Since(start))
	})
}

// statusWriter notes the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	code int
}

// WriteHeader notes the first final status.
func (w *statusWriter) WriteHeader(code int) {
	if w.code == 0 && code >= 200 {
		w.code = code
	}
	w.ResponseWriter.WriteHeader(code)
}

// Unwrap returns the writer below, for [http.ResponseController].
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

const (
	// maxWords is how many values of a label are told apart.
	maxWords = 100
	// maxWord is the longest of them, in bytes.
	maxWord = 64
)

// words bounds the values of a label. The zero value is ready to use.
type words struct {
	mu  sync.Mutex
	all map[string]struct{}
}

// bound returns a value as it may be used: cut, and "other" beyond the first 100.
func (w *words) bound(value string) string {
	value = clean(value)
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := w.all[value]; ok {
		return value
	}
	if len(w.all) >= maxWords {
		return "other"
	}
	if w.all == nil {
		w.all = make(map[string]struct{})
	}
	w.all[value] = struct{}{}
	return value
}
