package dedup

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"cogumi/reports/run/durable"
)

// writePairs writes every pair of rows that was found, those of the index left
// out: row, row (from 0, over all files), Jaccard, separated by tabs. Copies of a
// text make pairs among each other and with all that the text is near to.
func (j *job) writePairs(verified []scored) error {
	if err := os.MkdirAll(filepath.Dir(j.Pairs), 0o755); err != nil {
		return fmt.Errorf("write %s: %w", j.Pairs, err)
	}
	index := int32(j.indexRows())
	copies := map[int32][]int32{}
	for row := index; int(row) < j.first[len(j.sources)]; row++ {
		if j.at[j.twin[row]] >= 0 {
			copies[j.twin[row]] = append(copies[j.twin[row]], row)
		}
	}
	return durable.WriteFile(j.Pairs, func(to io.Writer) error {
		w := bufio.NewWriterSize(to, 1<<20)
		for _, text := range j.order {
			for i, a := range copies[text] {
				for _, b := range copies[text][i+1:] {
					fmt.Fprintf(w, "%d\t%d\t1\n", a-index, b-index)
				}
			}
		}
		for _, p := range verified {
			for _, a := range copies[j.order[p.first]] {
				for _, b := range copies[j.order[p.second]] {
					fmt.Fprintf(w, "%d\t%d\t%.6f\n", min(a, b)-index, max(a, b)-index, p.jaccard)
				}
			}
		}
		return w.Flush() // holds the first error
	})
}
