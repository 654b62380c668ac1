package linearsim

import "encoding/json"

func (c *Comment) typename() string { return "Comment" }

func (c *Comment) field(r *request, name string, a args) (any, error) {
	switch name {
	case "id":
		return c.ID, nil
	case "body":
		return c.body, nil
	case "bodyData":
		return editorText(c.ws, c.body, c.typed), nil
	case "url":
		return c.url(), nil
	case "createdAt":
		return c.createdAt, nil
	case "updatedAt":
		return c.updatedAt, nil
	case "editedAt":
		return when(c.editedAt), nil
	case "resolvedAt":
		return when(c.resolvedAt), nil
	case "resolvingUser":
		return c.resolvedBy, nil
	case "resolvingComment":
		return c.resolvingComment, nil
	case "resolvingCommentId":
		return idOf(c.resolvingComment), nil
	case "quotedText":
		return opt(c.quoted), nil
	case "user":
		return c.Author, nil
	case "externalUser":
		return c.External, nil
	case "botActor":
		return c.bot(), nil
	case "issue":
		return c.Issue, nil
	case "issueId":
		if c.Issue == nil {
			return nil, nil
		}
		return c.Issue.ID, nil
	case "documentContent", "project", "projectUpdate", "initiative", "initiativeUpdate":
		if c.on != nil && lowerFirst(c.on.typ) == name {
			return c.on, nil
		}
		return nil, nil
	case "documentContentId", "projectId", "projectUpdateId", "initiativeId", "initiativeUpdateId":
		if c.on != nil && lowerFirst(c.on.typ)+"Id" == name {
			return c.on.id, nil
		}
		return nil, nil
	case "agentSession":
		for _, x := range c.ws.sessions {
			if x.Root == c {
				return x, nil
			}
		}
		return nil, nil
	case "agentSessions", "spawnedAgentSessions":
		var all []*Session
		for _, x := range c.ws.sessions {
			if name == "agentSessions" && x.Root == c || name == "spawnedAgentSessions" && x.source == c {
				all = append(all, x)
			}
		}
		return page(r, "AgentSession", a, all, nil)
	case "parent":
		return c.Parent, nil
	case "parentId":
		return idOf(c.Parent), nil
	case "children":
		return page(r, "Comment", a, c.children, r.srv.filters.comment)
	case "reactions":
		return c.reactions, nil
	case "reactionData":
		return reactionData(c.reactions), nil
	case "isArtificialAgentSessionRoot":
		return c.artificial, nil
	}
	return nil, noField("Comment", name)
}

func idOf(c *Comment) any {
	if c == nil {
		return nil
	}
	return c.ID
}

// bot describes the app behind a comment that it wrote on behalf of a person.
func (c *Comment) bot() any {
	if c.AsUser == "" {
		return nil
	}
	return payload{"ActorBot", map[string]any{
		"id": c.Author.ID, "type": "oauthClient", "subType": nil, "name": c.Author.Name,
		"userDisplayName": c.AsUser, "avatarUrl": opt(c.iconURL),
	}}
}

// data is the comment in a webhook.
func (c *Comment) data() map[string]any {
	out := map[string]any{
		"id":                           c.ID,
		"createdAt":                    stamp(c.createdAt),
		"updatedAt":                    stamp(c.updatedAt),
		"body":                         plainMentions(c.ws, c.body),
		"reactionData":                 reactionData(c.reactions),
		"isArtificialAgentSessionRoot": c.artificial,
		"editedAt":                     stamp(c.editedAt),
		"resolvedAt":                   stamp(c.resolvedAt),
		"quotedText":                   opt(c.quoted),
		"resolvingCommentId":           idOf(c.resolvingComment),
	}
	if c.Issue != nil {
		out["issueId"], out["issue"] = c.Issue.ID, c.Issue.child()
	} else {
		out[lowerFirst(c.on.typ)+"Id"] = c.on.id
	}
	if c.Parent != nil {
		out["parentId"], out["parent"] = c.Parent.ID, c.Parent.child()
	}
	if c.Author != nil {
		out["userId"], out["user"] = c.Author.ID, c.Author.child()
	}
	if c.External != nil {
		out["externalUserId"], out["externalUser"] = c.External.ID, c.External.child()
	}
	if c.resolvedBy != nil {
		out["resolvingUserId"] = c.resolvedBy.ID
	}
	if b, ok := c.bot().(payload); ok {
		if text, err := json.Marshal(b.values); err == nil {
			out["botActor"] = string(text) // a string that holds JSON, as in the schema
		}
	}
	return out
}

// child is the form of a comment inside another one.
func (c *Comment) child() map[string]any {
	out := c.reacted()
	if c.Issue != nil {
		out["issueId"] = c.Issue.ID
	}
	return out
}

// reacted is the form of a comment inside a reaction. It does not name the
// issue: real deliveries do not, either.
func (c *Comment) reacted() map[string]any {
	out := map[string]any{"id": c.ID, "body": plainMentions(c.ws, c.body)}
	if c.Author != nil {
		out["userId"] = c.Author.ID
	}
	return out
}
