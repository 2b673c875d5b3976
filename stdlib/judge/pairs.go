package judge

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"cogumi/stdlib/dataset"
)

// Pair is two answers to one row.
type Pair struct {
	Row    dataset.Row
	Ours   string
	Theirs string
}

// Match is two models' answers to the same rows.
type Match struct {
	Name   string // of the rows
	Ours   string // names of the models
	Theirs string
	Pairs  []Pair
}

// Pairs puts two models' answers to the same rows side by side.
func Pairs(ours, theirs *dataset.Answers) (*Match, error) {
	if len(ours.List) != len(theirs.List) || ours.Set.Hash() != theirs.Set.Hash() {
		return nil, fmt.Errorf("pair %s with %s: they do not answer the same rows", ours.Model, theirs.Model)
	}
	m := &Match{Name: ours.Set.Name, Ours: ours.Model, Theirs: theirs.Model}
	for i, row := range ours.Set.Rows {
		m.Pairs = append(m.Pairs, Pair{row, ours.List[i].Text, theirs.List[i].Text})
	}
	return m, nil
}

// MustPairs is Pairs; an error ends the run.
func MustPairs(ours, theirs *dataset.Answers) *Match {
	m, err := Pairs(ours, theirs)
	return must(m, err)
}

// AgainstReference puts a model's answers beside the rows' own responses, under
// the name of who wrote those. Rows without a response are an error.
func AgainstReference(ours *dataset.Answers, teacher string) (*Match, error) {
	m := &Match{Name: ours.Set.Name, Ours: ours.Model, Theirs: teacher}
	for i, row := range ours.Set.Rows {
		reply := row.Reply()
		if strings.TrimSpace(reply) == "" {
			return nil, fmt.Errorf("pair %s with %s: row %d of %s has no response", ours.Model, teacher, i+1, ours.Set.Name)
		}
		m.Pairs = append(m.Pairs, Pair{row, ours.List[i].Text, reply})
	}
	return m, nil
}

// MustAgainstReference is AgainstReference; an error ends the run.
func MustAgainstReference(ours *dataset.Answers, teacher string) *Match {
	m, err := AgainstReference(ours, teacher)
	return must(m, err)
}

func (m *Match) hash() string {
	h := sha256.New()
	enc := json.NewEncoder(h)
	_ = enc.Encode([]string{m.Ours, m.Theirs})
	for _, p := range m.Pairs { // strings always encode
		_ = enc.Encode([]string{p.Row.Prompt(), category(p.Row), p.Row.Answer, p.Row.Reply(), p.Ours, p.Theirs})
	}
	return hex.EncodeToString(h.Sum(nil))
}

// ask is one pair in one order.
type ask struct {
	pair   int // index in the match
	canary string
	order  int // 0: ours stands first
	other  *question
	Pair
}

func (a *ask) shown() (first, second string) {
	if a.order == 0 {
		return a.Ours, a.Theirs
	}
	return a.Theirs, a.Ours
}

// asks are the pairs in both orders, and the canaries.
func (m *Match) asks(canaries int, seed int) []ask {
	var out []ask
	for i, p := range m.Pairs {
		out = append(out, ask{pair: i, Pair: p}, ask{pair: i, order: 1, Pair: p})
	}
	return append(out, m.canaries(canaries, seed)...)
}

func category(r dataset.Row) string { return strings.ToLower(strings.TrimSpace(r.Category)) }
