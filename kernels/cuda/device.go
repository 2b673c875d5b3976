// Package cuda is the device of NVIDIA GPUs from compute capability 8.0 on.
//
// A program becomes a list of launches, recorded once and replayed as CUDA
// graphs. Activations are bf16, computed in f32; adapters, gradients, optimiser
// state and statistics are f32. Nothing here allocates or waits inside a run.
//
// Tensors that the device derives from others (bf16 copies of adapters,
// dequantised weights) are its own business: Write and the optimiser keep them
// true. Results repeat bit by bit on the same GPU model, driver and library.
package cuda

import (
	"errors"
	"fmt"
	"runtime"

	"cogumi/kernels"
	"cogumi/kernels/cuda/blas"
	"cogumi/kernels/cuda/driver"
)

// Options say how a device uses its GPU.
type Options struct {
	// Memory is how many bytes the device may take; 0: what is free.
	Memory int64
	// Eager runs launch by launch instead of as graphs, and times every
	// operation; slower.
	Eager bool
}

// Device is one GPU. It implements kernels.Device.
type Device struct {
	context *driver.Context
	stream  *driver.Stream
	// out and in carry copies to and from the host's memory, beside the work of
	// stream.
	out, in *driver.Stream
	bus     float64       // bytes a second each way, both at once; 0: not measured yet
	blas    *blas.Library // nil where there is none
	options Options
	// portable keeps to kernels that every GPU has; tests compare those as well.
	portable bool
	modules  modules
	memory   memory
}

// List is the GPUs of this machine that cogumi can use, and why the others can
// not be. Without a driver it is kernels.ErrUnsupported.
func List() (usable []driver.Device, refused []string, err error) {
	all, err := driver.Devices()
	for _, d := range all {
		if d.Capability() < 80 {
			refused = append(refused, fmt.Sprintf("%s: compute capability %d.%d, cogumi needs 8.0 (Ampere) or later", d.Name, d.Major, d.Minor))
			continue
		}
		usable = append(usable, d)
	}
	return usable, refused, err
}

// DriverVersion names what the driver offers: "driver for CUDA 13.0".
func DriverVersion() string {
	v, err := driver.Version()
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("driver for CUDA %d.%d", v/1000, v%1000/10)
}

// New opens GPU number ordinal, as CUDA_VISIBLE_DEVICES leaves them. Where there
// is no driver or no such GPU the error is kernels.ErrUnsupported.
func New(ordinal int, o Options) (*Device, error) {
	all, err := driver.Devices()
	if err != nil {
		return nil, err
	}
	if ordinal < 0 || ordinal >= len(all) {
		return nil, fmt.Errorf("GPU %d: this machine has %d: %w", ordinal, len(all), kernels.ErrUnsupported)
	}
	if g := all[ordinal]; g.Capability() < 80 {
		return nil, fmt.Errorf("GPU %d, %s, has compute capability %d.%d, cogumi needs 8.0 (Ampere) or later: %w",
			ordinal, g.Name, g.Major, g.Minor, kernels.ErrUnsupported)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	d := &Device{options: o}
	if d.context, err = driver.Open(all[ordinal]); err != nil {
		return nil, err
	}
	for _, s := range []**driver.Stream{&d.stream, &d.out, &d.in} {
		if *s, err = d.context.NewStream(); err != nil {
			return nil, err
		}
	}
	d.modules = modules{context: d.context, functions: map[string]*kernel{}, loaded: map[string]*driver.Module{}}
	d.memory = newMemory(d)
	if d.blas, err = blas.Open(d.context); err != nil && !errors.Is(err, kernels.ErrUnsupported) {
		return nil, err
	}
	if d.blas != nil {
		d.memory.count("product workspace", blas.WorkspaceBytes)
	}
	return d, nil
}

// enter makes the GPU's context current on this thread until the returned
// function is called.
func (d *Device) enter() (leave func(), err error) {
	runtime.LockOSThread()
	return runtime.UnlockOSThread, d.context.Enter()
}

// Describe names the GPU and its free memory.
func (d *Device) Describe() kernels.Description {
	leave, err := d.enter()
	defer leave()
	g := d.context.Device
	total, free := g.Memory, int64(0)
	if err == nil {
		free = d.free()
	}
	if d.options.Memory > 0 {
		total = min(total, d.options.Memory)
	}
	return kernels.Description{Name: fmt.Sprintf("cuda:%d", g.Ordinal), Model: g.Name, ISA: fmt.Sprintf("sm_%d", g.Capability()),
		Memory: total, Free: free, Compute: kernels.BF16, Padded: true}
}

// Library names what computes matrix products.
func (d *Device) Library() string {
	if d.blas == nil {
		return "cogumi's own products"
	}
	return d.blas.String()
}

// Close frees everything.
func (d *Device) Close() error {
	leave, err := d.enter()
	defer leave()
	if err != nil {
		return err
	}
	first := d.stream.Synchronize()
	for _, e := range []error{d.memory.close(), d.modules.close(), d.stream.Close(), d.out.Close(), d.in.Close()} {
		if first == nil {
			first = e
		}
	}
	if d.blas != nil {
		d.blas.Close()
	}
	if err := d.context.Close(); first == nil {
		first = err
	}
	return first
}
