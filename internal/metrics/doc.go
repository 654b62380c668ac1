// Package metrics shows what a running bot counts, in the format of Prometheus.
//
// It measures next to nothing itself. The packages that do the work offer
// read-only views ([status.Sources]), and a scrape reads them; only calls of Linear's API
// and requests to the ticketing API are counted here, because they are observed one
// by one. A process without a scraper pays for a few atomic additions.
//
// # Names
//
// [Table] lists every metric. docs/operations.md shows the same table, and a test
// compares the two. A metric may be added in any version; renaming or removing one
// is a change that users notice.
//
// # Bounds
//
// No label holds the id of a thread, a person, a delivery or a workspace. Words
// that come from handlers, platforms or signed bodies are cut to 64 bytes, and of
// each label at most 100 values are told apart; the others are counted as "other".
// A signing secret is named by the hash that webhook.Secret.Name returns.
package metrics
