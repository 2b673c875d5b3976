package model

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"cogumi/kernels"
	"cogumi/reports/run"
	"cogumi/reports/run/durable"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/experiment/machine"
	"cogumi/stdlib/llm"
	"cogumi/stdlib/llm/safetensors"
)

// keepFrom is the size of a model's quantised projections, in bytes, from which
// they are kept: below it quantising takes no longer than reading.
const keepFrom = 32 << 20

// quantised is a model's projections in 4 bits in a file of the cache, named by
// the hash of the model. The next start maps it instead of reading and
// quantising the model's own weights.
type quantised struct {
	path string
	mu   sync.Mutex
	made []safetensors.Tensor
	size int64
}

// quantisedOf is the file of a model; without a cache nothing is kept.
func quantisedOf(hash string) *quantised {
	dir, err := machine.CacheDir()
	if err != nil {
		return &quantised{}
	}
	return &quantised{path: filepath.Join(dir, "nf4", hash+".safetensors")}
}

// over lays the kept projections over the model's weights. Without them it
// returns nil.
func (q *quantised) over(w weights) (*overlay, error) {
	file, err := safetensors.Open(q.path)
	if err != nil {
		if q.path == "" || errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		// It can be made again, so that it is not worth an error.
		return nil, os.Remove(q.path)
	}
	return &overlay{w, file}, nil
}

// overlay are weights some of which another file has in 4 bits.
type overlay struct {
	weights
	file *safetensors.File
}

func (o *overlay) Tensor(name string) (safetensors.Tensor, bool) {
	if t, ok := o.file.Tensor(name); ok {
		return t, true
	}
	return o.weights.Tensor(name)
}

func (o *overlay) Close() error { return errors.Join(o.file.Close(), o.weights.Close()) }

// add is what llm.Options.Quantised calls.
func (q *quantised) add(ts []safetensors.Tensor) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, t := range ts {
		q.size += int64(len(t.Data))
	}
	q.made = append(q.made, ts...)
}

// keep writes what was quantised. Two processes that start together write once.
func (q *quantised) keep() error {
	if q.path == "" || q.size < keepFrom {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(q.path), 0o755); err != nil {
		return fmt.Errorf("keep quantised weights: %w", err)
	}
	unlock, err := durable.TryLock(q.path + ".lock")
	if err != nil {
		return nil
	}
	defer unlock()
	old, _ := filepath.Glob(filepath.Join(filepath.Dir(q.path), "."+filepath.Base(q.path)+"-*.tmp"))
	for _, path := range old { // of a process that was killed: the lock is ours
		os.Remove(path)
	}
	if err := safetensors.Write(q.path, q.made, nil); err != nil {
		return fmt.Errorf("keep quantised weights: %w", err)
	}
	return nil
}

// loadNF4 loads a model whose projections are quantised here, from what an
// earlier start kept where that is there. Weights stay open: the device may read
// them where they are.
func (m *Model) loadNF4(d kernels.Device, w weights) (*llm.Model, error) {
	q := quantisedOf(m.Hash)
	both, err := q.over(w)
	if err != nil {
		return nil, err
	}
	if both != nil {
		loaded, err := llm.Load(d, m.base.folder, both, llm.Options{NF4: true})
		if err == nil {
			return loaded, nil
		}
		both.file.Close()
		os.Remove(q.path) // damaged: quantise again
	}
	loaded, err := llm.Load(d, m.base.folder, w, llm.Options{NF4: true, Quantised: q.add})
	if err != nil {
		return nil, err
	}
	if err := q.keep(); err != nil {
		experiment.Current().Note(run.Note{Level: "warn", Topic: "model", Text: err.Error() + ": the next start quantises again"})
	}
	return loaded, nil
}
