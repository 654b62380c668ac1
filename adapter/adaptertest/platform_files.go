package adaptertest

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/linearbot/linearbot/adapter"
)

var (
	_ adapter.Uploader   = (*Platform)(nil)
	_ adapter.Downloader = (*Platform)(nil)
)

// fakeFiles is the base address of the files of a Platform.
const fakeFiles = "https://files.fake.test/"

// file is an uploaded file.
type file struct {
	workspace, name, kind string
	content               []byte
}

// Upload implements adapter.Uploader.
func (p *Platform) Upload(ctx context.Context, workspace string, f adapter.Upload) (string, error) {
	const op = "upload"
	p.mu.Lock()
	err := p.begin(ctx, op, &p.failWrites)
	p.mu.Unlock()
	if err != nil {
		return "", err
	}
	if strings.TrimSpace(f.Name) == "" || f.Content == nil || f.Size < 0 {
		return "", fakeError(op, adapter.CodeInvalid, "the name, the content or its size is missing")
	}
	content, err := io.ReadAll(io.LimitReader(f.Content, f.Size+1))
	if err != nil {
		return "", &adapter.Error{Code: adapter.CodeInvalid, Op: op, Err: err}
	}
	if int64(len(content)) != f.Size {
		return "", fakeError(op, adapter.CodeInvalid, "the content has not the size that was told")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	address := fakeFiles + p.nextID("file") + "/" + url.PathEscape(f.Name)
	p.files[address] = &file{p.workspace(workspace), f.Name, cmp.Or(f.Type, "application/octet-stream"), content}
	return address, nil
}

// Open implements adapter.Downloader.
func (p *Platform) Open(ctx context.Context, workspace, address string, limit int64) (*adapter.File, error) {
	const op = "open"
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.begin(ctx, op, &p.failReads); err != nil {
		return nil, err
	}
	f, ok := p.files[address]
	switch {
	case !strings.HasPrefix(address, fakeFiles):
		return nil, fakeError(op, adapter.CodeInvalid, "the address is not the platform's")
	case !ok || f.workspace != p.workspace(workspace):
		return nil, fakeError(op, adapter.CodeNotFound, "there is no such file")
	case int64(len(f.content)) > limit:
		return nil, fakeError(op, adapter.CodeInvalid, "the file is larger than the limit")
	}
	return &adapter.File{
		ReadCloser: io.NopCloser(bytes.NewReader(f.content)),
		Name:       f.name, Type: f.kind, Size: int64(len(f.content)),
	}, nil
}

// attachments returns the files of a workspace that a text refers to, in the
// order of the text. It is called with the lock held.
func (p *Platform) attachments(workspace, text string) []adapter.Attachment {
	var out []adapter.Attachment
	for address, f := range p.files {
		if f.workspace == workspace && strings.Contains(text, address) {
			out = append(out, adapter.Attachment{Name: f.name, URL: address, Image: strings.HasPrefix(f.kind, "image/"), Own: true})
		}
	}
	slices.SortFunc(out, func(a, b adapter.Attachment) int { return strings.Index(text, a.URL) - strings.Index(text, b.URL) })
	return out
}
