package verdict

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/linearbot/linearbot/internal/reason"
)

// Apology is what a person is told, as Markdown, of a turn that failed for a reason
// and became a dead letter with a reference.
func Apology(why, reference string) string {
	what := "something went wrong and I couldn't finish this"
	if why == reason.TimedOut {
		what = "this took longer than I may work on it, so I've stopped"
	}
	return fmt.Sprintf("Sorry, %s. Reference: `%s`", what, reference)
}

// Reference is what people are given to find a dead letter: the beginning of its
// id, where that is the hash of a delivery, and otherwise of the hash of the id.
func Reference(id string) string {
	const most = 8
	if len(id) < most || strings.Trim(id[:most], "0123456789abcdef") != "" {
		sum := sha256.Sum256([]byte(id))
		id = hex.EncodeToString(sum[:])
	}
	return id[:most]
}
