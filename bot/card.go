package bot

// Card is a message with parts: a heading, pictures, fields, tables. Platforms
// without cards get it as Markdown. Every text may have emoji placeholders and,
// but for the labels of links, mentions; see [MentionUser]. Plain text is shown as
// it is, except that code spans, tags and strike-through count; in titles and
// labels a line break becomes a space.
type Card struct {
	// Title and Subtitle are plain text. Neither is shown if empty.
	Title    string
	Subtitle string
	// ImageURL is a picture below the title. None is shown if empty.
	ImageURL string
	Children []Element
}

// Element is a part of a card: [CardText], [CardImage], [CardDivider],
// [CardSection], [CardFields], [CardActions], [CardLink], [CardTable],
// [CardChart] or [CardPie].
type Element interface {
	// lines returns the Markdown of the element. None means that it leaves
	// no trace.
	lines() []string
	// plain returns the element as text. Empty means that it leaves no trace.
	plain() string
}

// CardText is Markdown.
type CardText struct {
	Content string
	// Style defaults to PlainStyle.
	Style TextStyle
}

// TextStyle says how a [CardText] looks.
type TextStyle uint8

// The styles of a text.
const (
	PlainStyle TextStyle = iota
	BoldStyle
	MutedStyle
)

// CardImage is a picture.
type CardImage struct {
	URL string
	// Alt describes the picture in plain text. May be empty.
	Alt string
}

// CardDivider is a line across the card.
type CardDivider struct{}

// CardSection keeps elements together, without space between them.
type CardSection struct{ Children []Element }

// CardFields is a list of names and values.
type CardFields []CardField

// CardField is a name and a value, both plain text.
type CardField struct{ Label, Value string }

// CardLink is a link with a label in plain text.
type CardLink struct{ Label, URL string }

// CardActions is a row of things to press or to choose from. Where messages
// cannot have any, as on Linear, a [LinkButton] is a link, and so are a [Button]
// and the options of a list that have an ID if [Config.Links] says where to; see
// [Bot.OnAction]. Otherwise there is only the label of those.
type CardActions []CardAction

// CardAction is a part of [CardActions]: [Button], [LinkButton], [Select] or
// [RadioSelect].
type CardAction interface{ action() string }

// Button is something to press. The label is plain text. ID and Value come back
// in the [Action], together up to some 2,000 bytes; anybody who sees the message
// can read them.
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

// Option is an entry of a [Select] or [RadioSelect].
type Option struct{ Label, Value string }

// CardTable is a table. Cells are Markdown within a line: a line break becomes a
// space, and a backslash is shown and escapes nothing.
type CardTable struct {
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

// CardChart is a line, bar or area chart, shown as a table of its numbers.
type CardChart struct {
	Title string
	// XLabel names the categories. May be empty.
	XLabel     string
	Categories []string
	Series     []CardSeries
}

// CardSeries is a row of numbers with a name. A category without a point is a
// hole.
type CardSeries struct {
	Name   string
	Points []CardPoint
}

// CardPoint is a number with the category or the slice that it belongs to.
type CardPoint struct {
	Label string
	Value float64
}

// CardPie is a pie chart, shown as a table of its numbers.
type CardPie struct {
	Title  string
	Slices []CardPoint
}
