package contamination

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"cogumi/kernels/golden"
	"cogumi/stdlib/dataset"
)

const story = "Janet’s ducks lay 16 eggs per day. She eats three for breakfast every morning and bakes muffins for her friends every day with four."

func index() *Index {
	x := New()
	x.Add("story", 7, story)
	x.Add("short", 1, "What is the capital city of the old kingdom?")
	x.Add("tiny", 2, "Define entropy briefly.")
	for i := range 9 {
		x.Add("template", i, fmt.Sprintf("If you follow these instructions, do you return to the starting point? Always face forward. Take %d steps left and then %d steps to the right again, turn around.", i+2, i+3))
	}
	return x
}

func TestFind(t *testing.T) {
	x := index()
	for _, c := range []struct {
		text, benchmark, span string
		item                  int
		share                 float64
	}{
		{"Problem: JANET'S DUCKS LAY\n16 eggs -- per day; she eats three for breakfast, every morning & runs.", "story", "JANET'S DUCKS LAY\n16 eggs -- per day; she eats three for breakfast, every morning", 7, 14. / 24},
		{"x " + story + " And more.", "story", strings.TrimSuffix(story, "."), 7, 1},
		{"Janet’s ducks lay 16 eggs per day. She eats three for breakfast each evening.", "", "", 0, 0}, // 12 words
		{"Tell me: what is the capital city of the old kingdom? Thanks.", "short", "what is the capital city of the old kingdom", 1, 1},
		{"What is the capital city of the kingdom?", "", "", 0, 0},
		{"define ENTROPY, briefly", "tiny", "define ENTROPY, briefly", 2, 1},
		{"Please define entropy briefly for me.", "", "", 0, 0},
		{"If you follow these instructions, do you return to the starting point? Always face forward. Take a walk.", "", "", 0, 0},
		{"… Always face forward. Take 4 steps left and then 5 steps to the right again, turn around.", "template", "Always face forward. Take 4 steps left and then 5 steps to the right again, turn around", 2, 16. / 28},
		{"", "", "", 0, 0},
		{"\xff\xfe ’ '", "", "", 0, 0},
	} {
		m, ok := x.Find(c.text)
		if ok != (c.benchmark != "") || m.Benchmark != c.benchmark || m.Span != c.span || m.Item != c.item || ok && c.text[m.Start:m.Start+len(m.Span)] != m.Span {
			t.Errorf("%q: %+v, %t", c.text, m, ok)
		}
		if d := m.Share - c.share; d > 0.04 || d < -0.04 {
			t.Errorf("%q: share %g, want %g", c.text, m.Share, c.share)
		}
	}
	if _, ok := New().Find(story); ok || x.Add("none", 1, "two words") || x.Items() != 12 {
		t.Errorf("%d items", x.Items())
	}
}

func TestTogether(t *testing.T) {
	x := index()
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 200 {
				if _, ok := x.Find("a b c " + story); !ok {
					t.Error("not found")
				}
			}
		})
	}
	group.Wait()
}

// TestAddPath: the forms in which benchmarks come.
func TestAddPath(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.jsonl":    `{"question": "How many apples does the old man by the river have left now?", "answer": "3"}` + "\n",
		"b.json":     `{"canary": "x", "examples": [{"input": "one two three four five six seven eight nine ten", "target": "No"}, {"input": "again one two three four five six seven nine"}]}`,
		"c.json":     `[{"prompt": "def f(a, b):\n    \"\"\" Adds both of the numbers and returns the sum of them. \"\"\""}]`,
		"d.jsonl":    `{"question": "Which is it?", "choices": ["the red one", "the blue one", "a green one", "none"]}`,
		"readme.txt": "nothing",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	x := New()
	n, err := x.AddPath(dir)
	if err != nil || n != 5 {
		t.Fatal(n, err)
	}
	m, ok := x.Find("Q: which is it? The red one. The blue one. A green one. None.")
	if want := filepath.Base(dir) + "/d"; !ok || m.Benchmark != want {
		t.Errorf("%+v, want %s", m, want)
	}
	if m, ok := x.Find("again one two three four five six seven nine"); !ok || m.Item != 1 {
		t.Errorf("%+v", m)
	}
	bad := filepath.Join(dir, "bad.jsonl")
	if err := os.WriteFile(bad, []byte("{\"question\": \"x\"}\n{\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := x.AddPath(bad); err == nil || !strings.Contains(err.Error(), "bad.jsonl: item 1") {
		t.Error(err)
	}
	if _, err := x.AddPath(filepath.Join(dir, "gone")); err == nil {
		t.Error("a file that is not there")
	}
	if _, err := New().AddPath(t.TempDir()); err == nil {
		t.Error("an empty folder")
	}
}

// TestBenchmarks: every test item of the real benchmarks is found inside other
// text, and rows that have nothing to do with them are not.
func TestBenchmarks(t *testing.T) {
	x := New()
	for _, name := range []string{"gsm8k/test.jsonl.gz", "humaneval/HumanEval.jsonl.gz", "mmlu/test.jsonl.gz", "mbpp/mbpp.jsonl.gz", "bbh"} {
		n, err := x.AddPath(golden.Dir(t, "data/"+name))
		t.Logf("%s: %d items", name, n)
		if err != nil {
			t.Fatal(err)
		}
	}
	rows, found, byMark := 0, 0, map[string]int{}
	err := dataset.Each(golden.Dir(t, "data/gsm8k/test.jsonl.gz"), func(r dataset.Row) error {
		rows++
		if m, ok := x.Find("Solve this. " + strings.ToUpper(r.Prompt()) + " Think step by step."); ok && m.Benchmark == "gsm8k/test" {
			found++
		}
		return nil
	}, nil)
	if err != nil || found < rows-5 {
		t.Errorf("%d of %d items are found, %v", found, rows, err)
	}
	rows, found = 0, 0
	err = dataset.Each(golden.Dir(t, "data/cogumi-questions/checkpoint_reasoning_easy.jsonl.gz"), func(r dataset.Row) error {
		rows++
		if m, ok := x.Find(r.Prompt()); ok {
			if found++; found < 6 {
				t.Logf("%s item %d: %q", m.Benchmark, m.Item, m.Span)
			}
			byMark[m.Benchmark]++
		}
		return nil
	}, func(dataset.Bad) {})
	t.Logf("%d of %d questions of another source: %v", found, rows, byMark)
	if err != nil || found > rows/50 {
		t.Errorf("%d of %d rows that are no items, %v", found, rows, err)
	}
}

func FuzzFind(f *testing.F) {
	x := index()
	f.Add(story)
	f.Fuzz(func(t *testing.T, s string) {
		m, ok := x.Find(s)
		if ok && (m.Start < 0 || m.Start+len(m.Span) > len(s) || s[m.Start:m.Start+len(m.Span)] != m.Span || m.Words < Shortest) {
			t.Fatalf("%q: %+v", s, m)
		}
	})
}

func BenchmarkFind(b *testing.B) {
	x := New()
	if _, err := x.AddPath(golden.Dir(b, "data/mmlu/test.jsonl.gz")); err != nil {
		b.Fatal(err)
	}
	text := strings.Repeat("The quick brown fox jumps over the lazy dog and nobody knows why it would ever do such a thing today. ", 10)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		x.Find(text)
	}
}
