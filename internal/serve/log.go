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
// NO_COLOR in environ turns off their colours. A file whose reader does not read, such as
// a pipe, delays its callers by no more than a second, and loses lines.
func NewLogger(w io.Writer, level zerolog.Level, environ []string) zerolog.Logger {
	const missing = "lines of the log are missing here, because its reader did not read them: %d"
	if f, ok := w.(*os.File); ok && !isatty.IsTerminal(f.Fd()) {
		w = newPatient(f, `{"level":"warn","message":"`+missing+`"}`+"\n")
	} else if ok {
		plain := slices.ContainsFunc(environ, func(kv string) bool {
			value, ok := strings.CutPrefix(kv, "NO_COLOR=")
			return ok && value != ""
		})
		w = zerolog.ConsoleWriter{Out: newPatient(f, missing+"\n"), TimeFormat: time.TimeOnly, NoColor: plain}
	}
	return zerolog.New(w).Level(level).With().Timestamp().Logger()
}
