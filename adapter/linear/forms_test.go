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
