package llm

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"unsafe"

	"cogumi/kernels"
)

// ErrNotFinite is a loss or gradient that is not a number. The adapter and the
// optimiser state are those before the step.
var ErrNotFinite = errors.New("not finite")

// Optimizer names the optimiser's state.
type Optimizer string

const (
	AdamW     Optimizer = "adamw"     // 32-bit state
	AdamW8bit Optimizer = "adamw8bit" // blockwise 8-bit state for tensors of ≥ 4,096 values
)

// eightBitFrom is the size from which bitsandbytes keeps 8-bit state.
const eightBitFrom = 4096

// TrainerConfig says how an adapter is optimised.
type TrainerConfig struct {
	Optimizer   Optimizer
	Beta1       float64 // 0: 0.9
	Beta2       float64 // 0: 0.999
	Eps         float64 // 0: 1e-8
	WeightDecay float64
	MaxNorm     float64 // gradients are clipped to it; 0: never
	Budget      int     // tokens of one run of the program
	Seed        uint64  // of dropout
	// FP8 computes the products with the frozen weights in 8-bit floats (E4M3, a
	// scale a row), on GPUs that have them, where they gain by it (Model.EightBit);
	// adapters, attention and the loss stay as they are. The budget is a multiple of
	// 16 then.
	FP8 bool
}

// Trainer is a recorded training step: forward, backward, clipping, optimiser.
type Trainer struct {
	model   *Model
	adapter *Adapter
	config  TrainerConfig
	in      *inputs
	loss    *lossInputs
	seed    *kernels.Tensor
	norm    *kernels.Tensor
	lr      *kernels.Tensor
	count   *kernels.Tensor
	grads   []*kernels.Tensor
	state   []*kernels.Tensor // of the optimiser, in a fixed order
	slots   []kernels.AdamSlot
	clear   kernels.Executable
	micro   kernels.Executable
	update  kernels.Executable
	steps   int
	made    []*kernels.Tensor
	spare   spare // what is computed again
	// unpacked is what the device keeps of the weights in another form.
	unpacked int64
}

// StepResult is what one optimiser step did.
type StepResult struct {
	Step     int
	Loss     float64 // mean over the step's targets
	GradNorm float64 // before clipping
	Tokens   int
	Targets  int
}

// maxSequences is how many rows one run can hold.
func maxSequences(budget int) int { return max(1, budget/4) }

// NewTrainer records the step and allocates all that it needs: a step that fits
// once fits always.
func NewTrainer(a *Adapter, c TrainerConfig) (*Trainer, error) {
	t, err := shapeTrainer(a, c)
	if err != nil {
		return nil, err
	}
	t.fit(0)
	if err := t.place(); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// place allocates what the trainer keeps, and compiles its programs. What goes to
// the host's memory goes first: at no time more is taken than planned.
func (t *Trainer) place() error {
	device := t.model.device
	if t.spare.embed {
		if err := t.model.host(); err != nil {
			return err
		}
	}
	rest := map[*kernels.Tensor]bool{}
	for _, x := range t.made {
		rest[x] = true
	}
	n := len(t.model.layers)
	for i := range n { // each can move by itself
		slots := part(t.slots, i, n)
		if i < t.spare.state {
			if err := device.(kernels.Evicter).Evict(masters(slots)...); err != nil {
				return err
			}
			t.adapter.host(masters(slots))
		}
		moments := moments(slots)
		for _, x := range moments {
			delete(rest, x)
		}
		if err := device.Alloc(moments...); err != nil {
			return err
		}
		if i < t.spare.state {
			if err := device.(kernels.Evicter).Evict(moments...); err != nil {
				return err
			}
		}
	}
	left := slices.DeleteFunc(slices.Clone(t.made), func(x *kernels.Tensor) bool { return !rest[x] })
	if err := device.Alloc(left...); err != nil {
		return err
	}
	return t.compile()
}

// masters are the trained tensors.
func masters(slots []kernels.AdamSlot) (ts []*kernels.Tensor) {
	for _, s := range slots {
		ts = append(ts, s.P)
	}
	return ts
}

// moments are the bulk of an optimiser's state.
func moments(slots []kernels.AdamSlot) (ts []*kernels.Tensor) {
	for _, s := range slots {
		if s.Eight != nil {
			ts = append(ts, s.Eight.M, s.Eight.V)
		} else {
			ts = append(ts, s.M, s.V)
		}
	}
	return ts
}

// shapeTrainer is a trainer without memory.
func shapeTrainer(a *Adapter, c TrainerConfig) (*Trainer, error) {
	orDefault := func(x *float64, d float64) {
		if *x == 0 {
			*x = d
		}
	}
	orDefault(&c.Beta1, 0.9)
	orDefault(&c.Beta2, 0.999)
	orDefault(&c.Eps, 1e-8)
	if c.Optimizer != AdamW && c.Optimizer != AdamW8bit {
		return nil, fmt.Errorf("optimizer %q is neither %s nor %s", c.Optimizer, AdamW, AdamW8bit)
	}
	if a.Config.DoRA && a.Config.Dropout > 0 {
		return nil, fmt.Errorf("adapter: DoRA is trained without dropout, not with %g", a.Config.Dropout)
	}
	if c.FP8 {
		if err := fp8(a.model.device, c.Budget); err != nil {
			return nil, err
		}
	}
	t := &Trainer{model: a.model, adapter: a, config: c, in: newInputs(c.Budget, maxSequences(c.Budget)), loss: newLossInputs(c.Budget),
		seed: kernels.NewTensor("dropout.seed", kernels.I32, 2), norm: kernels.NewTensor("grad.norm", kernels.F32, 1),
		lr: kernels.NewTensor("lr", kernels.F32, 1), count: kernels.NewTensor("step", kernels.I32, 1)}
	t.makeState()
	t.made = append(append(append(t.in.all(), t.loss.all()...), t.seed, t.norm, t.lr, t.count), append(t.grads, t.state...)...)
	return t, nil
}

// fp8 says why a device cannot train in 8-bit floats.
func fp8(d kernels.Device, budget int) error {
	can, ok := d.(interface{ FP8() error })
	if !ok {
		return fmt.Errorf("8-bit floats on %s: a GPU of compute capability 9.0 has them: %w", d.Describe().Name, kernels.ErrUnsupported)
	}
	if budget%16 != 0 {
		return fmt.Errorf("8-bit floats: a budget of %d tokens is no multiple of 16", budget)
	}
	return can.FP8()
}

// least8 is from how many inputs and outputs on a product in 8-bit floats gains more
// than rounding its inputs takes: at 576 × 1,536 (SmolLM2-135M) whole steps are 11 %
// slower on an H200, at 4,096 × 14,336 44 % faster.
var least8 = 1024

// gains8 tells whether products that share an input gain by 8-bit floats.
func gains8(ws []*kernels.Matrix) bool {
	out := 0
	for _, w := range ws {
		out += w.Out
	}
	return ws[0].In >= least8 && out >= least8
}

// EightBit is how many of a layer's four groups of products (queries, keys and
// values; attention's output; gate and up; down) a training with FP8 computes in
// 8-bit floats: in small ones rounding would take longer than it saves.
func (m *Model) EightBit() (groups int) {
	l := m.layers[0]
	for _, ws := range [][]*kernels.Matrix{{l.q, l.k, l.v}, {l.o}, {l.gate, l.up}, {l.down}} {
		if gains8(ws) {
			groups++
		}
	}
	return groups
}

func (t *Trainer) makeState() {
	for _, p := range t.adapter.trainable() {
		g := kernels.NewTensor(p.Name+".grad", kernels.F32, p.Shape...)
		t.grads = append(t.grads, g)
		slot := kernels.AdamSlot{P: p, G: g}
		n := p.Len()
		if t.config.Optimizer == AdamW8bit && n >= eightBitFrom {
			blocks := (n + 255) / 256
			e := &kernels.Slot8{M: kernels.NewTensor(p.Name+".m8", kernels.U8, n), V: kernels.NewTensor(p.Name+".v8", kernels.U8, n),
				MAbsmax: kernels.NewTensor(p.Name+".m8.absmax", kernels.F32, blocks), VAbsmax: kernels.NewTensor(p.Name+".v8.absmax", kernels.F32, blocks)}
			slot.Eight = e
			t.state = append(t.state, e.M, e.V, e.MAbsmax, e.VAbsmax)
		} else {
			slot.M, slot.V = kernels.NewTensor(p.Name+".m", kernels.F32, p.Shape...), kernels.NewTensor(p.Name+".v", kernels.F32, p.Shape...)
			t.state = append(t.state, slot.M, slot.V)
		}
		t.slots = append(t.slots, slot)
	}
}

func (t *Trainer) compile() (err error) {
	device := t.model.device
	zero := &kernels.Program{Name: "clear"}
	zero.Add(&kernels.Zero{Tensors: append(append([]*kernels.Tensor{}, t.grads...), t.loss.loss)})
	if t.clear, err = device.Compile(zero); err != nil {
		return err
	}
	program, err := t.record()
	if err != nil {
		return err
	}
	if t.micro, err = device.Compile(program); err != nil {
		return err
	}
	c := t.config
	update := &kernels.Program{Name: "update"}
	update.Add(&kernels.GradNorm{Grads: t.grads, Norm: t.norm},
		&kernels.AdamW{Slots: t.slots, Norm: t.norm, MaxNorm: float32(c.MaxNorm), LR: t.lr, Step: t.count,
			Beta1: c.Beta1, Beta2: c.Beta2, Eps: c.Eps, WeightDecay: c.WeightDecay})
	update.Add(t.adapter.norms()...)
	t.update, err = device.Compile(update)
	return err
}

func (t *Trainer) recorder() *recorder {
	r := &recorder{Program: &kernels.Program{Name: "train"}, m: t.model, adapter: t.adapter, train: true, fp8: t.config.FP8,
		tokens: t.config.Budget, in: t.in, seed: t.seed}
	r.attend = r.packedAttention
	return r
}

// record writes down forward and backward of one micro-batch.
func (t *Trainer) record() (*kernels.Program, error) {
	r := t.recorder()
	x, dx := r.loss(r.hidden(), t.loss)
	trainable := map[*kernels.Tensor]*kernels.Tensor{}
	for i, p := range t.adapter.trainable() {
		trainable[p] = t.grads[i]
	}
	boundary := len(r.Ops)
	if err := kernels.Differentiate(r.Program, trainable, map[*kernels.Tensor]*kernels.Tensor{x: dx}); err != nil {
		return nil, err
	}
	drop := t.spare.drop(r.layers)
	p, err := kernels.Recompute(kernels.Remake(r.Program, boundary, drop), boundary, drop)
	if err != nil {
		return nil, err
	}
	return kernels.Offload(p, boundary, t.spare.store(r.stored, drop)), nil
}

// Times is the time per kind of operation since the last call.
func (t *Trainer) Times() map[string]float64 {
	out := map[string]float64{}
	for _, e := range []kernels.Executable{t.clear, t.micro, t.update} {
		for k, d := range e.Times() {
			out[k] += d.Seconds()
		}
	}
	return out
}

// Gradients runs forward and backward over examples without an update.
// The loss is the mean over all their targets.
func (t *Trainer) Gradients(ctx context.Context, examples []Example) (StepResult, error) {
	result := StepResult{Step: t.steps + 1}
	for _, e := range examples {
		result.Tokens += len(e.IDs)
		result.Targets += e.Targets()
	}
	if result.Targets == 0 {
		return result, fmt.Errorf("step %d: no token of the batch is a target", result.Step)
	}
	batches, err := pack(examples, t.config.Budget, maxSequences(t.config.Budget))
	if err != nil {
		return result, err
	}
	if err := t.clear.Run(ctx); err != nil {
		return result, err
	}
	for k, b := range batches {
		if err := t.feed(b, result, k); err != nil {
			return result, err
		}
		if err := t.micro.Run(ctx); err != nil {
			return result, err
		}
	}
	sum, err := t.readFloat(t.loss.loss)
	result.Loss = sum / float64(result.Targets)
	return result, err
}

// feed writes what micro-batch k of a step reads.
func (t *Trainer) feed(b *batch, result StepResult, k int) error {
	w := &writer{device: t.model.device}
	w.batch(t.in, t.loss, b)
	w.floats(t.loss.scale, 1/float32(result.Targets))
	seed := mix(t.config.Seed, uint64(result.Step)<<20+uint64(k))
	w.ints(t.seed, int32(seed), int32(seed>>32))
	return w.err
}

// mix is splitmix64 of two numbers.
func mix(a, b uint64) uint64 {
	z := a + (b+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (t *Trainer) readFloat(x *kernels.Tensor) (float64, error) {
	var v [1]float32
	err := t.model.device.Read(x, 0, floatBytes(v[:]))
	return float64(v[0]), err
}

// Step does one optimiser step over examples, in as many runs as the budget
// asks for.
func (t *Trainer) Step(ctx context.Context, examples []Example, lr float64) (StepResult, error) {
	result, err := t.Gradients(ctx, examples)
	if err != nil {
		return result, err
	}
	w := &writer{device: t.model.device}
	w.floats(t.lr, float32(lr))
	w.ints(t.count, int32(result.Step))
	if w.err != nil {
		return result, w.err
	}
	if err := t.update.Run(ctx); err != nil {
		return result, err
	}
	if result.GradNorm, err = t.readFloat(t.norm); err != nil {
		return result, err
	}
	if bad(result.Loss) || bad(result.GradNorm) {
		return result, t.notFinite(ctx, result, examples)
	}
	t.steps = result.Step
	return result, nil
}

func bad(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) }

// State returns the optimiser steps done and a copy of everything that the next
// step depends on, by name.
func (t *Trainer) State() (steps int, tensors []StateTensor, err error) {
	for _, x := range append(t.adapter.trainable(), t.state...) {
		s := StateTensor{Name: x.Name, DType: x.DType, Shape: x.Shape, Data: make([]byte, x.Bytes())}
		if err := t.model.device.Read(x, 0, s.Data); err != nil {
			return 0, nil, err
		}
		tensors = append(tensors, s)
	}
	return t.steps, tensors, nil
}

// StateTensor is one tensor of a checkpoint.
type StateTensor struct {
	Name  string
	DType kernels.DType
	Shape []int
	Data  []byte
}

// Restore puts back what State returned.
func (t *Trainer) Restore(steps int, find func(name string) ([]byte, bool)) error {
	for _, x := range append(t.adapter.trainable(), t.state...) {
		b, ok := find(x.Name)
		if !ok || int64(len(b)) != x.Bytes() {
			return fmt.Errorf("the checkpoint's %s does not fit: it is of another recipe", x.Name)
		}
		if err := t.model.device.Write(x, 0, b); err != nil {
			return err
		}
	}
	t.steps = steps
	return t.adapter.refresh()
}

// Close frees programs, gradients and optimiser state.
func (t *Trainer) Close() {
	for _, e := range []kernels.Executable{t.clear, t.micro, t.update} {
		if e != nil {
			e.Close()
		}
	}
	t.model.device.Free(t.made...)
}

func intBytes(x []int32) []byte {
	if len(x) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&x[0])), 4*len(x))
}
