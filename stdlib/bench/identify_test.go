package bench

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cogumi/kernels/golden"
)

// sources are the files that the known sets were read from.
func sources(t *testing.T) map[string][]string {
	dir := golden.Dir(t, "data")
	bbh, err := filepath.Glob(filepath.Join(dir, "bbh", "*.json"))
	if err != nil || len(bbh) != len(bbhTasks) {
		t.Fatal(bbh, err)
	}
	return map[string][]string{gsm8kTest.name: {dir + "/gsm8k/test.jsonl.gz"}, gsm8kTrain.name: {dir + "/gsm8k/train.jsonl.gz"}, mmluTest.name: {dir + "/mmlu/test.jsonl.gz"},
		mmluDev.name: {dir + "/mmlu/dev.jsonl"}, humanEval.name: {dir + "/humaneval/HumanEval.jsonl.gz"}, mbpp.name: {dir + "/mbpp/mbpp.jsonl.gz"}, bbhAll.name: bbh}
}

func TestFingerprints(t *testing.T) {
	files := sources(t)
	var want bytes.Buffer
	for _, k := range knownSets {
		n := 0
		for _, path := range files[k.name] {
			if err := readQuestions(path, func(q string) { n++; want.Write(binary.LittleEndian.AppendUint32(nil, fingerprint(q))) }); err != nil {
				t.Fatal(err)
			}
		}
		if n != k.rows {
			t.Errorf("%s: %d rows, known are %d", k.name, n, k.rows)
		}
	}
	if *update {
		if err := os.WriteFile("known.bin", want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(want.Bytes(), knownBin) {
		t.Error("known.bin is not what the data sets give: go test -run Fingerprints -update")
	}
}

func TestIdentify(t *testing.T) {
	for name, paths := range sources(t) {
		for _, path := range head(paths, 2) {
			id, err := Identify(path)
			if err != nil || id.Name != name || id.Known != id.Rows {
				t.Errorf("%s: %+v %v", path, id, err)
			}
		}
	}
}

// A file called MATH that holds the rows of GSM8K, shuffled, cut and spelled
// differently, is named as what it is; one of other rows is not.
func TestNamedWrongly(t *testing.T) {
	b, err := read(filepath.Join(golden.Dir(t, "data"), "gsm8k", "test.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(strings.TrimSpace(string(b)), "\n")
	var out strings.Builder
	for i := 299; i >= 0; i-- {
		out.WriteString(strings.ReplaceAll(strings.Replace(rows[i], `"question"`, `"problem"`, 1), "How ", "how  ") + "\n")
	}
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("math.jsonl", out.String())
	write("gsm8k.jsonl", strings.ReplaceAll(out.String(), `"problem"`, `"question"`))
	write("gpqa.jsonl", `{"question": "what is the spin of a photon?"}`)
	checks := checkNames(dir)
	if len(checks) != 1 || checks[0].Name != "math.jsonl" || !strings.Contains(checks[0].Text, "300 of its 300 rows are those of the test set of GSM8K") {
		t.Errorf("%+v", checks)
	}
	l := &loader{dir: dir, shots: 0}
	if _, err := loadGSM8K(l); err == nil || !strings.Contains(err.Error(), "has 300 rows, the test set of GSM8K has 1319") {
		t.Error(err)
	}
}
