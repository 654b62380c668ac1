package adminui

import (
	"fmt"
	"html/template"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

func sorted(buckets map[float64]uint64) []float64 { return slices.Sorted(maps.Keys(buckets)) }

// Series is one line of a chart.
type Series struct {
	Name string
	// Class is the CSS class of the line: "a" or "b".
	Class string
	// Values are its points, the oldest first; NaN where there is none.
	Values []float64
}

// Chart is a chart of lines over time.
type Chart struct {
	Title  string
	Series []Series
	// Last says what the newest values are, by series.
	Last []string
	// Span is the time that it covers.
	Span time.Duration
	// Format writes a value.
	Format func(float64) string
}

const (
	chartWidth, chartHeight = 380, 140
	padLeft, padRight       = 48, 8
	padTop, padBottom       = 8, 22
)

// SVG draws the chart. Its text is escaped, and it has no styles of its own.
func (c *Chart) SVG() template.HTML {
	most := 0.0
	for _, s := range c.Series {
		for _, v := range s.Values {
			if !math.IsNaN(v) {
				most = max(most, v)
			}
		}
	}
	most = ceiling(most)
	var b strings.Builder
	var said []string
	for i, s := range c.Series {
		said = append(said, s.Name+" "+c.Last[i])
	}
	fmt.Fprintf(&b, `<svg class="chart" viewBox="0 0 %d %d" role="img" aria-label="%s">`, chartWidth, chartHeight,
		template.HTMLEscapeString(c.Title+": now "+strings.Join(said, ", ")))
	y := func(v float64) float64 { return padTop + (1-v/most)*(chartHeight-padTop-padBottom) }
	for i := range 3 {
		v := most * float64(i) / 2
		fmt.Fprintf(&b, `<line class="grid" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`,
			padLeft, chartWidth-padRight, y(v), y(v), padLeft-6, y(v)+4, template.HTMLEscapeString(c.Format(v)))
	}
	if c.Span == 0 {
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">The first line takes some seconds.</text></svg>`, chartWidth/2, chartHeight/2-4)
		return template.HTML(b.String()) //nolint:gosec // all text in it is escaped
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d">%s ago</text><text x="%d" y="%d" text-anchor="end">now</text>`,
		padLeft, chartHeight-5, span(c.Span), chartWidth-padRight, chartHeight-5)
	for _, s := range c.Series {
		b.WriteString(c.line(s, y))
	}
	b.WriteString("</svg>")
	return template.HTML(b.String()) //nolint:gosec // all text in it is escaped above
}

// line draws one series. A gap in it is a gap in the line.
func (c *Chart) line(s Series, y func(float64) float64) string {
	var b strings.Builder
	n, gap := max(len(s.Values)-1, 1), true
	for i, v := range s.Values {
		if math.IsNaN(v) {
			gap = true
			continue
		}
		x := padLeft + float64(i)/float64(n)*(chartWidth-padLeft-padRight)
		move := "L"
		if gap {
			move = "M"
		}
		alone := gap && (i+1 == len(s.Values) || math.IsNaN(s.Values[i+1]))
		fmt.Fprintf(&b, "%s%.1f %.1f", move, x, y(v))
		if alone {
			fmt.Fprintf(&b, "h2")
		}
		gap = false
	}
	return `<path class="line ` + s.Class + `" d="` + b.String() + `"/>`
}

// ceiling rounds up to 1, 2 or 5 times a power of ten.
func ceiling(v float64) float64 {
	if v <= 0 {
		return 1
	}
	unit := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5, 10} {
		if v <= m*unit {
			return m * unit
		}
	}
	return 10 * unit
}

func span(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%d s", int(d.Seconds()))
	}
	return fmt.Sprintf("%d min", int(d.Minutes()+0.5))
}

// perMinute writes a rate.
func perMinute(v float64) string {
	if v == math.Trunc(v) || v >= 10 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.1f", v)
}

// seconds writes a duration of so many seconds.
func seconds(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v < 1:
		return fmt.Sprintf("%.0f ms", v*1000)
	case v < 60:
		return fmt.Sprintf("%.3g s", v)
	default:
		return fmt.Sprintf("%.3g min", v/60)
	}
}

// chartPoints is how many points a chart has.
const chartPoints = 60

// charts makes the charts of the overview: throughput and latency.
func charts(all []sample) []*Chart {
	step := max(1, (len(all)-1+chartPoints-1)/chartPoints)
	rate := &Chart{
		Title: "Messages per minute", Format: perMinute, Last: []string{"–", "–"},
		Series: []Series{{Name: "received", Class: "a"}, {Name: "handled", Class: "b"}},
	}
	slow := &Chart{
		Title: "Time of turns", Format: seconds, Last: []string{"–", "–"},
		Series: []Series{{Name: "median", Class: "a"}, {Name: "95 %", Class: "b"}},
	}
	add := func(c *Chart, i int, v float64, ok bool) {
		if !ok {
			v = math.NaN()
		} else {
			c.Last[i] = c.Format(v)
		}
		c.Series[i].Values = append(c.Series[i].Values, v)
	}
	if len(all) < 3 {
		all = nil // one interval makes no line
	}
	for i := step; i < len(all); i += step {
		from, to := all[i-step], all[i]
		minutes := to.at.Sub(from.at).Minutes()
		add(rate, 0, float64(to.accepted-from.accepted)/minutes, minutes > 0)
		add(rate, 1, float64(to.handled-from.handled)/minutes, minutes > 0)
		for k, q := range []float64{0.5, 0.95} {
			v, ok := quantile(q, from.take, to.take)
			add(slow, k, v, ok)
		}
	}
	if len(all) > 1 {
		rate.Span = all[len(all)-1].at.Sub(all[0].at)
		slow.Span = rate.Span
	}
	return []*Chart{rate, slow}
}
