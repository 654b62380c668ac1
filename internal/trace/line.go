package trace

import (
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/linearbot/linearbot/adapter"
)

// lineReader reads a line as appendPart writes it. A query reads many of them, and
// needs few; so the texts are parts of the page, and nothing is copied. It gives
// up on everything else, which [readSlowly] may still read.
type lineReader struct {
	left string
	bad  bool
}

// part reads a part, and reports whether it was one.
func (r *lineReader) part() (Part, bool) {
	var p Part
	r.expect(`{"k":`)
	p.Kind = adapter.TracePart(r.text())
	p.Begun = time.UnixMicro(r.number(`,"at":`))
	p.ID = r.field(`,"id":`)
	p.Delivery = r.field(`,"l":`)
	p.Event = r.field(`,"e":`)
	p.Workspace = r.field(`,"w":`)
	p.Thread = adapter.ThreadID(r.field(`,"t":`))
	p.Type = r.field(`,"y":`)
	p.Subject = r.field(`,"b":`)
	r.expect(`,"s":[`)
	if r.bad {
		return p, false
	}
	p.Steps = make([]Step, 0, strings.Count(r.left, `{"c":`))
	for r.cut(`{"c":`) {
		var s Step
		s.Code = r.text()
		s.After = micro(r.number(`,"a":`))
		s.Detail = r.field(`,"d":`)
		s.N = r.number(`,"n":`)
		s.Took = micro(r.number(`,"t":`))
		r.expect("}")
		if p.Steps = append(p.Steps, s); !r.cut(",") {
			break
		}
	}
	r.expect("]}")
	return p, !r.bad && r.left == ""
}

// cut reads what comes next, if that is it.
func (r *lineReader) cut(next string) bool {
	rest, ok := strings.CutPrefix(r.left, next)
	r.left = rest
	return ok
}

func (r *lineReader) expect(next string) {
	if !r.cut(next) {
		r.bad = true
	}
}

// field reads a text that has a name, or "" if it is not there.
func (r *lineReader) field(name string) string {
	if !r.cut(name) {
		return ""
	}
	return r.text()
}

// text reads a JSON string.
func (r *lineReader) text() string {
	if !r.cut(`"`) {
		r.bad = true
		return ""
	}
	end, escaped := 0, false
	for ; end < len(r.left) && r.left[end] != '"'; end++ {
		if r.left[end] == '\\' {
			escaped = true
			end++
		}
	}
	if end >= len(r.left) {
		r.bad = true
		return ""
	}
	s := r.left[:end]
	r.left = r.left[end+1:]
	if !escaped {
		return s
	}
	plain, err := jsontext.AppendUnquote(nil, `"`+s+`"`)
	if err != nil {
		r.bad = true
	}
	return string(plain)
}

// number reads a number that has a name, or 0 if it is not there.
func (r *lineReader) number(name string) int64 {
	if !r.cut(name) {
		return 0
	}
	end := 0
	for end < len(r.left) && (r.left[end] == '-' || r.left[end] >= '0' && r.left[end] <= '9') {
		end++
	}
	n, err := strconv.ParseInt(r.left[:end], 10, 64)
	if err != nil {
		r.bad = true
	}
	r.left = r.left[end:]
	return n
}
