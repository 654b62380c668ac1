package ticketing

// SubscribeInput is the body that subscribes someone to a ticket.
type SubscribeInput struct {
	_    struct{} `additionalProperties:"true"`
	User *anyRef  `json:"user,omitempty" doc:"An id, an address, a name or me. Defaults to the user of the connection."`
}

// subscribe makes the handlers of subscribe and unsubscribe.
func subscribe(mutation string) func(*call) (*reply, error) {
	return func(c *call) (*reply, error) {
		vars := map[string]any{"id": ""}
		if list, given := c.input.refs(1, "user", "user_id"); given && len(list) == 1 {
			id, err := c.userOf(list[0])
			if err != nil {
				return nil, err
			}
			if id == "" {
				c.input.wrong("user", "not_found", "there is no such user")
			}
			vars["user"] = id
		}
		if err := c.input.done(); err != nil {
			return nil, err
		}
		return c.changeBy("mutation ticketSubscription($id: String!, $user: String) { "+mutation+"(id: $id, userId: $user) { success issue { id updatedAt } } }", "ticketSubscription", mutation, vars)
	}
}
