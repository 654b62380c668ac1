// Package loopback tells this machine from all others by the names and addresses
// that programs and browsers write.
package loopback

import (
	"net/netip"
	"strings"
)

// Host reports whether a host, without its port, is certain to be this machine:
// localhost, a name below it, or a loopback address without brackets. Other names are
// not, as DNS says where they lead.
func Host(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
