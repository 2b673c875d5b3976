// Package model gives scripts language models: load one, let it answer, put an
// adapter on it.
//
// A model is loaded onto its device when it first has something to compute: a
// run that finds all its steps finished loads nothing.
package model

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"

	"cogumi/stdlib/experiment"
	"cogumi/stdlib/experiment/machine"
	"cogumi/stdlib/llm"
	"cogumi/stdlib/llm/devices"
	"cogumi/stdlib/llm/hfconfig"
	"cogumi/stdlib/llm/peft"
)

// Model is a base model in 4 bits, or as a GGUF file has it, with or without an
// adapter.
type Model struct {
	Name    string // "tiny", or the name of the folder or file
	Path    string // folder or file; empty for a built-in model
	Hash    string // of the files and of the quantisation
	Adapter *Adapter

	base  *base
	mu    sync.Mutex
	ready *llm.Adapter // Adapter on the device
}

// base is what models with different adapters share.
type base struct {
	*source
	files  string // hash of the files, however they are quantised here
	mu     sync.Mutex
	loaded *llm.Model
}

// Adapter is a trained LoRA adapter: a PEFT folder.
type Adapter struct {
	Folder string // holds adapter_config.json and adapter_model.safetensors
	Hash   string // of its files
	Base   string // Files of the model that it was trained on; empty: it does not say
	Model  string // Hash of that model, its quantisation included; empty: it does not say
	// AnyBase puts it on any model of the same shape all the same: a base in another
	// format, or one that was trained further.
	AnyBase bool
}

// Load opens a model: "tiny" is built in, anything else is a Hugging Face
// folder, a GGUF file, or the name of a model that cogumi download put into the
// hub's cache. Projections are quantised to NF4 with double quantisation, unless a
// GGUF file holds them quantised already: those stay as they are.
func Load(name string) (*Model, error) {
	m := &Model{Name: name}
	var s *source
	var err error
	if folder, ok := builtinFolder(name); ok {
		s = builtinSource(folder)
	} else {
		if m.Path, m.Name, err = locate(name); err != nil {
			return nil, err
		}
		s, err = openSource(m.Path)
	}
	if err == nil {
		_, err = hfconfig.Read(s.folder)
	}
	if err == nil {
		m.Hash, err = s.hash()
	}
	if err != nil {
		return nil, fmt.Errorf("load model %s: %w", name, err)
	}
	m.base = &base{source: s, files: m.Hash}
	return m, nil
}

// MustLoad is Load; an error ends the run.
func MustLoad(name string) *Model {
	m, err := Load(name)
	if err != nil {
		experiment.Stop(experiment.WithCode(err, 3))
	}
	return m
}

// WithAdapter is the same base with an adapter that was trained on it. An
// adapter of another base is refused.
func (m *Model) WithAdapter(a *Adapter) (*Model, error) {
	if a.Model != "" && a.Model != m.Hash && a.Base == m.base.files && !a.AnyBase {
		err := fmt.Errorf("%w: adapter %s was trained on %s quantised otherwise", ErrOtherBase, a.Folder, m.Name)
		return nil, experiment.Hint(err, "load the model as it was trained on, or say that the difference does not matter: AnyBase")
	}
	if a.Base != "" && a.Base != m.base.files && !a.AnyBase {
		err := fmt.Errorf("%w: adapter %s was trained on %s, this is %s (other files)", ErrOtherBase, a.Folder, a.baseName(), m.Name)
		return nil, experiment.Hint(err, "load the model that it was trained on; for the same weights in another format say so: AnyBase in a script, --any-base on the command line")
	}
	return &Model{Name: m.Name, Path: m.Path, Hash: m.Hash, Adapter: a, base: m.base}, nil
}

// MustWithAdapter is WithAdapter; an error ends the run.
func (m *Model) MustWithAdapter(a *Adapter) *Model {
	n, err := m.WithAdapter(a)
	if err != nil {
		experiment.Stop(err)
	}
	return n
}

// ErrOtherBase: an adapter was trained on another model than it is put on.
var ErrOtherBase = errors.New("the adapter is of another base")

// Files is a hash of the model's files, the same however they are quantised here.
func (m *Model) Files() string { return m.base.files }

// OpenAdapter reads a PEFT folder. Base is known of adapters that were trained
// here; PEFT's own files name their base, but do not say which weights it had.
func OpenAdapter(folder string) (*Adapter, error) {
	p, err := peft.Read(folder)
	if err != nil {
		return nil, err
	}
	hash, err := experiment.HashPath(folder)
	return &Adapter{Folder: folder, Hash: hash, Base: p.BaseFiles}, err
}

// baseName is what the adapter calls its base.
func (a *Adapter) baseName() string {
	if p, err := peft.Read(a.Folder); err == nil && p.BaseModel != "" {
		return p.BaseModel
	}
	return "another model"
}

// device is the one that this process computes on.
var device = sync.OnceValues(devices.Open)

// chosen is what device opens, without opening it.
var chosen = sync.OnceValues(devices.Choose)

// Runs record what computed their results: it is part of the identity of steps.
func init() {
	machine.SetISA(func() string { c, _ := chosen(); return c.ISA() })
	machine.SetDevice(func() string { c, _ := chosen(); return c.Name() })
}

// Engine loads the base onto the device, once.
func (m *Model) Engine() (*llm.Model, error) {
	b := m.base
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.loaded != nil {
		return b.loaded, nil
	}
	d, err := device()
	if err != nil {
		return nil, experiment.Hint(fmt.Errorf("load model %s: %w", m.Name, err), "cogumi env shows the GPUs")
	}
	weights, err := b.open()
	if err != nil {
		return nil, fmt.Errorf("load model %s: %w", m.Name, err)
	}
	// They stay open: the device may read them where they are.
	if b.nf4 {
		b.loaded, err = m.loadNF4(d, weights)
	} else {
		b.loaded, err = llm.Load(d, b.folder, weights, llm.Options{})
	}
	if err != nil {
		weights.Close()
		return nil, fmt.Errorf("load model %s: %w", m.Name, err)
	}
	collectOften()
	return b.loaded, nil
}

// collectOften has the heap grow by a fifth between collections instead of to the
// double: with a model in it, nearly all of it is numbers that a collection need
// not look at. GOGC, where it is set, is what a person wants.
func collectOften() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(20)
	}
}

// engine is the loaded base with the adapter on the device; nil without one.
func (m *Model) engine(_ context.Context) (*llm.Model, *llm.Adapter, error) {
	base, err := m.Engine()
	if err != nil || m.Adapter == nil {
		return base, nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ready == nil {
		p, err := peft.Read(m.Adapter.Folder)
		if err != nil {
			return nil, nil, err
		}
		if m.ready, err = llm.OpenAdapter(base, p); err != nil {
			return nil, nil, err
		}
	}
	return base, m.ready, nil
}

// identity is what decides the model's answers, for step keys.
func (m *Model) identity() map[string]string {
	id := map[string]string{"model": m.Hash}
	if m.Adapter != nil {
		id["adapter"] = m.Adapter.Hash
	}
	return id
}
