// Package adminui is the console: pages for the people who look after a bot. They
// show whether it is healthy, what became of each delivery, what waits, what failed
// and what is left of Linear's budget, and requeue or drop dead letters and cancel
// scheduled posts.
//
// # Access
//
// The pages ask for the admin token and keep a cookie for twelve hours: a time, an
// id and the MAC of both under a key that is derived from the token. Another token
// ends all of them. Signing out ends one on all instances, also for anyone who has
// copied the cookie. After ten wrong tokens from an address within a minute, further
// wrong ones are answered 429 for the rest of it; the right one opens the console at
// any time, so that no one can lock out its holder. Without a token there is no
// console.
//
// # Safety
//
// Nothing on a page can run that this package does not serve: the content security
// policy allows scripts, styles and connections of this origin only, and no inline
// ones. Changes are forms; a request from another site is refused by its
// Sec-Fetch-Site or Origin header, and the cookie is SameSite=Strict. No page
// holds a secret; texts of people appear only if the traces keep them
// (LINEARBOT_TRACE_TEXT).
//
// # Live
//
// Pages are complete without scripts. A small module subscribes to server-sent
// events, each of which is the new content of the page, rendered by the same
// template. The charts are SVG, drawn here from samples that [Console.Run] takes.
package adminui
