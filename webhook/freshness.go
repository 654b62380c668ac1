package webhook

import (
	"errors"
	"math"
	"strconv"
	"time"

	fast "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	json "github.com/go-json-experiment/json/v1"
)

const (
	// lateAfter is the age from which a delivery counts as late. Linear asks
	// receivers to compare with one minute.
	lateAfter = time.Minute
	// aheadAtMost is how far a sender's clock may be ahead of ours.
	aheadAtMost = time.Minute
	// shortHorizon is the maximum age without a durable store.
	shortHorizon = 5 * time.Minute
	// longHorizon is the maximum age with one. Linear's last retry comes after 1 min
	// + 1 h + 6 h.
	longHorizon = 8 * time.Hour
)

var (
	errNoTime  = errors.New("webhook timestamp missing")
	errExpired = errors.New("webhook expired")
	errFuture  = errors.New("webhook timestamp is in the future")
	errNotJSON = errors.New("body is not a JSON object")
)

// sentAt reads the signed send time. The error is errNotJSON for bodies that are
// not JSON, errNoTime for those without a usable time.
func sentAt(body []byte) (time.Time, error) {
	var head struct {
		At jsontext.Value `json:"webhookTimestamp"`
	}
	// Without the classic errors a body is read once and not twice.
	if fast.Unmarshal(body, &head, json.DefaultOptionsV1(), json.ReportErrorsWithLegacySemantics(false)) == nil {
		return timeOf(head.At)
	}
	if err := json.Unmarshal(body, &head); err != nil {
		if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return time.Time{}, errNoTime // a list or a text: JSON, but no envelope
		}
		return time.Time{}, errNotJSON
	}
	return timeOf(head.At)
}

// timeOf reads a time in milliseconds since 1970.
func timeOf(raw jsontext.Value) (time.Time, error) {
	ms, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || math.IsNaN(ms) || math.IsInf(ms, 0) {
		return time.Time{}, errNoTime
	}
	if math.Abs(ms) > 1e15 { // beyond the year 33000: not a real time
		return time.Time{}, errNoTime
	}
	return time.UnixMilli(int64(ms)), nil
}

// checkAge reports whether a delivery of that age is late, or why it is rejected.
func checkAge(age, horizon time.Duration) (late bool, err error) {
	switch {
	case age < -aheadAtMost:
		return false, errFuture
	case age > horizon:
		return false, errExpired
	default:
		return age > lateAfter, nil
	}
}
