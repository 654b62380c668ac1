// Package card makes messages with parts: a heading, pictures, fields, tables,
// buttons. Post one as any other content:
//
//	t.Post(ctx, card.Card{
//		Title:    "Deploy api?",
//		Children: []card.Element{card.Actions{card.Button{ID: "deploy", Label: "Deploy"}}},
//	})
//
// Platforms without cards get it as Markdown. What is plain text in a card and
// what is Markdown, the types say. Plain text shows as it is, except that code
// spans, tags, strike-through and bare links count; in titles and labels a line
// break becomes a space. Markdown counts: text of other people goes through
// bot.Escape there, and through [Cell] in a table. All text may have emoji
// placeholders. Mentions as bot.MentionUser returns them are Markdown; plain text
// mentions no one, whatever it says.
//
// Cards are plain values: rendering one changes nothing, and several goroutines
// may post the same.
package card

// Card is a message with parts. The zero value is empty and cannot be posted.
type Card struct {
	// Title and Subtitle are plain text. Neither is shown if empty.
	Title    string
	Subtitle string
	// ImageURL is a picture below the title. None is shown if empty.
	ImageURL string
	// Children are the parts, from top to bottom. Nil parts are left out.
	Children []Element
}

// Element is a part of a card: [Text], [Image], [Divider], [Section], [Fields],
// [Actions], [Link], [Table], [Chart] or [Pie].
type Element interface {
	// write adds the Markdown of the element. One that adds no line leaves no
	// trace.
	write(w *writer)
}

// Text is Markdown. Empty text is left out.
type Text struct {
	Content string
	// Style is how its words look, each paragraph and list item by itself. Code and
	// HTML blocks keep their look. The zero Style is StylePlain.
	Style Style
}

// Style says how a [Text] looks.
type Style uint8

// The styles of a text.
const (
	StylePlain Style = iota
	StyleBold
	StyleMuted
)

// Image is a picture. One without a URL is left out.
type Image struct {
	URL string
	// Alt describes the picture in plain text. May be empty.
	Alt string
}

// Divider is a line across the card.
type Divider struct{}

// Section keeps elements together, without space between them.
type Section struct{ Children []Element }

// Fields is a list of names and values.
type Fields []Field

// Field is a name and a value, both plain text.
type Field struct{ Label, Value string }

// Link is a link with a label in plain text.
type Link struct{ Label, URL string }

// Actions is a row of things to press or to choose from. Where messages cannot
// have any, as on Linear, a [LinkButton] is a link, and so are a [Button] and the
// options of a list that have an ID, if bot.Config.Links says where to; see
// bot.Bot.OnAction. Without that they show their label only.
type Actions []Action

// Action is a part of [Actions]: [Button], [LinkButton], [Select] or
// [RadioSelect].
type Action interface {
	// show returns the Markdown of what the action shows, one piece or several.
	show(w *writer) []string
}

// Button is something to press. The label is plain text. ID and Value come back
// in adapter.ActionEvent, together up to some 2,000 bytes; anyone who sees the message can
// read them.
type Button struct{ ID, Label, Value string }

// LinkButton is a link that looks like a button. The label is plain text.
type LinkButton struct{ Label, URL string }

// Select is a list to choose from. The label is plain text.
type Select struct {
	ID, Label string
	Options   []Option
}

// RadioSelect is a list to choose from that shows all of its options. The label
// is plain text.
type RadioSelect struct {
	ID, Label string
	Options   []Option
}

// Option is an entry of a [Select] or [RadioSelect]. Label is plain text. Without a
// Label the Value is shown, without a Value the Label is the value.
type Option struct{ Label, Value string }

// Table is a table. Cells are Markdown within a line: a line break becomes a
// space, and a backslash is shown and escapes nothing. Plain text goes through
// [Cell].
type Table struct {
	Headers []string
	// Rows may be shorter than Headers; the rest is empty.
	Rows [][]string
	// Align is how columns are aligned, from the first on. Defaults to
	// AlignDefault for those it does not reach.
	Align []Alignment
}

// Alignment says to which side the cells of a column go.
type Alignment uint8

// The alignments of a column.
const (
	AlignDefault Alignment = iota
	AlignLeft
	AlignCenter
	AlignRight
)

// Chart is a line, bar or area chart, shown as a table of its numbers.
type Chart struct {
	Title string
	// XLabel names the categories. May be empty.
	XLabel     string
	Categories []string
	Series     []Series
}

// Series is a row of numbers with a name. A category without a point is a
// hole.
type Series struct {
	Name   string
	Points []Point
}

// Point is a number with the category or the slice that it belongs to.
type Point struct {
	Label string
	Value float64
}

// Pie is a pie chart, shown as a table of its numbers.
type Pie struct {
	Title  string
	Slices []Point
}
