package safetensors

import (
	"bytes"
	"testing"
)

// Whatever the bytes, Parse ends without a panic, and what it accepts is
// consistent and survives being written and read again.
func FuzzParse(f *testing.F) {
	f.Add(raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"__metadata__":{"k":"v"}}`, make([]byte, 8)))
	f.Add(raw(`{"a":{"dtype":"U8","shape":[2,0],"data_offsets":[0,0]},"b":{"dtype":"F16","shape":[],"data_offsets":[0,2]}}`, make([]byte, 2)))
	f.Add(raw(`{}`, nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := Parse(b)
		if err != nil {
			return
		}
		var all []Tensor
		total := 0
		for _, name := range file.Names() {
			tensor, ok := file.Tensor(name)
			n, err := byteLen(tensor.DType, tensor.Shape)
			if !ok || err != nil || n != int64(len(tensor.Data)) {
				t.Fatalf("%q: %v %v", name, tensor, err)
			}
			total += len(tensor.Data)
			all = append(all, tensor)
			Float32s(tensor)
		}
		if total > len(b) {
			t.Fatalf("tensors of %d bytes in a file of %d", total, len(b))
		}
		var out bytes.Buffer
		if err := Encode(&out, all, file.Metadata()); err != nil {
			t.Fatal(err)
		}
		again, err := Parse(out.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range all {
			if got, ok := again.Tensor(want.Name); !ok || !bytes.Equal(got.Data, want.Data) {
				t.Fatalf("%q changed", want.Name)
			}
		}
	})
}

func FuzzIndex(f *testing.F) {
	f.Add([]byte(`{"metadata":{"total_size":1},"weight_map":{"a":"model-00001-of-00001.safetensors"}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		where, shards, err := parseIndex(b)
		if err == nil && (len(where) == 0 || len(shards) == 0) {
			t.Fatal("an empty index")
		}
	})
}
