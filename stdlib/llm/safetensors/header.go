package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"
)

const (
	maxHeader    = 100_000_000 // the reference implementation's limit
	metadataName = "__metadata__"
)

// entry is what the header says about one tensor.
type entry struct {
	name       string
	dtype      string
	shape      []int
	begin, end int64
}

// splitHeader returns the header's JSON and the data behind it.
func splitHeader(b []byte) (header, data []byte, err error) {
	if len(b) < 8 {
		return nil, nil, fmt.Errorf("the file has %d bytes, too short for the length of its header", len(b))
	}
	n := binary.LittleEndian.Uint64(b)
	if n > maxHeader {
		return nil, nil, fmt.Errorf("a header of %d bytes: more than %d are refused (is this a safetensors file?)", n, maxHeader)
	}
	if n > uint64(len(b)-8) {
		return nil, nil, fmt.Errorf("a header of %d bytes, but only %d follow: the file is cut short", n, len(b)-8)
	}
	header = b[8 : 8+n]
	if !utf8.Valid(header) {
		return nil, nil, errors.New("the header is not UTF-8")
	}
	if len(header) == 0 || header[0] != '{' {
		return nil, nil, errors.New("the header does not start with {")
	}
	return header, b[8+n:], nil
}

// parseHeader reads the JSON token by token: encoding/json keeps the last of two
// equal keys without a word, and here a second tensor of a name is a lie.
func parseHeader(header []byte) (entries []entry, metadata map[string]string, err error) {
	d := json.NewDecoder(bytes.NewReader(header))
	d.UseNumber()
	if err := delim(d, '{'); err != nil {
		return nil, nil, err
	}
	seen := map[string]bool{}
	for d.More() {
		name, err := str(d)
		if err != nil {
			return nil, nil, err
		}
		if seen[name] {
			return nil, nil, fmt.Errorf("tensor %q is there twice", name)
		}
		seen[name] = true
		if name == metadataName {
			if metadata, err = parseMetadata(d); err != nil {
				return nil, nil, fmt.Errorf("%s: %w", metadataName, err)
			}
			continue
		}
		e, err := parseEntry(d, name)
		if err != nil {
			return nil, nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		entries = append(entries, e)
	}
	if err := delim(d, '}'); err != nil {
		return nil, nil, err
	}
	if rest := header[d.InputOffset():]; len(bytes.Trim(rest, " ")) != 0 {
		return nil, nil, errors.New("something follows the header's object")
	}
	return entries, metadata, nil
}

func parseMetadata(d *json.Decoder) (map[string]string, error) {
	if err := delim(d, '{'); err != nil {
		return nil, err
	}
	m := map[string]string{}
	for d.More() {
		key, err := str(d)
		if err != nil {
			return nil, err
		}
		if _, ok := m[key]; ok {
			return nil, fmt.Errorf("key %q is there twice", key)
		}
		if m[key], err = str(d); err != nil {
			return nil, fmt.Errorf("key %q: %w", key, err)
		}
	}
	return m, delim(d, '}')
}

func parseEntry(d *json.Decoder, name string) (entry, error) {
	e := entry{name: name}
	if err := delim(d, '{'); err != nil {
		return e, err
	}
	seen := map[string]bool{}
	for d.More() {
		key, err := str(d)
		if err != nil {
			return e, err
		}
		if seen[key] {
			return e, fmt.Errorf("%s is there twice", key)
		}
		seen[key] = true
		switch key {
		case "dtype":
			e.dtype, err = str(d)
		case "shape":
			e.shape, err = parseShape(d)
		case "data_offsets":
			var o []int64
			if o, err = ints(d); err == nil && len(o) != 2 {
				err = fmt.Errorf("%d numbers, want 2", len(o))
			}
			if err == nil {
				e.begin, e.end = o[0], o[1]
			}
		default:
			err = errors.New("unknown key")
		}
		if err != nil {
			return e, fmt.Errorf("%s: %w", key, err)
		}
	}
	if err := delim(d, '}'); err != nil {
		return e, err
	}
	for _, key := range []string{"dtype", "shape", "data_offsets"} {
		if !seen[key] {
			return e, fmt.Errorf("%s is missing", key)
		}
	}
	return e, nil
}

func parseShape(d *json.Decoder) ([]int, error) {
	dims, err := ints(d)
	if err != nil {
		return nil, err
	}
	shape := make([]int, len(dims))
	for i, n := range dims {
		if n > math.MaxInt {
			return nil, fmt.Errorf("dimension %d does not fit this machine", n)
		}
		shape[i] = int(n)
	}
	return shape, nil
}

// byteLen returns the bytes of a tensor of that type and shape.
func byteLen(dtype string, shape []int) (int64, error) {
	size, ok := sizes[dtype]
	if !ok {
		return 0, fmt.Errorf("type %q is not supported", dtype)
	}
	if slices.Contains(shape, 0) {
		return 0, nil
	}
	n := int64(size)
	for _, dim := range shape {
		if dim < 0 || n > math.MaxInt64/int64(dim) {
			return 0, fmt.Errorf("shape %v is impossible", shape)
		}
		n *= int64(dim)
	}
	return n, nil
}

// checkTiling makes sure that each tensor has the bytes that its shape needs and
// that together they cover the data exactly.
func checkTiling(entries []entry, dataLen int64) error {
	for _, e := range entries {
		want, err := byteLen(e.dtype, e.shape)
		if err != nil {
			return fmt.Errorf("tensor %q: %w", e.name, err)
		}
		if e.begin > e.end || e.end > dataLen {
			return fmt.Errorf("tensor %q lies at [%d, %d) of %d bytes of data", e.name, e.begin, e.end, dataLen)
		}
		if e.end-e.begin != want {
			return fmt.Errorf("tensor %q: %s of shape %v needs %d bytes, its offsets hold %d", e.name, e.dtype, e.shape, want, e.end-e.begin)
		}
	}
	sorted := slices.Clone(entries)
	slices.SortFunc(sorted, func(a, b entry) int {
		if a.begin != b.begin {
			return cmp.Compare(a.begin, b.begin)
		}
		return cmp.Compare(a.end, b.end)
	})
	at := int64(0)
	for _, e := range sorted {
		switch {
		case e.begin < at:
			return fmt.Errorf("tensor %q begins at %d, inside the one before it, which ends at %d", e.name, e.begin, at)
		case e.begin > at:
			return fmt.Errorf("tensor %q begins at %d: nobody owns the %d bytes before it", e.name, e.begin, e.begin-at)
		}
		at = e.end
	}
	if at != dataLen {
		return fmt.Errorf("%d bytes follow the last tensor", dataLen-at)
	}
	return nil
}
