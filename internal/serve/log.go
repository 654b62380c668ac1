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
// NO_COLOR in environ turns off their colours. A pipe or a terminal whose reader does not
// read delays its callers by no more than a second, and loses lines.
func NewLogger(w io.Writer, level zerolog.Level, environ []string) zerolog.Logger {
	f, ok := w.(*os.File)
	if !ok {
		return lines(w).Level(level)
	}
	if isatty.IsTerminal(f.Fd()) {
		plain := slices.ContainsFunc(environ, func(kv string) bool {
			value, ok := strings.CutPrefix(kv, "NO_COLOR=")
			return ok && value != ""
		})
		forPeople := func(w io.Writer) io.Writer {
			return zerolog.ConsoleWriter{Out: w, TimeFormat: time.TimeOnly, NoColor: plain}
		}
		return lines(forPeople(newPatient(f, func(w io.Writer, n int64) { warnMissing(forPeople(w), n) }))).Level(level)
	}
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		return lines(f).Level(level) // it has no reader to wait for
	}
	return lines(newPatient(f, warnMissing)).Level(level)
}

// lines returns a logger of lines with their times.
func lines(w io.Writer) zerolog.Logger { return zerolog.New(w).With().Timestamp().Logger() }

// warnMissing writes that lines of the log were dropped.
func warnMissing(w io.Writer, n int64) {
	log := lines(w)
	log.Warn().Msgf("lines of the log are missing here, because its reader did not read them: %d", n)
}
