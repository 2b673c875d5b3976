package train

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"cogumi/reports/run/durable"
	"cogumi/stdlib/llm"
	"cogumi/stdlib/llm/safetensors"
)

// saver writes checkpoints beside the training: steps wait for the copy of the
// state, not for the disk. One is under way at a time.
type saver struct {
	dir     string
	every   int           // steps between checkpoints; 0: by time
	begun   time.Time     // when the last one was begun
	cost    time.Duration // what steps waited for it
	pending chan error    // of the one that is being written; nil: none is
}

// Without a number of steps, a kill loses at most so much work, or twenty times
// what a checkpoint holds the steps up: it costs 5 % at most.
const (
	saveInterval = 10 * time.Second
	saveShare    = 20
)

// due says whether step should be followed by a checkpoint; by time none is while
// the last one is still being written.
func (v *saver) due(step int) bool {
	if v.every > 0 {
		return step%v.every == 0
	}
	return len(v.pending) == cap(v.pending) && time.Since(v.begun) >= max(saveInterval, saveShare*v.cost)
}

// save begins a checkpoint; best: it is the one with the lowest held-out loss,
// too. An error of the last one is told here.
func (v *saver) save(t *llm.Trainer, p progress, best bool) error {
	began := time.Now()
	if err := v.wait(); err != nil {
		return err
	}
	_, state, err := t.State()
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	var tensors []safetensors.Tensor
	for _, s := range state {
		tensors = append(tensors, safetensors.Tensor{Name: s.Name, DType: dtypes[s.DType], Shape: s.Shape, Data: s.Data})
	}
	b, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	pending := make(chan error, 1)
	go func() { pending <- write(v.dir, tensors, map[string]string{"progress": string(b)}, best) }()
	v.pending, v.begun, v.cost = pending, began, time.Since(began)
	return nil
}

// wait waits for the checkpoint that is being written.
func (v *saver) wait() error {
	if v.pending == nil {
		return nil
	}
	err := <-v.pending
	v.pending = nil
	return err
}

// write writes a checkpoint. The best file comes before the checkpoint that names
// it; it is the same file, where the file system has links.
func write(dir string, tensors []safetensors.Tensor, metadata map[string]string, best bool) error {
	checkpoint := filepath.Join(dir, checkpointFile)
	if !best {
		return safetensors.Write(checkpoint, tensors, metadata)
	}
	kept, link := filepath.Join(dir, bestFile), filepath.Join(dir, "link.tmp")
	if err := safetensors.Write(kept, tensors, metadata); err != nil {
		return err
	}
	if err := os.Link(kept, link); err != nil {
		return safetensors.Write(checkpoint, tensors, metadata)
	}
	return durable.Rename(link, checkpoint)
}
