package dedup

// row is what is kept of a row beside its signature.
type row struct {
	hash    [hashSize]byte // of the normalised text
	at      int64          // byte of the file where the line begins
	size    int32          // bytes of the line, its end not counted
	length  int32          // bytes of the normalised text; 0: none, −1: a row that cannot be read
	quality float32
}

// hashSize is what is kept of a text's SHA-256: enough that no two texts share it.
const hashSize = 16

// rowBytes is what a row takes in memory.
const rowBytes = 40

// rowList holds rows in chunks: it grows without copying what it has.
type rowList struct {
	n      int
	chunks [][]row
}

func (l *rowList) add(r row) {
	if l.n%chunkTexts == 0 {
		room := 0
		if l.n > 0 {
			room = chunkTexts
		}
		l.chunks = append(l.chunks, make([]row, 0, room))
	}
	last := &l.chunks[len(l.chunks)-1]
	*last = append(*last, r)
	l.n++
}

func (l *rowList) at(i int) *row { return &l.chunks[i/chunkTexts][i%chunkTexts] }
