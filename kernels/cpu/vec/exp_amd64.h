// Bodies of loops that need eˣ; see elementwise_amd64.h.

#define LOW     ·expTable+0(SB)
#define HIGH    ·expTable+64(SB)
#define LOG2E   ·expTable+128(SB)
#define ROUND   ·expTable+192(SB)
#define LN2HIGH ·expTable+256(SB)
#define LN2LOW  ·expTable+320(SB)
#define C5      ·expTable+384(SB)
#define C4      ·expTable+448(SB)
#define C3      ·expTable+512(SB)
#define C2      ·expTable+576(SB)
#define C1      ·expTable+640(SB)
#define C0      ·expTable+704(SB)
#define ONE     ·expTable+768(SB)
#define BIAS    ·expTable+832(SB)

// EXPBEGIN loads what EXP keeps in registers.
#define EXPBEGIN VMOVUPS LOW, V15; VMOVUPS HIGH, V14; VMOVUPS ROUND, V13

// EXP is x = eˣ, with n = round(x·log2 e), r = x − n·ln 2, eˣ = 2·(1 + r + r²·c(r))·2ⁿ⁻¹.
// Max and min have x last in their source order, so that a NaN stays. Below LOW
// the factor 2ⁿ⁻¹ is 0, above HIGH it is infinite.
#define EXP(x, t, p) \
	VMAXPS x, V15, x; \
	VMINPS x, V14, x; \
	VMOVUPS V13, t; \
	VFMADD231PS LOG2E, x, t; \
	VSUBPS V13, t, p; \
	VFNMADD231PS LN2HIGH, p, x; \
	VFNMADD231PS LN2LOW, p, x; \
	VMOVUPS C5, p; \
	VFMADD213PS C4, x, p; \
	VFMADD213PS C3, x, p; \
	VFMADD213PS C2, x, p; \
	VFMADD213PS C1, x, p; \
	VFMADD213PS C0, x, p; \
	VMULPS x, p, p; \
	VFMADD213PS x, x, p; \
	VADDPS ONE, p, p; \
	VADDPS p, p, p; \
	VPSLLD $23, t, t; \
	VPADDD BIAS, t, t; \
	VMULPS t, p, x

// x = eˣ
TEXT F_exp, NOSPLIT, $0-8
	BEGIN
	EXPBEGIN
loop:
	VMOVUPS (DI)(BX*1), V0
	EXP(V0, V1, V2)
	VMOVUPS V0, (DI)(BX*1)
	END

// x = exp(x−k0); a.sum gets the lanes' sums added
TEXT F_expSub, NOSPLIT, $0-8
	BEGIN
	EXPBEGIN
	K(0, V12)
	VMOVUPS args_sum(AX), V11
loop:
	VMOVUPS (DI)(BX*1), V0
	VSUBPS V12, V0, V0
	EXP(V0, V1, V2)
	VMOVUPS V0, (DI)(BX*1)
	VADDPS V0, V11, V11
	ADDQ $VBYTES, BX
	CMPQ BX, CX
	JLT  loop
	VMOVUPS V11, args_sum(AX)
	VZEROUPPER
	RET

// as expSub without writing x
TEXT F_sumExp, NOSPLIT, $0-8
	BEGIN
	EXPBEGIN
	K(0, V12)
	VMOVUPS args_sum(AX), V11
loop:
	VMOVUPS (DI)(BX*1), V0
	VSUBPS V12, V0, V0
	EXP(V0, V1, V2)
	VADDPS V0, V11, V11
	ADDQ $VBYTES, BX
	CMPQ BX, CX
	JLT  loop
	VMOVUPS V11, args_sum(AX)
	VZEROUPPER
	RET

// x = k1·exp(x−k0)
TEXT F_softmaxGrad, NOSPLIT, $0-8
	BEGIN
	EXPBEGIN
	K(0, V12)
	K(1, V11)
loop:
	VMOVUPS (DI)(BX*1), V0
	VSUBPS V12, V0, V0
	EXP(V0, V1, V2)
	VMULPS V0, V11, V0
	VMOVUPS V0, (DI)(BX*1)
	END

// SIGMOID is d = 1+exp(−g), whose reciprocal is the sigmoid; it needs V12 = 0.
#define SIGMOID(g, d, t, p) VSUBPS g, V12, d; EXP(d, t, p); VADDPS ONE, d, d

// h = g/(1+exp(−g))·u
TEXT F_swiglu, NOSPLIT, $0-8
	BEGIN
	EXPBEGIN
	CLEAR(V12)
loop:
	VMOVUPS (SI)(BX*1), V3
	SIGMOID(V3, V0, V1, V2)
	VDIVPS V0, V3, V3
	VMULPS (DX)(BX*1), V3, V3
	VMOVUPS V3, (DI)(BX*1)
	END

// dg, du from dh, g, u: du = dh·(g·s), dg = dh·u·s·(1 + g·(1−s))
TEXT F_swigluBackward, NOSPLIT, $0-8
	BEGIN
	EXPBEGIN
	CLEAR(V12)
	VMOVUPS ONE, V11
loop:
	VMOVUPS (R8)(BX*1), V3 // g
	SIGMOID(V3, V0, V1, V2)
	VDIVPS V0, V11, V0 // s
	VMOVUPS (DX)(BX*1), V4 // dh
	VMULPS (R9)(BX*1), V4, V5
	VMULPS V0, V5, V5 // dh·u·s
	VSUBPS V0, V11, V6
	VMULPS V6, V3, V6
	VADDPS V11, V6, V6
	VMULPS V6, V5, V5
	VMULPS V0, V3, V3
	VMULPS V3, V4, V4
	VMOVUPS V5, (DI)(BX*1)
	VMOVUPS V4, (SI)(BX*1)
	END
