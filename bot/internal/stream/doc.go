// Package stream reads what arrives bit by bit, and shows a text while it grows.
//
// A source is a sequence or a channel; [Read] reads it to its end, or until its
// context ends. [Text] puts pieces of text together, [Live] shows them on a [Page]
// meanwhile, as often as the page can bear. In an agent session, where nothing can be
// taken back, a [Session] writes what is settled on a [Board]. The text that is shown
// never ends in half a character, an open mark or an unfinished mention.
//
// [Write] posts a whole stream as one message, a [Post], and [Told] writes one into an
// agent session. The package knows Markdown and the errors of platforms. How a message is
// written, by a [Writer], and what else than text a stream says, is the caller's.
package stream
