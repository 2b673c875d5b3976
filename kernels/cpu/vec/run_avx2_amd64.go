package vec

//go:noescape
func expAVX2(a *args)

//go:noescape
func expSubAVX2(a *args)

//go:noescape
func sumExpAVX2(a *args)

//go:noescape
func softmaxGradAVX2(a *args)

//go:noescape
func swigluAVX2(a *args)

//go:noescape
func swigluBackwardAVX2(a *args)

//go:noescape
func axpyAVX2(a *args)

//go:noescape
func scaleAVX2(a *args)

//go:noescape
func addAVX2(a *args)

//go:noescape
func mulAddAVX2(a *args)

//go:noescape
func rmsScaleAVX2(a *args)

//go:noescape
func rmsBackwardAVX2(a *args)

//go:noescape
func ropeAVX2(a *args)

//go:noescape
func unropeAVX2(a *args)

//go:noescape
func adamAVX2(a *args)

//go:noescape
func softmaxBackwardAVX2(a *args)

//go:noescape
func dotAVX2(a *args)

//go:noescape
func dot3AVX2(a *args)

func run256(o op, a *args) {
	switch o {
	case opExp:
		expAVX2(a)
	case opExpSub:
		expSubAVX2(a)
	case opSumExp:
		sumExpAVX2(a)
	case opSoftmaxGrad:
		softmaxGradAVX2(a)
	case opSwiGLU:
		swigluAVX2(a)
	case opSwiGLUBackward:
		swigluBackwardAVX2(a)
	case opAxpy:
		axpyAVX2(a)
	case opScale:
		scaleAVX2(a)
	case opAdd:
		addAVX2(a)
	case opMulAdd:
		mulAddAVX2(a)
	case opRMSScale:
		rmsScaleAVX2(a)
	case opRMSBackward:
		rmsBackwardAVX2(a)
	case opRope:
		ropeAVX2(a)
	case opUnrope:
		unropeAVX2(a)
	case opAdam:
		adamAVX2(a)
	case opSoftmaxBackward:
		softmaxBackwardAVX2(a)
	case opDot:
		dotAVX2(a)
	case opDot3:
		dot3AVX2(a)
	}
}
