package cpu

import (
	"cogumi/kernels"
	"cogumi/kernels/cpu/gemm"
	"cogumi/kernels/cpu/vec"
	"cogumi/kernels/host"
	"cogumi/kernels/plain"
)

// chunkBytes bounds the logits that exist at once.
const chunkBytes = 32 << 20

// lossChunk is how many rows have logits at once.
func lossChunk(o *kernels.CrossEntropy) int {
	return min(o.X.Rows(), max(16, chunkBytes/4/o.W.Out))
}

func (o *operands) crossEntropy(v *host.View, op *kernels.CrossEntropy) func() {
	h, vocabulary := op.X.Cols(), op.W.Out
	chunk, logits := lossChunk(op), &o.work.logits
	forward, backward := o.operand(v, op.W, true), o.operand(v, op.W, false)
	x, targets, nll, dx := v.F32(op.X), v.I32(op.Targets), v.F32(op.NLL), v.F32(op.DX)
	return func() {
		n, scale := count(v, op.Rows), v.F32(op.Scale)[0]
		var loss float64
		for lo := 0; lo < n; lo += chunk {
			hi := min(lo+chunk, n)
			l := gemm.Dense(logits.data[:(hi-lo)*vocabulary], hi-lo, vocabulary)
			forward()(l, gemm.Dense(x[lo*h:hi*h], hi-lo, h), false)
			eachRow(hi-lo, func(i int) {
				row, target := l.Data[i*vocabulary:(i+1)*vocabulary], int(targets[lo+i])
				lse := vec.LogSumExp(row)
				nll[lo+i] = lse - row[target]
				if dx != nil {
					vec.CrossEntropyGrad(row, target, lse, scale)
				}
			})
			if dx != nil {
				backward()(gemm.Dense(dx[lo*h:hi*h], hi-lo, h), l, false)
			}
		}
		for _, x := range nll[:n] {
			loss += float64(x)
		}
		v.F32(op.Loss)[0] += float32(loss)
	}
}

func sample(v *host.View, o *kernels.Sample) func() {
	n := o.Logits.Cols()
	logits, ids := v.F32(o.Logits), v.I32(o.IDs)
	temperature, topP, topK, uniform := v.F32(o.Temperature), v.F32(o.TopP), v.I32(o.TopK), v.F32(o.Uniform)
	return func() {
		eachRow(count(v, o.Rows), func(i int) {
			row := logits[i*n : (i+1)*n]
			if temperature[i] <= 0 {
				ids[i] = int32(vec.Argmax(row))
				return
			}
			ids[i] = int32(plain.Draw(row, temperature[i], topP[i], int(topK[i]), uniform[i]))
		})
	}
}
