// Package doctor examines a bot from outside: its configuration, what Linear says
// about its token, its webhook, its store and, if one runs, the server. Each
// [Finding] says what was found and, unless all is well, what to do about it.
//
// It changes nothing. The only things that it sends besides questions to Linear
// are a signed delivery of a type that no bot handles, to the public address, and
// a write to the store that leaves nothing visible.
//
// A finding never holds a secret. [Explain] and [ExplainStore] are the cheap half:
// they turn an error into the same words for /readyz.
package doctor
