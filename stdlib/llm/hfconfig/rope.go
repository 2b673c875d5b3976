package hfconfig

import (
	"errors"
	"fmt"
	"math"
)

// RopeScaling stretches the rotary frequencies beyond the length the model was
// first trained on (transformers, modeling_rope_utils.py).
type RopeScaling struct {
	Type     string    // "default", "linear", "llama3", "divisors"
	Factor   float64   // linear, llama3: slow frequencies are divided by it; ≥ 1
	LowFreq  float64   // llama3: wavelengths above Original/LowFreq are stretched whole
	HighFreq float64   // llama3: wavelengths below Original/HighFreq are left alone
	Original int       // llama3: the length of the first training, in tokens
	Divisors []float32 // divisors: what each frequency is divided by (GGUF's rope_freqs)
}

// rope reads whichever of the two spellings the file has.
func (c *Config) rope(o fields, f family) error {
	top := reader{o: o}
	theta := top.number("rope_theta", 0)
	if top.err != nil {
		return top.err
	}
	key, raw := "rope_parameters", o["rope_parameters"]
	if _, ok := o.get(key); !ok {
		key, raw = "rope_scaling", o["rope_scaling"]
	}
	scaling := fields{}
	if _, ok := o.get(key); ok {
		var err error
		if scaling, err = object(raw); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	r := reader{o: scaling}
	c.RopeTheta = r.number("rope_theta", theta)
	if theta != 0 && c.RopeTheta != theta {
		return fmt.Errorf("rope_theta is %v, and %v inside %s", theta, c.RopeTheta, key)
	}
	if c.RopeTheta == 0 {
		c.RopeTheta = f.theta
	}
	if err := c.scaling(&r); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	if !(c.RopeTheta > 1) {
		return fmt.Errorf("rope_theta: %v is not above 1", c.RopeTheta)
	}
	if share := top.number("partial_rotary_factor", 1); top.err != nil || share != 1 {
		return fmt.Errorf("partial_rotary_factor: %v is not supported", share)
	}
	return nil
}

func (c *Config) scaling(r *reader) error {
	s := RopeScaling{Type: r.text("rope_type", r.text("type", "default"))}
	if share := r.number("partial_rotary_factor", 1); share != 1 {
		r.fail("partial_rotary_factor", fmt.Errorf("%v is not supported", share))
	}
	switch s.Type {
	case "default":
	case "linear":
		s.Factor = r.number("factor", 0)
	case "llama3":
		s.Factor = r.number("factor", 0)
		s.LowFreq = r.number("low_freq_factor", 0)
		s.HighFreq = r.number("high_freq_factor", 0)
		s.Original = r.size("original_max_position_embeddings", 0)
		if r.err == nil && !(s.LowFreq > 0 && s.HighFreq > s.LowFreq) {
			r.fail("low_freq_factor", fmt.Errorf("want 0 < low %v < high %v", s.LowFreq, s.HighFreq))
		}
	default:
		r.fail("rope_type", fmt.Errorf("%q is not supported (default, linear, llama3 are)", s.Type))
	}
	if r.err == nil && s.Type != "default" && !(s.Factor >= 1) {
		r.fail("factor", errors.New("want a number from 1 up"))
	}
	c.RopeScaling = s
	return r.err
}

// InvFreq returns the HeadDim/2 rotary frequencies in radians per position,
// rounded to float32 after each operation as transformers does. torch divides a
// number by a tensor as number · (1/tensor), so two roundings. The power itself
// is taken in float64 and rounded once; libraries' own float32 powers differ
// from that, and from each other, in the last bit.
func (c *Config) InvFreq() []float32 {
	out := make([]float32, c.HeadDim/2)
	for i := range out {
		exponent := float32(2*i) / float32(c.HeadDim)
		out[i] = 1 / float32(math.Pow(float64(float32(c.RopeTheta)), float64(exponent)))
		if c.RopeScaling.Type == "divisors" {
			out[i] /= c.RopeScaling.Divisors[i]
			continue
		}
		out[i] = c.RopeScaling.apply(out[i])
	}
	return out
}

// apply stretches one frequency. llama3: long waves by the factor, short ones
// not, and those between by a mixture that is linear in 1/wavelength.
func (s RopeScaling) apply(freq float32) float32 {
	factor := float32(s.Factor)
	switch s.Type {
	case "linear":
		return freq / factor
	case "llama3":
		original := float64(s.Original)
		wave := float32(2*math.Pi) * (1 / freq)
		if wave > float32(original/s.LowFreq) {
			return freq / factor
		}
		if wave < float32(original/s.HighFreq) {
			return freq
		}
		smooth := (float32(float32(original)*(1/wave)) - float32(s.LowFreq)) / float32(s.HighFreq-s.LowFreq)
		// The conversions keep each product from being fused with the sum.
		return float32((1-smooth)*freq/factor) + float32(smooth*freq)
	}
	return freq
}
