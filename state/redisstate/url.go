package redisstate

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/linearbot/linearbot/state"
)

// ioTimeout bounds one exchange with a server.
const ioTimeout = 3 * time.Second

// bufferSize is how much of a connection is buffered in each direction: a script call
// with some deliveries fits, and more is sent in pieces.
const bufferSize = 16 << 10

// Open returns a store for the servers that address names. See [OpenOptions].
func Open(address string) (*Store, error) { return OpenOptions(address, Options{}) }

// OpenOptions returns a store for the servers that address names, in one of
// these forms:
//
//	redis://[user:password@]host[:port][/db]
//	redis+sentinel://[user:password@]host[:port],host[:port].../master[/db]
//	redis+cluster://[user:password@]host[:port],host[:port]...
//
// With rediss in place of redis the connections use TLS. redis:// with several
// hosts is a cluster, too. ?prefix=NAME at the end sets [Options.Prefix], so that
// several stores share a server or, where there are no databases, a Cluster. The
// user and the password are percent-encoded and
// are used at the data servers; [Options] has the ones for sentinels. Ports
// default to 6379, those of sentinels to 26379.
//
// OpenOptions only reads the address: the store connects when it is first
// used, and [Store.Ping] tells whether it can. Errors never show a password.
func OpenOptions(address string, o Options) (*Store, error) {
	plain, prefix, err := cutPrefix(address)
	if err != nil {
		return nil, fmt.Errorf("redisstate: address: %w: %w", err, state.ErrInvalid)
	}
	o.Prefix = cmp.Or(prefix, o.Prefix)
	if o, err = o.withDefaults(); err != nil {
		return nil, err
	}
	u, err := parseURL(plain, o)
	if err != nil {
		return nil, fmt.Errorf("redisstate: address: %w: %w", err, state.ErrInvalid)
	}
	client := redis.NewUniversalClient(u)
	s, err := New(client, o)
	if err != nil {
		return nil, errors.Join(err, client.Close())
	}
	s.owned = true
	return s, nil
}

// CheckURL reports what is wrong with an address that [Open] would refuse. It
// does no I/O, and its error shows no password.
func CheckURL(address string) error {
	plain, _, err := cutPrefix(address)
	if err == nil {
		_, err = parseURL(plain, Options{})
	}
	return err
}

// cutPrefix takes ?prefix=NAME off an address. Its errors quote nothing that may
// hold a password.
func cutPrefix(address string) (plain, prefix string, err error) {
	plain, query, has := strings.Cut(address, "?")
	if !has {
		return plain, "", nil
	}
	prefix, ok := strings.CutPrefix(query, "prefix=")
	plainName := func(r rune) bool {
		return r == '-' || r == '_' || r == '.' || r == ':' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
	}
	if !ok || prefix == "" || len(prefix) > 64 || strings.TrimFunc(prefix, plainName) != "" {
		return "", "", errors.New("after a ? only prefix=NAME is read, with letters, digits and - _ . : in the name; percent-encode ? in passwords")
	}
	return plain, prefix, nil
}

// parseURL reads an address. Its errors quote nothing that may hold a password.
func parseURL(address string, o Options) (*redis.UniversalOptions, error) {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		return nil, errors.New("no scheme, want for example redis://host:6379/0")
	}
	tlsName, kind, _ := strings.Cut(scheme, "+")
	u := &redis.UniversalOptions{
		ContextTimeoutEnabled: true,
		MaxRetries:            -1,
		DialTimeout:           ioTimeout,
		DialerRetries:         1,
		ReadTimeout:           ioTimeout,
		WriteTimeout:          ioTimeout,
		PoolSize:              o.PoolSize,
		PoolTimeout:           ioTimeout,
		ReadBufferSize:        bufferSize,
		WriteBufferSize:       bufferSize,
		SentinelUsername:      o.SentinelUsername,
		SentinelPassword:      o.SentinelPassword,
		DisableIdentity:       true,
		MaintNotificationsConfig: &maintnotifications.Config{
			Mode: maintnotifications.ModeDisabled,
		},
	}
	if !o.AutoPipeline {
		u.PipelinePoolSize = -1 // few calls are pipelines, and they share the connections of the others
	}
	switch tlsName {
	case "redis":
	case "rediss":
		u.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	default:
		return nil, errors.New("unknown scheme, want redis, rediss, redis+sentinel or redis+cluster")
	}
	if strings.Contains(rest, "#") {
		return nil, errors.New("it has a fragment, which nothing reads; percent-encode # in passwords")
	}
	authority, path, _ := strings.Cut(rest, "/")
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		name, password, _ := strings.Cut(authority[:i], ":")
		var err1, err2 error
		u.Username, err1 = url.PathUnescape(name)
		u.Password, err2 = url.PathUnescape(password)
		if err1 != nil || err2 != nil {
			return nil, errors.New("user or password is not percent-encoded")
		}
		authority = authority[i+1:]
	}
	port := "6379"
	if kind == "sentinel" {
		port = "26379"
	}
	for host := range strings.SplitSeq(authority, ",") {
		addr, err := hostPort(host, port)
		if err != nil {
			return nil, err
		}
		u.Addrs = append(u.Addrs, addr)
	}
	var db string
	switch kind {
	case "":
		db = path
		u.IsClusterMode = len(u.Addrs) > 1
	case "cluster":
		db = path
		u.IsClusterMode = true
	case "sentinel":
		u.MasterName, db, _ = strings.Cut(path, "/")
		if u.MasterName == "" {
			return nil, errors.New("no master name, want redis+sentinel://host:26379/name")
		}
	default:
		return nil, errors.New("unknown scheme, want redis, rediss, redis+sentinel or redis+cluster")
	}
	if db != "" {
		n, err := strconv.Atoi(db)
		if err != nil || n < 0 {
			return nil, errors.New("the database is not a number")
		}
		if n != 0 && u.IsClusterMode {
			return nil, errors.New("a cluster has no databases")
		}
		u.DB = n
	}
	return u, nil
}

// hostPort completes host with a default port.
func hostPort(host, port string) (string, error) {
	if h, p, err := net.SplitHostPort(host); err == nil {
		if h == "" {
			return "", errors.New("a host is empty")
		}
		if n, err := strconv.ParseUint(p, 10, 16); err != nil || n == 0 {
			return "", errors.New("a port is not a number from 1 to 65535")
		}
		return host, nil
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if host == "" {
		return "", errors.New("a host is empty")
	}
	if strings.ContainsAny(host, "[]") || strings.Contains(host, ":") && net.ParseIP(host) == nil {
		return "", errors.New("a host is not readable")
	}
	return net.JoinHostPort(host, port), nil
}
