package curate

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"cogumi/reports/run"
	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
)

// Balance says how many rows of each category stay. Which ones is drawn by a hash of
// each row and the seed, so that it does not depend on their order.
type Balance struct {
	Shares map[string]float64 // weights by category; others go. Empty with Even: all the same
	Even   bool
	Rows   int // of all categories together; 0: as many as the shares allow
	Most   int // rows of a category at most; 0: no limit
	Seed   int
}

// ParseBalance reads "even", "math=3,code=2" (weights) or "", which is no balance.
func ParseBalance(text string) (Balance, error) {
	if text == "" || text == "even" {
		return Balance{Even: text == "even"}, nil
	}
	b := Balance{Shares: map[string]float64{}}
	for part := range strings.SplitSeq(text, ",") {
		name, weight, ok := strings.Cut(part, "=")
		w, err := strconv.ParseFloat(weight, 64)
		if !ok || err != nil || !(w > 0) || math.IsInf(w, 0) || name == "" {
			return Balance{}, experiment.WithCode(experiment.Hint(fmt.Errorf("balance: %q is no share", part), "Write even, or weights: math=3,code=2"), 2)
		}
		b.Shares[name] += w
	}
	return b, nil
}

// MustParseBalance is ParseBalance; an error ends the run.
func MustParseBalance(text string) Balance {
	b, err := ParseBalance(text)
	return must(b, err)
}

// Uncategorised is what rows without a category are called.
const Uncategorised = "other"

// Balance drops rows until the categories have their shares. It is an error if a
// category that has a share has no rows, or not enough for Rows.
func (r *Rows) Balance(b Balance) (*Rows, error) {
	if !b.Even && len(b.Shares) == 0 && b.Rows == 0 && b.Most == 0 {
		return r, nil
	}
	places, err := r.categories(b.Seed)
	if err != nil {
		return nil, err
	}
	have := map[string]int{}
	for name, list := range places {
		have[name] = len(list)
	}
	want, err := b.counts(have)
	if err != nil {
		return nil, err
	}
	drop := newBits(r.total)
	for name, list := range places {
		slices.SortFunc(list, func(x, y place) int { return cmp.Or(cmp.Compare(x.hash, y.hash), cmp.Compare(x.line, y.line)) })
		for _, p := range list[want[name]:] {
			drop.add(int(p.line))
		}
	}
	table := run.Table{Name: "categories", Title: "Categories", Columns: []string{"category", "rows before", "rows", "share"}}
	out := r.without(drop, run.FunnelStage{Name: "balance", Note: b.say(have, want)}, fmt.Sprintf("balance %v", b))
	for _, name := range slices.Sorted(maps.Keys(have)) {
		table.Rows = append(table.Rows, []any{name, have[name], want[name], fmt.Sprintf("%.1f %%", 100*float64(want[name])/float64(max(1, out.kept)))})
	}
	experiment.Current().Table(table)
	return out, nil
}

// MustBalance is Balance; an error ends the run.
func (r *Rows) MustBalance(b Balance) *Rows {
	out, err := r.Balance(b)
	return must(out, err)
}

// place is a line with its draw.
type place struct {
	line uint32
	hash uint64
}

func (r *Rows) categories(seed int) (map[string][]place, error) {
	places := map[string][]place{}
	err := r.each(func(line int, row *dataset.Row) error {
		name := cmp.Or(row.Category, Uncategorised)
		h := sha256.Sum256([]byte(strconv.Itoa(seed) + "\x00" + row.Prompt() + "\x00" + row.Reply()))
		places[name] = append(places[name], place{uint32(line), binary.LittleEndian.Uint64(h[:])})
		return nil
	})
	return places, err
}

// counts are the rows of each category that stay.
func (b *Balance) counts(have map[string]int) (map[string]int, error) {
	shares := b.Shares
	if len(shares) == 0 {
		shares = map[string]float64{}
		for name, n := range have {
			shares[name] = float64(n)
			if b.Even {
				shares[name] = 1
			}
		}
	}
	all := 0.0
	for _, w := range shares {
		all += w
	}
	total, scarce := math.Inf(1), ""
	for _, name := range slices.Sorted(maps.Keys(shares)) {
		n := have[name]
		if b.Most > 0 {
			n = min(n, b.Most)
		}
		if n == 0 {
			return nil, experiment.WithCode(experiment.Hint(fmt.Errorf("balance: there is no row of the category %s", name), "There are "+listOf(have)), 3)
		}
		if possible := float64(n) * all / shares[name]; possible < total {
			total, scarce = possible, name
		}
	}
	evenly := len(b.Shares) > 0 || b.Even
	if b.Rows > 0 {
		if float64(b.Rows) > total+1e-6 && evenly {
			return nil, experiment.WithCode(experiment.Hint(fmt.Errorf("balance: %d rows are wanted, but %s has so few that there are only %d", b.Rows, scarce, int(total)), "Ask for fewer, or give "+scarce+" a smaller share."), 3)
		}
		total = float64(b.Rows)
	}
	want := map[string]int{}
	for name, n := range have {
		want[name] = 0
		switch {
		case shares[name] == 0:
		case !evenly && b.Rows == 0:
			want[name] = n
		default:
			want[name] = min(n, int(math.Floor(total*shares[name]/all+1e-9)))
		}
		if b.Most > 0 {
			want[name] = min(want[name], b.Most)
		}
	}
	return want, nil
}

func (b *Balance) say(have, want map[string]int) string {
	gone := 0
	for name, n := range have {
		gone += n - want[name]
	}
	if gone == 0 {
		return ""
	}
	return fmt.Sprintf("%d go; left are %s", gone, listOf(want))
}

func listOf(n map[string]int) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(n)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, n[name]))
	}
	return strings.Join(parts, ", ")
}
