package kernels

import (
	"fmt"
	"reflect"
)

// Recompute returns p with tensors of its forward half, the first ops before
// boundary, computed again where the backward half needs them, instead of kept.
// drop names them; what is not in it is kept. The values are the same bits: the
// same operations run on the same inputs.
//
// A norm whose sum is kept is computed from the sum.
func Recompute(p *Program, boundary int, drop map[*Tensor]bool) (*Program, error) {
	r := &recompute{out: &Program{Name: p.Name, Ops: p.Ops[:boundary:boundary]}, forward: p.Ops[:boundary], drop: drop,
		writers: map[*Tensor][]int{}, now: map[*Tensor]*Tensor{}, ready: map[*Tensor]bool{}, done: map[int]bool{}}
	for i, op := range r.forward {
		for _, t := range op.Writes() {
			r.writers[t] = append(r.writers[t], i)
		}
	}
	for _, op := range p.Ops[boundary:] {
		for _, t := range op.Reads() {
			if err := r.need(t); err != nil {
				return nil, fmt.Errorf("recompute for %s: %w", op.Kind(), err)
			}
		}
		r.out.Add(r.replaced(op, nil))
	}
	return r.out, nil
}

type recompute struct {
	out     *Program
	forward []Op
	drop    map[*Tensor]bool
	writers map[*Tensor][]int   // forward operations, in order
	now     map[*Tensor]*Tensor // what stands for a dropped tensor
	ready   map[*Tensor]bool    // all its writers have run again
	done    map[int]bool        // forward operations that have run again
}

// need brings a dropped tensor back.
func (r *recompute) need(t *Tensor) error {
	if !r.drop[t] || r.ready[t] {
		return nil
	}
	if len(r.writers[t]) == 0 {
		return fmt.Errorf("%s is dropped but nothing in the forward half writes it", t)
	}
	for _, i := range r.writers[t] {
		if err := r.again(i); err != nil {
			return err
		}
	}
	r.ready[t] = true
	return nil
}

// again runs a forward operation a second time, into tensors of its own.
func (r *recompute) again(i int) error {
	if r.done[i] {
		return nil
	}
	r.done[i] = true
	op := r.fromSum(r.forward[i])
	written := map[*Tensor]bool{}
	for _, t := range op.Writes() {
		written[t] = true
	}
	for _, t := range op.Reads() {
		if written[t] {
			continue // updated in place: its earlier writers come first, in need
		}
		if err := r.need(t); err != nil {
			return err
		}
	}
	// A kept tensor that is written again goes to a place that nobody reads.
	aside := map[*Tensor]*Tensor{}
	for _, t := range op.Writes() {
		if t.Role != Activation {
			return fmt.Errorf("%s writes %s, which outlives the program", op.Kind(), t)
		}
		if r.now[t] == nil && r.drop[t] {
			r.now[t] = NewActivation(t.Name+" again", t.DType, t.Shape...)
		} else if !r.drop[t] {
			aside[t] = NewActivation(t.Name+" aside", t.DType, t.Shape...)
		}
	}
	r.out.Add(r.replaced(op, aside))
	return nil
}

// fromSum is a norm's second run where its sum is kept or back: there is
// nothing to add then.
func (r *recompute) fromSum(op Op) Op {
	n, ok := op.(*AddNorm)
	if !ok || n.Delta == nil || (r.drop[n.Sum] && !r.ready[n.Sum]) {
		return op
	}
	again := *n
	again.X, again.Delta, again.Sum = n.Sum, nil, nil
	return &again
}

// replaced is op with dropped tensors replaced by what stands for them.
func (r *recompute) replaced(op Op, aside map[*Tensor]*Tensor) Op {
	swap := func(t *Tensor) *Tensor {
		if n := aside[t]; n != nil {
			return n
		}
		if n := r.now[t]; n != nil {
			return n
		}
		return t
	}
	same := true
	for _, t := range append(op.Reads(), op.Writes()...) {
		same = same && swap(t) == t
	}
	if same {
		return op
	}
	return substitute(reflect.ValueOf(op), swap).Interface().(Op)
}

var (
	tensorType = reflect.TypeFor[*Tensor]()
	opType     = reflect.TypeFor[Op]()
)

// substitute copies an operation, and the operation that it may refer to, with
// other tensors. What else it points to (weights, adapters) is shared.
func substitute(v reflect.Value, swap func(*Tensor) *Tensor) reflect.Value {
	switch v.Kind() {
	case reflect.Pointer:
		switch {
		case v.IsNil():
			return v
		case v.Type() == tensorType:
			return reflect.ValueOf(swap(v.Interface().(*Tensor)))
		case !v.Type().Implements(opType):
			return v
		}
		n := reflect.New(v.Type().Elem())
		n.Elem().Set(substitute(v.Elem(), swap))
		return n
	case reflect.Struct:
		n := reflect.New(v.Type()).Elem()
		for i := range v.NumField() {
			n.Field(i).Set(substitute(v.Field(i), swap))
		}
		return n
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		n := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			n.Index(i).Set(substitute(v.Index(i), swap))
		}
		return n
	}
	return v
}
