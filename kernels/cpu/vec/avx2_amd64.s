// The shared bodies with eight lanes.

#include "go_asm.h"
#include "textflag.h"

#define VBYTES 32
#define V0 Y0
#define V1 Y1
#define V2 Y2
#define V3 Y3
#define V4 Y4
#define V5 Y5
#define V6 Y6
#define V7 Y7
#define V8 Y8
#define V9 Y9
#define V10 Y10
#define V11 Y11
#define V12 Y12
#define V13 Y13
#define V14 Y14
#define V15 Y15
#define CLEAR(v) VXORPS v, v, v
#define F_exp ·expAVX2(SB)
#define F_expSub ·expSubAVX2(SB)
#define F_sumExp ·sumExpAVX2(SB)
#define F_softmaxGrad ·softmaxGradAVX2(SB)
#define F_swiglu ·swigluAVX2(SB)
#define F_swigluBackward ·swigluBackwardAVX2(SB)
#define F_axpy ·axpyAVX2(SB)
#define F_scale ·scaleAVX2(SB)
#define F_add ·addAVX2(SB)
#define F_mulAdd ·mulAddAVX2(SB)
#define F_rmsScale ·rmsScaleAVX2(SB)
#define F_rmsBackward ·rmsBackwardAVX2(SB)
#define F_rope ·ropeAVX2(SB)
#define F_unrope ·unropeAVX2(SB)
#define F_adam ·adamAVX2(SB)
#define F_softmaxBackward ·softmaxBackwardAVX2(SB)
#define F_dot ·dotAVX2(SB)
#define F_dot3 ·dot3AVX2(SB)

#include "elementwise_amd64.h"
#include "exp_amd64.h"
#include "sums_amd64.h"
