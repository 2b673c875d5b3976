//go:build ignore

// PURPOSE: Read recorded judgements of one order and say what they carry: win rate, error, interval, length bias.
// WHEN TO USE: You have AlpacaEval's annotations of a model and want its figures again, without a key.
// WHEN NOT TO USE: You want answers judged, in both orders: phase1b_benchmark does that.
// INPUT: --annotations F | judged records | own
// OUTPUT: none
// PIPELINE STAGE: 1B.1 benchmark
// TIME: < 5 s
// COST: free

package main

import (
	"fmt"

	"cogumi/stdlib/experiment"
	"cogumi/stdlib/judge"
)

func main() {
	x := experiment.Start()
	defer x.Finish()

	o := judge.MustReadAnnotations(x.String("annotations", "", "annotations.json of AlpacaEval, plain or gzipped"))
	o.Report()
	x.Result(o)
	fmt.Printf("%s against %s, judged by %s, one order\n", o.Name, o.Baseline, o.Judge)
	fmt.Printf("win rate %.2f %% (%.2f to %.2f), standard error %.2f, %d won, %d lost, %d ties, n = %d\n", o.WinRate, o.Low, o.High, o.Error, o.Wins, o.Losses, o.Ties, o.N)
	fmt.Printf("at equal lengths %.2f %%; the longer answer won %.1f %%\n", o.ByLengths, o.LongWins)
}
