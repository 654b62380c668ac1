// Package content is the seam between what can be posted and what posts it.
//
// A type is content if it has a method that takes a [Form], which only packages
// of this module can name. So content can live in several packages, and its set
// stays closed to others.
package content

// Form says how content is written as Markdown.
type Form struct {
	// Press returns the address that stands for pressing a button: with its id,
	// its value and its label. Nil if nothing can be pressed; then a button is
	// its label.
	Press func(id, value, label string) (url string, err error)
}
