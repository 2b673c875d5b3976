package bench

import (
	_ "embed"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"cogumi/reports/run"
	"cogumi/stdlib/experiment"
)

// known.bin holds, for each of knownSets in turn, four bytes a row: the
// fingerprint of its question. TestFingerprints makes it with -update.
//
//go:embed known.bin
var knownBin []byte

// knownSets are the benchmarks whose rows are recognised.
var knownSets = []known{gsm8kTest, gsm8kTrain, mmluTest, mmluDev, humanEval, mbpp, bbhAll}

// Identity says which benchmark's rows a file holds.
type Identity struct {
	Path  string
	Rows  int
	Name  string // "the test set of GSM8K"; empty: none that is known
	Known int    // rows that are those of Name
}

var fingerprints = sync.OnceValue(func() []map[uint32]bool {
	var sets []map[uint32]bool
	b := knownBin
	for _, k := range knownSets {
		set := map[uint32]bool{}
		for range min(k.rows, len(b)/4) {
			set[binary.LittleEndian.Uint32(b)] = true
			b = b[4:]
		}
		sets = append(sets, set)
	}
	return sets
})

// fingerprint is a question without what copies of a file change: letters' case
// and white space.
func fingerprint(question string) uint32 {
	h := fnv.New32a()
	for _, w := range strings.Fields(strings.ToLower(question)) {
		h.Write([]byte(w + " "))
	}
	return h.Sum32()
}

// Identify looks at what a file of JSON lines holds, whatever its name says: the
// benchmark that at least half of its rows are from, by their questions.
func Identify(path string) (Identity, error) {
	id := Identity{Path: path}
	hits := make([]int, len(knownSets))
	err := readQuestions(path, func(question string) {
		id.Rows++
		f := fingerprint(question)
		for i, set := range fingerprints() {
			if set[f] {
				hits[i]++
			}
		}
	})
	for i, n := range hits {
		if 2*n >= id.Rows && n > id.Known {
			id.Known, id.Name = n, knownSets[i].name
		}
	}
	return id, err
}

// questionKeys are where benchmarks keep what they ask.
var questionKeys = []string{"question", "problem", "prompt", "instruction", "text", "input", "query"}

func readQuestions(path string, each func(string)) error {
	take := func(row map[string]any) {
		for _, k := range questionKeys {
			if s, ok := row[k].(string); ok {
				each(s)
				return
			}
		}
		each("")
	}
	if strings.Contains(filepath.Base(path), ".jsonl") {
		return readLines(path, func(line []byte) error {
			var row map[string]any
			if err := json.Unmarshal(line, &row); err != nil {
				return fmt.Errorf("broken JSON: %w", err)
			}
			take(row)
			return nil
		})
	}
	b, err := read(path)
	if err != nil {
		return err
	}
	var list []map[string]any
	var object struct{ Examples []map[string]any }
	if json.Unmarshal(b, &list) != nil {
		if err := json.Unmarshal(b, &object); err != nil {
			return fmt.Errorf("%s: broken JSON: %w", path, err)
		}
		list = object.Examples
	}
	for _, row := range list {
		take(row)
	}
	return nil
}

// checkNames looks at all files of a folder whose name is a benchmark's, and says
// which of them hold another one's rows, or none at all.
func checkNames(dir string) (checks []run.Check) {
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	deeper, _ := filepath.Glob(filepath.Join(dir, "*", "*"))
	for _, path := range append(files, deeper...) {
		name := strings.ToLower(strings.TrimPrefix(path, dir))
		if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() || !strings.Contains(name, ".json") || info.Size() > maxFile/16 {
			continue
		}
		for _, word := range []string{"gsm8k", "mmlu", "humaneval", "mbpp", "bbh", "mgsm", "gpqa", "math"} {
			if !strings.Contains(name, word) {
				continue
			}
			id, err := Identify(path)
			if err == nil && id.Name != "" && !strings.Contains(strings.ToLower(strings.ReplaceAll(id.Name, "-", "")), word) {
				checks = append(checks, run.Check{Topic: "bench", Name: filepath.Base(path), Outcome: "warn", N: id.Known, Of: id.Rows,
					Text: fmt.Sprintf("%s is called %s, but %d of its %d rows are those of %s.", path, word, id.Known, id.Rows, id.Name)})
			}
			break
		}
	}
	return checks
}

// Check looks at a folder of benchmarks without running any: what its files are,
// and whether they are whole. The report shows it.
func Check(dir string, tasks []string) error {
	r := experiment.Current()
	for _, c := range checkNames(dir) {
		r.Check(c)
		r.Note(run.Note{Level: "warn", Topic: "bench", Text: c.Text})
	}
	for _, name := range tasks {
		t, err := taskNamed(name)
		if err != nil {
			return err
		}
		l := &loader{run: r, dir: dir, shots: t.shots}
		_, err = t.load(l)
		for _, c := range l.checks {
			r.Check(c)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	return nil
}
