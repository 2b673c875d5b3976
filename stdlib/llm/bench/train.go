package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"cogumi/kernels"
	"cogumi/stdlib/llm"
	"cogumi/stdlib/llm/hfconfig"
)

// TrainConfig is what is measured. Zero values mean the defaults that the peers
// were measured with.
type TrainConfig struct {
	Preset string // llama-3.1-8b
	Rows   int    // of a step; 4
	Length int    // tokens of a row; 2048
	Rank   int    // on all seven projections; 64
	Steps  int    // measured, after three that are not; 8
	FP8    bool   // frozen products in 8-bit floats
	Ragged bool   // rows of many lengths with short answers, as people train on
	Start  time.Time
}

func (c *TrainConfig) defaults() {
	set := func(x *int, d int) {
		if *x == 0 {
			*x = d
		}
	}
	if c.Preset == "" {
		c.Preset = "llama-3.1-8b"
	}
	set(&c.Rows, 4)
	set(&c.Length, 2048)
	set(&c.Rank, 64)
	set(&c.Steps, 8)
	if c.Start.IsZero() {
		c.Start = time.Now()
	}
}

// TrainResult is what was measured.
type TrainResult struct {
	Preset       string             `json:"preset"`
	Device       string             `json:"device"`
	ISA          string             `json:"isa"`
	Library      string             `json:"library,omitempty"`
	Rows         int                `json:"rows"`
	Length       int                `json:"length"`
	Rank         int                `json:"rank"`
	Ragged       bool               `json:"ragged,omitempty"`
	FP8          bool               `json:"fp8,omitempty"`
	Steps        int                `json:"steps"`
	TokensPerS   float64            `json:"tokens_per_s"`        // of the median step
	StepSeconds  []float64          `json:"step_seconds"`        // each
	FirstStepS   float64            `json:"first_step_s"`        // alone
	SinceStartS  float64            `json:"since_start_s"`       // from the start to the end of the first step
	TFLOPs       float64            `json:"tflop_per_s"`         // of the products that a step cannot do without
	CeilingTFLOP float64            `json:"ceiling_tflop_per_s"` // of large products alone, sustained
	Share        float64            `json:"share"`               // of the ceiling
	Memory       map[string]float64 `json:"memory_gib"`          // by kind
	PlannedGiB   float64            `json:"planned_gib"`         // before the first step
	HostGiB      float64            `json:"host_gib"`            // of the host's memory, beside that
	Measures     []string           `json:"measures"`            // what the step does to need no more
	PeakGiB      float64            `json:"peak_gib"`
	Families     map[string]float64 `json:"families_ms"` // a step, by kind of operation
	Losses       []float64          `json:"losses"`
}

// meter is a device that says what it holds, by kind.
type meter interface {
	Usage() (byKind map[string]int64, peak int64)
}

const warm = 3

func gib(n int64) float64 { return float64(n) / (1 << 30) }

// Train measures QLoRA training: NF4 with double quantisation, 8-bit AdamW,
// clipping, every token a target.
func Train(ctx context.Context, device kernels.Device, c TrainConfig, say func(string)) (*TrainResult, error) {
	c.defaults()
	config, err := shape(c.Preset)
	if err != nil {
		return nil, err
	}
	if c.Length > config.MaxPositions {
		return nil, fmt.Errorf("%s takes %d tokens, not %d", c.Preset, config.MaxPositions, c.Length)
	}
	d := device.Describe()
	r := &TrainResult{Preset: c.Preset, Device: d.Model, ISA: d.ISA, Rows: c.Rows, Length: c.Length, Rank: c.Rank, Ragged: c.Ragged, FP8: c.FP8, Steps: c.Steps,
		Families: map[string]float64{}, Memory: map[string]float64{}}
	if l, ok := device.(interface{ Library() string }); ok {
		r.Library = l.Library()
	}
	if err := r.train(ctx, device, config, c, say); err != nil || c.Ragged { // how many products it takes depends on the rows
		return r, err
	}
	r.TFLOPs = stepWork(config, c.Rows, c.Length, c.Rank).total() / r.median() / 1e12
	say("measuring large products alone")
	if r.CeilingTFLOP, err = ceiling(ctx, device, config.Hidden, config.Intermediate, c.Rows*c.Length); err != nil {
		return nil, err
	}
	r.Share = r.TFLOPs / r.CeilingTFLOP
	return r, nil
}

// train loads, plans and trains; nothing of it is left on the device.
func (r *TrainResult) train(ctx context.Context, device kernels.Device, config *hfconfig.Config, c TrainConfig, say func(string)) error {
	say(fmt.Sprintf("drawing weights of %s", c.Preset))
	m, err := llm.NewRandom(device, config, 1)
	if err != nil {
		return err
	}
	defer m.Close()
	settings := llm.AdapterConfig{Rank: c.Rank, Alpha: 16}
	training := llm.TrainerConfig{Optimizer: llm.AdamW8bit, MaxNorm: 1, Budget: c.Rows * c.Length, FP8: c.FP8}
	plan, err := llm.PlanTraining(m, settings, training, 0)
	if err != nil {
		return err
	}
	r.PlannedGiB = gib(plan.Total())
	say(fmt.Sprintf("memory plan: weights %.2f GiB, adapter with gradients and optimiser %.2f, activations %.2f, unpacked weights and workspace %.2f: %.2f in all",
		gib(plan.Weights), gib(plan.Adapter+plan.Gradients+plan.Optimizer), gib(plan.Activations), gib(plan.Derived), r.PlannedGiB))
	for _, measure := range plan.Measures {
		say("memory: " + measure)
	}
	r.Measures, r.HostGiB = plan.Measures, gib(plan.Host)
	if free := device.Describe().Free; free > 0 && plan.New() > free {
		return fmt.Errorf("%d rows of %d tokens at rank %d need at least %.2f GiB on %s, of which the weights are %.2f; it has %.2f: "+
			"fewer rows or tokens, or a smaller rank, need less", c.Rows, c.Length, c.Rank, r.PlannedGiB, r.Device, gib(plan.Weights),
			gib(free+m.Bytes))
	}
	a, err := llm.NewAdapter(m, settings, 1)
	if err != nil {
		return err
	}
	defer a.Close()
	trainer, err := llm.NewTrainer(a, training)
	if err != nil {
		return err
	}
	defer trainer.Close()
	if err := r.steps(ctx, trainer, c, config.VocabSize, say); err != nil {
		return err
	}
	if u, ok := device.(meter); ok {
		kinds, peak := u.Usage()
		for k, n := range kinds {
			r.Memory[k] = gib(n)
		}
		r.PeakGiB = gib(peak)
	}
	return nil
}

// drawRows are the rows of a step: full ones of which every token is a target, or
// with Ragged rows of an eighth to the whole length of which the last quarter is.
func drawRows(random *rand.Rand, c TrainConfig, vocabulary int) []llm.Example {
	examples := make([]llm.Example, c.Rows)
	for k := range examples {
		length := c.Length
		if c.Ragged {
			length = max(8, c.Length/8+random.IntN(c.Length-c.Length/8+1))
		}
		for i := range length {
			id := int32(random.IntN(vocabulary))
			label := id
			if c.Ragged && i < length-length/4 {
				label = llm.Ignore
			}
			examples[k].IDs, examples[k].Labels = append(examples[k].IDs, id), append(examples[k].Labels, label)
		}
	}
	return examples
}

func (r *TrainResult) steps(ctx context.Context, trainer *llm.Trainer, c TrainConfig, vocabulary int, say func(string)) error {
	random := rand.New(rand.NewPCG(7, 7))
	var rates []float64
	for i := range warm + c.Steps {
		examples := drawRows(random, c, vocabulary)
		began := time.Now()
		s, err := trainer.Step(ctx, examples, 1e-5)
		if err != nil {
			return err
		}
		took := time.Since(began).Seconds()
		r.Losses = append(r.Losses, s.Loss)
		if i == 0 {
			r.FirstStepS, r.SinceStartS = took, time.Since(c.Start).Seconds()
			say(fmt.Sprintf("first step %.2f s, %.2f s after the start, loss %.4f", took, r.SinceStartS, s.Loss))
		}
		if i == warm-1 {
			trainer.Times()
		}
		if i >= warm {
			r.StepSeconds, rates = append(r.StepSeconds, took), append(rates, float64(s.Tokens)/took)
		}
	}
	for k, seconds := range trainer.Times() {
		r.Families[k] = 1e3 * seconds / float64(c.Steps)
	}
	r.TokensPerS = median(rates)
	return nil
}

func (r *TrainResult) median() float64 { return median(r.StepSeconds) }

func median(x []float64) float64 {
	s := slices.Sorted(slices.Values(x))
	return s[len(s)/2]
}

// ceiling is what one large product reaches in half a second of repetition.
func ceiling(ctx context.Context, device kernels.Device, hidden, intermediate, tokens int) (float64, error) {
	compute := device.Describe().Compute
	random := rand.New(rand.NewPCG(3, 3))
	rows := kernels.NewTensor("rows", kernels.I32, 1)
	x, y := kernels.NewTensor("x", compute, tokens, hidden), kernels.NewTensor("y", compute, tokens, intermediate)
	w := kernels.NewTensor("w", kernels.BF16, intermediate, hidden)
	made := []*kernels.Tensor{rows, x, y, w}
	if err := device.Alloc(made...); err != nil {
		return 0, err
	}
	defer device.Free(made...)
	n := int32(tokens)
	if err := device.Write(rows, 0, []byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)}); err != nil {
		return 0, err
	}
	for _, t := range []*kernels.Tensor{x, w} {
		if err := device.Write(t, 0, noise(random, t)); err != nil {
			return 0, err
		}
	}
	const products = 8
	p := &kernels.Program{Name: "ceiling"}
	for range products {
		p.Add(&kernels.Linear{Rows: rows, X: x, Projs: []kernels.Projection{{W: &kernels.Matrix{Name: "w", Out: intermediate, In: hidden, Dense: w}, Y: y}}})
	}
	run, err := device.Compile(p)
	if err != nil {
		return 0, err
	}
	defer run.Close()
	var spent time.Duration
	runs := -1 // the first warms up
	for began := time.Now(); time.Since(began) < time.Second || runs < 2; runs++ {
		if err := run.Run(ctx); err != nil {
			return 0, err
		}
		if t := run.Times()["linear"]; runs >= 0 {
			spent += t
		}
	}
	return 2 * float64(tokens) * float64(hidden) * float64(intermediate) * products * float64(runs) / spent.Seconds() / 1e12, nil
}

// noise is normal numbers in the type of t.
func noise(random *rand.Rand, t *kernels.Tensor) []byte {
	tile := make([]byte, 0, 1<<20)
	for len(tile) < min(1<<20, int(t.Bytes())) {
		tile = appendNumber(tile, t.DType, float32(random.NormFloat64()))
	}
	out := make([]byte, t.Bytes())
	for at := 0; at < len(out); at += copy(out[at:], tile) {
	}
	return out
}
