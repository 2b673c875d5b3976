// The backward of attention.cu in two passes, version 1 (mma.sync): one over
// query tiles for dQ, one over key tiles for dK and dV. Scores and dP are
// computed in both, 7 products instead of 5; in exchange nothing is added across
// blocks, so that the sums have one order without waiting.
//
// nvcc -ptx -O3 -std=c++17 -arch=compute_80 attention_backward.cu
//
// Overwrites dQ, dK, dV of the rows that the plan names, and zeroes beyond those in
// use. lse and delta are those
// of attention_prepare. P and dS are rounded to bf16 as operands, the gradients
// once at the end. dK and dV sum over the query heads of their KV head from the
// first to the last, over queries from the first on.
#include "attention.cuh"

#define WARPS 8
#define STEP_ROWS 32 // keys or queries a step

// s becomes P = exp2(s·scale − lse); lse by half row (dQ) or column (dK, dV).
static __device__ __forceinline__ bool seen(int key, int query, int window) { return key <= query && key >= first_key(query, window); }

template <int D>
static __device__ __forceinline__ void
backward_q(uint16_t *dq, const uint16_t *d_o, const float *lse, const float *delta, const uint16_t *q, const uint16_t *k,
           const uint16_t *v, const int *plan, int bound, int heads, int kv_heads, int d, float scale, int window, int stats) {
    constexpr int BN = STEP_ROWS, THREADS = WARPS * 32, STEP = BN * D * 2;
    DYNAMIC_SHARED(memory);
    clear_beyond(dq, plan, heads * d, (blockIdx.y * gridDim.x + blockIdx.x) * THREADS + threadIdx.x, gridDim.x * gridDim.y * THREADS);
    if ((int)blockIdx.y >= plan[0]) return;
    Tile tile = tile_at(plan, MOST_KEYS_FIRST, bound, blockIdx.y);
    int h = blockIdx.x, lane = threadIdx.x & 31, first = threadIdx.x / 32 * 16;
    int rows = min(TILE_ROWS, tile.end - tile.row), keys = tile.pos + rows;
    int64_t width = (int64_t)heads * d, kv_width = (int64_t)kv_heads * d;
    uint32_t qs = shared_address(memory), os = qs + TILE_ROWS * D * 2, ks = os + TILE_ROWS * D * 2, vs = ks + 2 * STEP;
    int64_t kv_at = tile.kv * kv_width + h / (heads / kv_heads) * d;
    int low = first_key(tile.pos, window) / BN, n = (keys - 1) / BN;

    auto load = [&](int n, int stage) {
        load_tile<D, BN, THREADS>(ks + stage * STEP, k + kv_at + n * BN * kv_width, kv_width, keys - n * BN, d, threadIdx.x);
        load_tile<D, BN, THREADS>(vs + stage * STEP, v + kv_at + n * BN * kv_width, kv_width, keys - n * BN, d, threadIdx.x);
        cp_async_commit();
    };
    load_tile<D, TILE_ROWS, THREADS>(qs, q + tile.row * width + h * d, width, rows, d, threadIdx.x);
    load_tile<D, TILE_ROWS, THREADS>(os, d_o + tile.row * width + h * d, width, rows, d, threadIdx.x);
    load(n, 0);

    int64_t stat = (int64_t)h * stats + tile.stat + first + lane / 4;
    float row_lse[2] = {lse[stat], lse[stat + 8]}, row_delta[2] = {delta[stat], delta[stat + 8]};
    float acc[1][D / 8][4];
    clear(acc);
    for (int stage = 0; n >= low; n--, stage ^= 1) {
        if (n > low) {
            load(n - 1, stage ^ 1);
            cp_async_wait<1>();
        } else {
            cp_async_wait<0>();
        }
        __syncthreads();
        float s[1][BN / 8][4], dp[1][BN / 8][4];
        clear(s);
        clear(dp);
        product_nt<D, 1, BN>(s, qs, first, ks + stage * STEP, 0, lane);
        product_nt<D, 1, BN>(dp, os, first, vs + stage * STEP, 0, lane);
#pragma unroll
        for (int j = 0; j < BN / 8; j++)
#pragma unroll
            for (int i = 0; i < 4; i++) {
                int key = n * BN + j * 8 + 2 * (lane & 3) + (i & 1), pos = tile.pos + first + lane / 4 + 8 * (i >> 1);
                float p = seen(key, pos, window) ? exp2_fast(s[0][j][i] * (scale * LOG2E) - row_lse[i >> 1]) : 0.f;
                dp[0][j][i] = p * (dp[0][j][i] - row_delta[i >> 1]);
            }
        uint32_t ds[1][BN / 16][4];
        as_operand<BN>(ds[0], dp[0]);
        product_nn<D, 1, BN>(acc, ds, ks + stage * STEP, 0, lane);
        __syncthreads();
    }
    float factor[2] = {scale, scale};
    store_rows<D>(dq + (tile.row + first) * width + h * d, width, acc[0], factor, rows - first, d, lane);
}

template <int D>
static __device__ __forceinline__ void
backward_kv(uint16_t *dk, uint16_t *dv, const uint16_t *d_o, const float *lse, const float *delta, const uint16_t *q,
            const uint16_t *k, const uint16_t *v, const int *plan, int bound, int heads, int kv_heads, int d, float scale,
            int window, int stats) {
    constexpr int BQ = STEP_ROWS, THREADS = WARPS * 32, STEP = BQ * D * 2;
    DYNAMIC_SHARED(memory);
    for (uint16_t *x : {dk, dv})
        if (x) clear_beyond(x, plan, kv_heads * d, (blockIdx.y * gridDim.x + blockIdx.x) * THREADS + threadIdx.x, gridDim.x * gridDim.y * THREADS);
    if ((int)blockIdx.y >= plan[0]) return;
    Tile tile = tile_at(plan, MOST_QUERIES_FIRST, bound, blockIdx.y);
    int lane = threadIdx.x & 31, first = threadIdx.x / 32 * 16, group = heads / kv_heads, h0 = blockIdx.x * group;
    int rows = min(TILE_ROWS, tile.end - tile.row), queries = tile.end - tile.row;
    if (window) queries = min(queries, rows + window - 1); // from the tile's first position on
    int64_t width = (int64_t)heads * d, kv_width = (int64_t)kv_heads * d;
    uint32_t ks = shared_address(memory), vs = ks + TILE_ROWS * D * 2, qs = vs + TILE_ROWS * D * 2, os = qs + 2 * STEP;
    float *lses = (float *)(memory + (2 * TILE_ROWS + 4 * BQ) * D * 2), *deltas = lses + 2 * BQ;

    int steps = (queries + BQ - 1) / BQ, total = steps * group;
    auto load = [&](int i, int stage) {
        int h = h0 + i / steps, from = i % steps * BQ;
        int64_t at = (tile.row + from) * width + h * d, stat = (int64_t)h * stats + tile.stat + from;
        load_tile<D, BQ, THREADS>(qs + stage * STEP, q + at, width, queries - from, d, threadIdx.x);
        load_tile<D, BQ, THREADS>(os + stage * STEP, d_o + at, width, queries - from, d, threadIdx.x);
        if (threadIdx.x < BQ / 4)
            cp_async16(shared_address(lses + stage * BQ + threadIdx.x * 4), lse + stat + threadIdx.x * 4, true);
        else if (threadIdx.x < BQ / 2)
            cp_async16(shared_address(deltas + stage * BQ + (threadIdx.x - BQ / 4) * 4), delta + stat + (threadIdx.x - BQ / 4) * 4, true);
        cp_async_commit();
    };
    int64_t kv_at = tile.row * kv_width + blockIdx.x * d;
    load_tile<D, TILE_ROWS, THREADS>(ks, k + kv_at, kv_width, rows, d, threadIdx.x);
    load_tile<D, TILE_ROWS, THREADS>(vs, v + kv_at, kv_width, rows, d, threadIdx.x);
    load(0, 0);

    float k_acc[1][D / 8][4], v_acc[1][D / 8][4];
    clear(k_acc);
    clear(v_acc);
    for (int i = 0, stage = 0; i < total; i++, stage ^= 1) {
        if (i + 1 < total) {
            load(i + 1, stage ^ 1);
            cp_async_wait<1>();
        } else {
            cp_async_wait<0>();
        }
        __syncthreads();
        float s[1][BQ / 8][4], dp[1][BQ / 8][4];
        clear(s);
        clear(dp);
        product_nt<D, 1, BQ>(s, ks, first, qs + stage * STEP, 0, lane);
        product_nt<D, 1, BQ>(dp, vs, first, os + stage * STEP, 0, lane);
        int from = i % steps * BQ;
#pragma unroll
        for (int j = 0; j < BQ / 8; j++)
#pragma unroll
            for (int e = 0; e < 4; e++) {
                int column = j * 8 + 2 * (lane & 3) + (e & 1), key = first + lane / 4 + 8 * (e >> 1);
                bool sees = from + column >= key && (!window || from + column < key + window);
                s[0][j][e] = sees ? exp2_fast(s[0][j][e] * (scale * LOG2E) - lses[stage * BQ + column]) : 0.f;
                dp[0][j][e] = s[0][j][e] * (dp[0][j][e] - deltas[stage * BQ + column]);
            }
        uint32_t x[1][BQ / 16][4];
        as_operand<BQ>(x[0], s[0]);
        product_nn<D, 1, BQ>(v_acc, x, os + stage * STEP, 0, lane);
        as_operand<BQ>(x[0], dp[0]);
        product_nn<D, 1, BQ>(k_acc, x, qs + stage * STEP, 0, lane);
        __syncthreads();
    }
    float one[2] = {1.f, 1.f}, factor[2] = {scale, scale};
    kv_at += first * kv_width;
    if (dv) store_rows<D>(dv + kv_at, kv_width, v_acc[0], one, rows - first, d, lane);
    if (dk) store_rows<D>(dk + kv_at, kv_width, k_acc[0], factor, rows - first, d, lane);
}

#define BACKWARD(D)                                                                                                     \
    extern "C" __global__ void __launch_bounds__(WARPS * 32)                                                            \
    attention_backward_q_##D(uint16_t *dq, const uint16_t *d_o, const float *lse, const float *delta, const uint16_t *q, \
                             const uint16_t *k, const uint16_t *v, const int *plan, int bound, int heads, int kv_heads, \
                             int d, float scale, int window, int stats) {                                               \
        backward_q<D>(dq, d_o, lse, delta, q, k, v, plan, bound, heads, kv_heads, d, scale, window, stats);             \
    }                                                                                                                   \
    extern "C" __global__ void __launch_bounds__(WARPS * 32)                                                            \
    attention_backward_kv_##D(uint16_t *dk, uint16_t *dv, const uint16_t *d_o, const float *lse, const float *delta,    \
                              const uint16_t *q, const uint16_t *k, const uint16_t *v, const int *plan, int bound,      \
                              int heads, int kv_heads, int d, float scale, int window, int stats) {                     \
        backward_kv<D>(dk, dv, d_o, lse, delta, q, k, v, plan, bound, heads, kv_heads, d, scale, window, stats);        \
    }

// grids (heads, bound) and (kv_heads, bound); 256 threads; shared memory
// (2·128 + 4·32)·D·2 bytes, and 512 more for dK and dV. dk or dv may be null.
BACKWARD(32)
BACKWARD(64)
BACKWARD(128)
