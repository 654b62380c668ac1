package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/linearbot/linearbot/internal/pause"
)

// patience bounds every wait for a process.
const patience = 20 * time.Second

// process is a running subject.
type process struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Scanner
	addr  string
	start time.Duration // from its start until it is ready
}

// launch starts a process and waits until it is ready.
func launch(ctx context.Context, o childOptions) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	options, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self) //nolint:gosec // this program
	cmd.Env = append(os.Environ(), childVariable+"="+string(options))
	cmd.Stderr = os.Stderr
	p := &process{cmd: cmd}
	if p.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewScanner(out)
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	if !p.out.Scan() {
		p.kill()
		return nil, fmt.Errorf("the process of %s ended while it started", o.Kind)
	}
	p.addr = p.out.Text()
	if err := p.ready(ctx); err != nil {
		p.kill()
		return nil, fmt.Errorf("%s: %w", o.Kind, err)
	}
	p.start = time.Since(begin)
	return p, nil
}

// ready waits until /readyz answers 200.
func (p *process) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.addr+"/readyz", nil)
		if err != nil {
			return err
		}
		res, err := client.Do(req)
		if err == nil {
			_, _ = io.Copy(io.Discard, res.Body) // for the connection
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
			err = errors.New(res.Status)
		}
		if pause.For(ctx, 500*time.Microsecond) != nil {
			return fmt.Errorf("not ready: %w", err)
		}
	}
}

// ask sends a command and returns the line that answers it.
func (p *process) ask(command string) (string, error) {
	if _, err := io.WriteString(p.in, command+"\n"); err != nil {
		return "", err
	}
	if !p.out.Scan() {
		return "", errors.New("the process ended")
	}
	return p.out.Text(), nil
}

// kill ends the process at once.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	_ = p.cmd.Wait()         // so will the exit code say
}

// pid returns the process's id.
func (p *process) pid() int { return p.cmd.Process.Pid }

// cpu returns the user and system time of a process in seconds.
func cpu(pid int) (float64, error) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, err
	}
	_, rest, ok := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if !ok || len(fields) < 13 {
		return 0, errors.New("/proc/PID/stat cannot be read")
	}
	user, err1 := strconv.ParseFloat(fields[11], 64)
	system, err2 := strconv.ParseFloat(fields[12], 64)
	const ticks = 100 // a second; the same on all Linux machines
	return (user + system) / ticks, errors.Join(err1, err2)
}

// memory returns a line of /proc/PID/status in MB: VmHWM, VmRSS or RssAnon.
func memory(pid int, name string) (float64, error) {
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			kb, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 64)
			return kb / 1024, err
		}
	}
	return 0, fmt.Errorf("/proc/PID/status has no %s", name)
}
