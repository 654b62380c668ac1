// Package e2e tests the pages that the bot serves in a real browser. It is a
// separate module, so that users of the library do not depend on the driver.
package e2e
