//go:build ignore

// PURPOSE: Show what an adapter made better and what it made worse, on the same problems, and decide whether it is good enough.
// WHEN TO USE: After training, before the adapter is merged, served or trained further.
// WHEN NOT TO USE: Answers can only be judged, not graded: phase1b_benchmark compares with a teacher's.
// INPUT: --adapter A | adapter | from=phase1b_train.go,phase1a_train.go,phase1b_scaleup.go,phase1b_loop.go
//   --eval F (default tinyworld/eval) | problems | rows>=20
//   --model M (default tiny) | model
//   --before A | adapter | from=phase1a_train.go | optional
// OUTPUT: runs/<id>/run.json | result (paired comparison)
// FLAGS: --require conditions between commas that decide the exit code: points>=3,math.wins>=+5,count.losses<=2
//   --limit N problems to look at; 0: all
//   --any-base use adapters also on other files than they were trained on
// PIPELINE STAGE: 1B.4 validation
// TIME: 10-30 s for tiny on 2 cores; answers that an earlier run has are not computed again
// COST: $0 on your own machine

package main

import (
	"fmt"

	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/grade"
	"cogumi/stdlib/model"
	"cogumi/stdlib/validate"
)

func main() {
	x := experiment.Start()
	defer x.Finish()

	require := validate.MustConditions(x.String("require", "", "conditions that decide the exit code: points>=3,math.wins>=+5"))
	anyBase := x.Bool("any-base", false, "use adapters also on other files than they were trained on")
	base := model.MustLoad(x.String("model", "tiny", "model folder, GGUF file, name of a downloaded model, or tiny"))
	eval := dataset.MustRead(x.String("eval", "tinyworld/eval", "problems to judge by")).Named("eval")
	if n := x.Int("limit", 0, "problems to look at; 0: all"); n > 0 {
		eval = eval.Shuffle(1).Head(n)
	}
	tuned := with(base, x.String("adapter", "", "adapter to validate"), anyBase)
	if before := x.String("before", "", "adapter to compare with, instead of the base alone"); before != "" {
		base = with(base, before, anyBase)
	}

	was := grade.Check(base.MustAnswer(eval, model.Sampling{}))
	is := grade.Check(tuned.MustAnswer(eval, model.Sampling{}))
	c := validate.Compare(was, is)
	x.Result(c)

	fmt.Printf("before %5.1f %%, after %5.1f %% of %d: %+.1f points (%.1f to %.1f), %d gained, %d lost\n", 100*c.Base.Accuracy, 100*c.Tuned.Accuracy, c.Overall.N,
		100*c.Overall.Diff, 100*c.Overall.Low, 100*c.Overall.High, c.Overall.Gained, c.Overall.Lost)
	for _, f := range c.Regressions {
		fmt.Printf("forgotten: %s, %d to %d of %d (p = %.3f)\n", f.Family, f.Before, f.After, f.N, f.P)
	}
	require.MustHold(c)
}

// with is a model with an adapter.
func with(m *model.Model, adapter string, anyBase bool) *model.Model {
	a, err := model.FindAdapter(adapter)
	if err != nil {
		experiment.Stop(experiment.WithCode(err, 3))
	}
	a.AnyBase = anyBase
	return m.MustWithAdapter(a)
}
