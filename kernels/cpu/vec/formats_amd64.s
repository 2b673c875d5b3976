#include "textflag.h"

// Loops that need the same instructions whatever the vector length, and formats;
// 256 bits wide.

// func maxAVX2(x *float32, n int, out *[16]float32)
//
// The lanes' maxima; a lane that saw a NaN is NaN. n is a positive multiple of 8.
TEXT ·maxAVX2(SB), NOSPLIT, $0-24
	MOVQ x+0(FP), SI
	MOVQ n+8(FP), CX
	MOVQ out+16(FP), DI
	VMOVUPS (SI), Y0
	VCMPPS $3, Y0, Y0, Y1 // unordered
next:
	VMOVUPS (SI), Y2
	VCMPPS $3, Y2, Y2, Y3
	VMAXPS Y2, Y0, Y0
	VORPS Y3, Y1, Y1
	ADDQ $32, SI
	SUBQ $8, CX
	JNZ  next
	VORPS Y1, Y0, Y0 // all bits set is a NaN
	VMOVUPS Y0, (DI)
	VZEROUPPER
	RET

// func indexAVX2(x *float32, n int, v float32) int
//
// The first of n elements, a positive multiple of 8, that equals v, or n.
TEXT ·indexAVX2(SB), NOSPLIT, $0-32
	MOVQ x+0(FP), SI
	MOVQ n+8(FP), CX
	VBROADCASTSS v+16(FP), Y0
	XORQ BX, BX
next:
	VCMPPS $0, (SI)(BX*4), Y0, Y1
	VMOVMSKPS Y1, AX
	TESTL AX, AX
	JNE  found
	ADDQ $8, BX
	CMPQ BX, CX
	JLT  next
	VZEROUPPER
	MOVQ CX, ret+24(FP)
	RET
found:
	BSFL AX, AX
	ADDQ AX, BX
	VZEROUPPER
	MOVQ BX, ret+24(FP)
	RET

// func sumSquaresAVX2(x *float32, n int, out *[4]float64)
//
// n is a positive multiple of 16.
TEXT ·sumSquaresAVX2(SB), NOSPLIT, $0-24
	MOVQ x+0(FP), SI
	MOVQ n+8(FP), CX
	MOVQ out+16(FP), DI
	VXORPD Y0, Y0, Y0
	VXORPD Y1, Y1, Y1
	VXORPD Y2, Y2, Y2
	VXORPD Y3, Y3, Y3
next:
	VCVTPS2PD (SI), Y4
	VCVTPS2PD 16(SI), Y5
	VCVTPS2PD 32(SI), Y6
	VCVTPS2PD 48(SI), Y7
	VFMADD231PD Y4, Y4, Y0
	VFMADD231PD Y5, Y5, Y1
	VFMADD231PD Y6, Y6, Y2
	VFMADD231PD Y7, Y7, Y3
	ADDQ $64, SI
	SUBQ $16, CX
	JNZ  next
	VADDPD Y1, Y0, Y0
	VADDPD Y3, Y2, Y2
	VADDPD Y2, Y0, Y0
	VMOVUPD Y0, (DI)
	VZEROUPPER
	RET

// func fromBF16AVX2(dst *float32, src *uint16, n int)
//
// n is a positive multiple of 8.
TEXT ·fromBF16AVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX
next:
	VPMOVZXWD (SI), Y0
	VPSLLD $16, Y0, Y0
	VMOVUPS Y0, (DI)
	ADDQ $16, SI
	ADDQ $32, DI
	SUBQ $8, CX
	JNZ  next
	VZEROUPPER
	RET

// NEAREST rounds v to bfloat16 in its upper half: v + 0x7fff + (bit 16 of v).
// Y14 is 1, Y15 is 0x7fff in every lane.
#define NEAREST(v, t) VPSRLD $16, v, t; VPAND Y14, t, t; VPADDD Y15, t, t; VPADDD v, t, t

// func toBF16AVX2(dst *uint16, src *float32, n int)
//
// n is a positive multiple of 8.
TEXT ·toBF16AVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX
	MOVL $1, AX
	VMOVD AX, X14
	VPBROADCASTD X14, Y14
	MOVL $0x7fff, AX
	VMOVD AX, X15
	VPBROADCASTD X15, Y15
	MOVL $0x00400000, AX // the quiet bit
	VMOVD AX, X13
	VPBROADCASTD X13, Y13
next:
	VMOVUPS (SI), Y0
	NEAREST(Y0, Y1)
	VCMPPS $3, Y0, Y0, Y2
	VPOR Y13, Y0, Y3
	VBLENDVPS Y2, Y3, Y1, Y1
	VPSRLD $16, Y1, Y1
	VEXTRACTI128 $1, Y1, X2
	VPACKUSDW X2, X1, X1
	VMOVDQU X1, (DI)
	ADDQ $32, SI
	ADDQ $16, DI
	SUBQ $8, CX
	JNZ  next
	VZEROUPPER
	RET

// func nf4AVX2(dst *float32, packed *byte, absmax *float32, n int, round bool)
//
// Four bytes become eight values: each byte is put into both halves of a quad
// word, the first half shifted down by a nibble. A permutation looks at three
// bits of an index, so the table's halves are looked up apart and the fourth bit
// picks. n is a positive multiple of 8; every 64 values have their absmax.
TEXT ·nf4AVX2(SB), NOSPLIT, $0-33
	MOVQ dst+0(FP), DI
	MOVQ packed+8(FP), SI
	MOVQ absmax+16(FP), R8
	MOVQ n+24(FP), CX
	MOVBLZX round+32(FP), DX
	VMOVUPS ·NF4+0(SB), Y8
	VMOVUPS ·NF4+32(SB), Y9
	MOVL $4, AX
	VMOVD AX, X10
	VPBROADCASTQ X10, Y10
	MOVL $1, AX
	VMOVD AX, X14
	VPBROADCASTD X14, Y14
	MOVL $0x7fff, AX
	VMOVD AX, X15
	VPBROADCASTD X15, Y15
block:
	VBROADCASTSS (R8), Y11
	ADDQ $4, R8
	MOVQ $8, BX
next:
	VPMOVZXBQ (SI), Y0
	VPSLLQ $32, Y0, Y1
	VPOR Y1, Y0, Y0
	VPSRLVD Y10, Y0, Y0
	VPERMPS Y8, Y0, Y1
	VPERMPS Y9, Y0, Y2
	VPSLLD $28, Y0, Y0
	VBLENDVPS Y0, Y2, Y1, Y1
	VMULPS Y11, Y1, Y1
	TESTL DX, DX
	JEQ  store
	NEAREST(Y1, Y2)
	VCMPPS $3, Y1, Y1, Y3
	VBLENDVPS Y3, Y1, Y2, Y2 // a NaN stays, quiet as the product made it
	VPSRLD $16, Y2, Y2
	VPSLLD $16, Y2, Y1
store:
	VMOVUPS Y1, (DI)
	ADDQ $4, SI
	ADDQ $32, DI
	SUBQ $8, CX
	JEQ  done
	DECQ BX
	JNZ  next
	JMP  block
done:
	VZEROUPPER
	RET
