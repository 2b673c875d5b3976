// Package hubtest is a hub on this machine: it speaks the protocol of package hub
// for models that a test makes up, with a second host for large files, and cuts
// connections where it is told to.
package hubtest

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Model is one model of the hub. Files that end in .safetensors, .gguf or .bin
// are kept outside git.
type Model struct {
	Commit string
	Tags   []string // further names of Commit, besides main
	Files  map[string][]byte
	Gated  bool // only those with Token get files
}

// Server is the hub. Its fields may change between requests.
type Server struct {
	URL string

	mu     sync.Mutex
	models map[string]Model
	token  string
	hook   func(w http.ResponseWriter, r *http.Request) bool
	cut    func(n int) int
	served map[string]int // bytes of content, by file
	asked  []string
	signed map[string]bool // addresses of the second host that are still good
	wrong  []string
	hub    *httptest.Server
	cdn    *httptest.Server
}

// New starts a hub that ends with the test. What clients do wrong fails it.
func New(t testing.TB, models map[string]Model) *Server {
	t.Helper()
	s := Start(models)
	t.Cleanup(func() {
		s.Close()
		for _, w := range s.wrong {
			t.Error(w)
		}
	})
	return s
}

// Start is New for who has no test at hand: Close ends it.
func Start(models map[string]Model) *Server {
	s := &Server{models: models, served: map[string]int{}, signed: map[string]bool{}}
	s.hub = httptest.NewServer(http.HandlerFunc(s.serve))
	s.cdn = httptest.NewServer(http.HandlerFunc(s.second))
	s.URL = s.hub.URL
	return s
}

// Close ends both hosts.
func (s *Server) Close() {
	s.hub.Close()
	s.cdn.Close()
}

// Token is what Gated models ask for.
func (s *Server) Token(token string) { s.lock(func() { s.token = token }) }

// Set puts a model there, or another one in its place.
func (s *Server) Set(id string, m Model) { s.lock(func() { s.models[id] = m }) }

// Hook sees every request of both hosts first; it answers where it returns true.
func (s *Server) Hook(f func(w http.ResponseWriter, r *http.Request) bool) {
	s.lock(func() { s.hook = f })
}

// Cut says after how many of n bytes a body is cut off; n and more: it is not.
func (s *Server) Cut(f func(n int) int) { s.lock(func() { s.cut = f }) }

// Served is the bytes of content that left for a file.
func (s *Server) Served(file string) (n int) {
	s.lock(func() { n = s.served[file] })
	return n
}

// Asked lists "METHOD path" of all requests since the last call.
func (s *Server) Asked() (list []string) {
	s.lock(func() { list, s.asked = s.asked, nil })
	return list
}

func (s *Server) lock(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// ETag is the name of a file's blob.
func ETag(name string, b []byte) string {
	if large(name) {
		sum := sha256.Sum256(b)
		return hex.EncodeToString(sum[:])
	}
	sum := sha1.Sum(append(fmt.Appendf(nil, "blob %d\x00", len(b)), b...))
	return hex.EncodeToString(sum[:])
}

func large(name string) bool {
	return strings.HasSuffix(name, ".safetensors") || strings.HasSuffix(name, ".gguf") || strings.HasSuffix(name, ".bin")
}

// seen notes a request and asks the hook.
func (s *Server) seen(w http.ResponseWriter, r *http.Request) bool {
	var hook func(http.ResponseWriter, *http.Request) bool
	s.lock(func() {
		s.asked = append(s.asked, r.Method+" "+r.URL.EscapedPath())
		hook = s.hook
	})
	return hook != nil && hook(w, r)
}

// refuse answers as the hub does.
func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("X-Error-Code", code)
	w.Header().Set("X-Error-Message", message)
	w.WriteHeader(status)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if s.seen(w, r) {
		return
	}
	path := r.URL.EscapedPath()
	api, isAPI := strings.CutPrefix(path, "/api/models/")
	sep := "/resolve/"
	if isAPI {
		path, sep = "/"+api, "/revision/"
	}
	id, rest, ok := strings.Cut(strings.TrimPrefix(path, "/"), sep)
	var m Model
	var token string
	s.lock(func() {
		m, token = s.models[id], s.token
	})
	given := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch {
	case !ok || m.Commit == "":
		refuse(w, 401, "RepoNotFound", "Repository not found")
	case given != "" && given != token && token != "":
		refuse(w, 401, "", "Invalid credentials in Authorization header")
	case isAPI:
		s.info(w, id, m, rest)
	case m.Gated && given == "":
		refuse(w, 401, "GatedRepo", "Access to model "+id+" is restricted. You must have access to it and be authenticated to access it. Please log in.")
	case m.Gated && (given != token || token == ""):
		refuse(w, 403, "GatedRepo", "Access to model "+id+" is restricted and you are not in the authorized list.")
	default:
		s.resolve(w, r, m, rest)
	}
}

func (m Model) is(revision string) bool {
	return revision == m.Commit || revision == "main" || slices.Contains(m.Tags, revision)
}

func (s *Server) info(w http.ResponseWriter, id string, m Model, escaped string) {
	revision, err := url.PathUnescape(escaped)
	if err != nil || !m.is(revision) {
		refuse(w, 404, "RevisionNotFound", "Invalid rev id: "+revision)
		return
	}
	type lfs struct {
		SHA256 string `json:"sha256"`
		Size   int    `json:"size"`
	}
	type file struct {
		Name   string `json:"rfilename"`
		Size   int    `json:"size"`
		BlobID string `json:"blobId"`
		LFS    *lfs   `json:"lfs,omitempty"`
	}
	var files []file
	for name, b := range m.Files {
		f := file{Name: name, Size: len(b), BlobID: ETag(name, b)}
		if large(name) {
			f.BlobID, f.LFS = strings.Repeat("0", 40), &lfs{ETag(name, b), len(b)}
		}
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.Name, b.Name) })
	json.NewEncoder(w).Encode(map[string]any{"id": id, "modelId": id, "sha": m.Commit, "private": false, "gated": m.Gated, "tags": []string{}, "downloads": 0, "likes": 0, "siblings": files})
}

func (s *Server) resolve(w http.ResponseWriter, r *http.Request, m Model, escaped string) {
	rev, name, _ := strings.Cut(escaped, "/")
	revision, err1 := url.PathUnescape(rev)
	name, err2 := url.PathUnescape(name)
	b, ok := m.Files[name]
	switch {
	case err1 != nil || err2 != nil || !m.is(revision):
		refuse(w, 404, "RevisionNotFound", "Invalid rev id: "+revision)
		return
	case !ok:
		refuse(w, 404, "EntryNotFound", "Entry not found")
		return
	}
	h := w.Header()
	h.Set("X-Repo-Commit", m.Commit)
	h.Set("Accept-Ranges", "bytes")
	if !large(name) {
		h.Set("ETag", `"`+ETag(name, b)+`"`)
		s.send(w, r, name, b)
		return
	}
	h.Set("X-Linked-Etag", `"`+ETag(name, b)+`"`)
	h.Set("X-Linked-Size", fmt.Sprint(len(b)))
	h.Set("ETag", `"`+ETag(name, b)+`"`)
	var address string
	s.lock(func() {
		address = fmt.Sprintf("/%s?signature=%d", ETag(name, b), len(s.asked)+len(s.signed))
		s.signed[address] = true
	})
	http.Redirect(w, r, s.cdn.URL+address, http.StatusFound)
}

// second is the host of large files: an address is good for one request, and
// credentials are refused, as the stores behind the hub do.
func (s *Server) second(w http.ResponseWriter, r *http.Request) {
	if s.seen(w, r) {
		return
	}
	if r.Header.Get("Authorization") != "" {
		s.lock(func() { s.wrong = append(s.wrong, "the token was sent to another host") })
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	var good bool
	var name string
	var content []byte
	s.lock(func() {
		good = s.signed[r.URL.RequestURI()]
		delete(s.signed, r.URL.RequestURI())
		for _, m := range s.models {
			for n, b := range m.Files {
				if large(n) && ETag(n, b) == strings.TrimPrefix(r.URL.Path, "/") {
					name, content = n, b
				}
			}
		}
	})
	if !good || name == "" {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	s.send(w, r, name, content)
}

// send answers with the content, or the range of it that was asked for.
func (s *Server) send(w http.ResponseWriter, r *http.Request, name string, b []byte) {
	var cut func(int) int
	s.lock(func() { cut = s.cut })
	http.ServeContent(&body{ResponseWriter: w, s: s, name: name, cut: cut, left: -1}, r, "", time.Time{}, bytes.NewReader(b))
}

// body counts what leaves, and cuts.
type body struct {
	http.ResponseWriter
	s    *Server
	name string
	cut  func(int) int
	left int // until the cut; -1: not decided
}

func (b *body) Write(p []byte) (int, error) {
	if b.left < 0 {
		var n int
		fmt.Sscan(b.Header().Get("Content-Length"), &n)
		b.left = n + 1
		if b.cut != nil && n > 0 {
			b.left = b.cut(n)
		}
	}
	n, err := b.ResponseWriter.Write(p[:min(len(p), b.left)])
	b.left -= n
	b.s.lock(func() { b.s.served[b.name] += n })
	if n < len(p) && err == nil {
		b.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	return n, err
}
