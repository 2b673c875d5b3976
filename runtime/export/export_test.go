package export

import (
	"context"
	"encoding/binary"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"math"
	"math/bits"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"cogumi/reports/run"
)

// finished makes a run that was resumed once, with texts that a spreadsheet would
// run and that nobody else may see.
func finished(t *testing.T) *Run {
	t.Helper()
	began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	w, err := run.Create(t.TempDir(), run.Info{Script: "x", Started: began, Command: "cogumi run x --key sk-abcdefghijklmnop1234",
		Params: []run.Param{{Name: "lr", Value: "0.001"}, {Name: "fast", Value: "true"}, {Name: "rule", Value: "greedy"}}})
	if err != nil {
		t.Fatal(err)
	}
	put := func(e run.Event) {
		if err := w.Event(e); err != nil {
			t.Fatal(err)
		}
	}
	for attempt, value := range []float64{3, 2} { // the second attempt does step 2 again
		for x := 1 + attempt; x <= 2+attempt; x++ {
			put(run.Event{Time: began.Add(time.Duration(10*attempt+x) * time.Second), Attempt: attempt + 1, Kind: "metric", Metric: &run.Metric{Series: "train/loss", X: x, Value: value / float64(x)}})
		}
	}
	put(run.Event{Kind: "figure", Figure: &run.Figure{Name: "accuracy, tuned", Value: 62.5, Unit: "%", N: 8}})
	put(run.Event{Kind: "table", Table: &run.Table{Name: "a/b", Columns: []string{"what", "n"}, Rows: [][]any{{"=1+1", 3}, {"-2", nil}, {"a \"b\",\nc", 1.5}}}})
	sample := run.Sample{ID: "1", Prompt: "p", Answers: []run.SampleAnswer{{Model: "base", Text: "hf_abcdefghijklmnopqrst"}, {Model: "tuned", Text: "@x"}}}
	line, _ := json.Marshal(sample)
	if err := os.WriteFile(filepath.Join(w.Dir(), "samples", "s.jsonl"), append(line, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
	put(run.Event{Kind: "samples", Samples: &run.SampleSet{Name: "s", Title: "S", Path: "samples/s.jsonl", Count: 1}})
	err = w.Update(func(i *run.Info) { i.State, i.Ended = run.Done, began.Add(time.Minute) })
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	r, err := Read(w.Dir(), false)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestPoints(t *testing.T) {
	var got []float64
	for _, p := range finished(t).Points {
		got = append(got, p.Value)
	}
	if want := []float64{3, 1, 2. / 3}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestCSV(t *testing.T) {
	dir := t.TempDir()
	files, err := finished(t).CSV(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	tables := map[string][][]string{}
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(f).ReadAll()
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(path)
		names, tables[name] = append(names, name), rows
	}
	if want := []string{"metrics.csv", "figures.csv", "params.csv", "table-a_b.csv", "samples-s.csv"}; !slices.Equal(names, want) {
		t.Errorf("%v", names)
	}
	if got := tables["table-a_b.csv"]; got[1][0] != "'=1+1" || got[2][0] != "-2" || got[2][1] != "" || got[3][0] != "a \"b\",\nc" {
		t.Errorf("%q", got)
	}
	if got := tables["samples-s.csv"]; len(got) != 3 || strings.Contains(got[1][9], "hf_") || got[2][9] != "'@x" {
		t.Errorf("%q", got)
	}
	if got := tables["metrics.csv"][2]; !slices.Equal(got, []string{"train/loss", "2", "1", "2026-01-02T03:04:17Z"}) {
		t.Errorf("%q", got)
	}
}

func TestJSONLines(t *testing.T) {
	files, err := finished(t).JSONLines(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil || strings.Contains(string(b), "sk-abcdef") || strings.Contains(string(b), "hf_abcdef") {
			t.Errorf("%s: %v: %.300s", path, err, b)
		}
		d := json.NewDecoder(strings.NewReader(string(b)))
		for {
			var v any
			if err := d.Decode(&v); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
		}
	}
}

// records takes a file of records apart and checks their sums.
func records(t *testing.T, b []byte) (list [][]byte) {
	t.Helper()
	for len(b) > 0 {
		n := binary.LittleEndian.Uint64(b)
		if binary.LittleEndian.Uint32(b[8:]) != maskedCRC(b[:8]) || binary.LittleEndian.Uint32(b[12+n:]) != maskedCRC(b[12:12+n]) {
			t.Fatal("a checksum is wrong")
		}
		list, b = append(list, b[12:12+n]), b[16+n:]
	}
	return list
}

// TestTensorBoard: the file's frames and scalars. The peer test has TensorBoard
// itself read it.
func TestTensorBoard(t *testing.T) {
	const check = 0xe3069283 // of CRC-32C, for the nine digits
	if got, want := maskedCRC([]byte("123456789")), bits.RotateLeft32(check, 17)+0xa282ead8; got != want {
		t.Errorf("%#x, want %#x", got, want)
	}
	path, err := finished(t).TensorBoard(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	scalars := map[string][]float32{}
	for _, event := range records(t, b) {
		value := find(t, find(t, event, 5), 1)
		if v := find(t, value, 2); v != nil {
			tag := string(find(t, value, 1))
			scalars[tag] = append(scalars[tag], math.Float32frombits(binary.LittleEndian.Uint32(v)))
		}
	}
	if got := scalars["train/loss"]; !slices.Equal(got, []float32{3, 1, 2. / 3}) {
		t.Errorf("%v", scalars)
	}
	if got := scalars["figure/accuracy, tuned"]; !slices.Equal(got, []float32{62.5}) {
		t.Errorf("%v", scalars)
	}
}

// find is the content of a field: of length, or of 32 bits.
func find(t *testing.T, b []byte, number protowire.Number) []byte {
	t.Helper()
	for len(b) > 0 {
		n, kind, size := protowire.ConsumeTag(b)
		if size < 0 {
			t.Fatal(protowire.ParseError(size))
		}
		b = b[size:]
		all := protowire.ConsumeFieldValue(n, kind, b)
		if all < 0 {
			t.Fatal(protowire.ParseError(all))
		}
		if n == number && kind == protowire.BytesType {
			v, _ := protowire.ConsumeBytes(b)
			return v
		}
		if n == number && kind == protowire.Fixed32Type {
			return b[:4]
		}
		b = b[all:]
	}
	return nil
}

// tracking is a server that keeps what it is told.
type tracking struct {
	t      *testing.T
	broken string // path that answers with an error
	calls  map[string][]map[string]any
	report []byte
}

func (s *tracking) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/api/2.0/")
	if user, password, ok := r.BasicAuth(); !ok || user != "me" || password != "pw" {
		http.Error(w, "who are you", http.StatusUnauthorized)
		return
	}
	if path == s.broken {
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, `{"error_code": "INVALID_PARAMETER_VALUE", "message": "no"}`)
		return
	}
	b, _ := io.ReadAll(r.Body)
	if strings.HasPrefix(path, "mlflow-artifacts/artifacts/1/abc/artifacts/report.html") {
		s.report = b
		return
	}
	var body map[string]any
	json.Unmarshal(b, &body)
	s.calls[path] = append(s.calls[path], body)
	switch path {
	case "mlflow/experiments/get-by-name":
		w.WriteHeader(http.StatusNotFound)
		io.WriteString(w, `{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "none"}`)
	case "mlflow/experiments/create":
		io.WriteString(w, `{"experiment_id": "1"}`)
	case "mlflow/runs/search":
		io.WriteString(w, `{}`)
	case "mlflow/runs/create":
		io.WriteString(w, `{"run": {"info": {"run_id": "abc", "artifact_uri": "mlflow-artifacts:/1/abc/artifacts"}}}`)
	default:
		io.WriteString(w, `{}`)
	}
}

func TestMLflow(t *testing.T) {
	s := &tracking{t: t, calls: map[string][]map[string]any{}}
	server := httptest.NewServer(s)
	defer server.Close()
	r := finished(t)
	page, notes, err := r.MLflow(context.Background(), Server{URL: server.URL + "/", User: "me", Password: "pw"})
	if err != nil || len(notes) > 0 || page != server.URL+"/#/experiments/1/runs/abc" {
		t.Fatalf("%s, %v, %v", page, notes, err)
	}
	if got := s.calls["mlflow/runs/update"][0]; got["status"] != "FINISHED" || got["end_time"] != float64(r.Info.Ended.UnixMilli()) {
		t.Errorf("%v", got)
	}
	metrics := 0
	for _, c := range s.calls["mlflow/runs/log-batch"] {
		list, _ := c["metrics"].([]any)
		metrics += len(list)
	}
	if metrics != 4 || !strings.Contains(string(s.report), "<!doctype html>") && !strings.Contains(string(s.report), "<!DOCTYPE html>") {
		t.Errorf("%d metrics, a report of %d bytes", metrics, len(s.report))
	}
	if all, _ := json.Marshal(s.calls); strings.Contains(string(all), "sk-abcdef") {
		t.Error("a secret was sent")
	}
	for _, c := range []struct {
		s    Server
		want string
	}{
		{Server{URL: server.URL}, "401"},
		{Server{URL: "localhost:5000"}, "no address of a server"},
		{Server{URL: "http://127.0.0.1:1", User: "me", Password: "pw"}, "refused"},
	} {
		if _, _, err := r.MLflow(context.Background(), c.s); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c.s, err)
		}
	}
	s.broken = "mlflow/runs/log-batch"
	if _, _, err := r.MLflow(context.Background(), Server{URL: server.URL, User: "me", Password: "pw"}); err == nil || !strings.Contains(err.Error(), "INVALID_PARAMETER_VALUE no") {
		t.Errorf("a refusal: %v", err)
	}
}
