package linear

import (
	"cmp"
	"context"
	"mime"
	"path"
	"strings"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

var (
	_ adapter.Uploader   = (*Adapter)(nil)
	_ adapter.Downloader = (*Adapter)(nil)
)

// defaultFileType is the media type of files whose type is unspecified.
const defaultFileType = "application/octet-stream"

// Upload stores a file with Linear and returns its address, with two requests:
// one to ask for the upload address, one to send the file. Only members of the
// workspace can read it. A file that is longer or shorter than f.Size fails
// with code Invalid.
func (a *Adapter) Upload(ctx context.Context, workspace string, f adapter.Upload) (string, error) {
	name := path.Base(strings.ReplaceAll(strings.TrimSpace(f.Name), `\`, "/"))
	kind := cmp.Or(f.Type, defaultFileType)
	switch _, _, err := mime.ParseMediaType(kind); {
	case name == "." || name == "/" || name == "..":
		return "", opError("upload", adapter.CodeInvalid, "the name is missing")
	case err != nil:
		return "", opError("upload", adapter.CodeInvalid, "the type is not a media type")
	case f.Content == nil || f.Size < 0:
		return "", opError("upload", adapter.CodeInvalid, "the content or its size is missing")
	}
	api, err := a.API(ctx, workspace)
	if err != nil {
		return "", err
	}
	target, err := api.FileUpload(ctx, linearapi.FileUploadInput{Filename: name, ContentType: kind, Size: f.Size})
	if err != nil {
		return "", err
	}
	if target.UploadURL == "" || target.AssetURL == "" {
		return "", opError("upload", adapter.CodeUnavailable, "Linear did not say where to put the file")
	}
	target.ContentType = kind
	if err := api.PutFile(ctx, target, f.Size, f.Content); err != nil {
		return "", err
	}
	return target.AssetURL, nil
}

// Open opens a file that Linear stores, with one request. It accepts only
// addresses below Config.UploadsURL, whatever the message says, and refuses
// redirects; the error then has code adapter.CodeInvalid. limit is required.
func (a *Adapter) Open(ctx context.Context, workspace, url string, limit int64) (*adapter.File, error) {
	api, err := a.API(ctx, workspace)
	if err != nil {
		return nil, err
	}
	return api.OpenFile(ctx, url, limit)
}
