package stream

// Piece is a piece of a stream. The zero value says nothing.
type Piece struct {
	Kind Kind
	// Text is Markdown, or a title.
	Text string
	// Task is set in pieces that tell of one.
	Task Task
}

// Kind is what a piece says.
type Kind int

// The kinds of pieces.
const (
	KindNone Kind = iota
	KindText
	// KindStep ends a step of the writer: what follows begins a new paragraph.
	KindStep
	KindTask
	// KindTitle says what the whole is about.
	KindTitle
)

// Task is something that is done besides writing. It is told of again when its status
// changes.
type Task struct {
	ID, Title string
	// Details say more about it, Output is what came of it. Both may be empty.
	Details, Output string
	// Complete and Failed say that it is over.
	Complete, Failed bool
}

// Tell adds what a piece says to the text, in which there is no place for tasks and
// titles.
func (l *Live) Tell(p Piece) {
	switch p.Kind {
	case KindText:
		l.Add(p.Text)
	case KindStep:
		l.Step()
	case KindTask, KindTitle, KindNone:
	}
}
