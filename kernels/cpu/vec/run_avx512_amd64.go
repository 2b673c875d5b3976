package vec

//go:noescape
func expAVX512(a *args)

//go:noescape
func expSubAVX512(a *args)

//go:noescape
func sumExpAVX512(a *args)

//go:noescape
func softmaxGradAVX512(a *args)

//go:noescape
func swigluAVX512(a *args)

//go:noescape
func swigluBackwardAVX512(a *args)

//go:noescape
func axpyAVX512(a *args)

//go:noescape
func scaleAVX512(a *args)

//go:noescape
func addAVX512(a *args)

//go:noescape
func mulAddAVX512(a *args)

//go:noescape
func rmsScaleAVX512(a *args)

//go:noescape
func rmsBackwardAVX512(a *args)

//go:noescape
func ropeAVX512(a *args)

//go:noescape
func unropeAVX512(a *args)

//go:noescape
func adamAVX512(a *args)

//go:noescape
func softmaxBackwardAVX512(a *args)

//go:noescape
func dotAVX512(a *args)

//go:noescape
func dot3AVX512(a *args)

func run512(o op, a *args) {
	switch o {
	case opExp:
		expAVX512(a)
	case opExpSub:
		expSubAVX512(a)
	case opSumExp:
		sumExpAVX512(a)
	case opSoftmaxGrad:
		softmaxGradAVX512(a)
	case opSwiGLU:
		swigluAVX512(a)
	case opSwiGLUBackward:
		swigluBackwardAVX512(a)
	case opAxpy:
		axpyAVX512(a)
	case opScale:
		scaleAVX512(a)
	case opAdd:
		addAVX512(a)
	case opMulAdd:
		mulAddAVX512(a)
	case opRMSScale:
		rmsScaleAVX512(a)
	case opRMSBackward:
		rmsBackwardAVX512(a)
	case opRope:
		ropeAVX512(a)
	case opUnrope:
		unropeAVX512(a)
	case opAdam:
		adamAVX512(a)
	case opSoftmaxBackward:
		softmaxBackwardAVX512(a)
	case opDot:
		dotAVX512(a)
	case opDot3:
		dot3AVX512(a)
	}
}
