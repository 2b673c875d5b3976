package dedup

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"math"
	"slices"
)

// rank finds the copies and puts the distinct texts into the keep order.
func (j *job) rank(context.Context) error {
	n := j.first[len(j.sources)]
	j.twin, j.at = make([]int32, n), make([]int32, n)
	s := sorter{entries: make([]entry, 0, n)}
	for k, source := range j.sources {
		for i := range source.rows() {
			row := int32(j.first[k] + i)
			j.twin[row], j.at[row] = row, -1
			if r := source.row(i); r.length > 0 {
				s.entries = append(s.entries, entry{binary.BigEndian.Uint32(r.hash[:]), row})
			}
		}
	}
	s.sort()
	texts := len(s.entries)
	for rest := s.entries; len(rest) > 0; {
		size := 1
		for size < len(rest) && rest[size].key == rest[0].key {
			size++
		}
		if size > 1 {
			texts -= j.twins(rest[:size])
		}
		rest = rest[size:]
	}
	j.order = make([]int32, 0, texts)
	for k, source := range j.sources {
		from := len(j.order)
		for i := range source.rows() {
			if row := int32(j.first[k] + i); j.twin[row] == row && source.row(i).length > 0 {
				j.order = append(j.order, row)
			}
		}
		if !j.First && k >= j.index {
			j.sortRows(&s, source, int32(j.first[k]), j.order[from:])
		}
	}
	for place, row := range j.order {
		j.at[row] = int32(place)
	}
	return nil
}

// twins sets apart the texts of rows whose hashes begin alike and counts the
// copies.
func (j *job) twins(rows []entry) (copies int) {
	slices.SortFunc(rows, func(a, b entry) int {
		x, y := j.hash(a.id), j.hash(b.id)
		return cmp.Or(bytes.Compare(x[:], y[:]), j.compare(a.id, b.id))
	})
	top := rows[0].id
	for _, e := range rows[1:] {
		if *j.hash(e.id) == *j.hash(top) {
			j.twin[e.id] = top
			copies++
		} else {
			top = e.id
		}
	}
	return copies
}

func (j *job) hash(row int32) *[hashSize]byte {
	s, i := j.source(row)
	return &s.row(i).hash
}

// sortRows puts rows of one source, the first of which has the given number, into
// the keep order: the sorter knows keys of 32 bits and is stable, so the last key
// is sorted by first.
func (j *job) sortRows(s *sorter, source *source, first int32, rows []int32) {
	by := func(key func(r *row) uint32) {
		s.reset()
		for _, n := range rows {
			s.entries = append(s.entries, entry{key(source.row(int(n - first))), n})
		}
		s.sort()
		for i, e := range s.entries {
			rows[i] = e.id
		}
	}
	by(func(r *row) uint32 { return binary.BigEndian.Uint32(r.hash[:]) })
	by(func(r *row) uint32 { return ^uint32(r.length) })
	if j.QualityField != "" {
		by(func(r *row) uint32 { return ^ascending(r.quality) })
	}
	if !slices.IsSortedFunc(rows, j.compare) { // hashes that begin alike
		slices.SortFunc(rows, j.compare)
	}
}

// ascending is a number that grows with f, which is no NaN.
func ascending(f float32) uint32 {
	b := math.Float32bits(f + 0) // −0 is 0
	if b>>31 == 1 {
		return ^b
	}
	return b | 1<<31
}

// compare is the keep order: source, quality, length, content; rows that are the
// same in all of them are copies, and the first one goes first.
func (j *job) compare(a, b int32) int {
	if j.First || a == b || int(min(a, b)) < j.indexRows() {
		return cmp.Compare(a, b)
	}
	s, i := j.source(a)
	t, k := j.source(b)
	if s != t {
		return cmp.Compare(a, b)
	}
	x, y := s.row(i), t.row(k)
	return cmp.Or(cmp.Compare(y.quality, x.quality), cmp.Compare(y.length, x.length), bytes.Compare(x.hash[:], y.hash[:]), cmp.Compare(a, b))
}
