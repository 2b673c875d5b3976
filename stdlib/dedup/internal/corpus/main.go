// Command corpus writes generated rows for measurements of size and speed: texts
// of about a kilobyte, one in ten of them an earlier one with some words changed.
//
//	go run ./stdlib/dedup/internal/corpus -rows 1000000 -out rows.jsonl -pairs planted.tsv
//
// The same flags give the same bytes.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"strings"
)

func main() {
	rows := flag.Int("rows", 10000, "how many")
	size := flag.Int("bytes", 1000, "of a text, about")
	out := flag.String("out", "rows.jsonl", "file of rows")
	pairs := flag.String("pairs", "", "file of the planted pairs: row, row")
	flag.Parse()
	if err := run(*rows, *size, *out, *pairs); err != nil {
		log.Fatal(err)
	}
}

func run(rows, size int, out, pairs string) error {
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	planted := bufio.NewWriter(nowhere{})
	if pairs != "" {
		p, err := os.Create(pairs)
		if err != nil {
			return err
		}
		defer p.Close()
		planted = bufio.NewWriter(p)
	}
	g := newGenerator(size)
	for row := range rows {
		words, of := g.next(row)
		fmt.Fprintf(w, `{"id":%d,"text":"%s"}`+"\n", row, strings.Join(words, " "))
		if of >= 0 {
			fmt.Fprintf(planted, "%d\t%d\n", of, row)
		}
	}
	if err := planted.Flush(); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Sync()
}

type nowhere struct{}

func (nowhere) Write(b []byte) (int, error) { return len(b), nil }

type generator struct {
	r     *rand.Rand
	zipf  *rand.Zipf
	words []string
	size  int
	old   [8192]remembered // texts that copies are made of
}

type remembered struct {
	row   int
	words []string
}

// vocabulary is how many words there are; how often they come follows Zipf's law.
const vocabulary = 40000

func newGenerator(size int) *generator {
	r := rand.New(rand.NewPCG(1, 2))
	g := &generator{r: r, size: size, zipf: rand.NewZipf(r, 1.1, 8, vocabulary-1)}
	const consonants, vowels = "bcdfghjklmnprstvwz", "aeiou"
	seen := map[string]bool{}
	for len(g.words) < vocabulary {
		var b strings.Builder
		for range 1 + r.IntN(4) {
			b.WriteByte(consonants[r.IntN(len(consonants))])
			b.WriteByte(vowels[r.IntN(len(vowels))])
			if r.IntN(3) == 0 {
				b.WriteByte(consonants[r.IntN(len(consonants))])
			}
		}
		if w := b.String(); !seen[w] {
			seen[w] = true
			g.words = append(g.words, w)
		}
	}
	return g
}

// next gives a text's words and the row that it is a changed copy of, or −1.
func (g *generator) next(row int) (words []string, of int) {
	if old := g.old[g.r.IntN(len(g.old))]; old.words != nil && g.r.IntN(10) == 0 {
		words = append(words, old.words...)
		for range 1 + g.r.IntN(1+len(words)/30) { // Jaccard of about 0.8 to 0.99
			words[g.r.IntN(len(words))] = g.word()
		}
		return words, old.row
	}
	for bytes := 0; bytes < g.size; {
		w := g.word()
		words, bytes = append(words, w), bytes+len(w)+1
	}
	g.old[g.r.IntN(len(g.old))] = remembered{row, words}
	return words, -1
}

func (g *generator) word() string { return g.words[g.zipf.Uint64()] }
