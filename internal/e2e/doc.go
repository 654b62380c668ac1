// Package e2e tests the pages that the bot serves in a real browser. It is a
// module of its own, so that whoever uses the library does not see the driver.
package e2e
