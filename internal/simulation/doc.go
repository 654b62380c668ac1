// Package simulation runs several instances of a bot against a simulated Linear,
// all in one process and on virtual time, and lets everything go wrong that a
// seed says: store calls fail before or after their effect, answers of the API
// get lost, come late or are errors, instances crash, freeze and restart, the
// store's clock is off and jumps, deliveries arrive twice, late and out of order.
// Hours pass in a moment.
//
// It is the whole way of a message: people write in [linearsim], which signs and
// retries its webhooks; the real server verifies them, the store keeps them, the
// handlers run, and their posts go back through the real client. Only the network
// is a function call, and the store, which all instances share, is the one in
// memory. After every run the promises are checked:
//
//   - what was answered 200 has exactly one answer, whose parts are there once;
//   - what no handler can handle is a dead letter, and nothing else is;
//   - in one thread, one turn runs at a time, and answers have the order in which
//     their messages were stored;
//   - in the end the store is empty, and every instance stops.
//
// A failing seed prints the story of the messages that it concerns. What goes
// wrong, when and where follows from the seed. Which of two goroutines goes first
// does not, so a seed may need a few runs to fail again.
//
//	go test ./internal/simulation                                  # a few seeds
//	go test ./internal/simulation -run Simulation -seeds 200       # more of them
//	go test ./internal/simulation -run Simulation -seed 17 -v      # one, with its story
//	make simulate                                                  # for an hour
//
// [linearsim]: https://pkg.go.dev/github.com/linearbot/linearbot/adapter/linear/linearsim
package simulation
