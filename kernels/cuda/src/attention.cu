// Causal grouped-query attention by tiles, version 1: tensor cores of sm_80
// (mma.sync), keys and values two steps ahead (cp.async). FlashAttention-2,
// arXiv:2307.08691. Version 2, for Hopper, is attention_hopper.cu.
//
// nvcc -ptx -O3 -std=c++17 -arch=compute_80 attention.cu
//
// Writes O and LSE of the rows that the plan names, and zeroes beyond those in
// use where the plan has all sequences (lse is not null). Scores, softmax
// and sums are f32; P is rounded to bf16 before P·V, O once at the end.
// K and V may be a cache of pages of `length` tokens; where a sequence can have
// several, that is a multiple of 64.
#include "attention.cuh"

// A warp holds MT·16 query rows; a block a tile of 128. BN keys a step.
template <int D, int MT, int BN>
static __device__ __forceinline__ void
forward(uint16_t *o, float *lse, const uint16_t *q, const uint16_t *k, const uint16_t *v, const int *plan,
        const int *pages, int length, int bound, int heads, int kv_heads, int d, float scale, int window) {
    constexpr int THREADS = TILE_ROWS / MT / 16 * 32, STEP = BN * D * 2;
    DYNAMIC_SHARED(memory);
    if (lse)
        clear_beyond(o, plan, heads * d, (blockIdx.y * gridDim.x + blockIdx.x) * THREADS + threadIdx.x, gridDim.x * gridDim.y * THREADS);
    if ((int)blockIdx.y >= plan[0]) return;
    Tile tile = tile_at(plan, MOST_KEYS_FIRST, bound, blockIdx.y);
    int h = blockIdx.x, lane = threadIdx.x & 31, first = threadIdx.x / 32 * MT * 16;
    int rows = min(TILE_ROWS, tile.end - tile.row), keys = tile.pos + rows;
    int64_t width = (int64_t)heads * d, kv_width = (int64_t)kv_heads * d;
    uint32_t qs = shared_address(memory), ks = qs + TILE_ROWS * D * 2, vs = ks + 2 * STEP;
    int kv_at = h / (heads / kv_heads) * d;
    int low = first_key(tile.pos, window) / BN, n = (keys - 1) / BN;

    auto load = [&](int n, int stage) {
        int64_t at = key_row(pages, length, tile.kv, n * BN) * kv_width + kv_at;
        load_tile<D, BN, THREADS>(ks + stage * STEP, k + at, kv_width, keys - n * BN, d, threadIdx.x);
        load_tile<D, BN, THREADS>(vs + stage * STEP, v + at, kv_width, keys - n * BN, d, threadIdx.x);
        cp_async_commit();
    };
    load_tile<D, TILE_ROWS, THREADS>(qs, q + tile.row * width + h * d, width, rows, d, threadIdx.x);
    load(n, 0);

    float acc[MT][D / 8][4], top[MT][2], sum[MT][2];
    clear(acc);
#pragma unroll
    for (int m = 0; m < MT; m++) top[m][0] = top[m][1] = NEGATIVE_INFINITY, sum[m][0] = sum[m][1] = 0.f;
    scale *= LOG2E;

    for (int stage = 0; n >= low; n--, stage ^= 1) {
        if (n > low) {
            load(n - 1, stage ^ 1);
            cp_async_wait<1>();
        } else {
            cp_async_wait<0>();
        }
        __syncthreads();
        float s[MT][BN / 8][4];
        clear(s);
        product_nt<D, MT, BN>(s, qs, first, ks + stage * STEP, 0, lane);
        bool masked = n * BN + BN - 1 > tile.pos + first || (window && n * BN < first_key(tile.pos + first + MT * 16 - 1, window));
        uint32_t p[MT][BN / 16][4];
#pragma unroll
        for (int m = 0; m < MT; m++) {
            int pos = tile.pos + first + m * 16 + lane / 4;
            if (masked) {
#pragma unroll
                for (int j = 0; j < BN / 8; j++)
#pragma unroll
                    for (int i = 0; i < 4; i++) {
                        int key = n * BN + j * 8 + 2 * (lane & 3) + (i & 1), row = pos + 8 * (i >> 1);
                        if (key > row || key < first_key(row, window)) s[m][j][i] = NEGATIVE_INFINITY;
                    }
            }
#pragma unroll
            for (int half = 0; half < 2; half++) {
                float best = top[m][half];
#pragma unroll
                for (int j = 0; j < BN / 8; j++) best = fmaxf(best, fmaxf(s[m][j][2 * half], s[m][j][2 * half + 1]));
                best = quad_max(best);
                float shrink = exp2_fast((top[m][half] - best) * scale), part = 0.f;
                top[m][half] = best;
#pragma unroll
                for (int j = 0; j < BN / 8; j++)
#pragma unroll
                    for (int i = 2 * half; i < 2 * half + 2; i++) part += s[m][j][i] = exp2_fast(fmaf(s[m][j][i], scale, -best * scale));
                sum[m][half] = sum[m][half] * shrink + part;
#pragma unroll
                for (int j = 0; j < D / 8; j++) acc[m][j][2 * half] *= shrink, acc[m][j][2 * half + 1] *= shrink;
            }
            as_operand<BN>(p[m], s[m]);
        }
        product_nn<D, MT, BN>(acc, p, vs + stage * STEP, 0, lane);
        __syncthreads();
    }

#pragma unroll
    for (int m = 0; m < MT; m++) {
        float factor[2];
#pragma unroll
        for (int half = 0; half < 2; half++) {
            float total = quad_sum(sum[m][half]);
            factor[half] = 1.f / total;
            int row = tile.row + first + m * 16 + lane / 4 + 8 * half;
            if (lse && (lane & 3) == 0 && row < tile.end)
                lse[(int64_t)row * heads + h] = (top[m][half] * scale + log2f(total)) * (1.f / LOG2E);
        }
        store_rows<D>(o + (tile.row + first + m * 16) * width + h * d, width, acc[m], factor, rows - first - m * 16, d, lane);
    }
}

#define FORWARD(D, MT, BN)                                                                                              \
    extern "C" __global__ void __launch_bounds__(TILE_ROWS / MT * 2)                                                    \
    attention_forward_##D(uint16_t *o, float *lse, const uint16_t *q, const uint16_t *k, const uint16_t *v,             \
                          const int *plan, const int *pages, int length, int bound, int heads, int kv_heads, int d,     \
                          float scale, int window) {                                                                    \
        forward<D, MT, BN>(o, lse, q, k, v, plan, pages, length, bound, heads, kv_heads, d, scale, window);             \
    }

// d is a multiple of 8, at most the name's; grid (heads, bound).
FORWARD(32, 1, 64)   // 256 threads, 24 KiB
FORWARD(64, 2, 64)   // 128 threads, 48 KiB
FORWARD(128, 2, 64)  // 128 threads, 96 KiB
