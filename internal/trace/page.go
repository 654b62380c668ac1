package trace

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/linearbot/linearbot/adapter"
)

// A page is the value in which parts are kept: the number of the page, which
// tells it from what the ring held in its place before, and a JSON object for
// each part, one a line. The names are short, as there are many of them:
//
//	412
//	{"k":"turn","at":1760000000000000,"id":"9f…","e":"Comment|create|…","w":"…",
//	 "t":"linear:…","y":"Comment create","s":[{"c":"attempt","n":1},{"c":"handler","a":120,"d":"mention/0"}]}
//
// Times are microseconds: at since 1970, a since at, t of a step a duration.

// wirePart is a part as it is read if lineReader cannot. appendPart writes the
// same by hand, as it is on the way of every message.
type wirePart struct {
	Kind      adapter.TracePart `json:"k"`
	At        int64             `json:"at"`
	ID        string            `json:"id"`
	Delivery  string            `json:"l"`
	Event     string            `json:"e"`
	Workspace string            `json:"w"`
	Thread    adapter.ThreadID  `json:"t"`
	Type      string            `json:"y"`
	Subject   string            `json:"b"`
	Steps     []wireStep        `json:"s"`
}

type wireStep struct {
	Code   string `json:"c"`
	After  int64  `json:"a"`
	Detail string `json:"d"`
	N      int64  `json:"n"`
	Took   int64  `json:"t"`
}

// appendPart appends the line of a part.
func appendPart(b []byte, p *Part) []byte {
	b = append(b, `{"k":`...)
	b = quoted(b, string(p.Kind))
	b = number(b, `,"at":`, p.Begun.UnixMicro())
	b = text(b, `,"id":`, p.ID)
	b = text(b, `,"l":`, p.Delivery)
	b = text(b, `,"e":`, p.Event)
	b = text(b, `,"w":`, p.Workspace)
	b = text(b, `,"t":`, string(p.Thread))
	b = text(b, `,"y":`, p.Type)
	b = text(b, `,"b":`, p.Subject)
	b = append(b, `,"s":[`...)
	for i := range p.Steps {
		s := &p.Steps[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"c":`...)
		b = quoted(b, s.Code)
		b = number(b, `,"a":`, s.After.Microseconds())
		b = text(b, `,"d":`, s.Detail)
		b = number(b, `,"n":`, s.N)
		b = number(b, `,"t":`, s.Took.Microseconds())
		b = append(b, '}')
	}
	return append(b, "]}\n"...)
}

func text(b []byte, name, s string) []byte {
	if s == "" {
		return b
	}
	return quoted(append(b, name...), s)
}

func number(b []byte, name string, n int64) []byte {
	if n == 0 {
		return b
	}
	return strconv.AppendInt(append(b, name...), n, 10)
}

// quoted appends a JSON string. Invalid UTF-8, which is the only error, is
// replaced. Nearly all texts are codes and ids, which are written as they are.
func quoted(b []byte, s string) []byte {
	plain := true
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			plain = false
			break
		}
	}
	if plain {
		return append(append(append(b, '"'), s...), '"')
	}
	out, _ := jsontext.AppendQuote(b, s)
	return out
}

// readPage returns the parts of a page, if it has the number. Lines that cannot
// be read, from another version, are left out. The parts keep the page alive.
func readPage(data []byte, number int64) []Part {
	head, rest, _ := strings.Cut(string(data), "\n")
	if n, err := strconv.ParseInt(head, 10, 64); err != nil || n != number {
		return nil
	}
	parts := make([]Part, 0, strings.Count(rest, "\n"))
	for line := range strings.Lines(rest) {
		r := lineReader{left: strings.TrimSuffix(line, "\n")}
		p, ok := r.part()
		if !ok {
			if p, ok = readSlowly(line); !ok {
				continue
			}
		}
		parts = append(parts, p)
	}
	return parts
}

// readSlowly reads any JSON with the fields of a part.
func readSlowly(line string) (Part, bool) {
	var w wirePart
	if json.Unmarshal([]byte(line), &w) != nil {
		return Part{}, false
	}
	p := Part{
		Kind: w.Kind, Begun: time.UnixMicro(w.At),
		TraceSubject: adapter.TraceSubject{
			ID: w.ID, Delivery: w.Delivery, Event: w.Event, Workspace: w.Workspace, Thread: w.Thread,
			Type: w.Type, Subject: w.Subject,
		},
	}
	for _, s := range w.Steps {
		p.Steps = append(p.Steps, Step{
			adapter.TraceStep{Code: s.Code, Detail: s.Detail, N: s.N, Took: micro(s.Took)}, micro(s.After),
		})
	}
	return p, true
}

func micro(n int64) time.Duration { return time.Duration(n) * time.Microsecond }
