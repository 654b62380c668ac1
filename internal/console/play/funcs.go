package play

import (
	"fmt"
	"html/template"
	"time"
)

// funcs are what templates call.
func funcs() template.FuncMap {
	return template.FuncMap{
		"icon":  icon,
		"clock": func(t time.Time) string { return t.Local().Format("15:04") },
		"exact": func(t time.Time) string { return t.Local().Format("15:04:05.000") },
		"iso":   func(t time.Time) string { return t.Format(time.RFC3339) },
		"emoji": func() []string { return []string{"👍", "❤️", "🎉", "👀", "😄", "🚀", "✅", "👎"} },
	}
}

// icon returns a small drawing in the color of the text around it.
func icon(name string) (template.HTML, error) {
	shape, ok := shapes()[name]
	if !ok {
		return "", fmt.Errorf("no icon %q", name)
	}
	return template.HTML(`<svg class="icon" viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">` + shape + `</svg>`), nil //nolint:gosec // constants
}

func shapes() map[string]string {
	return map[string]string{
		"plus":     `<path d="M8 3.5v9M3.5 8h9"/>`,
		"spark":    `<path d="M8 2.2l1.5 4.3L13.8 8l-4.3 1.5L8 13.8 6.5 9.5 2.2 8l4.3-1.5z"/>`,
		"smile":    `<circle cx="8" cy="8" r="5.7"/><path d="M5.8 9.4c1 1.5 3.4 1.5 4.4 0M6.2 6.4v.3M9.8 6.4v.3"/>`,
		"edit":     `<path d="M10.8 3.2l2 2L6 12l-2.7.7L4 10z"/>`,
		"trash":    `<path d="M3.5 4.5h9M6.5 4.5V3h3v1.5M4.8 4.5l.6 8.3h5.2l.6-8.3"/>`,
		"check":    `<path d="M3.5 8.3l3 3 6-6.6"/>`,
		"undo":     `<path d="M6 4L3 7l3 3M3.3 7H9a3.4 3.4 0 010 6.8H7"/>`,
		"stop":     `<rect x="4.5" y="4.5" width="7" height="7" rx="1"/>`,
		"play":     `<path d="M5 3.6l7 4.4-7 4.4z"/>`,
		"restart":  `<path d="M12.6 5.6A5.2 5.2 0 103 8.6M12.8 2.7v3.1H9.7"/>`,
		"in":       `<path d="M13 8H3.5M7 4.5L3.5 8 7 11.5"/>`,
		"out":      `<path d="M3 8h9.5M9 4.5L12.5 8 9 11.5"/>`,
		"cloud":    `<path d="M4.6 11.8a2.7 2.7 0 01-.2-5.4 3.7 3.7 0 017.2.6 2.5 2.5 0 01-.3 4.8z"/>`,
		"clock":    `<circle cx="8" cy="8" r="5.7"/><path d="M8 4.8V8l2.2 1.6"/>`,
		"wire":     `<path d="M2 8h3l2-5 2.6 10L11.500 8H14"/>`,
		"list":     `<path d="M3 4.5h10M3 8h10M3 11.500h6"/>`,
		"bubble":   `<path d="M3 4.300a1.500 1.500 0 011.500-1.500h7A1.500 1.500 0 0113 4.300v5a1.500 1.500 0 01-1.500 1.500H7L4 13.200v-2.500a1.300 1.300 0 01-1-1.300z"/>`,
		"help":     `<circle cx="8" cy="8" r="5.700"/><path d="M6.400 6.300a1.700 1.700 0 113.100 1c-.6.7-1.500.8-1.500 1.700M8 11.200v.1"/>`,
		"moon":     `<path d="M13 9.600A5.300 5.300 0 016.400 3a5.300 5.300 0 106.600 6.600z"/>`,
		"close":    `<path d="M4 4l8 8M12 4l-8 8"/>`,
		"question": `<path d="M3 4.300a1.500 1.500 0 011.500-1.500h7A1.500 1.500 0 0113 4.300v5a1.500 1.500 0 01-1.500 1.500H7L4 13.200v-2.500a1.300 1.300 0 01-1-1.300zM8 5v2.300M8 9v.1"/>`,
		"tool":     `<path d="M9.600 3.200a3.200 3.200 0 00-3 4.600L3 11.400 4.600 13l3.600-3.600a3.200 3.200 0 004.600-3l-2 1-1.600-.400-.400-1.600z"/>`,
		"thought":  `<path d="M5 10.500A3.700 3.700 0 015.600 3.200a3.600 3.600 0 016.200 2.500A2.600 2.600 0 0111 10.800H5zM4.700 13.200h.1"/>`,
		"link":     `<path d="M6.800 9.200a2.500 2.500 0 003.600 0l1.900-1.900a2.500 2.500 0 00-3.600-3.600l-.7.700M9.200 6.800a2.500 2.500 0 00-3.600 0L3.700 8.700a2.500 2.500 0 003.600 3.600l.7-.7"/>`,
		"desk":     `<path d="M3 8a5 5 0 0110 0v3.300a1.200 1.200 0 01-1.200 1.200H11V8.700h2M3 8.700h2v3.800h-.8A1.200 1.200 0 013 11.300z"/>`,
		"alert":    `<path d="M8 3l5.600 9.800H2.400zM8 6.800v2.600M8 11.200v.1"/>`,
	}
}
