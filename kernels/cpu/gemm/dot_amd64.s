#include "textflag.h"

// One row times columns of few bits. Values are made in registers and go into one
// chain of fused multiply-adds per column, in order of k: the bits of the tiles.
//
//	SI  codes of unit 0    R10  bytes to the next unit    R14  codes of unit 3
//	R8  scales of unit 0   R11  bytes to the next unit    R12  scales of unit 3
//	R9  minima of unit 0   R13  bytes to the next unit    R15  minima of unit 3
//	DX  a    CX  rows left    BX  rows of this run    Y14  a's value
//	Y0…Y7  sums

#define CLEAR \
	VXORPS Y0, Y0, Y0; VXORPS Y1, Y1, Y1; VXORPS Y2, Y2, Y2; VXORPS Y3, Y3, Y3; \
	VXORPS Y4, Y4, Y4; VXORPS Y5, Y5, Y5; VXORPS Y6, Y6, Y6; VXORPS Y7, Y7, Y7

#define STORE8 \
	VMOVUPS Y0, (DI); VMOVUPS Y1, 32(DI); VMOVUPS Y2, 64(DI); VMOVUPS Y3, 96(DI); \
	VMOVUPS Y4, 128(DI); VMOVUPS Y5, 160(DI); VMOVUPS Y6, 192(DI); VMOVUPS Y7, 224(DI)

#define ADD8 \
	VADDPS (DI), Y0, Y0; VADDPS 32(DI), Y1, Y1; VADDPS 64(DI), Y2, Y2; VADDPS 96(DI), Y3, Y3; \
	VADDPS 128(DI), Y4, Y4; VADDPS 160(DI), Y5, Y5; VADDPS 192(DI), Y6, Y6; VADDPS 224(DI), Y7, Y7

#define LOAD4(codes) \
	VPMOVZXBD codes, Y8; VPSRLD $4, Y8, Y9; VPAND Y15, Y8, Y8

#define AFFINE(s1, s2, m1, m2, left, right) \
	VCVTDQ2PS Y8, Y8; VCVTDQ2PS Y9, Y9; \
	VMULPS s1, Y8, Y8; VMULPS s2, Y9, Y9; \
	VADDPS m1, Y8, Y8; VADDPS m2, Y9, Y9; \
	VFMADD231PS Y8, Y14, left; VFMADD231PS Y9, Y14, right

#define UNIT0 AFFINE((R8), 32(R8), (R9), 32(R9), Y0, Y1)
#define UNIT1 AFFINE((R8)(R11*1), 32(R8)(R11*1), (R9)(R13*1), 32(R9)(R13*1), Y2, Y3)
#define UNIT2 AFFINE((R8)(R11*2), 32(R8)(R11*2), (R9)(R13*2), 32(R9)(R13*2), Y4, Y5)
#define UNIT3 AFFINE((R12), 32(R12), (R15), 32(R15), Y6, Y7)

#define ARGUMENTS \
	MOVQ c+0(FP), DI; MOVQ a+8(FP), DX; MOVQ codes+16(FP), SI; \
	MOVQ scales+24(FP), R8; MOVQ minima+32(FP), R9; \
	MOVQ unitCodes+40(FP), R10; MOVQ unitScales+48(FP), R11; \
	MOVQ unitMinima+56(FP), R13; \
	MOVQ k+72(FP), CX; MOVQ first+80(FP), BX; \
	LEAQ (SI)(R10*2), R14; ADDQ R10, R14; \
	LEAQ (R8)(R11*2), R12; ADDQ R11, R12; \
	LEAQ (R9)(R13*2), R15; ADDQ R13, R15

// NEXTRUN moves to the next run's scales and minima.
#define NEXTRUN \
	ADDQ $64, R8; ADDQ $64, R12; \
	ADDQ step+64(FP), R9; ADDQ step+64(FP), R15; \
	MOVQ run+88(FP), BX

// func dot4AVX2(c, a *float32, codes *byte, scales, minima *float32, unitCodes, unitScales, unitMinima, step, k, first, run int, add bool)
TEXT ·dot4AVX2(SB), NOSPLIT, $0-97
	ARGUMENTS
	CLEAR
	VPCMPEQD Y15, Y15, Y15
	VPSRLD   $28, Y15, Y15

run4:
	CMPQ    BX, CX
	CMOVQGT CX, BX
	SUBQ    BX, CX

row4:
	VBROADCASTSS (DX), Y14
	LOAD4((SI)); UNIT0
	LOAD4((SI)(R10*1)); UNIT1
	LOAD4((SI)(R10*2)); UNIT2
	LOAD4((R14)); UNIT3
	ADDQ $4, DX
	ADDQ $8, SI
	ADDQ $8, R14
	DECQ BX
	JNZ  row4
	NEXTRUN
	TESTQ CX, CX
	JNZ   run4
	CMPB  add+96(FP), $0
	JEQ   store4
	ADD8

store4:
	STORE8
	VZEROUPPER
	RET

// LOAD8 widens 16 signed codes.
#define LOAD8(low, high) VPMOVSXBD low, Y8; VPMOVSXBD high, Y9

// func dot8AVX2(c, a *float32, codes *byte, scales, minima *float32, unitCodes, unitScales, unitMinima, step, k, first, run int, add bool)
TEXT ·dot8AVX2(SB), NOSPLIT, $0-97
	ARGUMENTS
	CLEAR

run8:
	CMPQ    BX, CX
	CMOVQGT CX, BX
	SUBQ    BX, CX

row8:
	VBROADCASTSS (DX), Y14
	LOAD8((SI), 8(SI)); UNIT0
	LOAD8((SI)(R10*1), 8(SI)(R10*1)); UNIT1
	LOAD8((SI)(R10*2), 8(SI)(R10*2)); UNIT2
	LOAD8((R14), 8(R14)); UNIT3
	ADDQ $4, DX
	ADDQ $16, SI
	ADDQ $16, R14
	DECQ BX
	JNZ  row8
	NEXTRUN
	TESTQ CX, CX
	JNZ   run8
	CMPB  add+96(FP), $0
	JEQ   store8
	ADD8

store8:
	STORE8
	VZEROUPPER
	RET

#define TABLE(idx, shifted, shift, out, t1, t2) \
	VPERMPS Y10, shifted, out; VPERMPS Y11, shifted, t1; \
	VPSLLD $shift, idx, t2; VBLENDVPS t2, t1, out, out

// ROUND rounds to bf16, to nearest even. Y13 is ffff0000, Y12 7fff, Y15 1.
#define ROUND(x, t) \
	VPSRLD $16, x, t; VPAND Y15, t, t; VPADDD Y12, x, x; VPADDD t, x, x; VPAND Y13, x, x

#define NF4UNIT(codes, s1, s2, left, right) \
	VPMOVZXBD codes, Y4; VPSRLD $4, Y4, Y5; \
	TABLE(Y4, Y4, 28, Y6, Y7, Y8); \
	VMULPS s1, Y6, Y6; ROUND(Y6, Y7); VFMADD231PS Y6, Y14, left; \
	TABLE(Y4, Y5, 24, Y9, Y7, Y8); \
	VMULPS s2, Y9, Y9; ROUND(Y9, Y7); VFMADD231PS Y9, Y14, right

// func dotNF4AVX2(c, a *float32, codes *byte, scales, table *float32, unitCodes, unitScales, k, first, run int, add bool)
TEXT ·dotNF4AVX2(SB), NOSPLIT, $0-81
	MOVQ c+0(FP), DI
	MOVQ a+8(FP), DX
	MOVQ codes+16(FP), SI
	MOVQ scales+24(FP), R8
	MOVQ table+32(FP), R9
	MOVQ unitCodes+40(FP), R10
	MOVQ unitScales+48(FP), R11
	MOVQ k+56(FP), CX
	MOVQ first+64(FP), BX
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
	NF4UNIT((SI), (R8), 32(R8), Y0, Y1)
	NF4UNIT((SI)(R10*1), (R8)(R11*1), 32(R8)(R11*1), Y2, Y3)
	ADDQ $4, DX
	ADDQ $8, SI
	DECQ BX
	JNZ  rowNF4
	ADDQ $64, R8
	MOVQ run+72(FP), BX
	TESTQ CX, CX
	JNZ   runNF4
	CMPB  add+80(FP), $0
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

#define WIDE(low, high, left, right) \
	VPMOVZXWD low, Y8; VPMOVZXWD high, Y9; VPSLLD $16, Y8, Y8; VPSLLD $16, Y9, Y9; \
	VFMADD231PS Y8, Y14, left; VFMADD231PS Y9, Y14, right

// func dotBF16AVX2(c, a *float32, b *uint16, panel, k int, add bool)
TEXT ·dotBF16AVX2(SB), NOSPLIT, $0-41
	MOVQ c+0(FP), DI
	MOVQ a+8(FP), DX
	MOVQ b+16(FP), SI
	MOVQ panel+24(FP), R10
	MOVQ k+32(FP), CX
	LEAQ (SI)(R10*2), R14
	ADDQ R10, R14
	CLEAR

rowBF16:
	VBROADCASTSS (DX), Y14
	WIDE((SI), 16(SI), Y0, Y1)
	WIDE((SI)(R10*1), 16(SI)(R10*1), Y2, Y3)
	WIDE((SI)(R10*2), 16(SI)(R10*2), Y4, Y5)
	WIDE((R14), 16(R14), Y6, Y7)
	ADDQ $4, DX
	ADDQ $32, SI
	ADDQ $32, R14
	DECQ CX
	JNZ  rowBF16
	CMPB add+40(FP), $0
	JEQ  storeBF16
	ADD8

storeBF16:
	STORE8
	VZEROUPPER
	RET
