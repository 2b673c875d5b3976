// Package gguftest makes small GGUF files for tests.
package gguftest

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Tensor is an entry; Shape is outermost first.
type Tensor struct {
	Name  string
	Type  uint32 // ggml's number: 0 is F32
	Shape []int
	Data  []byte
}

// File is what a file holds, in order.
type File struct {
	Version uint32 // 0: 3
	Keys    []string
	Values  []any // int: u32, uint64, float32, bool, string, []string, []int (i32), []float32
	Tensors []Tensor
}

// Set adds a key, or gives it another value.
func (f *File) Set(key string, value any) {
	for i, k := range f.Keys {
		if k == key {
			f.Values[i] = value
			return
		}
	}
	f.Keys, f.Values = append(f.Keys, key), append(f.Values, value)
}

// Drop removes a key.
func (f *File) Drop(key string) {
	for i, k := range f.Keys {
		if k == key {
			f.Keys, f.Values = append(f.Keys[:i:i], f.Keys[i+1:]...), append(f.Values[:i:i], f.Values[i+1:]...)
			return
		}
	}
}

// Clone is a copy whose keys and tensors can be changed.
func (f *File) Clone() *File {
	c := *f
	c.Keys, c.Values = append([]string(nil), f.Keys...), append([]any(nil), f.Values...)
	c.Tensors = append([]Tensor(nil), f.Tensors...)
	return &c
}

// Bytes writes the file.
func (f *File) Bytes() []byte {
	version := f.Version
	if version == 0 {
		version = 3
	}
	b := binary.LittleEndian.AppendUint32([]byte("GGUF"), version)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(f.Tensors)))
	b = binary.LittleEndian.AppendUint64(b, uint64(len(f.Keys)))
	for i, key := range f.Keys {
		b = appendValue(appendText(b, key), f.Values[i])
	}
	at := 0
	for _, t := range f.Tensors {
		b = binary.LittleEndian.AppendUint32(appendText(b, t.Name), uint32(len(t.Shape)))
		for i := len(t.Shape) - 1; i >= 0; i-- {
			b = binary.LittleEndian.AppendUint64(b, uint64(t.Shape[i]))
		}
		b = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint32(b, t.Type), uint64(at))
		at = (at + len(t.Data) + 31) / 32 * 32
	}
	for _, t := range f.Tensors {
		b = append(pad(b), t.Data...)
	}
	return pad(b)
}

func pad(b []byte) []byte { return append(b, make([]byte, -len(b)&31)...) }

func appendText(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint64(b, uint64(len(s))), s...)
}

func appendValue(b []byte, value any) []byte {
	le := binary.LittleEndian
	list := func(kind uint32, n int) []byte {
		return le.AppendUint64(le.AppendUint32(le.AppendUint32(b, 9), kind), uint64(n))
	}
	switch v := value.(type) {
	case int:
		return le.AppendUint32(le.AppendUint32(b, 4), uint32(v))
	case uint64:
		return le.AppendUint64(le.AppendUint32(b, 10), v)
	case float32:
		return le.AppendUint32(le.AppendUint32(b, 6), math.Float32bits(v))
	case bool:
		b = append(le.AppendUint32(b, 7), 0)
		if v {
			b[len(b)-1] = 1
		}
		return b
	case string:
		return appendText(le.AppendUint32(b, 8), v)
	case []string:
		b = list(8, len(v))
		for _, s := range v {
			b = appendText(b, s)
		}
		return b
	case []int:
		b = list(5, len(v))
		for _, x := range v {
			b = le.AppendUint32(b, uint32(x))
		}
		return b
	case []float32:
		b = list(6, len(v))
		for _, x := range v {
			b = le.AppendUint32(b, math.Float32bits(x))
		}
		return b
	}
	panic(fmt.Sprintf("gguftest: a value of type %T", value))
}

// Floats is the memory of F32 values.
func Floats(x []float32) []byte {
	var b []byte
	for _, v := range x {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// SetVocabulary writes a byte-level vocabulary of n tokens: the 256 bytes' first
// characters as far as n reaches, then made-up words, and at the end a BOS and an
// EOS token.
func (f *File) SetVocabulary(pre string, n int) {
	tokens, types := make([]string, n), make([]int, n)
	for i := range tokens {
		tokens[i], types[i] = fmt.Sprintf("w%d", i), 1
		if i < 94 {
			tokens[i] = string(rune('!' + i))
		}
	}
	tokens[n-2], tokens[n-1], types[n-2], types[n-1] = "<s>", "</s>", 3, 3
	f.Set("tokenizer.ggml.model", "gpt2")
	f.Set("tokenizer.ggml.pre", pre)
	f.Set("tokenizer.ggml.tokens", tokens)
	f.Set("tokenizer.ggml.token_type", types)
	f.Set("tokenizer.ggml.merges", []string{})
	f.Set("tokenizer.ggml.bos_token_id", n-2)
	f.Set("tokenizer.ggml.eos_token_id", n-1)
}
