package bot

// route is where a message may go, found out without doing anything.
type route struct {
	bot  *Bot
	turn *Turn
	// commands are the commands that it may be, best first; last is what the
	// bot does if nobody else takes it.
	commands [][]*handler
	last     []*handler
}

// routeOf returns where the message of a turn may go.
func (b *Bot) routeOf(t *Turn) route {
	r := route{bot: b, turn: t}
	r.commands, r.last = b.commandGroups(t)
	return r
}

// groups returns the groups of handlers that a message is for, in the order in
// which they are tried. Those of OnEvent, which get everything in the end, are
// left out.
func (r *route) groups(subscribed bool) [][]*handler {
	on := &r.bot.on
	groups := append(make([][]*handler, 0, len(r.commands)+4), r.commands...)
	if subscribed {
		groups = append(groups, on.subscribed)
	}
	if r.turn.message.Mentioned {
		groups = append(groups, on.mention)
	}
	return append(groups, on.pattern, r.last)
}

// takers returns the handlers that would run for a message unless they decline.
func (r *route) takers(subscribed bool) []*handler {
	defer func(before bool) { r.turn.subscribed = before }(r.turn.subscribed)
	r.turn.subscribed = subscribed
	for _, g := range append(r.groups(subscribed), r.bot.on.event) {
		var takers []*handler
		for _, h := range g {
			if h.match == nil || h.match(r.turn) {
				takers = append(takers, h)
			}
		}
		if len(takers) > 0 {
			return takers
		}
	}
	return nil
}

// rule is how messages for the same handlers are taken together.
type rule struct {
	policy LanePolicy
	// by names the handlers if one of them has a policy of its own. Nil means
	// all handlers without one.
	by []string
}

// ruleFor returns the rule for messages that these handlers take. If they are
// not of one mind, nothing is taken together.
func (b *Bot) ruleFor(takers []*handler) rule {
	own := false
	var names []string
	var policies []LanePolicy
	for _, h := range takers {
		own = own || h.options.Policy != LanePolicy{}
		names = append(names, h.name)
		policies = append(policies, or(h.options.Policy, b.cfg.Policy))
	}
	if !own {
		return rule{policy: b.cfg.Policy}
	}
	for _, p := range policies {
		if p != policies[0] {
			return rule{policy: Serial(), by: names}
		}
	}
	return rule{policy: policies[0], by: names}
}
