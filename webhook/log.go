package webhook

// The keys of this package's log lines.
const (
	// LogKeyDelivery is the Linear-Delivery header: not signed, for
	// correlation only.
	LogKeyDelivery = "delivery"
	// LogKeyTrace is the id of the delivery's trace: the hash of its body.
	LogKeyTrace = "trace"
	// LogKeyEvent is the Linear-Event header.
	LogKeyEvent = "event"
	// LogKeyAge is the age of a delivery, in milliseconds.
	LogKeyAge = "age"
	// LogKeyLimit is the size limit that a body went over, in bytes.
	LogKeyLimit = "limit"
	// LogKeyAddr is the address that the server listens on.
	LogKeyAddr = "addr"
	// LogKeyCheck is the name of a readiness check.
	LogKeyCheck = "check"
	// LogKeyPath is the path of a request that was not found, and LogKeyRightPath
	// that of the webhook.
	LogKeyPath      = "path"
	LogKeyRightPath = "right_path"
	// LogKeySecret is the name of a signing secret, and LogKeyPosition its position
	// in the list, from 1.
	LogKeySecret   = "secret"
	LogKeyPosition = "position"
	// LogKeyTimes is how often an event happened since it was last logged.
	LogKeyTimes = "times"
)
