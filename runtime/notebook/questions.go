package notebook

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"

	"cogumi/reports/run"
	"cogumi/runtime/cells"
)

// complete and explain ask the session, or while it runs one beside it that knows
// the packages and none of the values.
func (b *book) complete(text string, at int) cells.Answer {
	if !b.running() {
		return b.host.Process().Complete(text, at)
	}
	return b.beside(func(s *cells.Session) cells.Answer { return s.Complete(text, at) })
}

func (b *book) explain(name string) cells.Answer {
	if !b.running() {
		return b.host.Process().Doc(name)
	}
	return b.beside(func(s *cells.Session) cells.Answer { return s.Doc(name) })
}

func (b *book) beside(ask func(*cells.Session) cells.Answer) (a cells.Answer) {
	b.offlineMu.Lock()
	defer b.offlineMu.Unlock()
	defer func() {
		if p := recover(); p != nil {
			a = cells.Answer{Error: "the session is busy"}
		}
	}()
	if b.offline == nil {
		b.offline = cells.New(cells.Options{Source: b.Source})
	}
	return ask(b.offline)
}

// samples is a part of a set of samples, from the run folder.
func (b *book) samples(w http.ResponseWriter, r *http.Request) {
	set := run.SampleSet{Path: r.URL.Query().Get("path")}
	if !strings.HasPrefix(set.Path, "samples/") {
		http.Error(w, "samples lie in the run's folder samples", http.StatusNotFound)
		return
	}
	folder := &run.Run{Dir: b.host.Dir()}
	list, bad, err := folder.Samples(set)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	const most = 2000
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"total": len(list), "bad": bad, "samples": list[:min(len(list), most)]})
}

// pictures are the files of a run that the page shows.
var pictures = map[string]string{".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp"}

// artefact is a file of the run folder: pictures to be shown, others to be kept.
func (b *book) artefact(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Query().Get("path")
	file, err := (&run.Run{Dir: b.host.Dir()}).Open(path)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	defer file.Close()
	fi, err := file.Stat()
	if err != nil || fi.IsDir() {
		http.Error(w, "it is no file", http.StatusNotFound)
		return
	}
	kind, shown := pictures[strings.ToLower(filepath.Ext(path))]
	if !shown {
		kind = "application/octet-stream"
		w.Header().Set("Content-Disposition", "attachment; filename="+strconv.Quote(filepath.Base(path)))
	}
	w.Header().Set("Content-Type", kind)
	http.ServeContent(w, r, "", fi.ModTime(), file)
}
