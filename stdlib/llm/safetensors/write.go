package safetensors

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"unicode/utf8"

	"cogumi/reports/run/durable"
)

// Write writes a file whose bytes depend on the arguments only, not on the order
// of tensors: larger element types first, then by name, so that every tensor is
// aligned to its element, as the reference implementation lays them out; the
// header is padded to a multiple of 8. The file appears whole or not at all.
func Write(path string, tensors []Tensor, metadata map[string]string) error {
	err := durable.WriteFile(path, func(f io.Writer) error {
		w := bufio.NewWriterSize(f, 1<<20)
		if err := Encode(w, tensors, metadata); err != nil {
			return err
		}
		return w.Flush()
	})
	if err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	return nil
}

// Encode writes the bytes of Write to w.
func Encode(w io.Writer, tensors []Tensor, metadata map[string]string) error {
	sorted := slices.Clone(tensors)
	slices.SortFunc(sorted, func(a, b Tensor) int {
		return cmp.Or(-cmp.Compare(sizes[a.DType], sizes[b.DType]), cmp.Compare(a.Name, b.Name))
	})
	header, err := encodeHeader(sorted, metadata)
	if err != nil {
		return err
	}
	if _, err := w.Write(header); err != nil {
		return err
	}
	for _, t := range sorted {
		if _, err := w.Write(t.Data); err != nil {
			return fmt.Errorf("tensor %q: %w", t.Name, err)
		}
	}
	return nil
}

func encodeHeader(sorted []Tensor, metadata map[string]string) ([]byte, error) {
	var b bytes.Buffer
	b.Write(make([]byte, 8))
	b.WriteByte('{')
	if len(metadata) > 0 {
		fmt.Fprintf(&b, "%q:{", metadataName)
		for i, key := range slices.Sorted(maps.Keys(metadata)) {
			if !utf8.ValidString(key) || !utf8.ValidString(metadata[key]) {
				return nil, fmt.Errorf("metadata %q: not UTF-8", key)
			}
			if i > 0 {
				b.WriteByte(',')
			}
			quote(&b, key)
			b.WriteByte(':')
			quote(&b, metadata[key])
		}
		b.WriteByte('}')
	}
	seen := map[string]bool{}
	at := int64(0)
	for _, t := range sorted {
		n, err := byteLen(t.DType, t.Shape)
		switch {
		case err != nil:
			return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
		case n != int64(len(t.Data)):
			return nil, fmt.Errorf("tensor %q: %s of shape %v needs %d bytes, it has %d", t.Name, t.DType, t.Shape, n, len(t.Data))
		case !utf8.ValidString(t.Name):
			return nil, fmt.Errorf("tensor %q: the name is not UTF-8", t.Name)
		case seen[t.Name] || t.Name == metadataName:
			return nil, fmt.Errorf("tensor %q: the name is taken", t.Name)
		}
		seen[t.Name] = true
		if b.Len() > 9 {
			b.WriteByte(',')
		}
		quote(&b, t.Name)
		fmt.Fprintf(&b, `:{"dtype":%q,"shape":[`, t.DType)
		for i, dim := range t.Shape {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprint(&b, dim)
		}
		fmt.Fprintf(&b, `],"data_offsets":[%d,%d]}`, at, at+n)
		at += n
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	out := b.Bytes()
	if len(out)-8 > maxHeader {
		return nil, fmt.Errorf("a header of %d bytes: readers refuse more than %d", len(out)-8, maxHeader)
	}
	binary.LittleEndian.PutUint64(out, uint64(len(out)-8))
	return out, nil
}

// quote writes s as a JSON string without HTML escapes.
func quote(b *bytes.Buffer, s string) {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	e.Encode(s)
	b.Truncate(b.Len() - 1) // the encoder's newline
}
