package driver

import (
	"errors"
	"math"
	"strings"
	"testing"
	"unsafe"

	"cogumi/kernels"
)

// TestWithoutDriver: a machine without one is a typed error that says what is
// missing.
func TestWithoutDriver(t *testing.T) {
	all, err := Devices()
	switch {
	case err == nil:
		for _, d := range all {
			if d.Name == "" || d.Memory <= 0 || d.Multiprocessors <= 0 || d.Capability() < 30 || !strings.HasPrefix(d.UUID, "GPU-") {
				t.Errorf("%+v", d)
			}
		}
	case !errors.Is(err, kernels.ErrUnsupported):
		t.Errorf("%v is not ErrUnsupported", err)
	case !strings.Contains(err.Error(), "libcuda") && !strings.Contains(err.Error(), "cuInit") && !strings.Contains(err.Error(), "CUDA on"):
		t.Errorf("%v does not say what is missing", err)
	}
}

// TestArguments: every argument lies in a slot of its own, as C passes it.
func TestArguments(t *testing.T) {
	f := &Function{Name: "kernel"}
	m := &TensorMap{}
	l, err := f.NewLaunch([3]int{1, 2, 3}, [3]int{4, 5, 6}, 7, Ptr(0x123456789a), -2, int32(-3), uint32(4), int64(-5), uint64(6), float32(1.5), m)
	if err != nil {
		t.Fatal(err)
	}
	at := func(i int) unsafe.Pointer { return l.params[i] }
	if *(*uint64)(at(0)) != 0x123456789a || *(*int32)(at(1)) != -2 || *(*int32)(at(2)) != -3 || *(*uint32)(at(3)) != 4 ||
		*(*int64)(at(4)) != -5 || *(*uint64)(at(5)) != 6 || math.Float32bits(*(*float32)(at(6))) != math.Float32bits(1.5) {
		t.Errorf("slots %x", l.values)
	}
	if p := uintptr(at(7)); p%64 != 0 || p < uintptr(unsafe.Pointer(m)) || p+128 > uintptr(unsafe.Pointer(m))+unsafe.Sizeof(*m) {
		t.Errorf("the tensor map is passed at %#x, it is at %p", p, m)
	}
	for _, bad := range []any{"text", 1.5, math.MaxInt32 + 1, nil} {
		if _, err := f.NewLaunch([3]int{1, 1, 1}, [3]int{1, 1, 1}, 0, bad); err == nil || !strings.Contains(err.Error(), "kernel kernel: argument 0") {
			t.Errorf("%v (%T): %v", bad, bad, err)
		}
	}
}

func TestErrorNamesTheCall(t *testing.T) {
	err := with(&Error{Code: 2, Name: "CUDA_ERROR_OUT_OF_MEMORY", Text: "out of memory", Call: "cuMemAlloc_v2"}, "%d bytes", 77)
	err = with(err, "the first detail stays")
	if got := err.Error(); got != "CUDA: cuMemAlloc_v2: CUDA_ERROR_OUT_OF_MEMORY (out of memory): 77 bytes" {
		t.Error(got)
	}
	if with(nil, "x") != nil {
		t.Error("no error became one")
	}
}

func TestTensorMapRefusesWhatIsNone(t *testing.T) {
	x := &Context{c: &cuda{fns: map[string]uintptr{}}}
	for _, c := range [][3][]int{{{}, {}, {}}, {{8, 8}, {}, {8, 8}}, {{8}, {}, {8, 8}}, {{1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1}}} {
		if _, err := x.NewTensorMap(0, ElementBF16, c[0], c[1], c[2], Swizzle128); err == nil {
			t.Errorf("%v passed", c)
		}
	}
	if _, err := x.NewTensorMap(0, ElementBF16, []int{8, 8}, []int{16}, []int{8, 8}, Swizzle128); !errors.Is(err, kernels.ErrUnsupported) {
		t.Errorf("a driver without tensor maps: %v", err)
	}
}
