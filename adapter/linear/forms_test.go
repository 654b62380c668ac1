package linear

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	json "github.com/go-json-experiment/json/v1"

	"github.com/linearbot/linearbot/adapter"
)

// TestFormsKeepNothing: what was decoded stays as it was while the same forms are
// used for other deliveries.
func TestFormsKeepNothing(t *testing.T) {
	t.Parallel()
	bodies := payloadBodies()
	f := new(forms)
	var got []adapter.Event
	names := slices.Sorted(maps.Keys(bodies))
	for _, name := range names {
		ev, err := f.decode(deliveryOf(bodies[name]), payloadSelf(), nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got = append(got, ev)
		*f = forms{}
		f.comment.Data.ID, f.comment.Data.Body.s, f.header.Type = "left over", "left over", "left over"
		*f = forms{}
	}
	for i, name := range names {
		want, err := decodeDelivery(deliveryOf(bodies[name]), payloadSelf(), nil)
		if err != nil || !reflect.DeepEqual(got[i], want) {
			t.Errorf("%s: %+v, want %+v, %v", name, got[i], want, err)
		}
	}
}

// TestKeptHeader: with the header that the intake has kept, every delivery is routed and
// decoded as without, and one that is not read is as if it were absent.
func TestKeptHeader(t *testing.T) {
	t.Parallel()
	bodies := payloadBodies()
	bodies["odd ids"] = strings.ReplaceAll(bodies["comment-create"], `"issueId":"`, `"issueId":"a:c:b:`)
	kept := 0
	for _, name := range slices.Sorted(maps.Keys(bodies)) {
		d := deliveryOf(bodies[name])
		routed, err := routeDelivery(d)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		event, err := decodeDelivery(d, payloadSelf(), nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if routed.Header != "" {
			kept++
		} else if routed.Ignore == "" && name != "odd ids" {
			t.Errorf("%s: nothing is kept", name)
		}
		for _, header := range []string{routed.Header, "\x00", "ÿ" + routed.Header, routed.Header + "x", routed.Header[:len(routed.Header)/2]} {
			again := *d
			again.Header = header
			if got, err := routeDelivery(&again); err != nil || got != routed {
				t.Errorf("%s: route with header %q:\n%+v, want\n%+v, %v", name, header, got, routed, err)
			}
			got, err := decodeDelivery(&again, payloadSelf(), nil)
			if err != nil || !reflect.DeepEqual(got, event) {
				t.Errorf("%s: event with header %q:\n%+v, want\n%+v, %v", name, header, got, event, err)
			}
		}
	}
	if kept < 10 {
		t.Errorf("%d headers are kept, which proves little", kept)
	}
	d := deliveryOf(bodies["comment-create"])
	d.Header = `not read`
	d.Body = []byte(`[]`)
	if _, err := routeDelivery(d); adapter.CodeOf(err) != adapter.CodeInvalid {
		t.Errorf("a body that is no object: %v", err)
	}
}

// TestKeptHeaderIsRead: what the intake has kept is not read from the body again.
func TestKeptHeaderIsRead(t *testing.T) {
	t.Parallel()
	d := deliveryOf(`{"type":"Issue","action":"update","organizationId":"o1","createdAt":"2026-06-24T22:05:23.926Z","data":{"id":"i1","updatedAt":"2026-06-24T22:05:23.926Z"}}`)
	r, err := routeDelivery(d)
	if err != nil {
		t.Fatal(err)
	}
	d.Header, d.Body = r.Header, []byte(`{"data":{"id":"i1"}}`)
	if again, err := routeDelivery(d); err != nil || again != r {
		t.Errorf("route %+v, want %+v, %v", again, r, err)
	}
	ev, err := decodeDelivery(d, payloadSelf(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if head := ev.Head(); head.Key != r.Key || head.Type != "Issue" || head.Workspace != "o1" || head.At.IsZero() {
		t.Errorf("event %+v, want that of %+v", head, r)
	}
}

// TestUnmarshalIsClassic: bodies are read as the classic rules say, those with values
// of a wrong type too.
func TestUnmarshalIsClassic(t *testing.T) {
	t.Parallel()
	bodies := payloadBodies()
	for _, name := range slices.Sorted(maps.Keys(bodies)) {
		body := bodies[name]
		for _, body := range []string{
			body,
			strings.ReplaceAll(body, `"id":"`, `"id":["`+"x"+`"],"id":"`),
			strings.Replace(body, `"data":{`, `"data":{"parentId":7,"user":[1],"createdAt":{},"issue":"none",`, 1),
			strings.Replace(body, `"type":`, `"actor":12,"TYPE":"Else","type":`, 1),
			body + " ",
			body + "x",
			body[:len(body)/2],
			strings.Replace(body, `:"`, `:"`+"\xff", 1),
		} {
			var got, want commentDelivery
			err := unmarshal([]byte(body), &got)
			classic := json.Unmarshal([]byte(body), &want)
			if valid := json.Valid([]byte(body)); (err == nil) != valid {
				t.Errorf("%s: error %v, but valid is %t", body, err, valid)
			} else if valid && !reflect.DeepEqual(got, want) {
				t.Errorf("%s (%v):\n%+v, want\n%+v", body, classic, got, want)
			}
		}
	}
}
