// Train makes table.bin.zst: how likely 3-grams of letters are in each language.
//
// It is trained on the n-gram frequencies that come with lingua-go (Apache-2.0,
// Peter M. Stahl; made from the Leipzig Corpora Collection), which may be passed on
// with their origin named. Run it with go generate in the folder above.
package main

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/encoding/protowire"

	"cogumi/stdlib/curate/language/internal/table"
)

// most is how many 3-grams of a language are kept, the likeliest first.
const most = 6000

// groups are languages that share letters; what is written in letters of its own
// needs no table.
var groups = []string{
	"af az bs ca cs cy da de en eo es et eu fi fr ga hr hu id is it la lg lt lv mi ms nb nl nn pl pt ro sk sl sn so sq st sv sw tl tn tr ts vi xh yo zu",
	"be bg kk mk mn ru sr uk",
	"ar fa ur",
	"hi mr",
}

func main() {
	log.SetFlags(0)
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/pemistahl/lingua-go").Output()
	if err != nil {
		log.Fatal(err)
	}
	models := filepath.Join(strings.TrimSpace(string(dir)), "language-models")
	out := []byte(table.Magic)
	for _, g := range groups {
		names := strings.Fields(g)
		rows := map[uint64][]byte{}
		for i, name := range names {
			one, two, three := frequencies(models, name, "unigrams"), frequencies(models, name, "bigrams"), frequencies(models, name, "trigrams")
			for _, k := range likeliest(one, two, three) {
				key := table.Key([]rune(k))
				if rows[key] == nil {
					rows[key] = bytes.Repeat([]byte{table.Unseen}, len(names))
				}
				rows[key][i] = quantise(three[k])
			}
		}
		out = appendGroup(out, names, rows)
		fmt.Printf("%d languages, %d 3-grams\n", len(names), len(rows))
	}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression))
	if err != nil {
		log.Fatal(err)
	}
	packed := enc.EncodeAll(out, nil)
	if err := os.WriteFile("table.bin.zst", packed, 0o644); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d bytes, %d packed\n", len(out), len(packed))
}

func likeliest(one, two, three map[string]float64) []string {
	type joint struct {
		gram string
		p    float64
	}
	var list []joint
	for gram, p := range three {
		r := []rune(gram)
		list = append(list, joint{gram, one[string(r[:1])] * two[string(r[:2])] * p})
	}
	slices.SortFunc(list, func(a, b joint) int { return cmp.Or(cmp.Compare(b.p, a.p), cmp.Compare(a.gram, b.gram)) })
	var out []string
	for _, j := range list[:min(most, len(list))] {
		out = append(out, j.gram)
	}
	return out
}

// quantise gives eighths of bits.
func quantise(p float64) byte {
	return byte(min(table.Unseen-1, math.Round(-math.Log2(p)*table.Steps)))
}

func appendGroup(out []byte, names []string, rows map[uint64][]byte) []byte {
	out = append(append(out, strings.Join(names, " ")...), '\n')
	keys := make([]uint64, 0, len(rows))
	for k := range rows {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	out = binary.AppendUvarint(out, uint64(len(keys)))
	last := uint64(0)
	for _, k := range keys {
		out = binary.AppendUvarint(out, k-last)
		last = k
	}
	for i := range names { // a language after another: alike bytes lie together
		for _, k := range keys {
			out = append(out, rows[k][i])
		}
	}
	return out
}

// frequencies reads a SerializableLanguageModel: sets (4) of a probability (1) and
// the n-grams (2) that have it.
func frequencies(models, name, kind string) map[string]float64 {
	z, err := zip.OpenReader(filepath.Join(models, name, kind+".pb.bin.zip"))
	if err != nil {
		log.Fatal(err)
	}
	defer z.Close()
	f, err := z.File[0].Open()
	if err != nil {
		log.Fatal(err)
	}
	b, err := io.ReadAll(f)
	if err != nil {
		log.Fatal(err)
	}
	out := map[string]float64{}
	fields(b, func(n protowire.Number, set []byte) {
		if n != 4 {
			return
		}
		p := 0.0
		fields(set, func(n protowire.Number, v []byte) {
			switch n {
			case 1:
				p = math.Float64frombits(binary.LittleEndian.Uint64(v))
			case 2:
				out[string(v)] = p
			}
		})
	})
	return out
}

func fields(b []byte, take func(protowire.Number, []byte)) {
	for len(b) > 0 {
		n, kind, size := protowire.ConsumeTag(b)
		if size < 0 {
			log.Fatal(protowire.ParseError(size))
		}
		b = b[size:]
		if kind == protowire.BytesType {
			v, size := protowire.ConsumeBytes(b)
			take(n, v)
			b = b[size:]
			continue
		}
		size = protowire.ConsumeFieldValue(n, kind, b)
		if size < 0 {
			log.Fatal(protowire.ParseError(size))
		}
		if kind == protowire.Fixed64Type {
			take(n, b[:size])
		}
		b = b[size:]
	}
}
