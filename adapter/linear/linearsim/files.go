package linearsim

import (
	"crypto/subtle"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxFile is the largest file that is accepted, in bytes.
const maxFile = 64 << 20

// file is an upload slot, and the file once it is uploaded.
type file struct {
	ws        *Workspace
	name      string
	kind      string
	size      int
	public    bool
	signature string
	content   []byte
	sent      bool
}

// SetUploadTypes restricts the content types of the files that a workspace takes,
// such as "image/*". None takes all. Linear leaves the check to its clients.
func (w *Workspace) SetUploadTypes(types ...string) {
	w.srv.mu.Lock()
	defer w.srv.unlock()
	w.uploadTypes = types
}

// File returns the file that was uploaded to an address, or false.
func (s *Server) File(assetURL string) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.files[strings.TrimPrefix(assetURL, s.url)]
	if f == nil || !f.sent {
		return nil, false
	}
	return f.content, true
}

func fileMutations() map[string]operation {
	return map[string]operation{"fileUpload": uploadFile}
}

func uploadFile(r *request, a args) (any, error) {
	size, _ := a.number("size")
	if size < 0 || a.text("filename") == "" || a.text("contentType") == "" {
		return nil, invalidArgument("filename, contentType and size must be defined")
	}
	path := "/assets/" + r.ws.ID + "/" + r.srv.newID() + "/" + url.PathEscape(a.text("filename"))
	f := &file{
		ws: r.ws, name: a.text("filename"), kind: a.text("contentType"), size: int(size),
		public: a.flag("makePublic"), signature: r.srv.secret(16),
	}
	r.srv.files[path] = f
	headers := []payload{}
	for key, value := range f.headers() {
		headers = append(headers, payload{"UploadFileHeader", map[string]any{"key": key, "value": value}})
	}
	return r.done("UploadPayload", "uploadFile", payload{"UploadFile", map[string]any{
		"uploadUrl": r.srv.url + strings.Replace(path, "/assets/", "/upload/", 1) + "?signature=" + f.signature,
		"assetUrl":  r.srv.url + path, "contentType": f.kind, "filename": f.name, "size": f.size, "headers": headers,
	}}), nil
}

// headers are those that the request which sends the file must have, besides
// its type and how long to cache it.
func (f *file) headers() map[string]string {
	return map[string]string{
		"x-goog-content-length-range": strconv.Itoa(f.size) + "," + strconv.Itoa(f.size),
		"Content-Disposition":         mime.FormatMediaType("attachment", map[string]string{"filename": f.name}),
	}
}

// fileRoutes serves the storage. Like Linear's, it answers 403 to a PUT that lacks
// a header or carries a token.
func (s *Server) fileRoutes(mux *http.ServeMux) {
	mux.HandleFunc("PUT /upload/", s.putFile)
	mux.HandleFunc("GET /assets/", s.getFile)
}

func (s *Server) putFile(w http.ResponseWriter, r *http.Request) {
	path := strings.Replace(r.URL.EscapedPath(), "/upload/", "/assets/", 1)
	s.mu.Lock()
	f := s.files[path]
	s.mu.Unlock()
	status := http.StatusOK
	switch {
	case f == nil:
		status = http.StatusNotFound
	case r.URL.Query().Get("signature") != f.signature || r.Header.Get("Authorization") != "" ||
		r.Header.Get("Content-Type") != f.kind || r.Header.Get("Cache-Control") != "public, max-age=31536000":
		status = http.StatusForbidden
	default:
		for key, value := range f.headers() {
			if r.Header.Get(key) != value {
				status = http.StatusForbidden
			}
		}
	}
	if status == http.StatusOK {
		content, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxFile))
		if err != nil || len(content) != f.size {
			status = http.StatusBadRequest
		} else {
			s.mu.Lock()
			f.content, f.sent = content, true
			s.mu.Unlock()
		}
	}
	s.record(Request{At: s.now(), Fields: []string{"upload"}, OperationName: "upload", Authorization: authKind(r), Status: status})
	w.WriteHeader(status)
}

func (s *Server) getFile(w http.ResponseWriter, r *http.Request) {
	who := s.caller(r)
	s.mu.Lock()
	f := s.files[r.URL.EscapedPath()]
	s.mu.Unlock()
	status := http.StatusOK
	switch {
	case f == nil || !f.sent:
		status = http.StatusNotFound
	case f.opens(r.URL, s.now()):
	case !f.public && who.token == nil:
		status = http.StatusUnauthorized
	case !f.public && who.token.user.ws != f.ws:
		status = http.StatusForbidden
	}
	s.record(Request{At: s.now(), Fields: []string{"assets"}, OperationName: "assets", Authorization: authKind(r), Status: status})
	if status != http.StatusOK {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", f.kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(f.content)))
	for key, value := range f.headers() {
		if key == "Content-Disposition" {
			w.Header().Set(key, value)
		}
	}
	_, _ = w.Write(f.content)
}

// signedFor reads the header public-file-urls-expire-in, in seconds. A client that
// sends it gets addresses of files, inside Markdown, that need no token.
func signedFor(r *http.Request) time.Duration {
	n, err := strconv.Atoi(r.Header.Get("Public-File-Urls-Expire-In"))
	if err != nil || n <= 0 {
		return 0
	}
	return time.Duration(min(n, int(maxSigned.Seconds()))) * time.Second
}

// maxSigned bounds how long a signed address lives.
const maxSigned = 7 * 24 * time.Hour

// holdsMarkdown reports whether the field of that name, of any type, is Markdown.
func holdsMarkdown(field string) bool {
	switch field {
	case "body", "description", "content":
		return true
	}
	return false
}

// signFiles signs the addresses of the workspace's files in a text. s.mu is held.
func (s *Server) signFiles(text string, w *Workspace, lives time.Duration) string {
	prefix := s.url + "/assets/" + w.ID + "/"
	if !strings.Contains(text, prefix) {
		return text
	}
	var b strings.Builder
	expires := strconv.FormatInt(s.now().Add(lives).Unix(), 10)
	for {
		before, rest, found := strings.Cut(text, prefix)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		end := strings.IndexAny(rest, " \t\r\n)<>\"'?#")
		if end < 0 {
			end = len(rest)
		}
		path := strings.TrimPrefix(prefix, s.url) + rest[:end]
		b.WriteString(s.url + path)
		if f := s.files[path]; f != nil {
			b.WriteString("?expires=" + expires + "&signature=" + f.sign(path, expires))
		}
		text = rest[end:]
	}
}

func (f *file) sign(path, expires string) string { return sign(f.signature, []byte(path+" "+expires)) }

// opens reports whether an address carries a signature that is valid at a time.
func (f *file) opens(u *url.URL, now time.Time) bool {
	q := u.Query()
	expires, err := strconv.ParseInt(q.Get("expires"), 10, 64)
	return err == nil && now.Unix() < expires &&
		subtle.ConstantTimeCompare([]byte(q.Get("signature")), []byte(f.sign(u.EscapedPath(), q.Get("expires")))) == 1
}

func zeroTime() time.Time { return time.Time{} }
