// Package webhook is the HTTP side of a bot: it receives deliveries, verifies
// that they are authentic and fresh, and hands them to an [Acceptor], which
// stores them.
//
// # What the sender gets
//
//	200  the delivery is stored, a duplicate, or irrelevant to the bot
//	400  the signature is valid but the body is not a JSON object
//	401  the signature is missing or invalid, or the signed time is missing, in the future or too old
//	405  the method is not POST
//	413  the body is larger than Config.MaxBody
//	503  the delivery could not be stored; the sender should retry
//
// Linear treats everything but 200 within five seconds as a failure and retries
// after one minute, one hour and six hours (linear.app/developers/webhooks), so
// the answer is 200 only once the Acceptor has returned nil.
//
// # Only signed bytes count
//
// The signature is the HMAC-SHA256 of the raw body, in hex. It is checked in
// constant time before anything is parsed. The age of a delivery comes from the
// field webhookTimestamp of the body, never from a header: headers are not
// signed. A delivery more than a minute old is marked late, and accepted as
// long as it is not older than the horizon: eight hours if the Acceptor is
// durable, because it then remembers deliveries for longer than Linear retries
// them, and five minutes otherwise.
//
// The endpoint is a plain [net/http.Handler]; echo does the routing around it
// and does not appear in this package's API.
package webhook
