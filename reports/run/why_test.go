package run

import (
	"strings"
	"testing"
	"time"
)

func TestWhy(t *testing.T) {
	root := t.TempDir()
	n := 0
	add := func(script string, steps ...Step) {
		t.Helper()
		n++
		w, err := Create(root, Info{Script: script, Started: time.Now().Add(time.Duration(n) * time.Second)})
		must(t, err)
		for i := range steps {
			must(t, w.Event(Event{Kind: "step", StepInfo: &steps[i]}))
		}
		must(t, w.Close())
	}
	train := func(lr, source, key string, reused bool) Step {
		return Step{Name: "train", Key: key, State: Done, Reused: reused, Parts: map[string]string{"param lr": lr, "source func": source, "input rows": "aa"}}
	}
	if _, err := Why(root, "", "train"); err == nil {
		t.Error("no runs: no error")
	}
	add("s", train("0.1", "f1", "k1", false))
	explain := func() string {
		t.Helper()
		list, err := Why(root, "s", "train")
		must(t, err)
		var b strings.Builder
		for _, e := range list {
			b.WriteString(e.String())
		}
		return b.String()
	}
	if got := explain(); !strings.Contains(got, "no earlier run") {
		t.Error(got)
	}
	add("s", train("0.2", "f2", "k2", false))
	add("other", train("0.9", "f9", "k9", false))
	got := explain()
	for _, want := range []string{"train was done, because since", "param lr 0.1 → 0.2", "the script's text changed: the step's function"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q lacks %q", got, want)
		}
	}
	if strings.Contains(got, "rows") {
		t.Errorf("an input that is the same is named: %q", got)
	}
	add("s", train("0.2", "f2", "k2", true))
	if got := explain(); !strings.Contains(got, "was reused: nothing that decides its result has changed") {
		t.Error(got)
	}
	add("s", train("0.2", "f2", "k2", false))
	if got := explain(); !strings.Contains(got, "--force") {
		t.Error(got)
	}
	// Two steps of one name: each is compared with the one that is like it.
	answer := func(model, pool string) Step {
		return Step{Name: "answer", Key: model + pool, State: Done, Parts: map[string]string{"input model": model, "input pool": pool, "version": "1"}}
	}
	add("s", answer("base", "p1"), answer("tuned", "p1"))
	add("s", answer("base", "p1"), answer("tuned", "p2"))
	list, err := Why(root, "s", "answer")
	must(t, err)
	if len(list) != 2 || len(list[0].Changes) != 0 || len(list[1].Changes) != 1 || list[1].Changes[0].String() != "input pool has other content" {
		t.Errorf("%+v", list)
	}
	if all, err := Why(root, "", ""); err != nil || len(all) != 2 {
		t.Errorf("all steps of the newest run: %v %v", all, err)
	}
	// "train" is not in the newest run: the newest one that has it counts.
	if got := explain(); !strings.Contains(got, "train") {
		t.Error(got)
	}
}
