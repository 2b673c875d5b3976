// Bodies of elementwise loops, for any vector length: V0… are its registers,
// VBYTES its size. a.n is a positive multiple of the lanes.
//
//	DI, SI, DX, R8, R9  a.p[0]…a.p[4]    BX  bytes done    CX  bytes in all

#define BEGIN \
	MOVQ a+0(FP), AX; \
	MOVQ args_p+0(AX), DI; \
	MOVQ args_p+8(AX), SI; \
	MOVQ args_p+16(AX), DX; \
	MOVQ args_p+24(AX), R8; \
	MOVQ args_p+32(AX), R9; \
	MOVQ args_n(AX), CX; \
	SHLQ $2, CX; \
	XORQ BX, BX

#define K(i, v) VBROADCASTSS args_k+(4*i)(AX), v

#define END \
	ADDQ $VBYTES, BX; \
	CMPQ BX, CX; \
	JLT  loop; \
	VZEROUPPER; \
	RET

// y += alpha·x
TEXT F_axpy, NOSPLIT, $0-8
	BEGIN
	K(0, V15)
loop:
	VMOVUPS (DI)(BX*1), V0
	VFMADD231PS (SI)(BX*1), V15, V0
	VMOVUPS V0, (DI)(BX*1)
	END

// x *= alpha
TEXT F_scale, NOSPLIT, $0-8
	BEGIN
	K(0, V15)
loop:
	VMULPS (DI)(BX*1), V15, V0
	VMOVUPS V0, (DI)(BX*1)
	END

// dst += x
TEXT F_add, NOSPLIT, $0-8
	BEGIN
loop:
	VMOVUPS (DI)(BX*1), V0
	VADDPS (SI)(BX*1), V0, V0
	VMOVUPS V0, (DI)(BX*1)
	END

// dst += a·b
TEXT F_mulAdd, NOSPLIT, $0-8
	BEGIN
loop:
	VMOVUPS (DI)(BX*1), V0
	VMOVUPS (SI)(BX*1), V1
	VFMADD231PS (DX)(BX*1), V1, V0
	VMOVUPS V0, (DI)(BX*1)
	END

// y = w·(x·rstd)
TEXT F_rmsScale, NOSPLIT, $0-8
	BEGIN
	K(0, V15)
loop:
	VMULPS (SI)(BX*1), V15, V0
	VMULPS (DX)(BX*1), V0, V0
	VMOVUPS V0, (DI)(BX*1)
	END

// dx = rstd·(dy·w) − c·x, plus dx·k2 where k2 is not 0
TEXT F_rmsBackward, NOSPLIT, $0-8
	BEGIN
	K(0, V15)
	K(1, V14)
	MOVL args_k+8(AX), R10
	TESTL R10, R10
	JNE  sum
loop:
	VMOVUPS (SI)(BX*1), V0
	VMULPS (R8)(BX*1), V0, V0
	VMULPS V0, V15, V0
	VMULPS (DX)(BX*1), V14, V1
	VSUBPS V1, V0, V0
	VMOVUPS V0, (DI)(BX*1)
	END
sum:
	VMOVUPS (SI)(BX*1), V0
	VMULPS (R8)(BX*1), V0, V0
	VMULPS V0, V15, V0
	VMULPS (DX)(BX*1), V14, V1
	VSUBPS V1, V0, V0
	VADDPS (DI)(BX*1), V0, V0
	VMOVUPS V0, (DI)(BX*1)
	ADDQ $VBYTES, BX
	CMPQ BX, CX
	JLT  sum
	VZEROUPPER
	RET

// (x, y) = (x·cos − y·sin, y·cos + x·sin); products rounded, as in torch
TEXT F_rope, NOSPLIT, $0-8
	BEGIN
loop:
	VMOVUPS (DI)(BX*1), V0
	VMOVUPS (SI)(BX*1), V1
	VMOVUPS (DX)(BX*1), V2
	VMOVUPS (R8)(BX*1), V3
	VMULPS V2, V0, V4
	VMULPS V3, V1, V5
	VMULPS V2, V1, V6
	VMULPS V3, V0, V7
	VSUBPS V5, V4, V4
	VADDPS V7, V6, V6
	VMOVUPS V4, (DI)(BX*1)
	VMOVUPS V6, (SI)(BX*1)
	END

// (x, y) = (x·cos + y·sin, y·cos − x·sin)
TEXT F_unrope, NOSPLIT, $0-8
	BEGIN
loop:
	VMOVUPS (DI)(BX*1), V0
	VMOVUPS (SI)(BX*1), V1
	VMOVUPS (DX)(BX*1), V2
	VMOVUPS (R8)(BX*1), V3
	VMULPS V2, V0, V4
	VMULPS V3, V1, V5
	VMULPS V2, V1, V6
	VMULPS V3, V0, V7
	VADDPS V5, V4, V4
	VSUBPS V7, V6, V6
	VMOVUPS V4, (DI)(BX*1)
	VMOVUPS V6, (SI)(BX*1)
	END

// ds = p·(dp − k0)·k1
TEXT F_softmaxBackward, NOSPLIT, $0-8
	BEGIN
	K(0, V15)
	K(1, V14)
loop:
	VMOVUPS (DX)(BX*1), V0
	VSUBPS V15, V0, V0
	VMULPS (SI)(BX*1), V0, V0
	VMULPS V0, V14, V0
	VMOVUPS V0, (DI)(BX*1)
	END

// AdamW; no multiply-add is fused, as in torch. p, m, v, g; constants in the
// order of adamConstants.
TEXT F_adam, NOSPLIT, $0-8
	BEGIN
	K(0, V15) // gradScale
	K(1, V14) // decay
	K(2, V13) // 1−β1
	K(3, V12) // β2
	K(4, V11) // 1−β2
	K(5, V10) // √c2
	K(6, V9)  // eps
	K(7, V8)  // −lr/c1
loop:
	VMULPS (R8)(BX*1), V15, V0 // g
	VMOVUPS (SI)(BX*1), V1
	VSUBPS V1, V0, V2
	VMULPS V2, V13, V2
	VADDPS V2, V1, V1 // m
	VMULPS (DX)(BX*1), V12, V3
	VMULPS V0, V11, V4
	VMULPS V0, V4, V4
	VADDPS V4, V3, V3 // v
	VMOVUPS V1, (SI)(BX*1)
	VMOVUPS V3, (DX)(BX*1)
	VSQRTPS V3, V3
	VDIVPS V10, V3, V3
	VADDPS V9, V3, V3
	VMULPS V1, V8, V1
	VDIVPS V3, V1, V1
	VMULPS (DI)(BX*1), V14, V0
	VADDPS V1, V0, V0
	VMOVUPS V0, (DI)(BX*1)
	END
