package linearapi

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"

	fast "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	lenient "github.com/go-json-experiment/json/v1"
	"github.com/hasura/go-graphql-client"
)

// Nearly every request is one of a few documents with other variables, and nearly
// every answer is data without errors. Both are encoded and read here, with the
// documents and names quoted in advance and the answer read once. Every other answer goes
// to the GraphQL package as it came.

// quotation is a document and the name of its operation as JSON strings.
type quotation struct{ document, name []byte }

func quotationOf(name, document string) quotation {
	return quotation{document: quoteJSON(document), name: quoteJSON(name)}
}

// quoteDocuments quotes the documents and their names.
func quoteDocuments(documents map[string]string) map[string]quotation {
	quoted := make(map[string]quotation, len(documents))
	for name, text := range documents {
		quoted[name] = quotationOf(name, text)
	}
	return quoted
}

// quoteJSON returns a document as a JSON string. Documents are valid UTF-8, or
// become so.
func quoteJSON(text string) []byte {
	b, _ := jsontext.AppendQuote(nil, text) // the error only says that bytes were replaced
	return b
}

// encode returns the body of a request.
func encode(q quotation, vars map[string]any) ([]byte, error) {
	variables := []byte(nil)
	if len(vars) > 0 {
		var err error
		if variables, err = json.Marshal(vars); err != nil {
			return nil, err
		}
	}
	b := make([]byte, 0, len(q.document)+len(variables)+len(q.name)+64)
	b = append(append(b, `{"query":`...), q.document...)
	if variables != nil {
		b = append(append(b, `,"variables":`...), variables...)
	}
	b = append(append(b, `,"operationName":`...), q.name...)
	return append(b, '}'), nil
}

// send posts a body and returns the data of the answer. Its errors are those of
// the GraphQL package, or of the client.
func (a *attempt) send(ctx context.Context, to *url.URL, body []byte) ([]byte, error) {
	// The address is parsed already.
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "/", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.URL, req.Host = to, to.Host
	resp, err := a.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // all of it was read that matters
	if resp.StatusCode == http.StatusOK {
		answer, err := readAnswer(resp)
		if err == nil {
			if data := dataOf(answer); data != nil {
				return data, nil
			}
			if ctx.Value(partialKey{}) != nil {
				a.arrived = arrived(resp.StatusCode, answer)
			}
		}
		resp.Body = &readAgain{Closer: resp.Body, read: bytes.NewReader(answer), err: err}
	}
	return graphql.NewClient(to.String(), answered{resp}).ExecRaw(ctx, "", nil)
}

// readAnswer reads a body, and on an error what of it arrived.
func readAnswer(resp *http.Response) ([]byte, error) {
	const most = 64 << 10 // of what an announced length is believed
	var b bytes.Buffer
	if n := resp.ContentLength; n > 0 && n <= most {
		b.Grow(int(n) + bytes.MinRead)
	}
	_, err := b.ReadFrom(resp.Body)
	return b.Bytes(), err
}

// dataOf returns the data of an answer that holds no errors, and otherwise nil.
func dataOf(answer []byte) []byte {
	var plain struct {
		Data   jsontext.Value `json:"data"`
		Errors jsontext.Value `json:"errors"`
	}
	if err := fast.Unmarshal(answer, &plain, lenient.DefaultOptionsV1(), lenient.ReportErrorsWithLegacySemantics(false)); err != nil {
		return nil
	}
	if len(plain.Data) == 0 || plain.Data.Kind() == 'n' || len(plain.Errors) > 0 {
		return nil
	}
	return plain.Data
}

// answered is a Doer that has the answer already.
type answered struct{ resp *http.Response }

// Do returns it.
func (a answered) Do(*http.Request) (*http.Response, error) { return a.resp, nil }

// readAgain is a body of which some has been read, up to the end or an error.
type readAgain struct {
	io.Closer

	read *bytes.Reader
	err  error
}

// Read reads what has been read before, and then fails like that did.
func (r *readAgain) Read(p []byte) (int, error) {
	n, err := r.read.Read(p)
	if err != nil && r.err != nil {
		err = r.err
	}
	return n, err
}
