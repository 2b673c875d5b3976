// Products of a few rows with NF4 weights that are read once and never unpacked
// in memory: Y = X·Wᵀ, or Y += X·Wᵀ, for up to three weights that share X.
//
// nvcc -ptx -O3 -std=c++17 -arch=compute_80 few.cu
//
// A code is looked up as f16 (nearest to NF4's value, 2⁻¹² apart at most), a
// block's products are summed on the tensor cores in f32, then scaled by its
// absmax in f32. X is f16 times a power of two for each row, exact but for values
// 2⁻²⁸ below the row's largest. Y is rounded once; where it is added to, once more.
// A row's result depends on that row alone, bit by bit: not on how many there are.
#include "nf4.cuh"
#include "ptx.cuh"

#define WARPS 8
#define TILE 16  // outputs of a block at a time
#define PAIRS 2  // of blocks of 64 values that a warp takes at once
#define AHEAD (2 * PAIRS)
#define ROWS 8   // of X

struct Weight {
    const uint8_t *codes;
    const uint8_t *absmax; // codes of map; null without double quantisation
    const float *map, *nested, *offset;
    uint16_t *y;
    int out, ld, add; // of y
};

static __device__ __forceinline__ uint32_t top_of(uint4 v) {
    uint32_t lo = max(max(v.x & 0x7fff, v.y & 0x7fff), max(v.z & 0x7fff, v.w & 0x7fff));
    return max(lo, max(max(v.x >> 16 & 0x7fff, v.y >> 16 & 0x7fff), max(v.z >> 16 & 0x7fff, v.w >> 16 & 0x7fff)));
}

// The rows of X in shared memory, as f16 times a power of two; its inverse to
// `back`. Rows are cols + 8 values apart, so that the lanes of a fragment meet
// different banks. scratch is [ROWS][WARPS].
static __device__ __forceinline__ void stage(uint16_t *to, float *back, const uint16_t *x, int rows, int cols, int ld, uint32_t (*scratch)[WARPS]) {
    int lane = threadIdx.x & 31, warp = threadIdx.x / 32;
    for (int r = 0; r < rows; r++) {
        uint32_t top = 0;
#pragma unroll 4
        for (int c = threadIdx.x * 8; c < cols; c += WARPS * 32 * 8) top = max(top, top_of(*(const uint4 *)(x + (int64_t)r * ld + c)));
#pragma unroll
        for (int i = 16; i; i >>= 1) top = max(top, __shfl_xor_sync(0xffffffffu, top, i));
        if (lane == 0) scratch[r][warp] = top;
    }
    __syncthreads();
    for (int r = 0; r < rows; r++) {
        uint32_t top = 0;
#pragma unroll
        for (int i = 0; i < WARPS; i++) top = max(top, scratch[r][i]);
        int power = min(254, 268 - (int)(top >> 7)); // the largest value becomes 2¹⁴ … 2¹⁵
        float times = __uint_as_float((uint32_t)power << 23);
        if (threadIdx.x == 0) back[r] = 1.f / times;
#pragma unroll 4
        for (int c = threadIdx.x * 8; c < cols; c += WARPS * 32 * 8) {
            uint4 v = *(const uint4 *)(x + (int64_t)r * ld + c);
            *(uint4 *)(to + r * (cols + 8) + c) =
                make_uint4(pack_f16(bf16_lo(v.x) * times, bf16_hi(v.x) * times), pack_f16(bf16_lo(v.y) * times, bf16_hi(v.y) * times),
                           pack_f16(bf16_lo(v.z) * times, bf16_hi(v.z) * times), pack_f16(bf16_lo(v.w) * times, bf16_hi(v.w) * times));
        }
    }
    __syncthreads();
}

// What a warp reads at once: pairs of blocks of two rows, 32 codes a lane and pair;
// lane t of a row has what makes the scales of block t.
struct Piece {
    uint4 codes[PAIRS][2];
    uint32_t absmax[2];
    float nested[2];
};

// A pair of blocks is one sum on the tensor cores: lanes 0 and 1 of a row hold the
// first block's codes, 2 and 3 the second's, and X stands in column 2m for the
// first and 2m+1 for the second, zeros elsewhere. So a lane reads 16 bytes at once,
// and four rows of X fill the eight columns. GROUPS of four rows.
template <int GROUPS>
static __device__ __forceinline__ void
few(const uint16_t *x, int rows, int cols, int x_ld, const Weight &w0, const Weight &w1, const Weight &w2) {
    DYNAMIC_SHARED(memory);
    uint32_t *pairs = (uint32_t *)memory;                              // [256][32]
    float *maps = (float *)(memory + 32768);                           // [3][256]
    float (*sums)[TILE][ROWS] = (float (*)[TILE][ROWS])(maps + 3 * 256); // [WARPS]
    float *back = (float *)(sums + WARPS);                             // [ROWS]
    uint32_t (*scratch)[WARPS] = (uint32_t (*)[WARPS])(back + ROWS);   // [ROWS]
    Weight *weights = (Weight *)(scratch + ROWS);                      // [3]
    uint16_t *xs = (uint16_t *)(weights + 3);
    int lane = threadIdx.x & 31, warp = threadIdx.x / 32, g = lane >> 2, t = lane & 3;

    int blocks = cols / 64, tiles = (w0.out + w1.out + w2.out) / TILE;
    if ((int)blockIdx.x >= tiles) return;
    if (threadIdx.x == 0) weights[0] = w0, weights[1] = w1, weights[2] = w2;
    __syncthreads();
    int row, number, first; // output of the tile, which weight, and the number of a lane's first block
    Piece next;
    auto fetch = [&](int b) {
        const Weight &w = weights[number];
        const uint8_t *codes = w.codes + (int64_t)(first + b) * 32 + t * 16, *absmax = w.absmax;
        const float *nested = w.nested;
#pragma unroll
        for (int i = 0; i < PAIRS; i++) {
            bool inside = b + 2 * i < blocks;
            next.codes[i][0] = inside ? *(const uint4 *)(codes + i * 64) : make_uint4(0, 0, 0, 0);
            next.codes[i][1] = inside ? *(const uint4 *)(codes + (4 * blocks + i) * 64) : make_uint4(0, 0, 0, 0);
        }
        int upper = b + t < blocks ? first + b + t : 0, lower = b + t < blocks ? upper + 8 * blocks : 0;
        next.absmax[0] = absmax ? absmax[upper] : 0, next.absmax[1] = absmax ? absmax[lower] : 0;
        next.nested[0] = nested[absmax ? upper >> 8 : upper], next.nested[1] = nested[absmax ? lower >> 8 : lower];
    };
    auto begin = [&](int tile) {
        row = tile * TILE, number = 0;
        if (row >= weights[0].out) row -= weights[0].out, number = 1;
        if (number == 1 && row >= weights[1].out) row -= weights[1].out, number = 2;
        first = (row + g) * blocks;
        fetch(warp * AHEAD);
    };
    begin(blockIdx.x); // codes are under way while X is brought in

    for (int i = threadIdx.x; i < 256 * 32; i += WARPS * 32) {
        int byte = i >> 5;
        pairs[i] = pack_f16(values[byte >> 4], values[byte & 15]);
    }
    for (int i = 0; i < 3; i++) maps[256 * i + threadIdx.x] = weights[i].map ? weights[i].map[threadIdx.x] : 0.f;
    stage(xs, back, x, rows, cols, x_ld, scratch); // ends with a barrier

    const uint32_t *mine = pairs + lane;
    for (int tile = blockIdx.x, after; tile < tiles; tile = after) {
        after = tile + gridDim.x;
        const Weight &w = weights[number];
        const float *map = maps + 256 * number;
        int output = row;
        bool twice = w.absmax;
        float offset = twice ? *w.offset : 0.f, total[GROUPS][2];
#pragma unroll
        for (int k = 0; k < GROUPS; k++) total[k][0] = total[k][1] = 0.f;
        auto scale = [&](uint32_t code, float nested) { return twice ? __fadd_rn(__fmul_rn(map[code], nested), offset) : nested; };
        for (int b = warp * AHEAD; b < blocks; b += WARPS * AHEAD) {
            Piece now = next;
            if (b + WARPS * AHEAD < blocks)
                fetch(b + WARPS * AHEAD);
            else if (after < tiles)
                begin(after);
            float upper = scale(now.absmax[0], now.nested[0]), lower = scale(now.absmax[1], now.nested[1]);
#pragma unroll
            for (int i = 0; i < PAIRS; i++) {
                float acc[GROUPS][4];
#pragma unroll
                for (int k = 0; k < GROUPS; k++) acc[k][0] = acc[k][1] = acc[k][2] = acc[k][3] = 0.f;
                const uint32_t u[4] = {now.codes[i][0].x, now.codes[i][0].y, now.codes[i][0].z, now.codes[i][0].w};
                const uint32_t l[4] = {now.codes[i][1].x, now.codes[i][1].y, now.codes[i][1].z, now.codes[i][1].w};
#pragma unroll
                for (int s = 0; s < 4; s++) { // a word: eight codes, two products
                    uint4 v[GROUPS];
#pragma unroll
                    for (int k = 0; k < GROUPS; k++) {
                        int m = 4 * k + (g >> 1);
                        v[k] = make_uint4(0, 0, 0, 0);
                        if (t >> 1 == (g & 1) && m < rows && b + 2 * i < blocks)
                            v[k] = *(const uint4 *)(xs + m * (cols + 8) + (b + 2 * i) * 64 + t * 32 + s * 8);
                    }
                    uint32_t one[4] = {mine[(u[s] & 255) << 5], mine[(l[s] & 255) << 5], mine[(u[s] >> 8 & 255) << 5], mine[(l[s] >> 8 & 255) << 5]};
                    uint32_t two[4] = {mine[(u[s] >> 16 & 255) << 5], mine[(l[s] >> 16 & 255) << 5], mine[(u[s] >> 24) << 5], mine[(l[s] >> 24) << 5]};
#pragma unroll
                    for (int k = 0; k < GROUPS; k++) {
                        mma_f16(acc[k], one, v[k].x, v[k].y);
                        mma_f16(acc[k], two, v[k].z, v[k].w);
                    }
                }
                float a = __shfl_sync(0xffffffffu, upper, (lane & 28) + 2 * i), c = __shfl_sync(0xffffffffu, upper, (lane & 28) + 2 * i + 1);
                float d = __shfl_sync(0xffffffffu, lower, (lane & 28) + 2 * i), e = __shfl_sync(0xffffffffu, lower, (lane & 28) + 2 * i + 1);
#pragma unroll
                for (int k = 0; k < GROUPS; k++) {
                    total[k][0] += a * acc[k][0] + c * acc[k][1];
                    total[k][1] += d * acc[k][2] + e * acc[k][3];
                }
            }
        }
        if (warp * AHEAD >= blocks && after < tiles) begin(after); // of what this warp has no part
#pragma unroll
        for (int k = 0; k < GROUPS; k++) sums[warp][g][4 * k + t] = total[k][0], sums[warp][g + 8][4 * k + t] = total[k][1];
        __syncthreads();
        if (threadIdx.x < TILE * 4 * GROUPS) {
            int n = threadIdx.x % TILE, m = threadIdx.x / TILE;
            if (m < rows) {
                float sum = 0.f;
#pragma unroll
                for (int i = 0; i < WARPS; i++) sum += sums[i][n][m];
                uint16_t *to = w.y + (int64_t)m * w.ld + output + n;
                sum *= back[m];
                if (w.add) sum += bf16_lo(*to);
                *to = (uint16_t)pack_bf16(sum, 0.f);
            }
        }
        __syncthreads();
    }
}

// grid: as many blocks as run at once, which take the tiles of all weights in
// turn. Shared memory: 32 KiB of pairs of values, one copy a bank; 256 values of
// each map; results of the warps; X. cols is a multiple of 128, outputs of 16;
// rows at most the name's.
#define FEW(ROWS, GROUPS, BLOCKS)                                                                                                  \
    extern "C" __global__ void __launch_bounds__(WARPS * 32, BLOCKS)                                                          \
    few_product_##ROWS(const uint16_t *x, int rows, int cols, int x_ld,                                                    \
                       const uint8_t *codes0, const uint8_t *absmax0, const float *map0, const float *nested0,             \
                       const float *offset0, uint16_t *y0, int out0, int ld0, int add0,                                    \
                       const uint8_t *codes1, const uint8_t *absmax1, const float *map1, const float *nested1,             \
                       const float *offset1, uint16_t *y1, int out1, int ld1, int add1,                                    \
                       const uint8_t *codes2, const uint8_t *absmax2, const float *map2, const float *nested2,             \
                       const float *offset2, uint16_t *y2, int out2, int ld2, int add2) {                                  \
        few<GROUPS>(x, rows, cols, x_ld, {codes0, absmax0, map0, nested0, offset0, y0, out0, ld0, add0},                   \
                    {codes1, absmax1, map1, nested1, offset1, y1, out1, ld1, add1},                                        \
                    {codes2, absmax2, map2, nested2, offset2, y2, out2, ld2, add2});                                       \
    }

FEW(4, 1, 3)
FEW(8, 2, 2)
