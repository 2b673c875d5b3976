package train

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"cogumi/kernels"
	"cogumi/reports/run/durable"
	"cogumi/stdlib/llm"
	"cogumi/stdlib/llm/safetensors"
)

// progress is what a checkpoint knows beside tensors. It decides the rest of
// the run, so it must be exact.
type progress struct {
	Step     int       `json:"step"`
	Best     float64   `json:"best"`      // lowest held-out loss so far
	BestStep int       `json:"best_step"` // 0: none yet
	Stale    int       `json:"stale"`     // evaluations since
	Recent   []float64 `json:"recent"`    // losses, for the spike check
	Over     int       `json:"over"`      // spikes in a row
	Stopped  string    `json:"stopped,omitempty"`
	Due      bool      `json:"due,omitempty"` // the evaluation after Step is still to come
}

const (
	checkpointFile = "checkpoint.tmp"
	bestFile       = "best.tmp"
)

// tidy removes what a killed attempt was just writing: all but whole checkpoints.
func tidy(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("train: clear what an earlier attempt left: %w", err)
	}
	for _, e := range entries {
		if e.Name() == checkpointFile || e.Name() == bestFile {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return fmt.Errorf("train: clear what an earlier attempt left: %w", err)
		}
	}
	return nil
}

var dtypes = map[kernels.DType]string{kernels.F32: "F32", kernels.BF16: "BF16", kernels.I32: "I32", kernels.U8: "U8"}

// recordFile says what a finished training ended with.
const recordFile = "train.json"

// record writes the end of the training beside the adapter: two runs that agree
// in State agree in every bit of adapter, optimiser and position in the data.
func (s *session) record() error {
	_, state, err := s.trainer.State()
	if err != nil {
		return fmt.Errorf("record training: %w", err)
	}
	h := sha256.New()
	for _, t := range state {
		fmt.Fprintf(h, "%s %s %v\n", t.Name, t.DType, t.Shape)
		h.Write(t.Data)
	}
	json.NewEncoder(h).Encode(s.progress)
	return durable.WriteFile(filepath.Join(s.dir, recordFile), func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(struct {
			Steps    int     `json:"steps"`
			Best     float64 `json:"best_held_out_loss"`
			BestStep int     `json:"best_step"`
			State    string  `json:"state_sha256"`
		}{s.Step, s.Best, s.BestStep, hex.EncodeToString(h.Sum(nil))})
	})
}

// restore puts a checkpoint back; without one it returns the zero progress.
func restore(dir string, t *llm.Trainer) (progress, error) {
	p := progress{}
	f, err := safetensors.Open(filepath.Join(dir, checkpointFile))
	if errors.Is(err, os.ErrNotExist) {
		return p, nil
	}
	if err != nil {
		return p, fmt.Errorf("checkpoint: %w", err)
	}
	defer f.Close()
	if err := json.Unmarshal([]byte(f.Metadata()["progress"]), &p); err != nil {
		return p, fmt.Errorf("checkpoint: %w", err)
	}
	return p, t.Restore(p.Step, finder(f))
}

// restoreBest puts the adapter of the best evaluation back.
func restoreBest(dir string, t *llm.Trainer, step int) error {
	f, err := safetensors.Open(filepath.Join(dir, bestFile))
	if err != nil {
		return fmt.Errorf("best checkpoint: %w", err)
	}
	defer f.Close()
	return t.Restore(step, finder(f))
}

func finder(f *safetensors.File) func(string) ([]byte, bool) {
	return func(name string) ([]byte, bool) {
		x, ok := f.Tensor(name)
		return x.Data, ok
	}
}
