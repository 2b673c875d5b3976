package stats

import (
	"math"

	"gonum.org/v1/gonum/stat"
)

// LengthBias is how far judgements follow the lengths of the answers.
type LengthBias struct {
	Longer  int // decided judgements that the longer answer won
	Decided int // judgements with a winner and answers of different lengths
	// LongestWins is the score that a judge who knows nothing but the lengths
	// would give, in 0…1.
	LongestWins float64
	Slope       float64 // log odds for a length advantage of much; 0: no bias
	Controlled  float64 // the score at equal lengths, in 0…1; NaN without a fit
	Low, High   float64 // interval of Controlled, by Bootstrap
}

// Lengths measures the bias of scores in 0…1 (one a prompt; 1: ours is better) of
// answers with the given lengths, at a level such as 0.95. Controlled follows
// length-controlled AlpacaEval (Dubois et al. 2024, arXiv:2404.04475) without its
// term for the difficulty of a prompt: logit(score) = a + b·tanh(Δ/σ), Δ ours −
// theirs and σ its standard deviation; at Δ = 0 the score is logistic(a).
func Lengths(scores []float64, ours, theirs []int, level float64, seed int) LengthBias {
	var out LengthBias
	n := len(scores)
	x := make([]float64, n)
	for i := range scores {
		d := float64(ours[i] - theirs[i])
		x[i] = d
		switch {
		case d > 0:
			out.LongestWins++
		case d == 0:
			out.LongestWins += 0.5
		}
		if d != 0 && scores[i] != 0.5 {
			out.Decided++
			if (d > 0) == (scores[i] > 0.5) {
				out.Longer++
			}
		}
	}
	out.Controlled, out.Low, out.High = math.NaN(), 0, 1
	if n == 0 {
		return out
	}
	out.LongestWins /= float64(n)
	if sd := stat.StdDev(x, nil); n > 1 && sd > 0 {
		for i := range x {
			x[i] = math.Tanh(x[i] / sd)
		}
	}
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	a, b := logistic(scores, x, all, 0, 0, 1e-10)
	out.Slope, out.Controlled = b, sigmoid(a)
	if n > 1 {
		out.Low, out.High = Bootstrap(n, func(drawn []int) float64 {
			a, _ := logistic(scores, x, drawn, a, b, 1e-6) // drawn prompts are near all of them
			return sigmoid(a)
		}, level, 1000, seed)
	}
	return out
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// logistic fits E[score] = logistic(a + b·x) by Newton's method from a, b on, with
// half a pseudo-judgement on each side so that scores which all agree have a fit.
func logistic(scores, x []float64, rows []int, a, b, enough float64) (float64, float64) {
	const ridge = 0.5
	for range 25 {
		ga, gb, haa, hab, hbb := -ridge*(2*sigmoid(a)-1), -ridge*b, 2*ridge*sigmoid(a)*(1-sigmoid(a)), 0.0, ridge
		for _, i := range rows {
			p := sigmoid(a + b*x[i])
			e, w := scores[i]-p, p*(1-p)
			ga += e
			gb += e * x[i]
			haa += w
			hab += w * x[i]
			hbb += w * x[i] * x[i]
		}
		det := haa*hbb - hab*hab
		if det <= 0 {
			return a, b
		}
		da, db := (hbb*ga-hab*gb)/det, (haa*gb-hab*ga)/det
		if step := math.Hypot(da, db); step > 2 { // far from the quadratic part
			da, db = 2*da/step, 2*db/step
		}
		a, b = a+da, b+db
		if math.Abs(da)+math.Abs(db) < enough {
			break
		}
	}
	return a, b
}
