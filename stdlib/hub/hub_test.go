package hub

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cogumi/stdlib/experiment"
	"cogumi/stdlib/hub/hubtest"
)

const (
	first  = "1111111111111111111111111111111111111111"
	second = "2222222222222222222222222222222222222222"
)

// noise is n bytes that compress to nothing less.
func noise(n int, seed uint64) []byte {
	b := make([]byte, n)
	random := rand.NewChaCha8([32]byte{byte(seed)})
	random.Read(b)
	return b
}

// sharded is a model of two shards with all that lies around one on the hub.
func sharded() hubtest.Model {
	return hubtest.Model{Commit: first, Tags: []string{"v1.0", "refs/pr/3"}, Files: map[string][]byte{
		"config.json": []byte(`{}`), "tokenizer.json": []byte(`{"a": 1}`), "tokenizer_config.json": []byte(`{}`), "README.md": []byte("# m"),
		"model.safetensors.index.json":     []byte(`{"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}`),
		"model-00001-of-00002.safetensors": noise(300_000, 1), "model-00002-of-00002.safetensors": noise(120_001, 2),
		"pytorch_model.bin": noise(1000, 3), "original/consolidated.00.pth": noise(1000, 4), "onnx/model.onnx": noise(1000, 5), "consolidated.safetensors": noise(1000, 6),
		"empty.txt": nil, "tokenizer.model": nil,
	}}
}

var shards = []string{"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"}

// client talks to a hub, with a cache of its own, and does not wait long.
func client(t *testing.T, s *hubtest.Server) *Client {
	t.Helper()
	for _, name := range []string{"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_TOKEN_PATH"} {
		t.Setenv(name, "")
		os.Unsetenv(name) // other tools take an empty one at its word
	}
	t.Setenv("HF_HOME", t.TempDir())
	t.Setenv("HF_ENDPOINT", s.URL)
	t.Setenv("COGUMI_QUIET", "1")
	c, err := FromEnvironment()
	if err != nil {
		t.Fatal(err)
	}
	c.pause = time.Millisecond
	return c
}

func parse(t *testing.T, text string) ID {
	t.Helper()
	id, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func get(t *testing.T, c *Client, name string) *Result {
	t.Helper()
	r, err := c.Download(context.Background(), parse(t, name), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// holds compares a snapshot with the model's files.
func holds(t *testing.T, dir string, m hubtest.Model, names ...string) {
	t.Helper()
	for _, name := range names {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !bytes.Equal(got, m.Files[name]) {
			t.Errorf("%s: %d bytes, %v, want %d", name, len(got), err, len(m.Files[name]))
		}
	}
}

// TestLayout: the cache is the one that the field's tools know, and nothing is
// asked for twice.
func TestLayout(t *testing.T) {
	m := sharded()
	s := hubtest.New(t, map[string]hubtest.Model{"org/m": m})
	c := client(t, s)
	r := get(t, c, "org/m")
	want := []string{"README.md", "config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json",
		"tokenizer.json", "tokenizer.model", "tokenizer_config.json"}
	holds(t, r.Dir, m, want...)
	entries, err := os.ReadDir(r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
		target, err := os.Readlink(filepath.Join(r.Dir, e.Name()))
		if blob := "../../blobs/" + hubtest.ETag(e.Name(), m.Files[e.Name()]); err != nil || filepath.ToSlash(target) != blob {
			t.Errorf("%s leads to %s, %v, want %s", e.Name(), target, err, blob)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("files %v, want %v", got, want)
	}
	root := filepath.Join(c.Cache, "models--org--m")
	if b, _ := os.ReadFile(filepath.Join(root, "refs", "main")); string(b) != first || r.Dir != filepath.Join(root, "snapshots", first) {
		t.Errorf("main is %q, the snapshot %s", b, r.Dir)
	}
	blobs, _ := filepath.Glob(filepath.Join(root, "blobs", "*"))
	if len(blobs) != 7 { // tokenizer_config.json is the same as config.json
		t.Errorf("blobs %v", blobs)
	}
	if r.Files != 8 || r.Kept != 0 || r.Fetched < 420_001 || r.Bytes < r.Fetched || r.Missing != nil || r.Offline != nil {
		t.Errorf("%+v", r)
	}
	s.Asked()
	if r = get(t, c, "org/m"); r.Fetched != 0 || r.Files != 8 {
		t.Errorf("again: %+v", r)
	}
	if asked := s.Asked(); !slices.Equal(asked, []string{"GET /api/models/org/m/revision/main"}) {
		t.Errorf("again: %v", asked)
	}
	get(t, c, "org/m@"+first)
	if asked := s.Asked(); len(asked) != 0 {
		t.Errorf("a commit never changes, but: %v", asked)
	}
}

// TestRevisions: a tag and a pull request share the blobs of main; a new commit
// fetches what changed.
func TestRevisions(t *testing.T) {
	m := sharded()
	s := hubtest.New(t, map[string]hubtest.Model{"org/m": m})
	c := client(t, s)
	get(t, c, "org/m@v1.0")
	for _, rev := range []string{"refs/pr/3", "main", first} {
		if r := get(t, c, "org/m@"+rev); r.Fetched != 0 || r.Commit != first {
			t.Errorf("%s: %+v", rev, r)
		}
	}
	if b, err := os.ReadFile(filepath.Join(c.Cache, "models--org--m", "refs", "refs", "pr", "3")); string(b) != first {
		t.Errorf("refs/pr/3 is %q, %v", b, err)
	}
	m.Commit, m.Tags = second, nil
	m.Files["config.json"] = []byte(`{"new": true}`)
	s.Set("org/m", m)
	r := get(t, c, "org/m")
	if r.Commit != second || r.Fetched != int64(len(m.Files["config.json"])) {
		t.Errorf("a new commit: %+v", r)
	}
	holds(t, r.Dir, m, "config.json", shards[0])
	if old, err := c.Cached(parse(t, "org/m@"+first)); err != nil || len(old.Missing) > 0 {
		t.Errorf("the old commit: %+v, %v", old, err)
	}
	if _, err := c.Download(context.Background(), parse(t, "org/m@v9"), Options{}); err == nil || !strings.Contains(err.Error(), `no revision "v9"`) {
		t.Errorf("error %v", err)
	}
}

// TestCutConnections: wherever connections break, the content is right and no
// byte comes twice.
func TestCutConnections(t *testing.T) {
	for seed := range uint64(6) {
		m := sharded()
		s := hubtest.New(t, map[string]hubtest.Model{"org/m": m})
		random := rand.New(rand.NewPCG(seed, 1))
		var mu sync.Mutex
		s.Cut(func(n int) int {
			mu.Lock()
			defer mu.Unlock()
			switch random.IntN(8) {
			case 0:
				return 0
			case 1:
				return n // whole
			}
			return random.IntN(n)
		})
		c := client(t, s)
		c.tries = 100
		r := get(t, c, "org/m")
		holds(t, r.Dir, m, append(shards, "config.json", "tokenizer.json")...)
		if r.Fetched != 420_001+total(m, "config.json", "tokenizer.json", "README.md", "model.safetensors.index.json") {
			t.Errorf("seed %d: %d bytes came", seed, r.Fetched)
		}
		if n := s.Served(shards[0]); n != 300_000 {
			t.Errorf("seed %d: %d bytes of the first shard were sent", seed, n)
		}
	}
}

func total(m hubtest.Model, names ...string) (n int64) {
	for _, name := range names {
		n += int64(len(m.Files[name]))
	}
	return n
}

// TestGivesUp: a connection that never brings anything ends with what to do, and
// what came stays.
func TestGivesUp(t *testing.T) {
	m := sharded()
	s := hubtest.New(t, map[string]hubtest.Model{"org/m": m})
	c := client(t, s)
	c.Parallel = 1
	rest := 100_000
	s.Cut(func(n int) int {
		if n < 1000 {
			return n
		}
		k := min(rest, n)
		rest -= k
		return k
	})
	_, err := c.Download(context.Background(), parse(t, "org/m"), Options{})
	if err == nil || !strings.Contains(err.Error(), "100 kB of 300 kB") || !strings.Contains(experiment.HintOf(err), "run it again") {
		t.Errorf("error %v, hint %q", err, experiment.HintOf(err))
	}
	if _, err := c.Cached(parse(t, "org/m")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a cut download counts as there: %v", err)
	}
	s.Cut(nil)
	if r := get(t, c, "org/m"); r.Kept < 100_000 || s.Served(shards[0]) != 300_000 {
		t.Errorf("%+v, served %d", r, s.Served(shards[0]))
	}
}

// TestStall: a connection that brings nothing any more is cut.
func TestStall(t *testing.T) {
	m := sharded()
	s := hubtest.New(t, map[string]hubtest.Model{"org/m": m})
	c := client(t, s)
	c.stall = 50 * time.Millisecond
	stalled, listed := false, false
	var mu sync.Mutex
	s.Hook(func(w http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		if strings.HasPrefix(r.URL.Path, "/api/") && !listed {
			listed = true
			w.Write([]byte(`{"sha": `))
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
			case <-time.After(10 * time.Second):
			}
			return true
		}
		if r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, "tokenizer.json") || stalled {
			return false
		}
		stalled = true
		w.Header().Set("Content-Length", "8")
		w.Write([]byte(`{"a`))
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
		case <-time.After(10 * time.Second):
		}
		return true
	})
	began := time.Now()
	r := get(t, c, "org/m")
	holds(t, r.Dir, m, "tokenizer.json")
	if !stalled || !listed || time.Since(began) > 5*time.Second {
		t.Errorf("stalled %v, took %v", stalled, time.Since(began))
	}
}

// TestChecksums: content that was changed on the way is fetched again, and
// refused when it stays wrong.
func TestChecksums(t *testing.T) {
	for name, c := range map[string]struct {
		file  string
		times int
		fails bool
	}{
		"a large file once": {shards[0], 1, false}, "a large file always": {shards[1], 1000, true},
		"a file in git once": {"tokenizer.json", 1, false}, "a file in git always": {"tokenizer.json", 1000, true},
	} {
		t.Run(name, func(t *testing.T) {
			m := sharded()
			s := hubtest.New(t, map[string]hubtest.Model{"org/m": m})
			var mu sync.Mutex
			left := c.times
			s.Hook(func(w http.ResponseWriter, r *http.Request) bool {
				mu.Lock()
				defer mu.Unlock()
				if r.Method != http.MethodGet || left == 0 || !strings.HasSuffix(r.URL.Path, c.file) && !strings.HasSuffix(r.URL.Path, hubtest.ETag(c.file, m.Files[c.file])) {
					return false
				}
				if strings.Contains(r.URL.Path, "/resolve/") && c.file != "tokenizer.json" {
					return false // the redirect
				}
				left--
				b := bytes.Clone(m.Files[c.file])
				b[len(b)/2] ^= 1
				w.Write(b)
				return true
			})
			client := client(t, s)
			r, err := client.Download(context.Background(), parse(t, "org/m"), Options{})
			if !c.fails {
				if err != nil {
					t.Fatal(err)
				}
				holds(t, r.Dir, m, c.file)
				return
			}
			if !errors.Is(err, errChecksum) || !strings.Contains(err.Error(), c.file) || experiment.HintOf(err) == "" {
				t.Errorf("error %v", err)
			}
			behind, _ := filepath.Glob(filepath.Join(client.Cache, "models--org--m", "blobs", hubtest.ETag(c.file, m.Files[c.file])+"*"))
			if len(behind) != 0 {
				t.Errorf("left behind %v", behind)
			}
		})
	}
}

// TestLeftovers: whatever an .incomplete file holds, the blob is right in the end.
func TestLeftovers(t *testing.T) {
	m := sharded()
	right := m.Files[shards[0]]
	for name, c := range map[string]struct {
		have []byte
		most int // bytes to send
	}{
		"the beginning": {right[:200_000], 100_000}, "all of it": {right, 0}, "too much": {append(bytes.Clone(right), 'x'), 300_000},
		"other content": {noise(200_000, 9), 400_000}, "nothing": {nil, 300_000},
	} {
		s := hubtest.New(t, map[string]hubtest.Model{"org/m": m})
		client := client(t, s)
		path := filepath.Join(client.Cache, "models--org--m", "blobs", hubtest.ETag(shards[0], right)+incomplete)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, c.have, 0o644); err != nil {
			t.Fatal(err)
		}
		holds(t, get(t, client, "org/m").Dir, m, shards...)
		if n := s.Served(shards[0]); n != c.most {
			t.Errorf("%s: %d bytes were sent, want %d", name, n, c.most)
		}
	}
}

// TestOthersFiles: what another tool put into the cache is used: blobs without a
// name, and copies where there are no links. A blob of the wrong size is not.
func TestOthersFiles(t *testing.T) {
	m := sharded()
	s := hubtest.New(t, map[string]hubtest.Model{"org/m": m})
	c := client(t, s)
	root := filepath.Join(c.Cache, "models--org--m")
	put := func(path string, b []byte) {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put(filepath.Join(root, "blobs", hubtest.ETag(shards[0], m.Files[shards[0]])), m.Files[shards[0]])
	put(filepath.Join(root, "snapshots", first, shards[1]), m.Files[shards[1]])
	put(filepath.Join(root, "blobs", hubtest.ETag("config.json", m.Files["config.json"])), []byte("{"))
	r := get(t, c, "org/m")
	holds(t, r.Dir, m, append(shards, "config.json")...)
	if s.Served(shards[0])+s.Served(shards[1]) != 0 {
		t.Error("files that were there were fetched")
	}
	// A link to a blob that is gone is mended.
	if err := os.Remove(filepath.Join(root, "blobs", hubtest.ETag(shards[0], m.Files[shards[0]]))); err != nil {
		t.Fatal(err)
	}
	if broken, err := c.Cached(parse(t, "org/m")); err != nil || !slices.Equal(broken.Missing, shards[:1]) {
		t.Errorf("%+v, %v", broken, err)
	}
	holds(t, get(t, c, "org/m").Dir, m, shards...)
}

// TestTogether: two downloads of one model at a time fetch it once.
func TestTogether(t *testing.T) {
	m := sharded()
	s := hubtest.New(t, map[string]hubtest.Model{"org/m": m})
	c := client(t, s)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if r, err := c.Download(context.Background(), ID{"org/m", "main"}, Options{}); err != nil || r.Files != 8 {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
	wg.Wait()
	if n := s.Served(shards[0]); n != 300_000 {
		t.Errorf("%d bytes of the first shard were sent", n)
	}
}

// TestOtherHosts: a second host that knows no ranges, and one that is busy first.
func TestOtherHosts(t *testing.T) {
	m := sharded()
	s := hubtest.New(t, map[string]hubtest.Model{"org/m": m})
	var mu sync.Mutex
	seen := map[string]int{}
	s.Hook(func(w http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		key := r.Method + r.URL.Path
		seen[key]++
		switch {
		case strings.HasPrefix(r.URL.Path, "/api/") && seen[key] < 3:
			w.Header().Set("Retry-After", "0")
			w.WriteHeader([]int{0, 503, 429}[seen[key]])
			return true
		case r.URL.Path == "/"+hubtest.ETag(shards[0], m.Files[shards[0]]):
			r.Header.Del("Range")
		case strings.HasSuffix(r.URL.Path, "README.md") && seen[key] == 1:
			panic(http.ErrAbortHandler)
		}
		return false
	})
	cut := map[int]bool{}
	s.Cut(func(n int) int {
		mu.Lock()
		defer mu.Unlock()
		if n != 300_000 || cut[n] {
			return n
		}
		cut[n] = true
		return 111_111
	})
	holds(t, get(t, client(t, s), "org/m").Dir, m, append(shards, "README.md")...)
	if n := s.Served(shards[0]); n != 411_111 {
		t.Errorf("%d bytes", n)
	}
}

// TestCancel: Ctrl-C ends a download at once and keeps what came.
func TestCancel(t *testing.T) {
	m := sharded()
	s := hubtest.New(t, map[string]hubtest.Model{"org/m": m})
	c := client(t, s)
	c.Parallel = 1
	ctx, cancel := context.WithCancelCause(context.Background())
	stop := errors.New("enough")
	s.Cut(func(n int) int {
		if n == 300_000 {
			time.AfterFunc(20*time.Millisecond, func() { cancel(stop) })
			return n / 2
		}
		return n
	})
	c.pause = time.Minute
	if _, err := c.Download(ctx, parse(t, "org/m"), Options{}); !errors.Is(err, stop) {
		t.Errorf("error %v", err)
	}
	s.Cut(nil)
	if r := get(t, c, "org/m"); r.Kept < 150_000 {
		t.Errorf("%+v", r)
	}
}
