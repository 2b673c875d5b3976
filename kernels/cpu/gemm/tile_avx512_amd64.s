#include "go_asm.h"
#include "textflag.h"

// Tiles of 1-12 rows by panels of 32 columns, or by the first 16 columns of one.
// The same chains of multiply-adds as tileAVX2: the same bits.
//
//	SI, DI, R12, R13  A at rows 0, 3, 6, 9   R8   bytes to A's next row    R9  to its next k
//	BX, R12           B at panels 0 and 3    R11  bytes to B's next panel
//	DX                C                      R10  bytes to C's next row
//	AX                k left                 CX   whether to add to C
//	R14               rows, counted down as they are stored

#define ZERO \
	VPXORD Z0, Z0, Z0; VPXORD Z1, Z1, Z1; VPXORD Z2, Z2, Z2; VPXORD Z3, Z3, Z3; \
	VPXORD Z4, Z4, Z4; VPXORD Z5, Z5, Z5; VPXORD Z6, Z6, Z6; VPXORD Z7, Z7, Z7; \
	VPXORD Z8, Z8, Z8; VPXORD Z9, Z9, Z9; VPXORD Z10, Z10, Z10; VPXORD Z11, Z11, Z11; \
	VPXORD Z12, Z12, Z12; VPXORD Z13, Z13, Z13; VPXORD Z14, Z14, Z14; VPXORD Z15, Z15, Z15; \
	VPXORD Z16, Z16, Z16; VPXORD Z17, Z17, Z17; VPXORD Z18, Z18, Z18; VPXORD Z19, Z19, Z19; \
	VPXORD Z20, Z20, Z20; VPXORD Z21, Z21, Z21; VPXORD Z22, Z22, Z22; VPXORD Z23, Z23, Z23

#define COLUMNS VMOVUPS (BX), Z24; VMOVUPS 64(BX), Z25

#define ROW(a, v, left, right) \
	VBROADCASTSS a, v; VFMADD231PS Z24, v, left; VFMADD231PS Z25, v, right

#define ROW0 ROW((SI), Z26, Z0, Z1)
#define ROW1 ROW((SI)(R8*1), Z27, Z2, Z3)
#define ROW2 ROW((SI)(R8*2), Z28, Z4, Z5)
#define ROW3 ROW((DI), Z29, Z6, Z7)
#define ROW4 ROW((DI)(R8*1), Z30, Z8, Z9)
#define ROW5 ROW((DI)(R8*2), Z31, Z10, Z11)
#define ROW6 ROW((R12), Z26, Z12, Z13)
#define ROW7 ROW((R12)(R8*1), Z27, Z14, Z15)
#define ROW8 ROW((R12)(R8*2), Z28, Z16, Z17)
#define ROW9 ROW((R13), Z29, Z18, Z19)
#define ROW10 ROW((R13)(R8*1), Z30, Z20, Z21)
#define ROW11 ROW((R13)(R8*2), Z31, Z22, Z23)

// The first rows of a tile; ROWSn is n of them.
#define ROWS1 ROW0
#define ROWS2 ROWS1; ROW1
#define ROWS3 ROWS2; ROW2
#define ROWS4 ROWS3; ROW3
#define ROWS5 ROWS4; ROW4
#define ROWS6 ROWS5; ROW5
#define ROWS7 ROWS6; ROW6
#define ROWS8 ROWS7; ROW7
#define ROWS9 ROWS8; ROW8
#define ROWS10 ROWS9; ROW9
#define ROWS11 ROWS10; ROW10
#define ROWS12 ROWS11; ROW11

// Half a panel.
#define HALF(a, left) VFMADD231PS.BCST a, Z24, left
#define HALF0 HALF((SI), Z0)
#define HALF1 HALF((SI)(R8*1), Z2)
#define HALF2 HALF((SI)(R8*2), Z4)
#define HALF3 HALF((DI), Z6)
#define HALF4 HALF((DI)(R8*1), Z8)
#define HALF5 HALF((DI)(R8*2), Z10)
#define HALF6 HALF((R12), Z12)
#define HALF7 HALF((R12)(R8*1), Z14)
#define HALF8 HALF((R12)(R8*2), Z16)
#define HALF9 HALF((R13), Z18)
#define HALF10 HALF((R13)(R8*1), Z20)
#define HALF11 HALF((R13)(R8*2), Z22)
#define HALVES1 HALF0
#define HALVES2 HALVES1; HALF1
#define HALVES3 HALVES2; HALF2
#define HALVES4 HALVES3; HALF3
#define HALVES5 HALVES4; HALF4
#define HALVES6 HALVES5; HALF5
#define HALVES7 HALVES6; HALF6
#define HALVES8 HALVES7; HALF7
#define HALVES9 HALVES8; HALF8
#define HALVES10 HALVES9; HALF9
#define HALVES11 HALVES10; HALF10
#define HALVES12 HALVES11; HALF11

// Several panels at once: row i takes registers 4i…4i+3.
#define ACROSS(addr, a, b, c, d) VBROADCASTSS addr, Z26; \
	VFMADD231PS Z24, Z26, a; VFMADD231PS Z25, Z26, b; \
	VFMADD231PS (BX)(R11*1), Z26, c; VFMADD231PS 64(BX)(R11*1), Z26, d
#define ACROSS1 COLUMNS; ACROSS((SI), Z0, Z1, Z2, Z3)
#define ACROSS2 ACROSS1; ACROSS((SI)(R8*1), Z4, Z5, Z6, Z7)
#define ACROSS3 ACROSS2; ACROSS((SI)(R8*2), Z8, Z9, Z10, Z11)
#define WIDEST ACROSS1; \
	VFMADD231PS (BX)(R11*2), Z26, Z4; VFMADD231PS 64(BX)(R11*2), Z26, Z5; \
	VFMADD231PS (R12), Z26, Z6; VFMADD231PS 64(R12), Z26, Z7; ADDQ $128, R12

#define NEXT3 ADDQ R9, SI
#define NEXT6 NEXT3; ADDQ R9, DI
#define NEXT9 NEXT6; ADDQ R9, R12
#define NEXT12 NEXT9; ADDQ R9, R13

// LOOP runs a step for every k and goes to where the tile is stored.
#define LOOP(label, STEP, NEXT, store) \
label: \
	STEP; NEXT; ADDQ $128, BX; DECQ AX; JNZ label; JMP store
#define FULL(label, ROWS, NEXT) LOOP(label, COLUMNS; ROWS, NEXT, put)
#define COLUMN VMOVUPS (BX), Z24
#define LEFT(label, HALVES, NEXT) LOOP(label, COLUMN; HALVES, NEXT, putHalf)

#define ROWDONE ADDQ R10, DX; DECQ R14; JEQ done
#define PUT(left, right) VMOVUPS left, (DX); VMOVUPS right, 64(DX); ROWDONE
#define ADDPUT(left, right) VADDPS (DX), left, left; VADDPS 64(DX), right, right; PUT(left, right)
#define PUTHALF(left) VMOVUPS left, (DX); ROWDONE
#define ADDHALF(left) VADDPS (DX), left, left; PUTHALF(left)
#define PUT2(a, b, c, d) VMOVUPS c, 128(DX); VMOVUPS d, 192(DX); PUT(a, b)
#define ADDPUT2(a, b, c, d) VADDPS 128(DX), c, c; VADDPS 192(DX), d, d; \
	VADDPS (DX), a, a; VADDPS 64(DX), b, b; PUT2(a, b, c, d)

// func tileAVX512(t *tile)
TEXT ·tileAVX512(SB), NOSPLIT, $0-8
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
	ZERO
	CMPQ R15, $1
	JGT  several
	MOVBLZX tile_half(R13), R15
	LEAQ (R8)(R8*2), R13
	LEAQ (SI)(R13*1), DI
	LEAQ (DI)(R13*1), R12
	ADDQ R12, R13
	TESTL R15, R15
	JNE  half

	CMPQ R14, $12
	JEQ  full12
	CMPQ R14, $6
	JEQ  full6
	JGT  over6
	CMPQ R14, $3
	JEQ  full3
	JGT  over3
	CMPQ R14, $2
	JEQ  full2
	FULL(full1, ROWS1, NEXT3)
	FULL(full2, ROWS2, NEXT3)
	FULL(full3, ROWS3, NEXT3)
over3:
	CMPQ R14, $5
	JEQ  full5
	FULL(full4, ROWS4, NEXT6)
	FULL(full5, ROWS5, NEXT6)
	FULL(full6, ROWS6, NEXT6)
over6:
	CMPQ R14, $9
	JEQ  full9
	JGT  over9
	CMPQ R14, $8
	JEQ  full8
	FULL(full7, ROWS7, NEXT9)
	FULL(full8, ROWS8, NEXT9)
	FULL(full9, ROWS9, NEXT9)
over9:
	CMPQ R14, $11
	JEQ  full11
	FULL(full10, ROWS10, NEXT12)
	FULL(full11, ROWS11, NEXT12)
	FULL(full12, ROWS12, NEXT12)

half:
	CMPQ R14, $12
	JEQ  half12
	CMPQ R14, $6
	JEQ  half6
	JGT  halfOver6
	CMPQ R14, $3
	JEQ  half3
	JGT  halfOver3
	CMPQ R14, $2
	JEQ  half2
	LEFT(half1, HALVES1, NEXT3)
	LEFT(half2, HALVES2, NEXT3)
	LEFT(half3, HALVES3, NEXT3)
halfOver3:
	CMPQ R14, $5
	JEQ  half5
	LEFT(half4, HALVES4, NEXT6)
	LEFT(half5, HALVES5, NEXT6)
	LEFT(half6, HALVES6, NEXT6)
halfOver6:
	CMPQ R14, $9
	JEQ  half9
	JGT  halfOver9
	CMPQ R14, $8
	JEQ  half8
	LEFT(half7, HALVES7, NEXT9)
	LEFT(half8, HALVES8, NEXT9)
	LEFT(half9, HALVES9, NEXT9)
halfOver9:
	CMPQ R14, $11
	JEQ  half11
	LEFT(half10, HALVES10, NEXT12)
	LEFT(half11, HALVES11, NEXT12)
	LEFT(half12, HALVES12, NEXT12)

several:
	CMPQ R14, $2
	JEQ  two
	JGT  three
	CMPQ R15, $4
	JEQ  widest
	LOOP(one, ACROSS1, NEXT3, put2)
	LOOP(two, ACROSS2, NEXT3, put2)
	LOOP(three, ACROSS3, NEXT3, put2)
widest:
	LEAQ (BX)(R11*2), R12
	ADDQ R11, R12
	MOVQ $256, R10 // the row's second half is stored as a row
	INCQ R14
	LOOP(loopWidest, WIDEST, NEXT3, put2)

put:
	TESTL CX, CX
	JNE  add
	PUT(Z0, Z1)
	PUT(Z2, Z3)
	PUT(Z4, Z5)
	PUT(Z6, Z7)
	PUT(Z8, Z9)
	PUT(Z10, Z11)
	PUT(Z12, Z13)
	PUT(Z14, Z15)
	PUT(Z16, Z17)
	PUT(Z18, Z19)
	PUT(Z20, Z21)
	PUT(Z22, Z23)
add:
	ADDPUT(Z0, Z1)
	ADDPUT(Z2, Z3)
	ADDPUT(Z4, Z5)
	ADDPUT(Z6, Z7)
	ADDPUT(Z8, Z9)
	ADDPUT(Z10, Z11)
	ADDPUT(Z12, Z13)
	ADDPUT(Z14, Z15)
	ADDPUT(Z16, Z17)
	ADDPUT(Z18, Z19)
	ADDPUT(Z20, Z21)
	ADDPUT(Z22, Z23)

putHalf:
	TESTL CX, CX
	JNE  addHalf
	PUTHALF(Z0)
	PUTHALF(Z2)
	PUTHALF(Z4)
	PUTHALF(Z6)
	PUTHALF(Z8)
	PUTHALF(Z10)
	PUTHALF(Z12)
	PUTHALF(Z14)
	PUTHALF(Z16)
	PUTHALF(Z18)
	PUTHALF(Z20)
	PUTHALF(Z22)
addHalf:
	ADDHALF(Z0)
	ADDHALF(Z2)
	ADDHALF(Z4)
	ADDHALF(Z6)
	ADDHALF(Z8)
	ADDHALF(Z10)
	ADDHALF(Z12)
	ADDHALF(Z14)
	ADDHALF(Z16)
	ADDHALF(Z18)
	ADDHALF(Z20)
	ADDHALF(Z22)

put2:
	TESTL CX, CX
	JNE  add2
	PUT2(Z0, Z1, Z2, Z3)
	PUT2(Z4, Z5, Z6, Z7)
	PUT2(Z8, Z9, Z10, Z11)
add2:
	ADDPUT2(Z0, Z1, Z2, Z3)
	ADDPUT2(Z4, Z5, Z6, Z7)
	ADDPUT2(Z8, Z9, Z10, Z11)

done:
	VZEROUPPER
	RET
