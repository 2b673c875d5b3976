package table

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// small is a table of one group: two languages, two 3-grams.
func small() []byte {
	b := []byte(Magic + "en de\n\x02")
	b = binary.AppendUvarint(b, Key([]rune("abc")))
	b = binary.AppendUvarint(b, Key([]rune("abd"))-Key([]rune("abc")))
	return append(b, 1, 2, 3, 4)
}

func TestParse(t *testing.T) {
	groups, err := Parse(small())
	if err != nil || len(groups) != 1 {
		t.Fatal(groups, err)
	}
	if row := groups[0].Row(Key([]rune("abd"))); !bytes.Equal(row, []byte{2, 4}) {
		t.Error(row)
	}
	if row := groups[0].Row(Key([]rune("abe"))); row != nil {
		t.Error(row)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(small())
	f.Fuzz(func(t *testing.T, b []byte) {
		groups, err := Parse(b)
		if err != nil {
			return
		}
		for _, g := range groups {
			g.Row(Key([]rune("abc")))
		}
	})
}
