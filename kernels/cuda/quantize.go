package cuda

import (
	"fmt"
	"unsafe"

	"cogumi/kernels"
	"cogumi/kernels/cuda/driver"
	"cogumi/kernels/nf4"
)

// nestedParts is how many sums the mean of the absmax values is made of.
const nestedParts = 128

// QuantizeNF4 fills to, whose tensors are allocated, with the NF4 form of from,
// an allocated bf16 or f32 tensor: the bits of nf4.Quantize, but for the mean of
// the absmax values, which may differ by an ulp.
func (d *Device) QuantizeNF4(to *kernels.NF4, from *kernels.Tensor) error {
	leave, err := d.enter()
	defer leave()
	if err == nil {
		err = d.quantize(to, from)
	}
	if err != nil {
		return fmt.Errorf("quantise %s: %w", from, err)
	}
	return nil
}

func (d *Device) quantize(to *kernels.NF4, from *kernels.Tensor) error {
	n := from.Len()
	count := (n + nf4.Block - 1) / nf4.Block
	if to.Codes.Len() != (n+1)/2 || to.Absmax.Len() != count {
		return fmt.Errorf("%s and %s do not fit %d values", to.Codes, to.Absmax, n)
	}
	places, err := d.memory.take("statistics of a weight", 4*int64(count), 8*nestedParts)
	if err != nil {
		return err
	}
	defer d.memory.release(places[0])
	defer d.memory.release(places[1])
	absmax, sums := places[0].ptr, places[1].ptr
	nested := to.AbsmaxMap != nil
	if !nested {
		absmax = d.memory.tensors[to.Absmax].ptr
	}
	name := "nf4_quantize"
	if from.DType == kernels.F32 {
		name += "_f32"
	}
	at := func(t *kernels.Tensor) driver.Ptr { return d.memory.tensors[t].ptr }
	grid := min(blocks(n, 2048)[0], 32*d.context.Device.Multiprocessors)
	if err := d.now(name, grid, at(to.Codes), absmax, at(from), int64(n)); err != nil || !nested {
		return err
	}
	codes := nf4.SignedMap()
	if err := d.stream.Upload(at(to.AbsmaxMap), unsafe.Slice((*byte)(unsafe.Pointer(&codes[0])), 4*len(codes))); err != nil {
		return err
	}
	if err := d.now("nf4_sums", nestedParts, sums, absmax, count); err != nil {
		return err
	}
	if err := d.now("nf4_nest", to.NestedAbsmax.Len(), at(to.Absmax), at(to.NestedAbsmax), at(to.Offset), absmax, at(to.AbsmaxMap), sums, nestedParts, count); err != nil {
		return err
	}
	return d.stream.Synchronize() // the statistics go
}

// now launches a kernel of blocks of 256 threads outside of programs.
func (d *Device) now(name string, grid int, args ...any) error {
	k, err := d.modules.kernel(name)
	if err != nil {
		return err
	}
	l, err := k.NewLaunch([3]int{grid, 1, 1}, [3]int{256, 1, 1}, 0, args...)
	if err != nil {
		return err
	}
	return l.Run(d.stream)
}
