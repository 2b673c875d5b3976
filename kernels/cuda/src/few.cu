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
#define AHEAD 4  // blocks of 64 values that a warp takes at once
#define ROWS 8   // of X

struct Weight {
    const uint8_t *codes;
    const uint8_t *absmax; // codes of map; null without double quantisation
    const float *map, *nested, *offset;
    uint16_t *y;
    int out, ld, add; // of y
};

static __device__ __forceinline__ float scale_of(const Weight &w, const float *map, float offset, int block) {
    if (!w.absmax) return w.nested[block];
    return __fadd_rn(__fmul_rn(map[w.absmax[block]], w.nested[block >> 8]), offset);
}

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

// What a warp reads at once: AHEAD blocks of two rows, 16 codes a lane and block.
struct Piece {
    uint2 codes[AHEAD][2];
};

// grid: as many blocks as run at once, which take the tiles of all weights in
// turn. Shared memory: 32 KiB of pairs of values, one copy a bank; X; results of
// the warps; 256 values of each map. cols is a multiple of 64, outputs of 16.
extern "C" __global__ void __launch_bounds__(WARPS * 32, 3)
few_product(const uint16_t *x, int rows, int cols, int x_ld,
            const uint8_t *codes0, const uint8_t *absmax0, const float *map0, const float *nested0, const float *offset0, uint16_t *y0, int out0, int ld0, int add0,
            const uint8_t *codes1, const uint8_t *absmax1, const float *map1, const float *nested1, const float *offset1, uint16_t *y1, int out1, int ld1, int add1,
            const uint8_t *codes2, const uint8_t *absmax2, const float *map2, const float *nested2, const float *offset2, uint16_t *y2, int out2, int ld2, int add2) {
    DYNAMIC_SHARED(memory);
    uint32_t *pairs = (uint32_t *)memory;                              // [256][32]
    float *maps = (float *)(memory + 32768);                           // [3][256]
    float (*sums)[TILE][ROWS] = (float (*)[TILE][ROWS])(maps + 3 * 256); // [WARPS]
    float *back = (float *)(sums + WARPS);                             // [ROWS]
    uint32_t (*scratch)[WARPS] = (uint32_t (*)[WARPS])(back + ROWS);   // [ROWS]
    uint16_t *xs = (uint16_t *)(scratch + ROWS);
    int lane = threadIdx.x & 31, warp = threadIdx.x / 32, g = lane >> 2, t = lane & 3;

    int blocks = cols / 64, tiles = (out0 + out1 + out2) / TILE;
    Weight w;
    int row, number, first, second; // output of the tile, which weight, and the blocks of a lane's two rows
    Piece next;
    auto fetch = [&](int b) {
#pragma unroll
        for (int i = 0; i < AHEAD; i++) {
            bool inside = b + i < blocks;
            next.codes[i][0] = inside ? *(const uint2 *)(w.codes + (int64_t)(first + b + i) * 32 + t * 8) : make_uint2(0, 0);
            next.codes[i][1] = inside ? *(const uint2 *)(w.codes + (int64_t)(second + b + i) * 32 + t * 8) : make_uint2(0, 0);
        }
    };
    auto begin = [&](int tile) {
        row = tile * TILE, number = 0;
        w = {codes0, absmax0, map0, nested0, offset0, y0, out0, ld0, add0};
        if (row >= out0) {
            row -= out0, number = 1;
            w = {codes1, absmax1, map1, nested1, offset1, y1, out1, ld1, add1};
            if (row >= out1) {
                row -= out1, number = 2;
                w = {codes2, absmax2, map2, nested2, offset2, y2, out2, ld2, add2};
            }
        }
        first = (row + g) * blocks, second = (row + g + 8) * blocks;
        fetch(warp * AHEAD);
    };
    if ((int)blockIdx.x >= tiles) return;
    begin(blockIdx.x); // codes are under way while X is brought in

    for (int i = threadIdx.x; i < 256 * 32; i += WARPS * 32) {
        int byte = i >> 5;
        pairs[i] = pack_f16(values[byte >> 4], values[byte & 15]);
    }
    maps[threadIdx.x] = map0 ? map0[threadIdx.x] : 0.f;
    maps[256 + threadIdx.x] = map1 ? map1[threadIdx.x] : 0.f;
    maps[512 + threadIdx.x] = map2 ? map2[threadIdx.x] : 0.f;
    stage(xs, back, x, rows, cols, x_ld, scratch); // ends with a barrier

    const uint32_t *mine = pairs + lane;
    const uint16_t *column = xs + g * (cols + 8) + t * 16;
    for (int tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
        if (tile != (int)blockIdx.x) begin(tile);
        const float *map = maps + 256 * number;
        float offset = w.absmax ? *w.offset : 0.f, total[4] = {0.f, 0.f, 0.f, 0.f};
        for (int b = warp * AHEAD; b < blocks; b += WARPS * AHEAD) {
            Piece now = next;
            // Lane t of a row has the scales of block b + t.
            bool inside = b + t < blocks;
            float upper = inside ? scale_of(w, map, offset, first + b + t) : 0.f, lower = inside ? scale_of(w, map, offset, second + b + t) : 0.f;
            if (b + WARPS * AHEAD < blocks) fetch(b + WARPS * AHEAD);
#pragma unroll
            for (int i = 0; i < AHEAD; i++) {
                float up = __shfl_sync(0xffffffffu, upper, (lane & 28) + i), low = __shfl_sync(0xffffffffu, lower, (lane & 28) + i);
                uint32_t v[8] = {0, 0, 0, 0, 0, 0, 0, 0};
                if (g < rows && b + i < blocks) {
                    uint4 p = *(const uint4 *)(column + (b + i) * 64), q = *(const uint4 *)(column + (b + i) * 64 + 8);
                    v[0] = p.x, v[1] = p.y, v[2] = p.z, v[3] = p.w, v[4] = q.x, v[5] = q.y, v[6] = q.z, v[7] = q.w;
                }
                float acc[4] = {0.f, 0.f, 0.f, 0.f};
#pragma unroll
                for (int s = 0; s < 4; s++) {
                    uint32_t a = s < 2 ? now.codes[i][0].x : now.codes[i][0].y, c = s < 2 ? now.codes[i][1].x : now.codes[i][1].y;
                    uint32_t pair[4] = {mine[(a >> (s & 1) * 16 & 255) << 5], mine[(c >> (s & 1) * 16 & 255) << 5],
                                        mine[(a >> ((s & 1) * 16 + 8) & 255) << 5], mine[(c >> ((s & 1) * 16 + 8) & 255) << 5]};
                    mma_f16(acc, pair, v[2 * s], v[2 * s + 1]);
                }
                total[0] += up * acc[0], total[1] += up * acc[1], total[2] += low * acc[2], total[3] += low * acc[3];
            }
        }
        sums[warp][g][2 * t] = total[0], sums[warp][g][2 * t + 1] = total[1];
        sums[warp][g + 8][2 * t] = total[2], sums[warp][g + 8][2 * t + 1] = total[3];
        __syncthreads();
        if (threadIdx.x < TILE * ROWS) {
            int n = threadIdx.x % TILE, m = threadIdx.x / TILE;
            if (m < rows) {
                float sum = 0.f;
#pragma unroll
                for (int i = 0; i < WARPS; i++) sum += sums[i][n][m];
                uint16_t *to = w.y + (int64_t)m * w.ld + row + n;
                sum *= back[m];
                if (w.add) sum += bf16_lo(*to);
                *to = (uint16_t)pack_bf16(sum, 0.f);
            }
        }
        __syncthreads();
    }
}
