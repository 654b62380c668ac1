package ticketing

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// parts reads a form with a file. It is read before the handler runs, since
// what is in it decides whether the request is a repeat.
func (c *call) parts(body io.ReadCloser) (*input, error) {
	c.r.Body = body
	r, err := c.r.MultipartReader()
	if err != nil {
		return nil, badRequest(codeInvalidRequest, "the form cannot be read")
	}
	fields := map[string]any{}
	hashed := []byte("form ") // no JSON, whatever the digits of the hashes are
	left := c.api.cfg.MaxUpload + 1<<20
	for n := 0; ; n++ {
		p, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || n > 50 {
			return nil, cutOff(err, "the form cannot be read")
		}
		raw, err := io.ReadAll(io.LimitReader(p, left+1))
		if err != nil {
			return nil, cutOff(err, "the form was cut off")
		}
		c.size += int64(len(raw))
		if left -= int64(len(raw)); left < 0 {
			return nil, tooLarge(c.api.cfg.MaxUpload)
		}
		hashed = append(hashed, []byte(shortHash(p.FormName(), p.FileName(), string(raw)))...)
		if p.FileName() != "" || p.FormName() == "file" {
			fields["content"] = raw
			if _, named := fields["file_name"]; !named && p.FileName() != "" {
				fields["file_name"] = p.FileName()
			}
			if kind := p.Header.Get("Content-Type"); kind != "" {
				fields["content_type"] = kind
			}
			continue
		}
		name := parseName(p.FormName())
		put(fields, append([]string{name.name}, name.sub...), string(raw))
	}
	c.raw = hashed
	return newInput(fields), nil
}

// content reads the bytes of a file out of a body.
func (c *call) content(in *input) (content []byte, kind string, has bool, err error) {
	kind, _, _ = in.text(200, "content_type")
	if raw, given := in.any("content"); given {
		content, has = raw.([]byte)
	}
	if v, given := in.any("data"); given && !has {
		s, isText := v.(string)
		if !isText {
			in.wrong("data", "type", "must be a text: base64")
			return nil, "", true, nil
		}
		if _, after, isURL := strings.Cut(s, ";base64,"); isURL {
			s = after
		}
		s = strings.NewReplacer("\n", "", "\r", "", " ", "").Replace(s)
		content, err = base64.StdEncoding.DecodeString(s)
		if err != nil {
			content, err = base64.RawURLEncoding.DecodeString(strings.TrimRight(s, "="))
		}
		if err != nil {
			in.wrong("data", "value", "must be base64")
			return nil, "", true, nil //nolint:nilerr // it is noted in the body
		}
		has = true
	}
	if int64(len(content)) > c.api.cfg.MaxUpload {
		return nil, "", false, tooLarge(c.api.cfg.MaxUpload)
	}
	name := in.peek("file_name")
	if has && dangerous(name) {
		in.wrong("file_name", "type", "files of the type %s are not taken: they run when they are opened", path.Ext(name))
	}
	if kind == "" && has {
		kind = mime.TypeByExtension(path.Ext(name))
		if kind == "" {
			kind = http.DetectContentType(content)
		}
	}
	return content, kind, has, nil
}

// dangerous names files that run when they are opened.
func dangerous(name string) bool {
	return slices.Contains([]string{
		".exe", ".msi", ".bat", ".cmd", ".com", ".scr", ".ps1", ".vbs", ".jar", ".app", ".dmg", ".lnk", ".hta",
	}, strings.ToLower(path.Ext(name)))
}

// uploadable checks a content type against those that the workspace takes.
func (c *call) uploadable(in *input, kind string) error {
	space, err := c.workspace()
	if err != nil {
		return err
	}
	if taken := space.Organization.UploadTypes; !takes(taken, kind) {
		in.wrong("content_type", "type", "is %s, and the workspace takes only %s", kind, strings.Join(taken, ", "))
	}
	return nil
}

// takes reports whether a content type is among those that are taken, such as
// image/png or image/*. An empty list takes all.
func takes(taken []string, kind string) bool {
	plain, _, err := mime.ParseMediaType(kind)
	if err != nil {
		plain = strings.ToLower(strings.TrimSpace(kind))
	}
	family, _, _ := strings.Cut(plain, "/")
	return len(taken) == 0 || slices.ContainsFunc(taken, func(t string) bool {
		return t == "*/*" || strings.EqualFold(t, family+"/*") || strings.EqualFold(t, plain)
	})
}

func (c *call) upload(client *linearapi.Client, name, kind string, content []byte) (string, error) {
	to, err := client.FileUpload(c.ctx, linearapi.FileUploadInput{Filename: name, ContentType: kind, Size: int64(len(content))})
	if err != nil {
		return "", err
	}
	if err := client.PutFile(c.ctx, to, int64(len(content)), bytes.NewReader(content)); err != nil {
		return "", err
	}
	return to.AssetURL, nil
}

// downloadAttachment answers both ways to download. Only files in Linear's own
// storage are fetched: a server that fetches any address can be pointed at its
// own network.
func downloadAttachment(c *call) (*reply, error) {
	id := c.path["id"]
	if id == "" && c.input != nil {
		id, _, _ = c.input.text(500, "id")
	}
	if id == "" {
		return nil, invalidField("id", "required", "is required")
	}
	mode := c.q.get("mode")
	if c.input != nil && mode == "" {
		mode, _, _ = c.input.text(20, "mode")
	}
	if mode != "" && mode != "attachment" && mode != "inline" {
		return nil, badRequest(codeInvalidRequest, "mode must be attachment or inline")
	}
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	address := ""
	if strings.HasPrefix(id, inlinePrefix) {
		v, err := c.inlineFile(id)
		if err != nil {
			return nil, err
		}
		address = v.FileURL
	} else {
		n, err := client.AttachmentNode(c.ctx, id)
		if err != nil {
			return nil, missing(err, "attachment", id)
		}
		address = n.Value.URL
	}
	if !client.OwnsFile(address) {
		return nil, &problem{
			status: http.StatusConflict, code: codeConflict, raw: map[string]string{"file_url": address},
			message: "this attachment is a link, not a file: open its file_url",
		}
	}
	f, err := client.OpenFile(c.r.Context(), address, 1<<30)
	if err != nil {
		return nil, err
	}
	return &reply{write: func(w http.ResponseWriter) {
		defer f.Close() //nolint:errcheck // only read from
		h := w.Header()
		kind := f.Type
		if kind == "" {
			kind = "application/octet-stream"
		}
		h.Set("Content-Type", kind)
		h.Set("Content-Disposition", mime.FormatMediaType(disposition(mode, kind), map[string]string{"filename": f.Name}))
		h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
		if f.Size >= 0 {
			h.Set("Content-Length", strconv.FormatInt(f.Size, 10))
		}
		w.WriteHeader(http.StatusOK)
		_, _ = io.Copy(w, f) // a client that disconnects is not a failure
	}}, nil
}

// disposition says whether a browser shows a file or saves it. What could run as a
// page is saved in any case.
func disposition(mode, kind string) string {
	plain, _, err := mime.ParseMediaType(kind)
	shown := slices.Contains([]string{
		"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "application/pdf", "text/plain", "video/mp4", "video/webm", "audio/mpeg",
	}, plain)
	if mode == "inline" && err == nil && shown {
		return "inline"
	}
	return "attachment"
}

// inlineFile finds a file that stands in the description of a ticket.
func (c *call) inlineFile(id string) (*Attachment, error) {
	issue, _, _ := strings.Cut(strings.TrimPrefix(id, inlinePrefix), "_")
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	got, err := client.Issue(c.ctx, issue)
	if err != nil {
		return nil, missing(err, "attachment", id)
	}
	for _, f := range filesIn(got.ID, got.Description, client.OwnsFile) {
		if f.ID == id {
			return inlineAttachment(got.ID, f), nil
		}
	}
	said, err := c.filesOfComments(got.ID)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(said, func(a *Attachment) bool { return a.ID == id }); i >= 0 {
		return said[i], nil
	}
	return nil, notFound("attachment", id)
}
