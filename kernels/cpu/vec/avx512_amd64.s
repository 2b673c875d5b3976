// The shared bodies with sixteen lanes.

#include "go_asm.h"
#include "textflag.h"

#define VBYTES 64
#define V0 Z0
#define V1 Z1
#define V2 Z2
#define V3 Z3
#define V4 Z4
#define V5 Z5
#define V6 Z6
#define V7 Z7
#define V8 Z8
#define V9 Z9
#define V10 Z10
#define V11 Z11
#define V12 Z12
#define V13 Z13
#define V14 Z14
#define V15 Z15
#define CLEAR(v) VPXORD v, v, v
#define F_exp ·expAVX512(SB)
#define F_expSub ·expSubAVX512(SB)
#define F_sumExp ·sumExpAVX512(SB)
#define F_softmaxGrad ·softmaxGradAVX512(SB)
#define F_swiglu ·swigluAVX512(SB)
#define F_swigluBackward ·swigluBackwardAVX512(SB)
#define F_axpy ·axpyAVX512(SB)
#define F_scale ·scaleAVX512(SB)
#define F_add ·addAVX512(SB)
#define F_mulAdd ·mulAddAVX512(SB)
#define F_rmsScale ·rmsScaleAVX512(SB)
#define F_rmsBackward ·rmsBackwardAVX512(SB)
#define F_rope ·ropeAVX512(SB)
#define F_unrope ·unropeAVX512(SB)
#define F_adam ·adamAVX512(SB)
#define F_softmaxBackward ·softmaxBackwardAVX512(SB)
#define F_dot ·dotAVX512(SB)
#define F_dot3 ·dot3AVX512(SB)

#include "elementwise_amd64.h"
#include "exp_amd64.h"
#include "sums_amd64.h"
