package linear

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	json "github.com/go-json-experiment/json/v1"

	"github.com/linearbot/linearbot/adapter"
)

// maxSyncs is how many synced places are reported for one conversation.
const maxSyncs = 10

// syncPayload are the places that something is synced with. The schema says
// only JSONObject: an object with a service is accepted, a list of those, and
// either of them in a string. A non-empty object without any known field still
// counts as a place.
type syncPayload []adapter.Sync

// UnmarshalJSONFrom reads one place or many.
func (p *syncPayload) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	raw, err := dec.ReadValue()
	if err != nil {
		return err
	}
	*p = readSyncs(raw, 0)
	return nil
}

func readSyncs(raw jsontext.Value, depth int) []adapter.Sync {
	const deepest = 3 // a string that holds a list of objects
	if depth == deepest {
		return nil
	}
	switch raw.Kind() {
	case '{':
		var one struct {
			Service string `json:"service"`
			Type    string `json:"type"`
			SubType string `json:"subType"`
			ID      string `json:"id"`
		}
		if unmarshal(raw, &one) != nil || bytes.Equal(bytes.TrimSpace(raw), []byte("{}")) {
			return nil
		}
		return []adapter.Sync{{Service: strings.ToLower(cmp.Or(one.Service, one.SubType, one.Type)), ID: one.ID}}
	case '[':
		var all []jsontext.Value
		if json.Unmarshal(raw, &all) != nil {
			return nil
		}
		var syncs []adapter.Sync
		for _, v := range all[:min(len(all), maxSyncs)] {
			syncs = append(syncs, readSyncs(v, depth+1)...)
		}
		return syncs
	case '"':
		inner := strings.TrimSpace(textOf(raw).s)
		switch {
		case inner == "":
			return nil
		case inner[0] == '{' || inner[0] == '[':
			return readSyncs(jsontext.Value(inner), depth+1)
		default:
			return []adapter.Sync{{Service: strings.ToLower(inner)}}
		}
	default:
		return nil
	}
}

// syncsOf returns the places that a comment is synced with. A comment by a
// person without an account always counts as synced, whatever else the payload
// says.
func syncsOf(p syncPayload, author adapter.User, by *botActorPayload) []adapter.Sync {
	syncs := slices.Clone(p)
	if len(syncs) == 0 && author.Kind == adapter.UserExternal {
		syncs = append(syncs, adapter.Sync{Service: strings.ToLower(by.Type)})
	}
	return syncs
}
