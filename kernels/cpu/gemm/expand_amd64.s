#include "textflag.h"

// Codes become floats, 16 columns of a row at a time: the low halves of 8 bytes
// are columns 0-7, the high halves columns 8-15 (in nf4Rows: pairs of columns,
// high half first).
//
//	DI  out    DX  bytes to its next row
//	SI  codes  BX  bytes to their next row
//	CX  rows left

// TABLE looks the low three bits of idx up in both halves of the table (Y0, Y1)
// and takes the upper one where bit (31−shift) of idx is set.
#define TABLE(idx, shifted, shift, out, t1, t2) \
	VPERMPS    Y0, shifted, out \
	VPERMPS    Y1, shifted, t1 \
	VPSLLD     $shift, idx, t2 \
	VBLENDVPS  t2, t1, out, out

// BF16 rounds to bf16, to nearest even. Y5 7fff, Y6 1, Y7 ffff0000.
#define BF16(x, t) \
	VPSRLD $16, x, t \
	VPAND  Y6, t, t \
	VPADDD Y5, x, x \
	VPADDD t, x, x \
	VPAND  Y7, x, x

#define ROUNDING \
	VPCMPEQD Y7, Y7, Y7 \
	VPSRLD   $17, Y7, Y5 \
	VPSRLD   $31, Y7, Y6 \
	VPSLLD   $16, Y7, Y7

// func expandNF4AVX2(dst *float32, codes *byte, scales, table *float32, rows, to, from int)
TEXT ·expandNF4AVX2(SB), NOSPLIT, $0-56
	MOVQ dst+0(FP), DI
	MOVQ codes+8(FP), SI
	MOVQ scales+16(FP), R8
	MOVQ table+24(FP), R9
	MOVQ rows+32(FP), CX
	MOVQ to+40(FP), DX
	SHLQ $2, DX
	MOVQ from+48(FP), BX
	VMOVUPS (R9), Y0
	VMOVUPS 32(R9), Y1
	VMOVUPS (R8), Y2
	VMOVUPS 32(R8), Y3
	ROUNDING

nf4loop:
	VPMOVZXBD (SI), Y8
	VPSRLD    $4, Y8, Y9
	TABLE(Y8, Y8, 28, Y10, Y11, Y12)
	TABLE(Y8, Y9, 24, Y13, Y14, Y15)
	VMULPS    Y2, Y10, Y10
	VMULPS    Y3, Y13, Y13
	BF16(Y10, Y11)
	BF16(Y13, Y14)
	VMOVUPS   Y10, (DI)
	VMOVUPS   Y13, 32(DI)
	ADDQ      BX, SI
	ADDQ      DX, DI
	DECQ      CX
	JNZ       nf4loop
	VZEROUPPER
	RET

// func expand4AVX2(dst *float32, codes *byte, scales, minima *float32, rows, to, from int)
TEXT ·expand4AVX2(SB), NOSPLIT, $0-56
	MOVQ dst+0(FP), DI
	MOVQ codes+8(FP), SI
	MOVQ scales+16(FP), R8
	MOVQ minima+24(FP), R9
	MOVQ rows+32(FP), CX
	MOVQ to+40(FP), DX
	SHLQ $2, DX
	MOVQ from+48(FP), BX
	VMOVUPS (R8), Y2
	VMOVUPS 32(R8), Y3
	VMOVUPS (R9), Y4
	VMOVUPS 32(R9), Y5
	VPCMPEQD Y7, Y7, Y7
	VPSRLD   $28, Y7, Y7

loop4:
	VPMOVZXBD (SI), Y8
	VPSRLD    $4, Y8, Y9
	VPAND     Y7, Y8, Y8
	VCVTDQ2PS Y8, Y8
	VCVTDQ2PS Y9, Y9
	VMULPS    Y2, Y8, Y8
	VMULPS    Y3, Y9, Y9
	VADDPS    Y4, Y8, Y8
	VADDPS    Y5, Y9, Y9
	VMOVUPS   Y8, (DI)
	VMOVUPS   Y9, 32(DI)
	ADDQ      BX, SI
	ADDQ      DX, DI
	DECQ      CX
	JNZ       loop4
	VZEROUPPER
	RET

// func expand8AVX2(dst *float32, codes *byte, scales, minima *float32, rows, to, from int)
TEXT ·expand8AVX2(SB), NOSPLIT, $0-56
	MOVQ dst+0(FP), DI
	MOVQ codes+8(FP), SI
	MOVQ scales+16(FP), R8
	MOVQ minima+24(FP), R9
	MOVQ rows+32(FP), CX
	MOVQ to+40(FP), DX
	SHLQ $2, DX
	MOVQ from+48(FP), BX
	VMOVUPS (R8), Y2
	VMOVUPS 32(R8), Y3
	VMOVUPS (R9), Y4
	VMOVUPS 32(R9), Y5

loop8:
	VPMOVSXBD (SI), Y8
	VPMOVSXBD 8(SI), Y9
	VCVTDQ2PS Y8, Y8
	VCVTDQ2PS Y9, Y9
	VMULPS    Y2, Y8, Y8
	VMULPS    Y3, Y9, Y9
	VADDPS    Y4, Y8, Y8
	VADDPS    Y5, Y9, Y9
	VMOVUPS   Y8, (DI)
	VMOVUPS   Y9, 32(DI)
	ADDQ      BX, SI
	ADDQ      DX, DI
	DECQ      CX
	JNZ       loop8
	VZEROUPPER
	RET

// func nf4RowsAVX2(dst *float32, codes *byte, scales, table *float32, rows, to, from, step int)
TEXT ·nf4RowsAVX2(SB), NOSPLIT, $0-64
	MOVQ dst+0(FP), DI
	MOVQ codes+8(FP), SI
	MOVQ scales+16(FP), R8
	MOVQ table+24(FP), R9
	MOVQ rows+32(FP), CX
	MOVQ to+40(FP), DX
	SHLQ $2, DX
	MOVQ from+48(FP), BX
	MOVQ step+56(FP), R10
	SHLQ $2, R10
	VMOVUPS (R9), Y0
	VMOVUPS 32(R9), Y1
	ROUNDING

rowsloop:
	VPMOVZXBD    (SI), Y8
	VBROADCASTSS (R8), Y2
	VPSRLD       $4, Y8, Y9
	TABLE(Y8, Y8, 28, Y10, Y11, Y12)
	TABLE(Y8, Y9, 24, Y13, Y14, Y15)
	VMULPS       Y2, Y10, Y10 // odd columns
	VMULPS       Y2, Y13, Y13 // even columns
	BF16(Y10, Y11)
	BF16(Y13, Y14)
	VUNPCKLPS    Y10, Y13, Y11
	VUNPCKHPS    Y10, Y13, Y12
	VPERM2F128   $0x20, Y12, Y11, Y13
	VPERM2F128   $0x31, Y12, Y11, Y14
	VMOVUPS      Y13, (DI)
	VMOVUPS      Y14, 32(DI)
	ADDQ         BX, SI
	ADDQ         DX, DI
	ADDQ         R10, R8
	DECQ         CX
	JNZ          rowsloop
	VZEROUPPER
	RET

// func widenAVX2(dst *float32, src *uint16, rows, to, from int)
TEXT ·widenAVX2(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ rows+16(FP), CX
	MOVQ to+24(FP), DX
	SHLQ $2, DX
	MOVQ from+32(FP), BX

widenloop:
	VPMOVZXWD (SI), Y8
	VPMOVZXWD 16(SI), Y9
	VPSLLD    $16, Y8, Y8
	VPSLLD    $16, Y9, Y9
	VMOVUPS   Y8, (DI)
	VMOVUPS   Y9, 32(DI)
	ADDQ      BX, SI
	ADDQ      DX, DI
	DECQ      CX
	JNZ       widenloop
	VZEROUPPER
	RET
