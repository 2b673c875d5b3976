#include "go_asm.h"
#include "textflag.h"

// Tiles of 1-6 rows by panels of 16 columns. Two registers of B serve all rows;
// every row's value is broadcast. One chain of multiply-adds per element of C, in
// order of k, in every kernel: that is what makes rows independent of the batch.
//
//	SI, DI  A at rows 0 and 3      R8   bytes to A's next row     R9  to its next k
//	BX, R12 B at panels 0 and 3    R11  bytes to B's next panel
//	DX      C                      R10  bytes to C's next row
//	AX      k left                 CX   whether to add to C
//	R14     rows, counted down as they are stored

#define ZERO \
	VXORPS Y0, Y0, Y0; VXORPS Y1, Y1, Y1; VXORPS Y2, Y2, Y2; VXORPS Y3, Y3, Y3; \
	VXORPS Y4, Y4, Y4; VXORPS Y5, Y5, Y5; VXORPS Y6, Y6, Y6; VXORPS Y7, Y7, Y7; \
	VXORPS Y8, Y8, Y8; VXORPS Y9, Y9, Y9; VXORPS Y10, Y10, Y10; VXORPS Y11, Y11, Y11

#define COLUMNS VMOVUPS (BX), Y12; VMOVUPS 32(BX), Y13

#define ROW(a, left, right) \
	VBROADCASTSS a, Y14; VFMADD231PS Y12, Y14, left; VFMADD231PS Y13, Y14, right

#define ROW0 ROW((SI), Y0, Y1)
#define ROW1 ROW((SI)(R8*1), Y2, Y3)
#define ROW2 ROW((SI)(R8*2), Y4, Y5)
#define ROW3 ROW((DI), Y6, Y7)
#define ROW4 ROW((DI)(R8*1), Y8, Y9)
#define ROW5 ROW((DI)(R8*2), Y10, Y11)

#define STEP1 COLUMNS; ROW0; ADDQ R9, SI
#define STEP2 COLUMNS; ROW0; ROW1; ADDQ R9, SI
#define STEP3 COLUMNS; ROW0; ROW1; ROW2; ADDQ R9, SI
#define STEP4 COLUMNS; ROW0; ROW1; ROW2; ROW3; ADDQ R9, SI; ADDQ R9, DI
#define STEP5 COLUMNS; ROW0; ROW1; ROW2; ROW3; ROW4; ADDQ R9, SI; ADDQ R9, DI
#define STEP6 COLUMNS; ROW0; ROW1; ROW2; ROW3; ROW4; ROW5; ADDQ R9, SI; ADDQ R9, DI

// Several panels at once: row i takes registers 4i…4i+3.
#define ROW0x2 VBROADCASTSS (SI), Y14; \
	VFMADD231PS Y12, Y14, Y0; VFMADD231PS Y13, Y14, Y1; \
	VFMADD231PS (BX)(R11*1), Y14, Y2; VFMADD231PS 32(BX)(R11*1), Y14, Y3
#define ROW1x2 VBROADCASTSS (SI)(R8*1), Y14; \
	VFMADD231PS Y12, Y14, Y4; VFMADD231PS Y13, Y14, Y5; \
	VFMADD231PS (BX)(R11*1), Y14, Y6; VFMADD231PS 32(BX)(R11*1), Y14, Y7
#define ROW2x2 VBROADCASTSS (SI)(R8*2), Y14; \
	VFMADD231PS Y12, Y14, Y8; VFMADD231PS Y13, Y14, Y9; \
	VFMADD231PS (BX)(R11*1), Y14, Y10; VFMADD231PS 32(BX)(R11*1), Y14, Y11
#define STEP1x2 COLUMNS; ROW0x2; ADDQ R9, SI
#define STEP2x2 COLUMNS; ROW0x2; ROW1x2; ADDQ R9, SI
#define STEP3x2 COLUMNS; ROW0x2; ROW1x2; ROW2x2; ADDQ R9, SI
#define STEP1x4 COLUMNS; ROW0x2; \
	VFMADD231PS (BX)(R11*2), Y14, Y4; VFMADD231PS 32(BX)(R11*2), Y14, Y5; \
	VFMADD231PS (R12), Y14, Y6; VFMADD231PS 32(R12), Y14, Y7; \
	ADDQ R9, SI; ADDQ $64, R12

// LOOP runs a step for every k.
#define LOOP(label, STEP) \
label: \
	STEP; ADDQ $64, BX; DECQ AX; JNZ label

#define PUT(left, right) VMOVUPS left, (DX); VMOVUPS right, 32(DX); \
	ADDQ R10, DX; DECQ R14; JEQ done
#define ADDPUT(left, right) VADDPS (DX), left, left; VADDPS 32(DX), right, right; PUT(left, right)
#define PUT2(a, b, c, d) VMOVUPS c, 64(DX); VMOVUPS d, 96(DX); PUT(a, b)
#define ADDPUT2(a, b, c, d) VADDPS 64(DX), c, c; VADDPS 96(DX), d, d; \
	VADDPS (DX), a, a; VADDPS 32(DX), b, b; PUT2(a, b, c, d)

// func tileAVX2(t *tile)
TEXT ·tileAVX2(SB), NOSPLIT, $0-8
	MOVQ t+0(FP), R13
	MOVQ tile_a(R13), SI
	MOVQ tile_b(R13), BX
	MOVQ tile_c(R13), DX
	MOVQ tile_ars(R13), R8
	MOVQ tile_acs(R13), R9
	MOVQ tile_crs(R13), R10
	MOVQ tile_panel(R13), R11
	MOVQ tile_k(R13), AX
	MOVQ tile_wide(R13), R15
	MOVQ tile_rows(R13), R14
	MOVBLZX tile_add(R13), CX
	SHLQ $2, R8
	SHLQ $2, R9
	SHLQ $2, R10
	SHLQ $2, R11
	LEAQ (SI)(R8*2), DI
	ADDQ R8, DI
	ZERO
	CMPQ R15, $1
	JGT  several
	CMPQ R14, $6
	JEQ  six
	CMPQ R14, $4
	JEQ  four
	JGT  five
	CMPQ R14, $2
	JEQ  two
	JGT  three

	LOOP(loop1, STEP1)
	JMP  put
two:
	LOOP(loop2, STEP2)
	JMP  put
three:
	LOOP(loop3, STEP3)
	JMP  put
four:
	LOOP(loop4, STEP4)
	JMP  put
five:
	LOOP(loop5, STEP5)
	JMP  put
six:
	LEAQ (DX)(R10*2), R15
	PREFETCHT0 (DX)
	PREFETCHT0 (DX)(R10*1)
	PREFETCHT0 (R15)
	PREFETCHT0 (R15)(R10*1)
	PREFETCHT0 (R15)(R10*2)
	LOOP(loop6, STEP6)

put:
	TESTL CX, CX
	JNE  add
	PUT(Y0, Y1)
	PUT(Y2, Y3)
	PUT(Y4, Y5)
	PUT(Y6, Y7)
	PUT(Y8, Y9)
	PUT(Y10, Y11)
add:
	ADDPUT(Y0, Y1)
	ADDPUT(Y2, Y3)
	ADDPUT(Y4, Y5)
	ADDPUT(Y6, Y7)
	ADDPUT(Y8, Y9)
	ADDPUT(Y10, Y11)

several:
	CMPQ R14, $2
	JEQ  twoWide
	JGT  threeWide
	CMPQ R15, $4
	JEQ  oneWidest

	LOOP(loop1x2, STEP1x2)
	JMP  put2
twoWide:
	LOOP(loop2x2, STEP2x2)
	JMP  put2
threeWide:
	LOOP(loop3x2, STEP3x2)
	JMP  put2
oneWidest:
	LEAQ (BX)(R11*2), R12
	ADDQ R11, R12
	LOOP(loop1x4, STEP1x4)
	MOVQ $128, R10 // the row's second half is stored as a row
	INCQ R14

put2:
	TESTL CX, CX
	JNE  add2
	PUT2(Y0, Y1, Y2, Y3)
	PUT2(Y4, Y5, Y6, Y7)
	PUT2(Y8, Y9, Y10, Y11)
add2:
	ADDPUT2(Y0, Y1, Y2, Y3)
	ADDPUT2(Y4, Y5, Y6, Y7)
	ADDPUT2(Y8, Y9, Y10, Y11)

done:
	VZEROUPPER
	RET
