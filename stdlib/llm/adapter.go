package llm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"cogumi/kernels"
	"cogumi/stdlib/llm/peft"
)

// Targets are the projections that an adapter may sit on, in the order of the
// layer.
var Targets = []string{"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}

// AdapterConfig says what a LoRA adapter looks like.
type AdapterConfig struct {
	Rank    int      // r
	Alpha   float64  // scale is Alpha/Rank, or Alpha/√Rank with RSLoRA
	Dropout float64  // of the adapter's input while training, 0…1
	Targets []string // of Targets; nil: all seven
	RSLoRA  bool
	DoRA    bool         // rows are trained by direction and magnitude; no dropout then
	Ranks   peft.Pattern // projections with a rank of their own
	Alphas  peft.Pattern // and with an alpha
}

// Adapter is a LoRA adapter on a model's device. A and B, and the magnitudes of
// DoRA, are f32 masters.
type Adapter struct {
	Config AdapterConfig
	model  *Model
	names  []string // of projections, in the model's order
	pairs  map[string]*kernels.LoRA
	dora   map[string]*kernels.Magnitudes // empty without
	hosted map[*kernels.Tensor]bool       // in the host's memory, beside a device that has its own
}

// host notes what a training moved to the host's memory.
func (a *Adapter) host(ts []*kernels.Tensor) {
	if a.hosted == nil {
		a.hosted = map[*kernels.Tensor]bool{}
	}
	for _, t := range ts {
		a.hosted[t] = true
	}
}

// check fills in defaults and refuses what cannot be.
func (c *AdapterConfig) check() error {
	if c.Targets == nil {
		c.Targets = Targets
	}
	for _, t := range c.Targets {
		if !slices.Contains(Targets, t) {
			return fmt.Errorf("adapter: target %q is none of %s", t, strings.Join(Targets, ", "))
		}
	}
	switch {
	case c.Rank < 1:
		return fmt.Errorf("adapter: rank %d is below 1", c.Rank)
	case c.Dropout < 0 || c.Dropout >= 1:
		return fmt.Errorf("adapter: dropout %g is outside [0, 1)", c.Dropout)
	}
	return nil
}

// settings are those of a PEFT folder.
func (c *AdapterConfig) settings() *peft.Adapter {
	return &peft.Adapter{R: c.Rank, Alpha: c.Alpha, Dropout: c.Dropout, Targets: c.Targets, RSLoRA: c.RSLoRA, DoRA: c.DoRA,
		Ranks: c.Ranks, Alphas: c.Alphas, Tensors: map[string]peft.Pair{}}
}

// NewAdapter makes an adapter that changes nothing yet: A is drawn as PEFT does
// (kaiming uniform with a = √5: uniform in ±1/√in), B is zero.
func NewAdapter(m *Model, c AdapterConfig, seed uint64) (*Adapter, error) {
	a, err := newAdapter(m, c)
	if err != nil {
		return nil, err
	}
	random := rand.New(rand.NewPCG(seed, 0x10_ad_a9_7e_12))
	for _, name := range a.names {
		t := a.pairs[name].A
		x := make([]float32, t.Len())
		bound := 1 / math.Sqrt(float64(t.Cols()))
		for i := range x {
			x[i] = float32((2*random.Float64() - 1) * bound)
		}
		if err := m.device.Write(t, 0, floatBytes(x)); err != nil {
			return nil, err
		}
	}
	return a, a.startMagnitudes()
}

func newAdapter(m *Model, c AdapterConfig) (*Adapter, error) {
	a, err := shapeAdapter(m, c)
	if err != nil {
		return nil, err
	}
	for i := range m.layers { // each can move by itself
		if err := m.device.Alloc(part(a.all(), i, len(m.layers))...); err != nil {
			a.Close()
			return nil, err
		}
	}
	return a, nil
}

// part is number i of n parts of a list.
func part[T any](all []T, i, n int) []T { return all[len(all)*i/n : len(all)*(i+1)/n] }

// shapeAdapter is an adapter without memory.
func shapeAdapter(m *Model, c AdapterConfig) (*Adapter, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	a := &Adapter{Config: c, model: m, pairs: map[string]*kernels.LoRA{}, dora: map[string]*kernels.Magnitudes{}}
	of := c.settings()
	for i := range m.layers {
		for _, w := range m.layers[i].projections() {
			if !slices.Contains(c.Targets, w.Name[strings.LastIndexByte(w.Name, '.')+1:]) {
				continue
			}
			rank := of.Rank(w.Name)
			p := &kernels.LoRA{Scale: float32(of.Scale(w.Name)),
				A: kernels.NewTensor(w.Name+".lora_A.weight", kernels.F32, rank, w.In),
				B: kernels.NewTensor(w.Name+".lora_B.weight", kernels.F32, w.Out, rank)}
			a.names, a.pairs[w.Name] = append(a.names, w.Name), p
			if c.DoRA {
				a.dora[w.Name] = newMagnitudes(w)
			}
		}
	}
	return a, nil
}

// OpenAdapter puts an adapter that was read from a PEFT folder on m's device.
func OpenAdapter(m *Model, p *peft.Adapter) (*Adapter, error) {
	a, err := newAdapter(m, AdapterConfig{Rank: p.R, Alpha: p.Alpha, Dropout: p.Dropout, Targets: p.Targets, RSLoRA: p.RSLoRA, DoRA: p.DoRA, Ranks: p.Ranks, Alphas: p.Alphas})
	if err != nil {
		return nil, err
	}
	for _, name := range a.names {
		pair, ok := p.Tensors[name]
		if !ok {
			return nil, fmt.Errorf("the adapter has no tensors for %s: it was made for another model", name)
		}
		to := a.pairs[name]
		if len(pair.A) != to.A.Len() || len(pair.B) != to.B.Len() {
			return nil, fmt.Errorf("the adapter was made for another model: its %s is for a weight of [%d, %d], the model's is [%d, %d]",
				name, pair.Out, pair.In, to.B.Shape[0], to.A.Cols())
		}
		if err := first(m.device.Write(to.A, 0, floatBytes(pair.A)), m.device.Write(to.B, 0, floatBytes(pair.B))); err != nil {
			return nil, err
		}
		if p.DoRA {
			if err := m.device.Write(a.dora[name].M, 0, floatBytes(pair.Magnitude)); err != nil {
				return nil, err
			}
		}
	}
	if len(p.Tensors) != len(a.names) {
		return nil, fmt.Errorf("the adapter has %d projections, the model takes %d of them", len(p.Tensors), len(a.names))
	}
	return a, a.refresh()
}

// Export reads the adapter from the device, ready to be written as a PEFT folder.
func (a *Adapter) Export(base string) (*peft.Adapter, error) {
	p := a.Config.settings()
	p.BaseModel = base
	for _, name := range a.names {
		x, y := a.pairs[name].A, a.pairs[name].B
		pair := peft.Pair{In: x.Cols(), Out: y.Shape[0], A: make([]float32, x.Len()), B: make([]float32, y.Len())}
		if err := first(a.model.device.Read(x, 0, floatBytes(pair.A)), a.model.device.Read(y, 0, floatBytes(pair.B))); err != nil {
			return nil, err
		}
		if d := a.dora[name]; d != nil {
			pair.Magnitude = make([]float32, d.M.Len())
			if err := a.model.device.Read(d.M, 0, floatBytes(pair.Magnitude)); err != nil {
				return nil, err
			}
		}
		p.Tensors[name] = pair
	}
	return p, nil
}

// Trainable lists the adapter's tensors in a fixed order.
func (a *Adapter) trainable() []*kernels.Tensor {
	var ts []*kernels.Tensor
	for _, n := range a.names {
		ts = append(ts, a.pairs[n].A, a.pairs[n].B)
		if d := a.dora[n]; d != nil {
			ts = append(ts, d.M)
		}
	}
	return ts
}

// all lists what the adapter keeps on the device.
func (a *Adapter) all() []*kernels.Tensor {
	ts := a.trainable()
	for _, n := range a.names {
		if d := a.dora[n]; d != nil {
			ts = append(ts, d.Norm, d.Gain)
		}
	}
	return ts
}

// Parameters is the number of trainable values.
func (a *Adapter) Parameters() int {
	n := 0
	for _, t := range a.trainable() {
		n += t.Len()
	}
	return n
}

// Close frees the adapter's memory.
func (a *Adapter) Close() { a.model.device.Free(a.all()...) }
