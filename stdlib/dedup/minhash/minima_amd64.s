#include "textflag.h"

// One permutation a lane, four registers of them at a time; every member is
// broadcast, multiplied, shifted and compared.

#define STEP2(A, B, M, T) \
	VPMULLD A, Y12, T \
	VPADDD  B, T, T   \
	VPMINUD T, M, M

// func minimaAVX2(x *uint32, n int, a, b, out *uint32, permutations int)
//
// n is positive, permutations a positive multiple of 32.
TEXT ·minimaAVX2(SB), NOSPLIT, $0-48
	MOVQ n+8(FP), CX
	MOVQ a+16(FP), R8
	MOVQ b+24(FP), R9
	MOVQ out+32(FP), DI
	MOVQ permutations+40(FP), DX
block2:
	MOVQ x+0(FP), SI
	MOVQ CX, BX
	VMOVDQU (R8), Y0
	VMOVDQU 32(R8), Y1
	VMOVDQU 64(R8), Y2
	VMOVDQU 96(R8), Y3
	VMOVDQU (R9), Y4
	VMOVDQU 32(R9), Y5
	VMOVDQU 64(R9), Y6
	VMOVDQU 96(R9), Y7
	VPCMPEQD Y8, Y8, Y8
	VMOVDQA Y8, Y9
	VMOVDQA Y8, Y10
	VMOVDQA Y8, Y11
next2:
	VPBROADCASTD (SI), Y12
	STEP2(Y0, Y4, Y8, Y13)
	STEP2(Y1, Y5, Y9, Y14)
	STEP2(Y2, Y6, Y10, Y15)
	STEP2(Y3, Y7, Y11, Y13)
	ADDQ $4, SI
	DECQ BX
	JNZ  next2
	VMOVDQU Y8, (DI)
	VMOVDQU Y9, 32(DI)
	VMOVDQU Y10, 64(DI)
	VMOVDQU Y11, 96(DI)
	ADDQ $128, R8
	ADDQ $128, R9
	ADDQ $128, DI
	SUBQ $32, DX
	JNZ  block2
	VZEROUPPER
	RET

#define STEP5(A, B, M, T) \
	VPMULLD A, Z12, T \
	VPADDD  B, T, T   \
	VPMINUD T, M, M

// func minimaAVX512(x *uint32, n int, a, b, out *uint32, permutations int)
//
// n is positive, permutations a positive multiple of 64.
TEXT ·minimaAVX512(SB), NOSPLIT, $0-48
	MOVQ n+8(FP), CX
	MOVQ a+16(FP), R8
	MOVQ b+24(FP), R9
	MOVQ out+32(FP), DI
	MOVQ permutations+40(FP), DX
block5:
	MOVQ x+0(FP), SI
	MOVQ CX, BX
	VMOVDQU32 (R8), Z0
	VMOVDQU32 64(R8), Z1
	VMOVDQU32 128(R8), Z2
	VMOVDQU32 192(R8), Z3
	VMOVDQU32 (R9), Z4
	VMOVDQU32 64(R9), Z5
	VMOVDQU32 128(R9), Z6
	VMOVDQU32 192(R9), Z7
	VPTERNLOGD $0xff, Z8, Z8, Z8 // all bits set
	VMOVDQA32 Z8, Z9
	VMOVDQA32 Z8, Z10
	VMOVDQA32 Z8, Z11
next5:
	VPBROADCASTD (SI), Z12
	STEP5(Z0, Z4, Z8, Z13)
	STEP5(Z1, Z5, Z9, Z14)
	STEP5(Z2, Z6, Z10, Z15)
	STEP5(Z3, Z7, Z11, Z16)
	ADDQ $4, SI
	DECQ BX
	JNZ  next5
	VMOVDQU32 Z8, (DI)
	VMOVDQU32 Z9, 64(DI)
	VMOVDQU32 Z10, 128(DI)
	VMOVDQU32 Z11, 192(DI)
	ADDQ $256, R8
	ADDQ $256, R9
	ADDQ $256, DI
	SUBQ $64, DX
	JNZ  block5
	VZEROUPPER
	RET

// func alikeAVX2(x, slices *byte, n, least int, out *int32) int
//
// n is positive. Every index is written, and the place moves on behind those that
// count: which do no processor can foretell.
TEXT ·alikeAVX2(SB), NOSPLIT, $0-48
	MOVQ x+0(FP), SI
	MOVQ slices+8(FP), DI
	MOVQ n+16(FP), CX
	MOVQ least+24(FP), DX
	MOVQ out+32(FP), R8
	VMOVDQU (SI), Y0
	XORQ R9, R9
	XORQ BX, BX
next:
	VPCMPEQB (DI), Y0, Y1
	VPMOVMSKB Y1, AX
	POPCNTL AX, AX
	MOVL BX, (R8)(R9*4)
	CMPQ AX, DX
	SBBQ $-1, R9 // + 1 − borrow
	ADDQ $32, DI
	INCQ BX
	CMPQ BX, CX
	JNE  next
	VZEROUPPER
	MOVQ R9, ret+40(FP)
	RET
