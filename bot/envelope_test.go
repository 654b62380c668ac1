package bot

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
)

func FuzzEnvelope(f *testing.F) {
	f.Add("id", []byte(`{"a":1}`), int64(1790932505430), true)
	f.Add("", []byte(nil), int64(-1), false)
	f.Fuzz(func(t *testing.T, id string, body []byte, at int64, late bool) {
		in := &adapter.Delivery{ID: id, Body: body, SentAt: time.UnixMilli(at), ReceivedAt: time.UnixMilli(at / 2), Late: late}
		packed := packDelivery(in)
		out, err := unpackDelivery(packed)
		if err != nil {
			t.Fatal(err)
		}
		if len(id) > 255 {
			in.ID = id[:255]
		}
		if !bytes.Equal(out.Body, in.Body) {
			t.Errorf("body %q, want %q", out.Body, in.Body)
		}
		in.Body, out.Body = nil, nil
		if diff := cmp.Diff(in, out); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		// Whatever else is stored there is either read or refused.
		if _, err := unpackDelivery(body); err != nil && err != errEnvelope { //nolint:errorlint // it is returned as it is
			t.Errorf("unpack of damage: %v", err)
		}
	})
}
