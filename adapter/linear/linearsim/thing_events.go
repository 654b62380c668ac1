package linearsim

import (
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
)

// webhookData is a thing as webhooks show it: the fields that the schema's
// payload type names.
func (r *request) webhookData(n node) map[string]any {
	d := r.srv.schema.Types[n.typename()+"WebhookPayload"]
	if d == nil {
		return map[string]any{}
	}
	out := map[string]any{}
	for _, f := range d.Fields {
		if v := r.wire(n, f); v != nil {
			out[f.Name] = v
		}
	}
	return out
}

// wire is one field of a webhook body, nil if it is unset.
func (r *request) wire(n node, f *ast.FieldDefinition) any {
	if strings.HasSuffix(f.Type.Name(), "WebhookPayload") {
		v, _ := r.value(n, f.Name)
		if to, ok := v.(node); ok && f.Type.Elem == nil {
			return r.nested(to, f.Type.Name())
		}
		return nil
	}
	if base, ok := strings.CutSuffix(f.Name, "Id"); ok {
		if v, _ := r.value(n, base); v != nil {
			if to, ok := v.(node); ok {
				id, _ := to.field(r, "id", nil)
				return id
			}
		}
	}
	if base, ok := strings.CutSuffix(f.Name, "Ids"); ok {
		if v, known := r.value(n, base+"s"); known {
			ids := []any{}
			for _, to := range nodesOf(v) {
				if id, err := to.field(r, "id", nil); err == nil {
					ids = append(ids, id)
				}
			}
			return ids
		}
	}
	v, known := r.value(n, f.Name)
	if !known || v == nil {
		return nil
	}
	if at, ok := v.(time.Time); ok {
		return stamp(at)
	}
	if _, composite := v.(node); composite {
		return nil
	}
	return v
}

// nested is the short form of an entity inside a webhook body.
func (r *request) nested(n node, typ string) any {
	if c, ok := n.(interface{ child() map[string]any }); ok {
		return c.child()
	}
	out := map[string]any{}
	if d := r.srv.schema.Types[typ]; d != nil {
		for _, f := range d.Fields {
			if v := r.wire(n, f); v != nil {
				out[f.Name] = v
			}
		}
	}
	return out
}

// emitThing sends webhooks for a change of a thing, if its type has a payload.
func (w *Workspace) emitThing(r *request, t *thing, action string, from map[string]any) {
	if r.srv.schema.Types[t.typ+"WebhookPayload"] == nil {
		return
	}
	e := event{action: action, typ: t.typ, actor: r.user.actor(), data: r.webhookData(t), from: from, at: r.srv.now()}
	if action != "remove" {
		if url := t.text("url"); strings.HasPrefix(url, "https://linear.app/") {
			e.url = url
		}
	}
	w.srv.emit(w, e)
}
