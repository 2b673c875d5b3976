package llm

import (
	"math/rand/v2"
	"slices"
	"testing"

	"cogumi/kernels"
	"cogumi/kernels/cpu"
	"cogumi/kernels/host"
)

// trip is the tensors that the host wrote before it read one.
type trip struct {
	wrote []string
	read  string
}

// padded is the CPU as a device that computes all rows of a program. It counts
// what goes to and from it.
type padded struct {
	*host.Device
	compiled int
	writes   []string // tensors, since the last read
	trips    []trip
}

func (d *padded) Describe() kernels.Description {
	c := d.Device.Describe()
	c.Padded = true
	return c
}

func (d *padded) Compile(p *kernels.Program) (kernels.Executable, error) {
	d.compiled++
	return d.Device.Compile(p)
}

func (d *padded) Write(t *kernels.Tensor, offset int64, src []byte) error {
	d.writes = append(d.writes, t.Name)
	return d.Device.Write(t, offset, src)
}

// Read ends a step.
func (d *padded) Read(t *kernels.Tensor, offset int64, dst []byte) error {
	d.trips = append(d.trips, trip{d.writes, t.Name})
	d.writes = nil
	return d.Device.Read(t, offset, dst)
}

// TestPaddedPrograms: programs of few rows share cache and weights with that of a
// prompt and give its answers; while only answers grow, the host writes what a
// token is and where it stands, no more, and reads once.
func TestPaddedPrograms(t *testing.T) {
	device := &padded{Device: cpu.New()}
	few, all := loadTiny(t, device, quantized, Options{}), loadTiny(t, cpu.New(), quantized, Options{})
	defer few.Close()
	defer all.Close()
	few.Config.EOS, all.Config.EOS = nil, nil
	r := rand.New(rand.NewPCG(4, 7))
	var prompts [][]int32
	for i := range 5 {
		p := make([]int32, 20+7*i)
		for k := range p {
			p[k] = int32(r.IntN(few.Config.VocabSize - 16))
		}
		prompts = append(prompts, p)
	}
	for _, c := range []GenerateConfig{{MaxTokens: 30, Slots: 3}, {MaxTokens: 30, Slots: 3, Temperature: 1.1, Seed: 3}} {
		device.compiled, device.trips = 0, nil
		want, err := all.Generate(t.Context(), nil, prompts, c, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := few.Generate(t.Context(), nil, prompts, c, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if !slices.Equal(got[i].IDs, want[i].IDs) {
				t.Errorf("temperature %g, prompt %d: %v, want %v", c.Temperature, i, got[i].IDs, want[i].IDs)
			}
		}
		if device.compiled < 3 {
			t.Errorf("%d programs: those of few rows are missing", device.compiled)
		}
		brief := []string{"ids", "positions", "starts"}
		if c.Temperature > 0 {
			brief = append(brief, "uniform")
		}
		n := 0
		for _, trip := range device.trips {
			if slices.Equal(trip.wrote, brief) && trip.read == "next" {
				n++
			}
		}
		// Five answers by three slots are two rounds of 30 steps; in some a prompt
		// comes, an answer ends or a page is added.
		if n < 2*30-6 {
			t.Errorf("temperature %g: %d of %d steps write %v alone: %v", c.Temperature, n, len(device.trips), brief, device.trips)
		}
	}
}
