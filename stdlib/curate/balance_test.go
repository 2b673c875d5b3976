package curate

import (
	"reflect"
	"strings"
	"testing"

	"cogumi/stdlib/experiment/experimenttest"
)

func TestCounts(t *testing.T) {
	have := map[string]int{"math": 100, "code": 40, "other": 10}
	for _, c := range []struct {
		b    Balance
		want map[string]int
		err  string
	}{
		{Balance{Even: true}, map[string]int{"math": 10, "code": 10, "other": 10}, ""},
		{Balance{Shares: map[string]float64{"math": 3, "code": 2}}, map[string]int{"math": 60, "code": 40, "other": 0}, ""},
		{Balance{Shares: map[string]float64{"math": 3, "code": 2}, Rows: 50}, map[string]int{"math": 30, "code": 20, "other": 0}, ""},
		{Balance{Shares: map[string]float64{"math": 3, "code": 2}, Rows: 101}, nil, "code has so few that there are only 100"},
		{Balance{Shares: map[string]float64{"math": 1, "law": 1}}, nil, "no row of the category law"},
		{Balance{Most: 20}, map[string]int{"math": 20, "code": 20, "other": 10}, ""},
		{Balance{Rows: 75}, map[string]int{"math": 50, "code": 20, "other": 5}, ""},
		{Balance{Rows: 1000}, map[string]int{"math": 100, "code": 40, "other": 10}, ""},
	} {
		got, err := c.b.counts(have)
		if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%+v: %v", c.b, err)
		} else if err == nil && !reflect.DeepEqual(got, c.want) {
			t.Errorf("%+v: %v, want %v", c.b, got, c.want)
		}
	}
}

// TestBalance: the draw depends on the seed and on nothing else.
func TestBalance(t *testing.T) {
	experimenttest.Start(t)
	sources, err := Sources([]string{"tinyworld/pool"})
	if err != nil {
		t.Fatal(err)
	}
	tagged, err := Tag(sources, Tagger{})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := tagged.Mix(Rules{MaxOffensive: -1})
	if err != nil {
		t.Fatal(err)
	}
	draw := func(seed int) *Rows {
		b, err := rows.Balance(Balance{Even: true, Rows: 600, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	one, again, two := draw(1), draw(1), draw(2)
	if one.Len() != 600 || !reflect.DeepEqual(one.gone, again.gone) || reflect.DeepEqual(one.gone, two.gone) {
		t.Errorf("%d rows", one.Len())
	}
	places, err := one.categories(0)
	if err != nil || len(places) != 6 {
		t.Fatalf("%d categories, %v", len(places), err)
	}
	for name, list := range places {
		if len(list) != 100 {
			t.Errorf("%s: %d rows", name, len(list))
		}
	}
	if rows.Len() != 2586 {
		t.Errorf("the rows before have changed: %d", rows.Len())
	}
}

func TestParseBalance(t *testing.T) {
	for _, c := range []struct {
		text string
		want Balance
		ok   bool
	}{
		{"", Balance{}, true},
		{"even", Balance{Even: true}, true},
		{"math=3,code=0.5", Balance{Shares: map[string]float64{"math": 3, "code": 0.5}}, true},
		{"math", Balance{}, false}, {"math=-1", Balance{}, false}, {"math=NaN", Balance{}, false}, {"=1", Balance{}, false}, {"math=+Inf", Balance{}, false},
	} {
		got, err := ParseBalance(c.text)
		if (err == nil) != c.ok || err == nil && !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q: %+v, %v", c.text, got, err)
		}
	}
}
