// The page's server: standard library only.

package notebook

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"cogumi/reports"
	"cogumi/runtime/cells"
	"cogumi/runtime/launch"
)

// Config is what a notebook works with.
type Config struct {
	File    string        // the script
	Session launch.Config // how its process is started
	Listen  string        // 127.0.0.1:PORT; port 0: any
	Source  fs.FS         // cogumi's own source, for documentation while a cell runs; nil: none
	// Ready is told of the address to open, when it can be.
	Ready func(address string)
}

// Serve shows the notebook until ctx ends, then closes its run.
func Serve(ctx context.Context, cfg Config) (*launch.Outcome, error) {
	b, err := openBook(cfg)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen for the page: %w", err)
	}
	host, err := cells.Begin(cfg.Session, b.late)
	if err != nil {
		listener.Close()
		return nil, err
	}
	b.host, b.follow = host, follow(host.Dir())
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	g := &guard{token: newToken(), port: port, next: b.routes()}
	server := &http.Server{Handler: g, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go b.watch(ctx)
	worked := make(chan struct{})
	go func() { b.work(ctx); close(worked) }()
	go b.lint(b.rev)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	if cfg.Ready != nil {
		cfg.Ready("http://" + listener.Addr().String() + "/?token=" + g.token)
	}
	select {
	case <-ctx.Done():
	case err = <-failed:
		stop()
	}
	b.end(worked)
	b.hub.send("bye", nil)
	late, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	_ = server.Shutdown(late)
	server.Close()
	out, closeErr := host.Close()
	return out, errors.Join(err, closeErr)
}

// end waits for the piece that runs, whose context is over; one that does not
// listen is ended.
func (b *book) end(worked <-chan struct{}) {
	select {
	case <-worked:
	case <-time.After(8 * time.Second):
		b.host.Kill()
		<-worked
	}
}

//go:embed assets/page.html assets/js assets/css assets/editor/editor.min.js
var assets embed.FS

// The files of the page's script and style, in order. The scripts share one scope.
var (
	scriptFiles = []string{"dom", "chart", "table", "samples", "output", "editor", "cell", "keys", "page"}
	styleFiles  = []string{"page", "cell", "output"}
)

func (b *book) routes() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /{$}", b.page)
	m.HandleFunc("GET /assets/{name}", asset)
	m.HandleFunc("GET /api/events", b.events)
	m.HandleFunc("GET /api/samples", b.samples)
	m.HandleFunc("GET /artefact", b.artefact)
	m.HandleFunc("GET /report", b.report)
	for name, f := range map[string]func(*request) (any, error){
		"edit": func(r *request) (any, error) {
			rev, err := b.edit(r.ID, r.Rev, r.Text)
			return map[string]int{"rev": rev}, err
		},
		"insert":    func(r *request) (any, error) { id, err := b.insert(r.ID); return map[string]int{"id": id}, err },
		"remove":    func(r *request) (any, error) { return nil, b.remove(r.ID) },
		"move":      func(r *request) (any, error) { return nil, b.move(r.ID, r.By) },
		"run":       func(r *request) (any, error) { return nil, b.run(r.Mode, r.ID) },
		"show":      func(r *request) (any, error) { return nil, b.show(r.ID, r.Text) },
		"interrupt": func(r *request) (any, error) { b.interrupt(r.Kill); return nil, nil },
		"restart":   func(*request) (any, error) { return nil, b.restart() },
		"complete":  func(r *request) (any, error) { return b.complete(r.Text, r.At), nil },
		"doc":       func(r *request) (any, error) { return b.explain(r.Text), nil },
		"export":    func(*request) (any, error) { return b.export() },
	} {
		m.HandleFunc("POST /api/"+name, answer(f))
	}
	return m
}

// request is what a page asks; which fields count depends on the address.
type request struct {
	ID   int    `json:"id"`
	Rev  int    `json:"rev"`
	Text string `json:"text"`
	Mode string `json:"mode"`
	By   int    `json:"by"`
	At   int    `json:"at"`
	Kill bool   `json:"kill"`
}

const maxRequest = 8 << 20

func answer(f func(*request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var q request
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest)).Decode(&q); err != nil {
			reply(w, http.StatusBadRequest, map[string]string{"error": "the request is no JSON that is known: " + err.Error()})
			return
		}
		v, err := f(&q)
		code := http.StatusOK
		if err != nil {
			code = http.StatusUnprocessableEntity
			if errors.Is(err, errConflict) || errors.Is(err, errUnknown) {
				code = http.StatusConflict
			}
			v = map[string]string{"error": err.Error()}
		}
		reply(w, code, v)
	}
}

func reply(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v) // the page is gone
}

var pageTemplate = template.Must(template.ParseFS(assets, "assets/page.html"))

func (b *book) page(w http.ResponseWriter, r *http.Request) {
	nonce := newToken()
	w.Header().Set("Content-Security-Policy", strings.ReplaceAll(pagePolicy, "NONCE", nonce))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = pageTemplate.Execute(w, map[string]string{"File": filepath.Base(b.File), "Nonce": nonce}) // the page is gone
}

func asset(w http.ResponseWriter, r *http.Request) {
	var text []byte
	var err error
	kind := "text/javascript; charset=utf-8"
	switch name := r.PathValue("name"); name {
	case "page.js":
		text, err = together("js", scriptFiles)
		text = []byte("(() => {\n\"use strict\";\n" + string(text) + "})();\n")
	case "page.css":
		kind = "text/css; charset=utf-8"
		if text, err = together("css", styleFiles); err == nil {
			var theme []byte
			theme, err = reports.Shared("css/theme.css")
			text = append(theme, text...)
		}
	case "editor.js":
		text, err = assets.ReadFile("assets/editor/editor.min.js")
	case "charts.js":
		text, err = reports.Shared("echarts/echarts.min.js")
	case "Inter.woff2", "Newsreader.woff2":
		kind = "font/woff2"
		text, err = reports.Shared("fonts/" + name)
	default:
		http.NotFound(w, r)
		return
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(text)
}

func together(kind string, names []string) (all []byte, err error) {
	for _, name := range names {
		b, err := assets.ReadFile("assets/" + kind + "/" + name + "." + kind)
		if err != nil {
			return nil, err
		}
		all = append(all, b...)
	}
	return all, nil
}

// beat keeps the stream open through what closes silent ones.
const beat = 15 * time.Second

// events is the page's stream: the whole state, then what happens.
func (b *book) events(w http.ResponseWriter, r *http.Request) {
	flusher := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	b.mu.Lock()
	events, leave := b.hub.join(func() []byte { return message{"state", b.whole()}.json() })
	b.mu.Unlock()
	defer leave()
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		var err error
		select {
		case <-r.Context().Done():
			return
		case e, ok := <-events:
			if !ok {
				return
			}
			_, err = fmt.Fprintf(w, "data: %s\n\n", e)
		case <-tick.C:
			_, err = io.WriteString(w, ": beat\n\n")
		}
		if err != nil || flusher.Flush() != nil {
			return
		}
	}
}

// sandboxed lets a page of the run show itself, as nobody: what is in it cannot
// speak with the notebook.
const sandboxed = "sandbox allow-scripts allow-downloads allow-popups; frame-ancestors 'none'"

// report builds and shows the run's report as it is now.
func (b *book) report(w http.ResponseWriter, r *http.Request) {
	path, err := b.built()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Security-Policy", sandboxed)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if r.URL.Query().Has("download") {
		name := strings.TrimSuffix(filepath.Base(b.File), ".go") + ".html"
		w.Header().Set("Content-Disposition", "attachment; filename="+strconv.Quote(name))
	}
	serveFile(w, path)
}

func serveFile(w http.ResponseWriter, path string) {
	f, err := os.Open(path)
	if err != nil {
		http.Error(w, "it cannot be read: "+err.Error(), http.StatusNotFound)
		return
	}
	defer f.Close()
	_, _ = io.Copy(w, f)
}

func (b *book) built() (string, error) {
	if b.Session.Report == nil {
		return "", errors.New("this notebook builds no reports")
	}
	return b.Session.Report(b.host.Dir())
}

func (b *book) export() (any, error) {
	path, err := b.built()
	return map[string]string{"path": path}, err
}
