package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// load is a way to send deliveries.
type load struct {
	Name string
	// Conns is the number of connections.
	Conns int
	// Rate is how many deliveries are sent a second; 0 means a closed load.
	Rate float64
	// Await has a connection wait for the answer of its last delivery, too.
	Await bool
	// Threads is the number of threads; 0 means one for each delivery.
	Threads int
	// Workspace is where the deliveries come from.
	Workspace string
	// Count ends the load after so many deliveries. 0 means no end but that of
	// the time.
	Count int
}

// run sends deliveries to the addresses, one after the other, until ctx ends or
// Count is reached. First is the number of the first delivery. An error of a
// connection ends the load.
func (l load) run(ctx context.Context, addrs []string, rec *record, first int) error {
	var wg sync.WaitGroup
	var failed atomic.Pointer[error]
	begin := time.Now()
	for w := range l.Conns {
		wg.Go(func() {
			if err := l.connection(ctx, addrs[w%len(addrs)], rec, begin, first, w); err != nil && ctx.Err() == nil {
				failed.Store(&err)
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

// connection sends every Conns-th delivery.
func (l load) connection(ctx context.Context, addr string, rec *record, begin time.Time, first, w int) error {
	c, err := dial(ctx, addr)
	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // everything was read
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Now().Add(2 * time.Second)) })
	defer stop()
	clock, err := newAlarm()
	if err != nil {
		return err
	}
	defer clock.close()
	mail := newWriter(l.Workspace, l.Threads)
	for i := w; (l.Count == 0 || i < l.Count) && first+i < most && ctx.Err() == nil; i += l.Conns {
		n, at := first+i, time.Now()
		if l.Rate > 0 {
			at = begin.Add(time.Duration(float64(i) / l.Rate * float64(time.Second)))
			if err := clock.until(at); err != nil { // a fraction of a second
				return err
			}
			if ctx.Err() != nil {
				return nil
			}
		}
		body, signature := mail.write(n, time.Now())
		rec.send(n, at)
		status, err := c.post(body, signature)
		if err != nil {
			return err
		}
		if status != 200 {
			rec.refused.Add(1)
			continue
		}
		rec.ack(n)
		if l.Await {
			select {
			case <-rec.waiting[n%len(rec.waiting)]:
			case <-ctx.Done():
			}
		}
	}
	return nil
}

// conn is a connection that posts webhooks. It speaks only the HTTP of the
// server here, because the generator shares the machine with what it measures.
type conn struct {
	net.Conn

	r   *bufio.Reader
	out []byte
}

func dial(ctx context.Context, addr string) (*conn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, r: bufio.NewReaderSize(c, 4<<10)}, nil
}

// post sends one delivery and returns the status of the answer.
func (c *conn) post(body, signature []byte) (int, error) {
	b := append(c.out[:0], "POST /api/webhooks/linear HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Linear-Webhook\r\nContent-Type: application/json; charset=utf-8\r\nLinear-Delivery: 234d1a4e-b617-4388-90fe-adc3633d6b72\r\nLinear-Event: Comment\r\nLinear-Signature: "...)
	b = append(b, signature...)
	b = append(b, "\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(body)), 10)
	b = append(b, "\r\n\r\n"...)
	b = append(b, body...)
	c.out = b
	if _, err := c.Write(b); err != nil {
		return 0, err
	}
	status, length := 0, 0
	for {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		switch {
		case len(line) == 0:
			if status == 0 {
				return 0, errors.New("no status")
			}
			_, err := io.CopyN(io.Discard, c.r, int64(length))
			return status, err
		case status == 0:
			if status = number(line, "HTTP/1.1 "); status < 0 {
				return 0, errors.New("no status")
			}
		case bytes.HasPrefix(line, []byte("Content-Length: ")):
			length = max(0, number(line, "Content-Length: "))
		}
	}
}
