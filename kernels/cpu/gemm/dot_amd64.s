#include "textflag.h"

// One row times 64 columns of few bits. Values are made in registers and go into
// one chain of fused multiply-adds per column, in order of k: the bits of the
// tiles.
//
//	DI  c    DX  a    SI  codes    R8  scales    R9  minima
//	CX  rows left     BX  rows of this run

#define CLEAR \
	VXORPS Y0, Y0, Y0; VXORPS Y1, Y1, Y1; VXORPS Y2, Y2, Y2; VXORPS Y3, Y3, Y3; \
	VXORPS Y4, Y4, Y4; VXORPS Y5, Y5, Y5; VXORPS Y6, Y6, Y6; VXORPS Y7, Y7, Y7

#define STORE8 \
	VMOVUPS Y0, (DI); VMOVUPS Y1, 32(DI); VMOVUPS Y2, 64(DI); VMOVUPS Y3, 96(DI); \
	VMOVUPS Y4, 128(DI); VMOVUPS Y5, 160(DI); VMOVUPS Y6, 192(DI); VMOVUPS Y7, 224(DI)

#define ADD8 \
	VADDPS (DI), Y0, Y0; VADDPS 32(DI), Y1, Y1; VADDPS 64(DI), Y2, Y2; VADDPS 96(DI), Y3, Y3; \
	VADDPS 128(DI), Y4, Y4; VADDPS 160(DI), Y5, Y5; VADDPS 192(DI), Y6, Y6; VADDPS 224(DI), Y7, Y7

// Scales and minima of half a group stay in registers while a run lasts: two
// passes over the codes, the second of which finds them in L1.
//
//	Y0…Y3  sums    Y4…Y7  scales    Y8…Y11  minima    Y12  a's value

// NIBBLES are the codes of a unit: columns 0-7 in Y13, 8-15 in Y14.
#define NIBBLES(at) VPMOVZXBD at(SI), Y13; VPSRLD $4, Y13, Y14; VPAND Y15, Y13, Y13

#define BYTES(at) VPMOVSXBD at(SI), Y13; VPMOVSXBD at+8(SI), Y14

#define AFFINE(s1, s2, m1, m2, left, right) \
	VCVTDQ2PS Y13, Y13; VCVTDQ2PS Y14, Y14; \
	VMULPS s1, Y13, Y13; VMULPS s2, Y14, Y14; \
	VADDPS m1, Y13, Y13; VADDPS m2, Y14, Y14; \
	VFMADD231PS Y13, Y12, left; VFMADD231PS Y14, Y12, right

#define LOADRUN \
	VMOVUPS (R8), Y4; VMOVUPS 32(R8), Y5; VMOVUPS 64(R8), Y6; VMOVUPS 96(R8), Y7; \
	VMOVUPS (R9), Y8; VMOVUPS 32(R9), Y9; VMOVUPS 64(R9), Y10; VMOVUPS 96(R9), Y11

#define ARGUMENTS \
	MOVQ c+0(FP), DI; MOVQ a+8(FP), DX; MOVQ codes+16(FP), SI; \
	MOVQ scales+24(FP), R8; MOVQ minima+32(FP), R9; MOVQ step+40(FP), R10; \
	MOVQ k+48(FP), CX; MOVQ first+56(FP), BX; MOVQ run+64(FP), R11

#define CLEAR4 VXORPS Y0, Y0, Y0; VXORPS Y1, Y1, Y1; VXORPS Y2, Y2, Y2; VXORPS Y3, Y3, Y3
#define ADD4 VADDPS (DI), Y0, Y0; VADDPS 32(DI), Y1, Y1; VADDPS 64(DI), Y2, Y2; VADDPS 96(DI), Y3, Y3
#define STORE4 VMOVUPS Y0, (DI); VMOVUPS Y1, 32(DI); VMOVUPS Y2, 64(DI); VMOVUPS Y3, 96(DI)

// func dot4AVX2(c, a *float32, codes *byte, scales, minima *float32, step, k, first, run int, add bool)
TEXT ·dot4AVX2(SB), NOSPLIT, $0-73
	ARGUMENTS
	CLEAR4
	VPCMPEQD Y15, Y15, Y15
	VPSRLD   $28, Y15, Y15

run4:
	CMPQ    BX, CX
	CMOVQGT CX, BX
	SUBQ    BX, CX
	LOADRUN

row4:
	VBROADCASTSS (DX), Y12
	NIBBLES(0)
	AFFINE(Y4, Y5, Y8, Y9, Y0, Y1)
	NIBBLES(8)
	AFFINE(Y6, Y7, Y10, Y11, Y2, Y3)
	ADDQ $4, DX
	ADDQ $32, SI
	DECQ BX
	JNZ  row4
	ADDQ $256, R8
	ADDQ R10, R9
	MOVQ R11, BX
	TESTQ CX, CX
	JNZ   run4
	CMPB  add+72(FP), $0
	JEQ   store4
	ADD4

store4:
	STORE4
	VZEROUPPER
	RET

// func dot8AVX2(c, a *float32, codes *byte, scales, minima *float32, step, k, first, run int, add bool)
TEXT ·dot8AVX2(SB), NOSPLIT, $0-73
	ARGUMENTS
	CLEAR4

run8:
	CMPQ    BX, CX
	CMOVQGT CX, BX
	SUBQ    BX, CX
	LOADRUN

row8:
	VBROADCASTSS (DX), Y12
	BYTES(0)
	AFFINE(Y4, Y5, Y8, Y9, Y0, Y1)
	BYTES(16)
	AFFINE(Y6, Y7, Y10, Y11, Y2, Y3)
	ADDQ $4, DX
	ADDQ $64, SI
	DECQ BX
	JNZ  row8
	ADDQ $256, R8
	ADDQ R10, R9
	MOVQ R11, BX
	TESTQ CX, CX
	JNZ   run8
	CMPB  add+72(FP), $0
	JEQ   store8
	ADD4

store8:
	STORE4
	VZEROUPPER
	RET

// TABLE looks the low three bits of idx up in both halves of the table (Y10, Y11)
// and takes the upper one where the bit above them is set, which shift brings to
// the top.
#define TABLE(idx, shifted, shift, out, t1, t2) \
	VPERMPS Y10, shifted, out; VPERMPS Y11, shifted, t1; \
	VPSLLD $shift, idx, t2; VBLENDVPS t2, t1, out, out

// ROUND rounds to bf16, to nearest even. Y13 is ffff0000, Y12 7fff, Y15 1.
#define ROUND(x, t) \
	VPSRLD $16, x, t; VPAND Y15, t, t; VPADDD Y12, x, x; VPADDD t, x, x; VPAND Y13, x, x

#define NF4UNIT(at, scales, left, right) \
	VPMOVZXBD at(SI), Y4; VPSRLD $4, Y4, Y5; \
	TABLE(Y4, Y4, 28, Y6, Y7, Y8); \
	VMULPS scales(R8), Y6, Y6; ROUND(Y6, Y7); VFMADD231PS Y6, Y14, left; \
	TABLE(Y4, Y5, 24, Y9, Y7, Y8); \
	VMULPS scales+32(R8), Y9, Y9; ROUND(Y9, Y7); VFMADD231PS Y9, Y14, right

// func dotNF4AVX2(c, a *float32, codes *byte, scales, table *float32, k, first, run int, add bool)
TEXT ·dotNF4AVX2(SB), NOSPLIT, $0-65
	MOVQ c+0(FP), DI
	MOVQ a+8(FP), DX
	MOVQ codes+16(FP), SI
	MOVQ scales+24(FP), R8
	MOVQ table+32(FP), R9
	MOVQ k+40(FP), CX
	MOVQ first+48(FP), BX
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	VMOVUPS (R9), Y10
	VMOVUPS 32(R9), Y11
	VPCMPEQD Y13, Y13, Y13
	VPSRLD   $17, Y13, Y12
	VPSRLD   $31, Y13, Y15
	VPSLLD   $16, Y13, Y13

runNF4:
	CMPQ    BX, CX
	CMOVQGT CX, BX
	SUBQ    BX, CX

rowNF4:
	VBROADCASTSS (DX), Y14
	NF4UNIT(0, 0, Y0, Y1)
	NF4UNIT(8, 64, Y2, Y3)
	ADDQ $4, DX
	ADDQ $32, SI
	DECQ BX
	JNZ  rowNF4
	ADDQ $256, R8
	MOVQ run+56(FP), BX
	TESTQ CX, CX
	JNZ   runNF4
	CMPB  add+64(FP), $0
	JEQ   storeNF4
	VADDPS (DI), Y0, Y0
	VADDPS 32(DI), Y1, Y1
	VADDPS 64(DI), Y2, Y2
	VADDPS 96(DI), Y3, Y3

storeNF4:
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	VMOVUPS Y2, 64(DI)
	VMOVUPS Y3, 96(DI)
	VZEROUPPER
	RET

#define WIDE(at, x, y, left, right) \
	VPMOVZXWD at(SI), x; VPMOVZXWD at+16(SI), y; VPSLLD $16, x, x; VPSLLD $16, y, y; \
	VFMADD231PS x, Y14, left; VFMADD231PS y, Y14, right

// func dotBF16AVX2(c, a *float32, b *uint16, k int, add bool)
TEXT ·dotBF16AVX2(SB), NOSPLIT, $0-33
	MOVQ c+0(FP), DI
	MOVQ a+8(FP), DX
	MOVQ b+16(FP), SI
	MOVQ k+24(FP), CX
	CLEAR

rowBF16:
	VBROADCASTSS (DX), Y14
	WIDE(0, Y8, Y9, Y0, Y1)
	WIDE(32, Y10, Y11, Y2, Y3)
	WIDE(64, Y12, Y13, Y4, Y5)
	WIDE(96, Y8, Y9, Y6, Y7)
	ADDQ $4, DX
	ADDQ $128, SI
	DECQ CX
	JNZ  rowBF16
	CMPB add+32(FP), $0
	JEQ  storeBF16
	ADD8

storeBF16:
	STORE8
	VZEROUPPER
	RET
