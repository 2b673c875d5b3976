package dedup

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cogumi/kernels/cpu/par"
	"cogumi/stdlib/dataset"
)

// noisy makes lines: clusters of texts with some letters changed, copies, rows
// without text.
func noisy(n int) []string {
	r := rand.New(rand.NewPCG(4, 2))
	var lines []string
	for i := range n {
		b := make([]byte, 200)
		for k := range b {
			b[k] = "abcdefghij klmnop"[r.IntN(17)]
		}
		for range 1 + r.IntN(4) {
			for range r.IntN(12) {
				b[r.IntN(len(b))] = byte('a' + r.IntN(26))
			}
			line, _ := json.Marshal(map[string]any{"id": i, "text": string(b) + "é\n", "score": r.IntN(3)})
			lines = append(lines, string(line))
			if r.IntN(5) == 0 {
				lines = append(lines, string(line))
			}
		}
	}
	return append(lines, `{"id": -1, "text": ""}`, `{"id": -2}`)
}

func put(t *testing.T, lines []string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rows.jsonl")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func mustFiles(t *testing.T, c FileConfig) (*FileResult, []string, []auditRow) {
	t.Helper()
	dir := t.TempDir()
	c.Out, c.Audit = filepath.Join(dir, "out.jsonl"), filepath.Join(dir, "audit.jsonl")
	r, err := Files(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	var audit []auditRow
	for _, line := range readLines(t, c.Audit) {
		var a auditRow
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatal(err)
		}
		audit = append(audit, a)
	}
	out := readLines(t, c.Out)
	if len(out) != r.Kept || r.Rows != r.Kept+r.Bad+len(audit) || len(audit) != r.ExactDuplicates+r.NearDuplicates {
		t.Fatalf("%+v, %d rows, %d removals", r, len(out), len(audit))
	}
	return r, out, audit
}

func readLines(t *testing.T, path string) []string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")[:bytes.Count(b, []byte("\n"))]
}

// TestFilesAgainstBruteForce: every removal has its cause, and no two rows that
// stay are near to each other, but for what the bands may miss.
func TestFilesAgainstBruteForce(t *testing.T) {
	lines := noisy(400)
	for _, rule := range []bool{false, true} {
		_, out, audit := mustFiles(t, FileConfig{In: []string{put(t, lines)}, Config: Config{Components: rule, Recall: 0.999}, QualityField: "score"})
		text := func(line string) []uint64 {
			var row struct{ Text string }
			if err := json.Unmarshal([]byte(line), &row); err != nil {
				t.Fatal(err)
			}
			return grams(row.Text, 3)
		}
		gone := map[int32]bool{}
		for _, a := range audit {
			gone[a.Row] = true
		}
		for _, a := range audit {
			j := jaccard(text(lines[a.Row]), text(lines[a.KeptRow]))
			if gone[a.KeptRow] || j != a.Jaccard || !rule && j < 0.8 || a.Cluster != a.KeptRow || a.Exact && j != 1 {
				t.Fatalf("%+v, Jaccard %g", a, j)
			}
		}
		missed := 0
		var sets [][]uint64
		for _, line := range out {
			sets = append(sets, text(line))
		}
		for i := range out {
			for k := range i {
				if a, b := sets[i], sets[k]; len(a) > 0 && len(b) > 0 && jaccard(a, b) >= 0.8 {
					missed++
				}
			}
		}
		if missed > 2 || len(audit) < 300 {
			t.Errorf("%d pairs missed, %d removals", missed, len(audit))
		}
	}
}

// TestPairs: the pairs of a file, copies included, against brute force.
func TestPairs(t *testing.T) {
	lines := noisy(150)
	path := filepath.Join(t.TempDir(), "pairs.tsv")
	mustFiles(t, FileConfig{In: []string{put(t, lines)}, Config: Config{Recall: 0.9999}, Pairs: path})
	sets := make([][]uint64, len(lines))
	for i, line := range lines {
		var row struct{ Text string }
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		sets[i] = grams(row.Text, 3)
	}
	var want []string
	for i, a := range sets {
		for k, b := range sets[:i] {
			if j := jaccard(a, b); len(a)*len(b) == 0 {
				continue
			} else if j == 1 {
				want = append(want, fmt.Sprintf("%d\t%d\t1", k, i))
			} else if j >= 0.8 {
				want = append(want, fmt.Sprintf("%d\t%d\t%.6f", k, i, j))
			}
		}
	}
	got := readLines(t, path)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) || len(want) < 100 {
		t.Errorf("%d pairs, want %d", len(got), len(want))
	}
}

// TestTinyworld: as many rows of the pool are in the evaluation set as ever.
func TestTinyworld(t *testing.T) {
	r, err := FindAgainst(dataset.MustRead("tinyworld/pool"), dataset.MustRead("tinyworld/eval"), Config{})
	if err != nil || len(r.Removed) != 723 {
		t.Errorf("%d rows dropped, %v", len(r.Removed), err)
	}
}

// TestFilesSameWhateverTheOrder: the same rows stay for any order of rows, number
// of workers and limit of memory.
func TestFilesSameWhateverTheOrder(t *testing.T) {
	defer func(n int64) { fixedBytes = n }(fixedBytes)
	fixedBytes = 0
	lines := noisy(7000) // more than one chunk of signatures
	c := FileConfig{QualityField: "score"}
	c.In = []string{put(t, lines)}
	r, want, audit := mustFiles(t, c)
	if r.Rows <= chunkTexts {
		t.Fatalf("%d rows: no signatures go to the file", r.Rows)
	}
	slices.Sort(want)
	for i, memory := range []int64{0, leastMemory(r.Rows), 4 << 20} {
		rand.New(rand.NewPCG(uint64(i), 0)).Shuffle(len(lines), func(a, b int) { lines[a], lines[b] = lines[b], lines[a] })
		c.In, c.Memory = []string{put(t, lines)}, memory
		old := par.SetWorkers(1 + i)
		again, got, other := mustFiles(t, c)
		par.SetWorkers(old)
		slices.Sort(got)
		if !slices.Equal(got, want) || len(audit) != len(other) || r.Candidates != again.Candidates {
			t.Fatalf("memory %d: %d rows stay, not %d", memory, len(got), len(want))
		}
	}
	c.Memory = leastMemory(r.Rows) * 3 / 4
	if _, err := Files(context.Background(), c); err == nil || !strings.Contains(err.Error(), "need at least") {
		t.Errorf("too little memory: %v", err)
	}
}

// TestIndex: what an index holds goes, what is new stays and can be added.
func TestIndex(t *testing.T) {
	lines := noisy(500)
	whole, _, _ := mustFiles(t, FileConfig{In: []string{put(t, lines)}, Config: Config{Recall: 0.9999}, First: true})
	dir := filepath.Join(t.TempDir(), "index")
	kept := 0
	for at, n := 0, len(lines); at < n; at += n/3 + 1 {
		c := FileConfig{In: []string{put(t, lines[at:min(n, at+n/3+1)])}, Config: Config{Recall: 0.9999}, Against: dir, Add: true, First: true}
		r, _, audit := mustFiles(t, c)
		kept += r.Kept
		for _, a := range audit {
			if a.InIndex != (a.Cluster < 0) || a.InIndex && int(a.KeptRow) >= r.IndexRows {
				t.Fatalf("%+v", a)
			}
		}
	}
	if kept != whole.Kept {
		t.Errorf("%d rows stay piece by piece, %d at once", kept, whole.Kept)
	}
	again, _, _ := mustFiles(t, FileConfig{In: []string{put(t, lines)}, Against: dir, First: true})
	if again.Kept != 2 { // those without text
		t.Errorf("%d rows stay the second time", again.Kept)
	}
	if _, err := Files(context.Background(), FileConfig{In: []string{put(t, lines)}, Against: dir, Config: Config{Ngram: 4}}); err == nil {
		t.Error("an index of other n-grams passed")
	}
	path := filepath.Join(dir, "segment-00001.sketch")
	b, _ := os.ReadFile(path)
	b[len(b)/2] ^= 1
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Files(context.Background(), FileConfig{In: []string{put(t, lines)}, Against: dir}); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("a damaged index: %v", err)
	}
}

// TestWork: a run goes on from the parts that one that was killed has left.
func TestWork(t *testing.T) {
	defer func(part int64, block int) { partBytes, sourceBlock = part, block }(partBytes, sourceBlock)
	partBytes, sourceBlock = 64<<10, 16<<10
	rows := append(noisy(2000), `{"text": 3}`)
	c := FileConfig{In: []string{put(t, rows)}, Work: t.TempDir()}
	_, want, _ := mustFiles(t, c)
	sketches, _ := filepath.Glob(filepath.Join(c.Work, "*.sketch"))
	if len(sketches) < 2 {
		t.Fatalf("%d sketches", len(sketches))
	}
	for left := len(sketches); left >= 0; left-- { // as after a kill before part "left"
		for _, path := range sketches[left:] {
			if err := os.Remove(path); err != nil && left < len(sketches) {
				t.Fatal(err)
			}
		}
		r, got, _ := mustFiles(t, c)
		if !slices.Equal(got, want) || r.Bad != 1 {
			t.Errorf("with %d parts: %d rows, %d bad", left, len(got), r.Bad)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(c.Work, "*.tmp")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	// A file that changed is another file.
	if err := os.WriteFile(c.In[0], []byte(`{"text": "another"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if r, _, _ := mustFiles(t, c); r.Rows != 1 {
		t.Errorf("%d rows of the old file", r.Rows)
	}
}

func TestBadRows(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.jsonl")
	good := put(t, []string{`{"text": "first"}`})
	in := put(t, []string{`{"text": "fine"}`, `{"text": 3}`, "", `nothing`, "", `{"text": "other"}`})
	r, out, _ := mustFiles(t, FileConfig{In: []string{good, in}, BadRows: bad})
	if r.Bad != 2 || r.Rows != 5 || len(out) != 3 {
		t.Errorf("%+v", r)
	}
	b, err := os.ReadFile(bad)
	if err != nil {
		t.Fatal(err)
	}
	var got []setAside
	for _, line := range bytes.Split(bytes.TrimSpace(b), []byte("\n")) {
		var row setAside
		if err := json.Unmarshal(line, &row); err != nil {
			t.Fatal(err)
		}
		got = append(got, row)
	}
	want := []setAside{
		{in, 2, 2, `the field "text": the field is no text`, `{"text": 3}`},
		{in, 4, 3, "the row is no JSON object", "nothing"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	for _, c := range []FileConfig{{}, {In: []string{"nowhere.jsonl"}}, {In: []string{put(t, []string{`{"a": "b"}`})}}, {In: []string{"x"}, Add: true}} {
		if _, err := Files(context.Background(), c); err == nil {
			t.Errorf("%+v passed", c)
		}
	}
}

func FuzzSketch(f *testing.F) {
	k := newSketch(sketchHead{Ngram: 3, Permutations: 8}, nil)
	k.add(make([]byte, 8), row{at: 1, size: 2, length: 3, quality: 4})
	path := filepath.Join(f.TempDir(), "x.sketch")
	if err := k.save(path, 0); err != nil {
		f.Fatal(err)
	}
	b, _ := os.ReadFile(path)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		if k, err := readSketch(bytes.NewReader(b), int64(len(b)), nil); err == nil {
			for i := range k.rows() {
				k.row(i)
			}
		}
	})
}

func FuzzManifest(f *testing.F) {
	f.Add([]byte(fmt.Sprintf(`{"format": %q, "ngram": 3, "permutations": 128, "segments": [{"name": "../x", "rows": 1}]}`, indexFormat)))
	c, _ := Config{}.withDefaults()
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parseManifest(b, c)
		for _, s := range m.Segments {
			if err == nil && (strings.ContainsAny(s.Name, "/") || s.Name == "..") {
				t.Fatalf("a name that leaves the folder: %q", s.Name)
			}
		}
	})
}
