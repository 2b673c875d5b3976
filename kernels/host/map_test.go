package host

import (
	"strings"
	"testing"
	"unsafe"

	"cogumi/kernels"
)

// A mapped tensor is the bytes themselves: no copy, and nothing writes to them.
func TestMap(t *testing.T) {
	d := NewDevice(Config{Reuse: true})
	data := aligned(64)
	data[5] = 7
	x := kernels.NewTensor("x", kernels.F32, 16)
	if err := d.Map(x, data); err != nil {
		t.Fatal(err)
	}
	v := &View{memory: d.memory}
	if unsafe.Pointer(&v.F32(x)[0]) != unsafe.Pointer(&data[0]) {
		t.Error("the tensor is a copy")
	}
	got := make([]byte, 1)
	if err := d.Read(x, 5, got); err != nil || got[0] != 7 {
		t.Errorf("read %d, %v", got[0], err)
	}
	if err := d.Write(x, 0, got); err == nil || !strings.Contains(err.Error(), "read-only") {
		t.Errorf("write: %v", err)
	}
	for _, c := range []struct {
		tensor *kernels.Tensor
		data   []byte
		want   string
	}{
		{x, data, "there already"},
		{kernels.NewTensor("y", kernels.F32, 16), data[:60], "60 bytes, want 64"},
		{kernels.NewTensor("z", kernels.BF16, 16), data[1:33], "multiple of 2"},
		{kernels.NewActivation("a", kernels.F32, 16), data, "activation"},
	} {
		if err := d.Map(c.tensor, c.data); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.tensor, err, c.want)
		}
	}
	if err := d.Map(kernels.NewTensor("b", kernels.Q8_0, 1, 32), data[1:35]); err != nil {
		t.Error(err) // blocks are read byte by byte
	}
	d.Free(x)
	if err := d.Alloc(x); err != nil {
		t.Error(err)
	}
}
