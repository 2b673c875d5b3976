package dedup

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"slices"
)

// rank finds the copies and puts the distinct texts into the keep order.
func (j *job) rank(context.Context) error {
	n := j.first[len(j.sources)]
	j.twin, j.at = make([]int32, n), make([]int32, n)
	s := sorter{}
	for row := range n {
		j.twin[row], j.at[row] = int32(row), -1
		if source, i := j.source(int32(row)); source.length[i] > 0 {
			s.entries = append(s.entries, entry{binary.LittleEndian.Uint32(source.hash(i)), int32(row)})
		}
	}
	s.sort()
	for rest := s.entries; len(rest) > 0; {
		size := 1
		for size < len(rest) && rest[size].key == rest[0].key {
			size++
		}
		if size > 1 {
			j.twins(rest[:size])
		}
		rest = rest[size:]
	}
	for _, e := range s.entries {
		if j.twin[e.id] == e.id {
			j.order = append(j.order, e.id)
		}
	}
	slices.SortFunc(j.order, j.compare)
	for place, row := range j.order {
		j.at[row] = int32(place)
	}
	return nil
}

// twins sets apart the texts of rows whose hashes begin alike.
func (j *job) twins(rows []entry) {
	slices.SortFunc(rows, func(a, b entry) int {
		return cmp.Or(bytes.Compare(j.hash(a.id), j.hash(b.id)), j.compare(a.id, b.id))
	})
	top := rows[0].id
	for _, e := range rows[1:] {
		if bytes.Equal(j.hash(e.id), j.hash(top)) {
			j.twin[e.id] = top
		} else {
			top = e.id
		}
	}
}

func (j *job) hash(row int32) []byte {
	s, i := j.source(row)
	return s.hash(i)
}

// compare is the keep order: source, quality, length, content; rows that are the
// same in all of them are copies, and the first one goes first.
func (j *job) compare(a, b int32) int {
	if j.First || a == b || int(min(a, b)) < j.indexRows() {
		return cmp.Compare(a, b)
	}
	x, i := j.source(a)
	y, k := j.source(b)
	if x != y {
		return cmp.Compare(a, b)
	}
	return cmp.Or(cmp.Compare(y.quality[k], x.quality[i]), cmp.Compare(y.length[k], x.length[i]), bytes.Compare(x.hash(i), y.hash(k)), cmp.Compare(a, b))
}
