package hfconfig

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
)

const (
	maxSize    = 1 << 28 // so that a product of two sizes fits an int64 many times over
	maxHeadDim = 1 << 14
	maxLayers  = 1 << 16
)

// fields is a JSON object whose values are read on demand, keys exactly as they
// are spelled (a struct would match them in any case).
type fields map[string]json.RawMessage

func object(b []byte) (fields, error) {
	var o fields
	if err := json.Unmarshal(b, &o); err != nil {
		return nil, err
	}
	if o == nil {
		return nil, errors.New("want an object")
	}
	return o, nil
}

// get returns a value that is there and not null.
func (o fields) get(key string) (json.RawMessage, bool) {
	raw, ok := o[key]
	return raw, ok && string(bytes.TrimSpace(raw)) != "null"
}

// reader reads values and remembers the first error.
type reader struct {
	o   fields
	err error
}

const optional = true

func (r *reader) fail(key string, err error) {
	if r.err == nil {
		r.err = fmt.Errorf("%s: %w", key, err)
	}
}

// size reads a positive integer. def stands for a missing one; 0 means that it
// must be there, unless it is optional.
func (r *reader) size(key string, def int, may ...bool) int {
	raw, ok := r.o.get(key)
	if !ok {
		if def == 0 && len(may) == 0 {
			r.fail(key, errors.New("missing"))
		}
		return def
	}
	n, err := strconv.Atoi(string(raw))
	if err != nil || n < 1 || n > maxSize {
		r.fail(key, fmt.Errorf("%.40s is not an integer from 1 to %d", raw, maxSize))
		return 1
	}
	return n
}

// count reads an integer that may be 0.
func (r *reader) count(key string, def int) int {
	if raw, ok := r.o.get(key); ok && string(raw) == "0" {
		return 0
	}
	return r.size(key, def)
}

// headDim reads head_dim; where it is missing a head has what the family's class
// says, or its share of hidden.
func (r *reader) headDim(hidden, heads int, f family) int {
	if _, ok := r.o.get("head_dim"); ok || r.err != nil {
		return r.size("head_dim", 0)
	}
	if _, there := r.o["head_dim"]; !there && f.headDim > 0 {
		return f.headDim
	}
	if hidden%heads != 0 {
		r.fail("num_attention_heads", fmt.Errorf("%d does not divide hidden_size %d, and there is no head_dim", heads, hidden))
	}
	return hidden / heads
}

func (r *reader) number(key string, def float64) float64 {
	raw, ok := r.o.get(key)
	if !ok {
		return def
	}
	var v float64
	if err := json.Unmarshal(raw, &v); err != nil || math.IsInf(v, 0) {
		r.fail(key, fmt.Errorf("%.40s is not a number", raw))
	}
	return v
}

func (r *reader) flag(key string, def bool) bool {
	raw, ok := r.o.get(key)
	if !ok {
		return def
	}
	var v bool
	if err := json.Unmarshal(raw, &v); err != nil {
		r.fail(key, fmt.Errorf("%.40s is not true or false", raw))
	}
	return v
}

func (r *reader) text(key, def string) string {
	raw, ok := r.o.get(key)
	if !ok {
		return def
	}
	var v string
	if err := json.Unmarshal(raw, &v); err != nil {
		r.fail(key, fmt.Errorf("%.40s is not a string", raw))
	}
	return v
}

// ids reads one id or a list of them; −1 is an old spelling of none.
func (r *reader) ids(key string) []int {
	raw, ok := r.o.get(key)
	if !ok {
		return nil
	}
	var read []*int // pointers, since null inside a list would become 0
	if err := json.Unmarshal(raw, &read); err != nil {
		var one int
		if err := json.Unmarshal(raw, &one); err != nil {
			r.fail(key, fmt.Errorf("%.40s is neither an id nor a list of ids", raw))
			return nil
		}
		read = []*int{&one}
	}
	var list []int
	for _, id := range read {
		switch {
		case id == nil || *id < -1:
			r.fail(key, fmt.Errorf("%.40s is not an id", raw))
		case *id >= 0:
			list = append(list, *id)
		}
	}
	return list
}

// dtype reads dtype, or torch_dtype where an older version wrote the file.
func (r *reader) dtype() string {
	v := r.text("dtype", r.text("torch_dtype", ""))
	if v != "" && !knownDType(v) {
		r.fail("dtype", fmt.Errorf("%q is not supported (float32, bfloat16, float16 are)", v))
	}
	return v
}

func knownDType(v string) bool {
	return v == "float32" || v == "bfloat16" || v == "float16"
}
