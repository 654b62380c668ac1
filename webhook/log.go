package webhook

// The keys of this package's log lines.
const (
	// keyDelivery is the Linear-Delivery header: not signed, for
	// correlation only.
	keyDelivery = "delivery"
	// keyTrace is the id of the delivery's trace: the hash of its body.
	keyTrace = "trace"
	// keyEvent is the Linear-Event header.
	keyEvent = "event"
	// keyAge is the age of a delivery, in milliseconds.
	keyAge = "age"
	// keyLimit is the size limit that a body went over, in bytes.
	keyLimit = "limit"
	// keyAddr is the address that the server listens on.
	keyAddr = "addr"
	// keyCheck is the name of a readiness check.
	keyCheck = "check"
	// keyPath is the path of a request that was not found, and keyRightPath
	// that of the webhook.
	keyPath      = "path"
	keyRightPath = "right_path"
	// keySecret is the name of a signing secret, and keyPosition its position
	// in the list, from 1.
	keySecret   = "secret"
	keyPosition = "position"
	// keyTimes is how often an event happened since it was last logged.
	keyTimes = "times"
)
