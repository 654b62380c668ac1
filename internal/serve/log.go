package serve

import (
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/rs/zerolog"
)

// NewLogger writes JSON lines to w, or lines for people if w is a terminal.
// NO_COLOR in environ turns off their colours.
func NewLogger(w io.Writer, level zerolog.Level, environ []string) zerolog.Logger {
	if f, ok := w.(*os.File); ok && isatty.IsTerminal(f.Fd()) {
		plain := slices.ContainsFunc(environ, func(kv string) bool {
			value, ok := strings.CutPrefix(kv, "NO_COLOR=")
			return ok && value != ""
		})
		w = zerolog.ConsoleWriter{Out: w, TimeFormat: time.TimeOnly, NoColor: plain}
	}
	return zerolog.New(w).Level(level).With().Timestamp().Logger()
}
