package train

import (
	"fmt"
	"slices"

	"cogumi/reports/run"
	"cogumi/stdlib/dataset"
	"cogumi/stdlib/dedup"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/llm"
)

// near is the Jaccard similarity from which two prompts count as the same.
const near = 0.8

// checkRows shows the run what the rows are, and refuses what cannot be meant.
func (s *session) checkRows(base *llm.Model, set *dataset.Set) error {
	if err := s.checkEnds(base); err != nil {
		return err
	}
	s.showRow(base)
	s.showTargets()
	s.noteTies(set)
	if err := s.noteDuplicates(set); err != nil {
		return err
	}
	for _, b := range s.c.Benchmarks {
		if err := s.noteContamination(set, b); err != nil {
			return err
		}
	}
	return nil
}

// checkEnds: a text begins with one begin token, and what is learned ends with
// an end token. Rows are packed, never padded: no end is hidden by a pad token
// that happens to be the same.
func (s *session) checkEnds(base *llm.Model) error {
	bos, endless := int32(base.Config.BOS), 0
	for _, e := range slices.Concat(s.data.train, s.data.held) {
		if bos >= 0 && len(e.IDs) > 1 && e.IDs[0] == bos && e.IDs[1] == bos {
			return experiment.Hint(fmt.Errorf("train: row %d begins with two begin tokens (id %d)", e.Row, bos),
				"the chat template writes one already: take the other out of the row or the template")
		}
		if !slices.Contains(base.Config.EOS, int(e.Labels[len(e.Labels)-1])) {
			endless++
		}
	}
	if endless > 0 {
		s.r.Note(run.Note{Level: "warn", Topic: "train", Text: fmt.Sprintf("%d of %d rows do not end with an end token (ids %v): the model will not learn to stop",
			endless, len(s.data.train)+len(s.data.held), base.Config.EOS), Hint: "the chat template must close the assistant's turn"})
	}
	return nil
}

// span is a stretch of a row that is learned, or only read.
type span struct {
	learned bool
	ids     []int32
}

func spans(e llm.Example) (all []span) {
	for i, id := range e.IDs {
		learned := e.Labels[i] != llm.Ignore
		if len(all) == 0 || all[len(all)-1].learned != learned {
			all = append(all, span{learned: learned})
		}
		last := &all[len(all)-1]
		last.ids = append(last.ids, id)
	}
	return all
}

// showRow shows the first row as the model sees it, with the loss mask.
func (s *session) showRow(base *llm.Model) {
	t := run.Table{Name: "train row", Title: "One row as the model sees it", Columns: []string{"the model", "text", "tokens"},
		Note: "The loss counts what is learned; every token before it is only read."}
	line := ""
	for _, p := range spans(s.data.train[0]) {
		text, what := base.Tokenizer.Decode(p.ids, false), "reads"
		if p.learned {
			what = "learns"
			text = "⟦" + text + "⟧"
		}
		line += text
		t.Rows = append(t.Rows, []any{what, text, len(p.ids)})
	}
	s.r.Logf("row %d, learned in ⟦ ⟧: %s", s.data.train[0].Row, line)
	s.r.Table(t)
}

// targetBounds are the upper ends of the histogram's bins.
var targetBounds = []int{4, 16, 64, 256, 1024, 1 << 30}

// showTargets shows how many tokens of a row are learned.
func (s *session) showTargets() {
	counts := make([]int, len(targetBounds))
	for i := range s.data.train {
		n := s.data.train[i].Targets()
		counts[slices.IndexFunc(targetBounds, func(b int) bool { return n <= b })]++
	}
	t := run.Table{Name: "train targets", Title: "Learned tokens of a row", Columns: []string{"learned tokens", "rows"},
		Note: fmt.Sprintf("%d of %d tokens of an epoch are learned (%.0f %%).", s.data.targets, s.data.tokens, 100*float64(s.data.targets)/float64(s.data.tokens))}
	from := 1
	for i, n := range counts {
		label := fmt.Sprintf("%d to %d", from, targetBounds[i])
		if i == len(counts)-1 {
			label = fmt.Sprintf("%d and more", from)
		}
		from = targetBounds[i] + 1
		if n > 0 {
			t.Rows = append(t.Rows, []any{label, n})
		}
	}
	s.r.Table(t)
}

func (s *session) noteTies(set *dataset.Set) {
	if n := countTies(set); n > 0 {
		s.r.Note(run.Note{Level: "warn", Topic: "train", Text: fmt.Sprintf("%d of %d rows are ties: answers of the model that were as good", n, len(set.Rows)),
			Hint: "they teach nothing that it does not know; AllowTies let them in"})
	}
}

func (s *session) noteDuplicates(set *dataset.Set) error {
	found, err := dedup.Find(set, dedup.Config{Threshold: near})
	if err != nil {
		return fmt.Errorf("train: look for duplicates: %w", err)
	}
	if n := len(found.Removed); n > 0 {
		s.r.Note(run.Note{Level: "warn", Topic: "train", Text: fmt.Sprintf("%d of %d rows repeat the prompt of another (%d word for word, %d with Jaccard ≥ %g): they count twice",
			n, len(set.Rows), found.Exact, found.NearCount, near), Hint: "dedup.Near keeps one of each"})
	}
	return nil
}

// noteContamination names training rows that a benchmark holds as well.
func (s *session) noteContamination(set, benchmark *dataset.Set) error {
	found, err := dedup.FindAgainst(set, benchmark, dedup.Config{Threshold: near})
	if err != nil {
		return fmt.Errorf("train: compare with %s: %w", benchmark.Name, err)
	}
	if len(found.Removed) == 0 {
		s.r.Note(run.Note{Level: "info", Topic: "train", Text: fmt.Sprintf("no training row has a prompt of %s (Jaccard ≥ %g, %d rows)", benchmark.Name, near, len(benchmark.Rows))})
		return nil
	}
	first := found.Removed[0]
	s.r.Note(run.Note{Level: "warn", Topic: "train", Text: fmt.Sprintf("%d of %d training rows have a prompt of %s, the first is row %d (its row %d): what is measured there will be memory",
		len(found.Removed), len(set.Rows), benchmark.Name, first.Row+1, first.KeptRow+1), Hint: "dedup.Against drops them"})
	return nil
}
