package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strconv"
	"time"
)

const (
	// secret signs the webhooks.
	secret = "bench-signing-secret"
	// handle is what the bot is called.
	handle = "bench-bot"
	// home and other are the workspaces that deliveries come from.
	home  = "5c47dceb-8536-48b0-a62e-f621e60aa0a2"
	other = "5c47dceb-8536-48b0-a62e-f621e60aa0a3"
)

// writer writes signed deliveries. It is for one goroutine.
type writer struct {
	mac       hash.Hash
	workspace string
	// threads is the number of threads that are written in; 0 means that
	// every delivery begins one.
	threads int
	body    []byte
	sum     []byte
	sig     [2 * sha256.Size]byte
}

func newWriter(workspace string, threads int) *writer {
	return &writer{mac: hmac.New(sha256.New, []byte(secret)), workspace: workspace, threads: threads}
}

// write returns the body and the signature of delivery n. Both are valid until
// the next call.
func (w *writer) write(n int, now time.Time) (body, signature []byte) {
	at := now.UTC().Format("2006-01-02T15:04:05.000Z")
	b := w.body[:0]
	b = append(b, `{"action":"create","type":"Comment","actor":{"id":"debef098-efef-4cd0-a73f-313334590417","name":"Ada Byron","email":"ada@example.com","url":"https://linear.app/acme/profiles/ada","type":"user"},"createdAt":"`...)
	b = append(b, at...)
	b = append(b, `","data":{"id":"`...)
	b = appendID(b, "1", n)
	b = append(b, `","createdAt":"`...)
	b = append(b, at...)
	b = append(b, `","updatedAt":"`...)
	b = append(b, at...)
	b = append(b, `","body":"@`+handle+` could you look at this? The build of main fails since this morning. ping `...)
	b = strconv.AppendInt(b, int64(n), 10)
	b = append(b, `.","issueId":"b33540e9-ca1c-4522-9f7a-035fd391151d","userId":"debef098-efef-4cd0-a73f-313334590417","reactionData":[],"isArtificialAgentSessionRoot":false,`...)
	if w.threads > 0 {
		root := n % w.threads
		b = append(b, `"parentId":"`...)
		b = appendID(b, "2", root)
		b = append(b, `","parent":{"id":"`...)
		b = appendID(b, "2", root)
		b = append(b, `","body":"The build fails","issueId":"b33540e9-ca1c-4522-9f7a-035fd391151d","userId":"debef098-efef-4cd0-a73f-313334590417"},`...)
	}
	b = append(b, `"user":{"id":"debef098-efef-4cd0-a73f-313334590417","name":"Ada Byron","email":"ada@example.com","url":"https://linear.app/acme/profiles/ada"},"issue":{"id":"b33540e9-ca1c-4522-9f7a-035fd391151d","title":"Build fails","teamId":"55a29185-2efa-474a-b589-dace3ff1c3a1","team":{"id":"55a29185-2efa-474a-b589-dace3ff1c3a1","key":"ENG","name":"Engineering"},"identifier":"ENG-564","url":"https://linear.app/acme/issue/ENG-564/build-fails"}},"url":"https://linear.app/acme/issue/ENG-564/build-fails#comment-1f9168ed","organizationId":"`...)
	b = append(b, w.workspace...)
	b = append(b, `","webhookTimestamp":`...)
	b = strconv.AppendInt(b, now.UnixMilli(), 10)
	b = append(b, `,"webhookId":"327a67e7-bb73-46ac-9e57-b4bebd0322bf"}`...)
	w.body = b
	w.mac.Reset()
	w.mac.Write(b)
	w.sum = w.mac.Sum(w.sum[:0])
	hex.Encode(w.sig[:], w.sum)
	return b, w.sig[:]
}

// appendID appends a UUID of version 4 that holds n.
func appendID(b []byte, kind string, n int) []byte {
	return fmt.Appendf(b, "%s0000000-0000-4000-8000-%012d", kind, n)
}
