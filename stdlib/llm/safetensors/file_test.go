package safetensors

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"cogumi/kernels/golden"
)

// raw makes a file of a header and data, whatever they say.
func raw(header string, data []byte) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), data...)
}

func TestParse(t *testing.T) {
	f, err := Parse(raw(`{"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2],"data_offsets":[2,10]},"a":{"dtype":"BF16","shape":[],"data_offsets":[0,2]},"none":{"dtype":"I64","shape":[3,0],"data_offsets":[2,2]}}  `,
		[]byte{0x80, 0x3f, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0}))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := f.Names(), []string{"a", "b", "none"}; !slices.Equal(got, want) {
		t.Errorf("names %v, want %v", got, want)
	}
	if f.Metadata()["format"] != "pt" {
		t.Errorf("metadata %v", f.Metadata())
	}
	for name, want := range map[string][]float32{"a": {1}, "b": {1, -2}} {
		tensor, _ := f.Tensor(name)
		if got, err := Float32s(tensor); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v, want %v", name, got, err, want)
		}
	}
	if n, ok := f.Tensor("none"); !ok || len(n.Data) != 0 || !slices.Equal(n.Shape, []int{3, 0}) {
		t.Errorf("the empty tensor is %v", n)
	}
	if _, ok := f.Tensor("c"); ok {
		t.Error("a tensor that is not there")
	}
}

func TestParseRefuses(t *testing.T) {
	one := func(dtype, shape, offsets string) string {
		return `{"w":{"dtype":"` + dtype + `","shape":` + shape + `,"data_offsets":` + offsets + `}}`
	}
	for _, c := range []struct {
		what string
		file []byte
		want string
	}{
		{"empty", nil, "too short"},
		{"header too long", binary.LittleEndian.AppendUint64(nil, 1<<40), "are refused"},
		{"header cut", binary.LittleEndian.AppendUint64(nil, 100), "cut short"},
		{"length overflows", binary.LittleEndian.AppendUint64(nil, math.MaxUint64), "are refused"},
		{"not an object", raw(`[]`, nil), "start with {"},
		{"not UTF-8", raw("{\"\xff\":1}", nil), "UTF-8"},
		{"cut JSON", raw(`{"w":`, nil), `"w"`},
		{"trailing", raw(`{} x`, nil), "follows"},
		{"two objects", raw(`{}{}`, nil), "follows"},
		{"twice", raw(`{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"w":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, make([]byte, 2)), `"w" is there twice`},
		{"dtype twice", raw(`{"w":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}}`, make([]byte, 1)), "dtype is there twice"},
		{"unknown dtype", raw(one("F4", "[2]", "[0,1]"), make([]byte, 1)), `"F4" is not supported`},
		{"unknown key", raw(`{"w":{"strides":[1]}}`, nil), "strides"},
		{"no offsets", raw(`{"w":{"dtype":"U8","shape":[1]}}`, nil), "data_offsets is missing"},
		{"negative", raw(one("U8", "[-1]", "[0,1]"), make([]byte, 1)), "-1 is not an integer"},
		{"fraction", raw(one("U8", "[1.0]", "[0,1]"), make([]byte, 1)), "1.0 is not an integer"},
		{"wrong size", raw(one("F32", "[2]", "[0,4]"), make([]byte, 4)), "needs 8 bytes"},
		{"shape overflows", raw(one("U8", "[4294967296,4294967296]", "[0,0]"), nil), "impossible"},
		{"shape overflows to 0", raw(one("F32", "[4611686018427387904,4]", "[0,0]"), nil), "impossible"},
		{"backwards", raw(one("U8", "[1]", "[1,0]"), make([]byte, 1)), "lies at"},
		{"outside", raw(one("U8", "[2]", "[0,2]"), make([]byte, 1)), "lies at"},
		{"hole before", raw(one("U8", "[1]", "[1,2]"), make([]byte, 2)), "nobody owns"},
		{"rest", raw(one("U8", "[1]", "[0,1]"), make([]byte, 2)), "1 bytes follow"},
		{"overlap", raw(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, make([]byte, 3)), `"b" begins at 1, inside`},
		{"one offset", raw(one("U8", "[0]", "[0]"), nil), "want 2"},
		{"metadata number", raw(`{"__metadata__":{"a":1}}`, nil), "__metadata__"},
		{"metadata twice", raw(`{"__metadata__":{"a":"1","a":"2"}}`, nil), `"a" is there twice`},
	} {
		_, err := Parse(c.file)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one that says %q", c.what, err, c.want)
		}
	}
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	tensors := []Tensor{
		FromFloat32s("z <&>\"\u2028", []int{2, 2}, []float32{1, -2, float32(math.Inf(1)), 4}),
		{Name: "bytes", DType: "U8", Shape: []int{3}, Data: []byte{1, 2, 3}},
		FromFloat32s("a", nil, []float32{0.5}),
		{Name: "half", DType: "F16", Shape: []int{1}, Data: []byte{0, 0x3c}},
	}
	meta := map[string]string{"format": "pt", "who": "<me>"}
	paths := []string{filepath.Join(dir, "1"), filepath.Join(dir, "2")}
	if err := Write(paths[0], tensors, meta); err != nil {
		t.Fatal(err)
	}
	slices.Reverse(tensors)
	if err := Write(paths[1], tensors, meta); err != nil {
		t.Fatal(err)
	}
	first, _ := os.ReadFile(paths[0])
	second, _ := os.ReadFile(paths[1])
	if !bytes.Equal(first, second) {
		t.Error("the order of the tensors changes the file")
	}
	n := binary.LittleEndian.Uint64(first)
	if n%8 != 0 {
		t.Errorf("the header has %d bytes", n)
	}
	f, err := Open(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if !reflect.DeepEqual(f.Metadata(), meta) {
		t.Errorf("metadata %v", f.Metadata())
	}
	for _, want := range tensors {
		got, ok := f.Tensor(want.Name)
		if !ok || got.DType != want.DType || !slices.Equal(got.Shape, want.Shape) || !bytes.Equal(got.Data, want.Data) {
			t.Errorf("%q came back as %v", want.Name, got)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) != 2 {
		t.Errorf("%d files in the folder, want 2", len(left))
	}
}

func TestWriteRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	one := FromFloat32s("a", []int{1}, []float32{1})
	for _, c := range []struct {
		tensors []Tensor
		want    string
	}{
		{[]Tensor{one, one}, "taken"},
		{[]Tensor{FromFloat32s("__metadata__", nil, []float32{1})}, "taken"},
		{[]Tensor{FromFloat32s("a", []int{2}, []float32{1})}, "needs 8 bytes"},
		{[]Tensor{{Name: "a", DType: "F3"}}, "F3"},
		{[]Tensor{FromFloat32s("\xff", nil, []float32{1})}, "UTF-8"},
	} {
		if err := Write(path, c.tensors, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one that says %q", err, c.want)
		}
		if _, err := os.Stat(path); err == nil {
			t.Error("a file in spite of the error")
		}
	}
}

func TestShards(t *testing.T) {
	write := func(t *testing.T, dir, index string, files map[string][]string) {
		for name, tensors := range files {
			var list []Tensor
			for i, n := range tensors {
				list = append(list, FromFloat32s(n, nil, []float32{float32(i)}))
			}
			if err := Write(filepath.Join(dir, name), list, map[string]string{"format": "pt"}); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, indexFile), []byte(index), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		what, index string
		files       map[string][]string
		want        string // of the error; empty: opens
	}{
		{"good", `{"weight_map":{"a":"1","b":"2","c":"2"}}`, map[string][]string{"1": {"a"}, "2": {"b", "c"}}, ""},
		{"missing tensor", `{"weight_map":{"a":"1","b":"2"}}`, map[string][]string{"1": {"a"}, "2": {"c"}}, `"b" is not in 2`},
		{"in two files", `{"weight_map":{"a":"1","b":"2"}}`, map[string][]string{"1": {"a"}, "2": {"a", "b"}}, `"a" is in 1 and in 2`},
		{"outside", `{"weight_map":{"a":"../1"}}`, nil, "not a file name"},
		{"missing file", `{"weight_map":{"a":"1"}}`, nil, "no such file"},
		{"empty", `{}`, nil, "weight_map"},
	} {
		dir := t.TempDir()
		write(t, dir, c.index, c.files)
		f, err := Open(dir)
		if c.want != "" {
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: error %v, want one that says %q", c.what, err, c.want)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", c.what, err)
		}
		if got := f.Names(); !slices.Equal(got, []string{"a", "b", "c"}) {
			t.Errorf("%s: names %v", c.what, got)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "neither") {
		t.Errorf("an empty folder: %v", err)
	}
}

// The sharded copy of a model holds what the single file holds.
func TestShardedGolden(t *testing.T) {
	dir := golden.Dir(t, "golden/families")
	one, err := Open(filepath.Join(dir, "llama3-rope"))
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	many, err := Open(filepath.Join(dir, "llama3-rope-sharded"))
	if err != nil {
		t.Fatal(err)
	}
	defer many.Close()
	if !slices.Equal(one.Names(), many.Names()) || len(one.Names()) < 10 {
		t.Fatalf("names differ: %v, %v", one.Names(), many.Names())
	}
	for _, name := range one.Names() {
		a, _ := one.Tensor(name)
		b, _ := many.Tensor(name)
		if !bytes.Equal(a.Data, b.Data) || !slices.Equal(a.Shape, b.Shape) {
			t.Errorf("%s differs", name)
		}
	}
}

// Every recorded file opens, and half precision widens as the field widens it:
// the cases of nf4/tensors are float16 inputs whose dequantised twin is known.
func TestOpenGolden(t *testing.T) {
	root := golden.Dir(t, "golden")
	files, _ := filepath.Glob(filepath.Join(root, "*", "*.safetensors"))
	deeper, _ := filepath.Glob(filepath.Join(root, "*", "*", "*.safetensors"))
	files = append(files, deeper...)
	if len(files) < 15 {
		t.Fatalf("only %d files", len(files))
	}
	for _, path := range files {
		f, err := Open(path)
		if err != nil {
			t.Error(err)
			continue
		}
		// What is read and written again holds the same tensors.
		var all []Tensor
		for _, name := range f.Names() {
			tensor, _ := f.Tensor(name)
			all = append(all, tensor)
		}
		var b bytes.Buffer
		if err := Encode(&b, all, f.Metadata()); err != nil {
			t.Error(err)
		}
		again, err := Parse(b.Bytes())
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for _, want := range all {
			if got, _ := again.Tensor(want.Name); !bytes.Equal(got.Data, want.Data) {
				t.Errorf("%s: %s differs after writing", path, want.Name)
			}
		}
		f.Close()
	}
}

func TestHalf(t *testing.T) {
	for h, want := range map[uint16]float32{
		0x0000: 0, 0x3c00: 1, 0xc000: -2, 0x7bff: 65504, 0x0400: 6.103515625e-05,
		0x0001: 5.960464477539063e-08, 0x03ff: 6.097555160522461e-05, 0x3555: 0.333251953125,
		0x7c00: float32(math.Inf(1)), 0xfc00: float32(math.Inf(-1)), 0x8001: -5.960464477539063e-08,
	} {
		if got := halfToFloat(h); got != want {
			t.Errorf("%#04x is %v, want %v", h, got, want)
		}
	}
	if got := halfToFloat(0x8000); !math.Signbit(float64(got)) || got != 0 {
		t.Errorf("0x8000 is %v, want −0", got)
	}
	if got := halfToFloat(0x7e00); got == got {
		t.Errorf("0x7e00 is %v, want NaN", got)
	}
	// The fp16 copy of a model is the fp32 one, rounded.
	dir := golden.Dir(t, "golden/families")
	exact, err := Open(filepath.Join(dir, "llama3-rope"))
	if err != nil {
		t.Fatal(err)
	}
	defer exact.Close()
	half, err := Open(filepath.Join(dir, "llama3-rope-fp16"))
	if err != nil {
		t.Fatal(err)
	}
	defer half.Close()
	for _, name := range exact.Names() {
		a, _ := exact.Tensor(name)
		b, _ := half.Tensor(name)
		x, _ := Float32s(a)
		y, err := Float32s(b)
		if err != nil || b.DType != "F16" {
			t.Fatal(b.DType, err)
		}
		for i := range x {
			if d := math.Abs(float64(x[i] - y[i])); d > math.Abs(float64(x[i]))/2048+3e-8 {
				t.Fatalf("%s[%d]: %v in fp32, %v in fp16", name, i, x[i], y[i])
			}
		}
	}
	if _, err := Float32s(Tensor{Name: "w", DType: "U8", Data: []byte{1}}); err == nil {
		t.Error("bytes as floats")
	}
}
