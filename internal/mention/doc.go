// Package mention finds the mentions of a user in the Markdown that people write,
// and replaces the references to users in the Markdown that is sent to them.
//
// In: [Find] returns where a text addresses the user with the given [Names], as
// far as it is the writer's own text, and [Strip] returns the text without these
// places. Out: [Places] finds references as "<@id>", and [Replace] puts the
// addresses of profiles in their places, which is how platforms spell a mention.
//
// All functions are pure, take time in proportion to the length of a text, and
// are safe for concurrent use.
package mention
