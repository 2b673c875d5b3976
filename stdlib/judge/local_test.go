package judge

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"cogumi/kernels/golden"
	"cogumi/reports/run"
	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/experiment/experimenttest"
	"cogumi/stdlib/model"
)

// reader is a model of which it is known what it thinks of every pair.
type reader struct {
	think  func(first, second string) (a, b, c float64) // logarithms
	answer func(row *dataset.Row) string
	room   int // in bytes
	read   []string
	text   string // what it judges now
	rounds int
}

func (m *reader) asks() string { return m.text }

func (m *reader) Room(row *dataset.Row) (int, error) { return m.room - len(last(row)), nil }

func last(row *dataset.Row) string { return row.Messages[len(row.Messages)-1].Content }

func (m *reader) Answer(set *dataset.Set, _ model.Sampling) (*dataset.Answers, error) {
	m.rounds++
	a := &dataset.Answers{Set: set, Model: "base"}
	for i := range set.Rows {
		a.List = append(a.List, dataset.Answer{Text: m.answer(&set.Rows[i])})
	}
	return a, nil
}

func (m *reader) Choose(set *dataset.Set, choices []string) ([]model.Chosen, error) {
	var out []model.Chosen
	for i := range set.Rows {
		text := set.Rows[i].Messages[1].Content
		m.read = append(m.read, last(&set.Rows[i]))
		if len(text) > m.room {
			out = append(out, model.Chosen{TooLong: len(text) - m.room})
			continue
		}
		m.text = text
		a, b, c := m.think(between(text, "a"), between(text, "b"))
		out = append(out, model.Chosen{LogProbs: []float64{a, b, c}})
	}
	return out, nil
}

// between is an answer, as it stands in its frame.
func between(text, letter string) string {
	_, rest, _ := strings.Cut(text, "<answer-"+letter+" id=")
	_, rest, _ = strings.Cut(rest, ">\n")
	inside, _, _ := strings.Cut(rest, "\n</answer-"+letter)
	return inside
}

func localOf(m *reader) *Judge {
	m.room = max(m.room, 1<<20)
	return &Judge{Name: "x", Settings: Settings{Kind: "local"}, bench: &local{name: "x", model: m}}
}

// sized is pairs whose answers are numbers: ours is i, theirs is 10.
func sized(n int) *Match {
	m := &Match{Name: "sizes", Ours: "ours", Theirs: "theirs"}
	for i := range n {
		m.Pairs = append(m.Pairs, Pair{Row: dataset.Row{Instruction: fmt.Sprint("larger ", i), Output: "10"}, Ours: fmt.Sprint(i), Theirs: "10"})
	}
	return m
}

// larger prefers the larger number, has no opinion of texts, and likes what stands
// first by bias.
func larger(bias float64) func(first, second string) (a, b, c float64) {
	return func(first, second string) (float64, float64, float64) {
		var x, y float64
		fmt.Sscan(first, &x)
		fmt.Sscan(second, &y)
		return (x-y)/10 + bias, (y - x) / 10, bias/2 + 0.01
	}
}

// TestLocalReadsLetters: all is decided at once, nothing can be malformed, and
// what the model prefers about a place decides nothing and is said.
func TestLocalReadsLetters(t *testing.T) {
	for _, bias := range []float64{0, 3, -3} {
		r, err := judged(t, localOf(&reader{think: larger(bias)}), sized(21), Options{})
		check(t, r, err, 21, 10, 10, 1)
		if r.FirstWins*2 != r.Decided {
			t.Errorf("bias %g: the first answer won %d of %d", bias, r.FirstWins, r.Decided)
		}
		for _, c := range r.Canaries {
			if c.Errors > 0 || c.Passed != c.N {
				t.Errorf("bias %g: canary %+v", bias, c)
			}
		}
		notes := 0
		for _, n := range experimenttest.Read(t, experiment.Current()).Notes() {
			if strings.Contains(n.Text, "times likelier") {
				notes++
				if warn := n.Level == "warn"; warn != (bias != 0) || bias < 0 && !strings.Contains(n.Text, "shown second 20.1 times") {
					t.Errorf("bias %g: %+v", bias, n)
				}
			}
		}
		if notes != 1 {
			t.Errorf("bias %g: %d notes of it", bias, notes)
		}
	}
}

// TestLocalThatOnlySeesPlaces: a model that prefers places by the task and not by
// the answers wins and loses nothing.
func TestLocalThatOnlySeesPlaces(t *testing.T) {
	n := 0
	think := func(first, second string) (float64, float64, float64) {
		n++
		if (n-1)%4 < 2 { // both orders of a pair alike
			return -1, -2, -3
		}
		return -2, -1, -3
	}
	r, err := judged(t, localOf(&reader{think: think}), sized(20), Options{Canaries: -1})
	if err != nil || r.Total.Flips != 20 || r.Total.Score != 0.5 {
		t.Errorf("%v, %+v", err, r)
	}
}

// TestLocalBiasOfARubric: places that the model prefers by category are taken off
// by category, where it has pairs enough to tell.
func TestLocalBiasOfARubric(t *testing.T) {
	m := sized(21)
	for i := range m.Pairs {
		m.Pairs[i].Row.Category = []string{"math", "code"}[i%2]
	}
	m.Pairs[20].Row.Category = "rare"
	j := localOf(&reader{})
	r := j.bench.(*local).model.(*reader)
	r.think = func(first, second string) (a, b, c float64) {
		bias := 2.0
		if strings.Contains(r.asks(), "mathematics") {
			bias = -2
		}
		return larger(bias)(first, second)
	}
	got, err := judged(t, j, m, Options{Canaries: -1})
	if err != nil || got.Total.Wins != 10 || got.Total.Losses != 10 || got.Total.Flips != 0 {
		t.Errorf("%v, %+v", err, got.Total)
	}
}

// TestLocalThatOnlySaysTie passes every canary, and is named all the same.
func TestLocalThatOnlySaysTie(t *testing.T) {
	think := func(first, second string) (float64, float64, float64) { return -2, -2.5, -1 }
	r, err := judged(t, localOf(&reader{think: think}), sized(20), Options{})
	check(t, r, err, 20, 0, 0, 20)
	if !slices.ContainsFunc(r.notes(), func(n run.Note) bool {
		return n.Level == "warn" && strings.Contains(n.Text, "19 of 19 pairs with different answers are ties")
	}) {
		t.Errorf("%+v", r.notes())
	}
}

// TestLocalTooLong: pairs without room are errors of their own, not the end.
func TestLocalTooLong(t *testing.T) {
	m := sized(40)
	m.Pairs[7].Ours = strings.Repeat("1", 5000)
	j := localOf(&reader{think: larger(1)})
	j.bench.(*local).model.(*reader).room = 3000
	r, err := judged(t, j, m, Options{})
	if err != nil || r.Total.Errors != 1 || !strings.Contains(r.Verdicts[7].Error, "too long") || r.Total.Wins != 29 {
		t.Errorf("%v, %+v", err, r)
	}
}

// TestLocalReasons: what it writes stands before the letter and in the record; a
// pair that leaves no room for it is decided without.
func TestLocalReasons(t *testing.T) {
	m := &reader{think: larger(0), answer: func(row *dataset.Row) string { return "Because of " + fmt.Sprint(len(row.Messages)) + ".\n" }}
	j := localOf(m)
	j.bench.(*local).reasoning = 50
	r, err := judged(t, j, sized(3), Options{Canaries: -1})
	check(t, r, err, 3, 0, 3, 0)
	if m.read[0] != "Because of 2.\nWinner:" || !strings.HasPrefix(r.Verdicts[0].Said[0].Reason, "Because of 2. (A 9 %, B 66 %, neither 25 %)") {
		t.Errorf("%q, %q", m.read[0], r.Verdicts[0].Said[0].Reason)
	}
	m.room = 50
	set, reasons, err := j.bench.(*local).pairs(sized(1).asks(0, 1))
	if err != nil || reasons[0] != "" || last(&set.Rows[0]) != "Winner:" {
		t.Errorf("%q, %v", reasons, err)
	}
}

func TestDecide(t *testing.T) {
	for _, c := range []struct {
		a, b, c, bias float64
		want          string
	}{{-1, -2, -3, 0, First}, {-2, -1, -3, 0, Second}, {-3, -2, -1, 0, Tie}, {-1, -1, -3, 0, Tie}, {-1, -2, -3, 2, Second}, {-5, -4, -5.2, -1.5, First}} {
		if d := decide([]float64{c.a, c.b, c.c}, c.bias); d.Winner != c.want {
			t.Errorf("%+v: %+v", c, d)
		}
	}
	if d := decide([]float64{-2000, -2001, -2100}, 0); d.Reason != "A 73 %, B 27 %, neither 0 %" {
		t.Errorf("%+v", d)
	}
}

// TestLocalAsks: an answer to a question that cannot be used is asked for once
// more, with no more of it than fits; what is too long is an error of its own.
func TestLocalAsks(t *testing.T) {
	experimenttest.Start(t)
	m := &reader{room: 1000}
	m.answer = func(row *dataset.Row) string {
		if m.rounds == 1 && strings.HasSuffix(last(row), "2") {
			return strings.Repeat("no", 2000)
		}
		return "yes"
	}
	j := &Judge{Name: "x", Settings: Settings{Kind: "local"}, bench: &local{name: "x", model: m}}
	ask := func(i int) (Question, error) {
		if i == 5 {
			return Question{User: strings.Repeat("long", 300)}, nil
		}
		return Question{System: "Be brief.", User: fmt.Sprint("question ", i)}, nil
	}
	form := Form{Check: func(text string) error {
		if text != "yes" {
			return errors.New("it is not yes")
		}
		return nil
	}}
	replies, _, err := j.Ask("ask", 6, ask, form, Options{MaxErrors: 0.5})
	if err != nil || m.rounds != 2 {
		t.Fatalf("%d rounds, %v", m.rounds, err)
	}
	for i, r := range replies {
		if i == 5 && errors.Is(r.Err, ErrTooLong) || i < 5 && r.Text == "yes" {
			continue
		}
		t.Errorf("reply %d: %+v", i, r)
	}
}

// TestLocalModels: tiny and, where it is, SmolLM2 decide every pair.
func TestLocalModels(t *testing.T) {
	for _, name := range []string{"tiny", golden.SmolLM2} {
		t.Run(name, func(t *testing.T) {
			path := name
			if name != "tiny" && testing.Short() {
				t.Skip("takes many seconds")
			}
			if name != "tiny" {
				path = golden.Model(t, name)
			}
			m, err := model.Load(path)
			if err != nil {
				t.Fatal(err)
			}
			r, err := judged(t, LocalWith(m, LocalConfig{Reasoning: 4}), sized(2), Options{Canaries: -1})
			if err != nil || r.Total.Pairs != 2 || r.Total.Errors != 0 || !strings.Contains(r.Verdicts[0].Said[0].Reason, "neither") {
				t.Errorf("%v, %+v", err, r)
			}
		})
	}
}

// TestKnown: where the truth is known, the judge is compared with it, and what it
// calls lost against the truth goes into the record as right.
func TestKnown(t *testing.T) {
	m := sized(18)
	for i := range m.Pairs {
		p := &m.Pairs[i]
		p.Row.Category, p.Row.Answer = "math", fmt.Sprint("#### ", i)
		p.Ours, p.Theirs = fmt.Sprint(i, "\n#### ", i), fmt.Sprint("10\n#### ", 10)
		if i >= 16 {
			p.Row.Answer = "" // nobody knows
		}
	}
	r, err := judged(t, localOf(&reader{think: larger(0)}), m, Options{Canaries: -1})
	if err != nil {
		t.Fatal(err)
	}
	// Ours is right in all; the judge wants the larger number: 5 wins, 10 losses, a tie of the same answers.
	if k := r.Known; k == nil || k.N != 15 || k.Same != 5 || k.Other != 10 || k.Unsure != 0 || k.Right != 10 {
		t.Errorf("%+v", k)
	}
	if r.Verdicts[3].Known != "right" || r.Verdicts[17].Known != "" {
		t.Errorf("%+v, %+v", r.Verdicts[3], r.Verdicts[17])
	}
	files, err := r.WriteRecords(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(files[0])
	if err != nil || strings.Count(string(b), `"local_is": "right"`) != 16 {
		t.Errorf("%v\n%s", err, b)
	}
	if !slices.ContainsFunc(experimenttest.Read(t, experiment.Current()).Notes(), func(n run.Note) bool {
		return n.Level == "warn" && strings.Contains(n.Text, "the right one 5 times, the wrong one 10 times and none 0 times")
	}) {
		t.Error("nothing warns of the judge")
	}
}
