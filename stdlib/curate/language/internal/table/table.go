// Package table is the format of the 3-gram table: the magic; for each group of
// languages that share letters their codes in a line, the number of 3-grams, their
// keys rising as varints of differences, and for each language a byte for each.
package table

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

const (
	Magic  = "cogumi-language-1\n"
	Steps  = 8   // a byte is the information of the third letter behind the first two, in 1/Steps bits
	Unseen = 104 // not among the language's likeliest: 13 bits
)

// Key packs three letters.
func Key(r []rune) uint64 { return uint64(r[0])<<42 | uint64(r[1])<<21 | uint64(r[2]) }

// Group is languages that share letters, with their 3-grams in a hash table.
type Group struct {
	Languages []string // ISO 639-1
	mask      uint64
	keys      []uint64 // 0: free
	at        []int32  // of each key its row
	rows      []byte   // Languages bytes each
}

// Row is the bytes of a 3-gram, a language each; nil for one that no language has.
func (g *Group) Row(key uint64) []byte {
	for i := spread(key) & g.mask; g.keys[i] != 0; i = (i + 1) & g.mask {
		if g.keys[i] == key {
			n := len(g.Languages)
			return g.rows[int(g.at[i])*n:][:n]
		}
	}
	return nil
}

func spread(key uint64) uint64 { return key * 0x9e3779b97f4a7c15 >> 32 }

var errCut = errors.New("language table: it is cut off")

// Parse reads the table.
func Parse(b []byte) ([]Group, error) {
	rest, ok := bytes.CutPrefix(b, []byte(Magic))
	if !ok {
		return nil, errors.New("language table: it is of another format")
	}
	var groups []Group
	for len(rest) > 0 {
		line, after, ok := bytes.Cut(rest, []byte("\n"))
		count, size := binary.Uvarint(after)
		if !ok || size <= 0 || count > uint64(len(after)) {
			return nil, errCut
		}
		g, n, err := parseGroup(strings.Fields(string(line)), int(count), after[size:])
		if err != nil {
			return nil, err
		}
		groups, rest = append(groups, g), after[size+n:]
	}
	return groups, nil
}

func parseGroup(languages []string, count int, b []byte) (g Group, used int, err error) {
	if len(languages) == 0 {
		return g, 0, errors.New("language table: a group without languages")
	}
	size := 16
	for size < 2*count {
		size *= 2
	}
	g = Group{Languages: languages, mask: uint64(size - 1), keys: make([]uint64, size), at: make([]int32, size)}
	key := uint64(0)
	for row := range count {
		d, n := binary.Uvarint(b[used:])
		if n <= 0 || d == 0 || key+d < key {
			return g, 0, errCut
		}
		used += n
		key += d
		i := spread(key) & g.mask
		for g.keys[i] != 0 {
			i = (i + 1) & g.mask
		}
		g.keys[i], g.at[i] = key, int32(row)
	}
	if len(b)-used < count*len(languages) {
		return g, 0, fmt.Errorf("%w: %d 3-grams", errCut, count)
	}
	g.rows = make([]byte, count*len(languages))
	for l := range languages {
		for row := range count {
			g.rows[row*len(languages)+l] = b[used+l*count+row]
		}
	}
	return g, used + count*len(languages), nil
}
