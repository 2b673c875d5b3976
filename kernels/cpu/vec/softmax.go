package vec

import "math"

// Exp is x[i] = eˣ, within 2 ulp where the result is a normal number, exactly 0
// for −Inf.
func Exp(x []float32) { exp(x) }

// ExpSub is x[i] = exp(x[i]−m); it returns their sum.
func ExpSub(x []float32, m float32) (sum float32) { return expSub(x, m) }

// SumExp is Σ exp(x[i]−m).
func SumExp(x []float32, m float32) float32 { return sumExp(x, m) }

// Softmax is x[i] = exp(x[i]−max)/sum with sum = Σ exp(x[i]−max), which it
// returns with max. As in torch, a row of −Inf alone gives NaN.
func Softmax(x []float32) (largest, sum float32) {
	largest = Max(x)
	sum = expSub(x, largest)
	scale(1/sum, x)
	return largest, sum
}

// LogSumExp is log Σ exp(x[i]).
func LogSumExp(x []float32) float32 {
	m := Max(x)
	if math.IsInf(float64(m), 0) {
		return m // −Inf alone, or an overflow that stays one
	}
	return m + float32(math.Log(float64(sumExp(x, m))))
}

// SoftmaxBackward is ds[i] = p[i]·(dp[i]−mean)·factor: the gradient of scores from
// that of their softmax p, with mean = Σ p·dp. ds may be p or dp.
func SoftmaxBackward(ds, p, dp []float32, mean, factor float32) {
	softmaxBackward(ds, p[:len(ds)], dp[:len(ds)], mean, factor)
}

// CrossEntropyGrad turns logits into the gradient of their loss, in place:
// x[i] = scale·(exp(x[i]−lse) − [i = target]), with lse = LogSumExp(x).
func CrossEntropyGrad(x []float32, target int, lse, scale float32) {
	softmaxGrad(x, lse, scale)
	x[target] -= scale
}

// Argmax is the index of the largest element, the first of equal ones; a NaN
// counts as largest. It is −1 for none.
func Argmax(x []float32) int {
	if len(x) == 0 {
		return -1
	}
	return index(x, maximum(x))
}

// ArgmaxMargin is Argmax and the distance from the largest element to the second
// largest (+Inf for a single element).
func ArgmaxMargin(x []float32) (i int, margin float32) {
	i = Argmax(x)
	if i < 0 {
		return i, 0
	}
	return i, x[i] - max(maximum(x[:i]), maximum(x[i+1:]))
}

// indexPlain finds the first element equal to v, or the first NaN for a NaN.
func indexPlain(x []float32, v float32) int {
	for i, w := range x {
		if w == v || v != v && w != w {
			return i
		}
	}
	return -1
}
