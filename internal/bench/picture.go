package main

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// The picture's measures, in pixels.
const (
	chartWidth, chartHeight = 420, 110
	chartGap                = 56
	chartColumns            = 2
)

// draw draws every line of a soak: a chart for each measure, a line for each
// store.
func draw(of []*Soaked) string {
	var b strings.Builder
	measures := lines()
	rows := (len(measures) + chartColumns - 1) / chartColumns
	width, height := chartColumns*(chartWidth+chartGap)+chartGap, rows*(chartHeight+chartGap)+chartGap+20
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="system-ui, sans-serif" font-size="12">
<style>
  svg { --paper: #ffffff; --ink: #1f2328; --faint: #d0d7de; --file: #0969da; --redis: #bc4c00 }
  @media (prefers-color-scheme: dark) { svg { --paper: #0d1117; --ink: #e6edf3; --faint: #30363d; --file: #58a6ff; --redis: #f0883e } }
  text { fill: var(--ink) } .frame { stroke: var(--faint); fill: none } .file { stroke: var(--file) } .redis { stroke: var(--redis) }
  polyline { fill: none; stroke-width: 1.5; stroke-linejoin: round } .name { font-weight: 600 }
</style>
<rect width="100%%" height="100%%" fill="var(--paper)"/>
`, width, height, width, height)
	end := 1.0
	for i, s := range of {
		if n := len(s.Samples); n > 0 {
			end = max(end, s.Samples[n-1].At)
		}
		x := chartGap + i*90
		fmt.Fprintf(&b, `<line class="%s" x1="%d" x2="%d" y1="24" y2="24" stroke-width="2"/><text x="%d" y="28">%s</text>`+"\n", s.Store, x, x+18, x+24, s.Store)
	}
	for i, m := range measures {
		x := chartGap + i%chartColumns*(chartWidth+chartGap)
		y := chartGap + i/chartColumns*(chartHeight+chartGap)
		top := 0.0
		for _, s := range of {
			for _, sample := range s.Samples {
				top = max(top, m.of(sample))
			}
		}
		top = rounded(top)
		fmt.Fprintf(&b, `<text class="name" x="%d" y="%d">%s</text><rect class="frame" x="%d" y="%d" width="%d" height="%d"/>`+"\n",
			x, y-8, html.EscapeString(m.name), x, y, chartWidth, chartHeight)
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%s</text><text x="%d" y="%d" text-anchor="end">0</text><text x="%d" y="%d" text-anchor="end">%s</text>`+"\n",
			x-6, y+10, short(top), x-6, y+chartHeight, x+chartWidth, y+chartHeight+16, minutes(end))
		for _, s := range of {
			var points []string
			for _, sample := range s.Samples {
				points = append(points, fmt.Sprintf("%.1f,%.1f", float64(x)+sample.At/end*chartWidth, float64(y)+chartHeight*(1-m.of(sample)/top)))
			}
			fmt.Fprintf(&b, `<polyline class="%s" points="%s"/>`+"\n", s.Store, strings.Join(points, " "))
		}
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// rounded is the next 1, 2 or 5 times a power of ten.
func rounded(v float64) float64 {
	if v <= 0 {
		return 1
	}
	unit := math.Pow(10, math.Floor(math.Log10(v)))
	for _, n := range []float64{1, 2, 5} {
		if v <= n*unit {
			return n * unit
		}
	}
	return 10 * unit
}

func short(v float64) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0") }

func minutes(seconds float64) string {
	if seconds < 120 {
		return fmt.Sprintf("%.0f s", seconds)
	}
	return fmt.Sprintf("%.0f min", seconds/60)
}
