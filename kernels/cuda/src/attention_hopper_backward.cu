// Version 2 of attention_backward.cu: the same two passes with Hopper's
// warpgroup products and copy engine. Heads of 64 and 128.
//
// nvcc -ptx -O3 -std=c++17 -arch=compute_90a attention_hopper_backward.cu
//
// Blocks, fetching and work lists are those of attention_hopper.cu. P and dS
// never leave registers: what one product leaves in the accumulators is the left
// operand of the next. Same contract as version 1; what lies beyond the rows in
// use may be anything.
#include "attention_hopper.cuh"

#ifdef HOPPER

// dQ of 128 query rows: S = Q·Kᵀ, dP = dO·Vᵀ, dQ += dS·K over steps of 128 keys.
template <int D>
static __device__ __forceinline__ void
backward_q(uint16_t *dq, const float *lse, const float *delta, const TensorMap *q, const TensorMap *d_o, const TensorMap *k, const TensorMap *v,
           const int *plan, int *ticket, int bound, int heads, int kv_heads, float scale, int window, int stats) {
    constexpr int BN = 128, Q_BOX = 64 * 128, Q_BYTES = 64 * D * 2, BOX = BN * 128, BYTES = BN * D * 2;
    DYNAMIC_SHARED(memory);
    uint32_t qs = shared_address(memory), os = qs + 2 * Q_BYTES, ks = os + 2 * Q_BYTES, vs = ks + 2 * BYTES, barriers = vs + 2 * BYTES;
    const uint32_t q_full = barriers, q_empty = barriers + 8, k_full = barriers + 16, k_empty = barriers + 32,
                   v_full = barriers + 48, v_empty = barriers + 64;
    Schedule schedule{barriers + 80, (int *)(memory + 4 * Q_BYTES + 4 * BYTES + 112)};
    if (threadIdx.x == 0) {
        barrier_init(q_full, 1);
        barrier_init(q_empty, CONSUMER_WARPS);
        for (int i = 0; i < 2; i++) {
            barrier_init(k_full + 8 * i, 1);
            barrier_init(v_full + 8 * i, 1);
            barrier_init(k_empty + 8 * i, CONSUMER_WARPS);
            barrier_init(v_empty + 8 * i, CONSUMER_WARPS);
        }
        schedule.init();
        barrier_init_fence();
    }
    __syncthreads();
    int total = plan[0] * heads, group = heads / kv_heads;

    if (threadIdx.x < 128) {
        registers_decrease<24>();
        if (threadIdx.x != 0) return;
        for (int count = 0, step = 0;; count++) {
            int work = schedule.next(ticket, total, count);
            if (work < 0) break;
            Tile tile = tile_at(plan, MOST_KEYS_FIRST, bound, work / heads);
            int h = work % heads, kv_head = h / group;
            int low = first_key(tile.pos, window) / BN, n = (tile.pos + min(TILE_ROWS, tile.end - tile.row) - 1) / BN;
            barrier_wait(q_empty, (count & 1) ^ 1);
            barrier_expect(q_full, 4 * Q_BYTES);
            for (int half = 0; half < 2; half++)
                for (int c = 0; c < D / 64; c++) {
                    tensor_load(qs + half * Q_BYTES + c * Q_BOX, q, q_full, c * 64, h, tile.row + half * 64);
                    tensor_load(os + half * Q_BYTES + c * Q_BOX, d_o, q_full, c * 64, h, tile.row + half * 64);
                }
            for (; n >= low; n--, step++) {
                int stage = step & 1, parity = (step >> 1 & 1) ^ 1;
                barrier_wait(k_empty + 8 * stage, parity);
                barrier_expect(k_full + 8 * stage, BYTES);
                for (int c = 0; c < D / 64; c++)
                    tensor_load(ks + stage * BYTES + c * BOX, k, k_full + 8 * stage, c * 64, kv_head, tile.kv + n * BN);
                barrier_wait(v_empty + 8 * stage, parity);
                barrier_expect(v_full + 8 * stage, BYTES);
                for (int c = 0; c < D / 64; c++)
                    tensor_load(vs + stage * BYTES + c * BOX, v, v_full + 8 * stage, c * 64, kv_head, tile.kv + n * BN);
            }
        }
        return;
    }

    registers_increase<240>();
    clear_beyond(dq, plan, heads * D, blockIdx.x * 256 + threadIdx.x - 128, gridDim.x * 256);
    int group_index = threadIdx.x / 128 - 1, lane = threadIdx.x & 31, first = group_index * 64 + threadIdx.x / 32 % 4 * 16;
    float log_scale = scale * LOG2E;
    for (int count = 0, step = 0;; count++) {
        int work = schedule.get(count);
        if (work < 0) break;
        Tile tile = tile_at(plan, MOST_KEYS_FIRST, bound, work / heads);
        int h = work % heads, rows = min(TILE_ROWS, tile.end - tile.row), keys = tile.pos + rows;
        int low = first_key(tile.pos, window) / BN, high = (keys - 1) / BN;
        int64_t stat = (int64_t)h * stats + tile.stat + first + lane / 4;
        float row_lse[2] = {lse[stat], lse[stat + 8]}, row_delta[2] = {delta[stat], delta[stat + 8]};
        float acc[D / 2], s[BN / 2], dp[BN / 2];
        uint32_t ds[BN / 4];

        barrier_wait(q_full, count & 1);
        for (int n = high; n >= low; n--, step++) {
            int stage = step & 1, parity = step >> 1 & 1;
            barrier_wait(k_full + 8 * stage, parity);
            if (n * BN + BN > keys) {
                barrier_wait(v_full + 8 * stage, parity);
                clear_rows<BN, D / 64>(memory + (ks - qs) + stage * BYTES, keys - n * BN);
                clear_rows<BN, D / 64>(memory + (vs - qs) + stage * BYTES, keys - n * BN);
            }
            hold(s);
            wgmma_fence();
            wgmma_nt<D, BN>(s, qs + group_index * Q_BYTES, Q_BOX, ks + stage * BYTES, BOX);
            wgmma_commit();
            wgmma_wait<1>(); // the previous step's dS·K; its registers are those of dP
            hold(acc);
            hold(ds);
            if (n < high && lane == 0) barrier_arrive(k_empty + 8 * (stage ^ 1));
            barrier_wait(v_full + 8 * stage, parity);
            hold(dp);
            wgmma_fence();
            wgmma_nt<D, BN>(dp, os + group_index * Q_BYTES, Q_BOX, vs + stage * BYTES, BOX);
            wgmma_commit();
            wgmma_wait<1>(); // S
            hold(s);
            int pos = tile.pos + first + lane / 4, at = n * BN + 2 * (lane & 3);
            if (n * BN + BN - 1 > tile.pos + group_index * 64 || (window && n * BN < first_key(tile.pos + group_index * 64 + 63, window)))
                mask<BN>(s, at, pos, window);
#pragma unroll
            for (int i = 0; i < BN / 2; i++) s[i] = exp2_fast(s[i] * log_scale - row_lse[i >> 1 & 1]);
            wgmma_wait<0>();
            hold(dp);
            if (lane == 0) barrier_arrive(v_empty + 8 * stage);
#pragma unroll
            for (int i = 0; i < BN / 2; i++) s[i] *= dp[i] - row_delta[i >> 1 & 1];
            operand<BN>(ds, s);
            hold(ds);
            wgmma_fence();
            wgmma_nn<D, BN>(acc, ds, ks + stage * BYTES, BOX, n < high);
            wgmma_commit();
        }
        wgmma_wait<0>();
        hold(acc);
        if (lane == 0) barrier_arrive(k_empty + 8 * ((step - 1) & 1));
        named_sync(3 + group_index, 128);
        float factor[2] = {scale, scale};
        store_through<D>(memory + group_index * Q_BYTES, acc, factor, dq + ((int64_t)tile.row * heads + h) * D, (int64_t)heads * D, group_index * 64, rows);
        if (lane == 0) barrier_arrive(q_empty);
    }
}

// dK and dV of 128 keys: Sᵀ = K·Qᵀ, dPᵀ = V·dOᵀ, dV += Pᵀ·dO, dK += dSᵀ·Q over
// steps of 64 queries of each query head.
template <int D>
static __device__ __forceinline__ void
backward_kv(uint16_t *dk, uint16_t *dv, const float *lse, const float *delta, const TensorMap *q, const TensorMap *d_o, const TensorMap *k,
            const TensorMap *v, const int *plan, int *ticket, int bound, int heads, int kv_heads, float scale, int window, int stats) {
    constexpr int BQ = 64, STAGES = 3, BOX = BQ * 128, BYTES = BQ * D * 2; // of 64 rows, also of K and V
    DYNAMIC_SHARED(memory);
    uint32_t ks = shared_address(memory), vs = ks + 2 * BYTES, qs = vs + 2 * BYTES, os = qs + STAGES * BYTES, statistics = os + STAGES * BYTES,
             barriers = statistics + STAGES * 2 * BQ * 4;
    const float *lses = (const float *)(memory + (4 + 2 * STAGES) * BYTES);
    const uint32_t kv_full = barriers, kv_empty = barriers + 8, q_full = barriers + 16, o_full = q_full + 8 * STAGES, empty = o_full + 8 * STAGES;
    Schedule schedule{empty + 8 * STAGES, (int *)(memory + (empty + 8 * STAGES + 32 - ks))};
    if (threadIdx.x == 0) {
        barrier_init(kv_full, 1);
        barrier_init(kv_empty, CONSUMER_WARPS);
        for (int i = 0; i < STAGES; i++) {
            barrier_init(q_full + 8 * i, 1);
            barrier_init(o_full + 8 * i, 1);
            barrier_init(empty + 8 * i, CONSUMER_WARPS);
        }
        schedule.init();
        barrier_init_fence();
    }
    __syncthreads();
    int total = plan[0] * kv_heads, group = heads / kv_heads;

    if (threadIdx.x < 128) {
        registers_decrease<24>();
        if (threadIdx.x != 0) return;
        for (int count = 0, step = 0;; count++) {
            int work = schedule.next(ticket, total, count);
            if (work < 0) break;
            Tile tile = tile_at(plan, MOST_QUERIES_FIRST, bound, work / kv_heads);
            int kv_head = work % kv_heads, queries = tile.end - tile.row;
            if (window) queries = min(queries, min(TILE_ROWS, queries) + window - 1);
            int steps = (queries + BQ - 1) / BQ;
            barrier_wait(kv_empty, (count & 1) ^ 1);
            barrier_expect(kv_full, 4 * BYTES);
            for (int half = 0; half < 2; half++)
                for (int c = 0; c < D / 64; c++) {
                    tensor_load(ks + half * BYTES + c * BOX, k, kv_full, c * 64, kv_head, tile.row + half * 64);
                    tensor_load(vs + half * BYTES + c * BOX, v, kv_full, c * 64, kv_head, tile.row + half * 64);
                }
            for (int h = kv_head * group; h < (kv_head + 1) * group; h++)
                for (int i = 0; i < steps; i++, step++) {
                    int stage = step % STAGES, row = tile.row + i * BQ;
                    int64_t stat = (int64_t)h * stats + tile.stat + i * BQ;
                    barrier_wait(empty + 8 * stage, (step / STAGES & 1) ^ 1);
                    barrier_expect(q_full + 8 * stage, BYTES + 2 * BQ * 4);
                    for (int c = 0; c < D / 64; c++) tensor_load(qs + stage * BYTES + c * BOX, q, q_full + 8 * stage, c * 64, h, row);
                    bulk_load(statistics + stage * 2 * BQ * 4, lse + stat, BQ * 4, q_full + 8 * stage);
                    bulk_load(statistics + stage * 2 * BQ * 4 + BQ * 4, delta + stat, BQ * 4, q_full + 8 * stage);
                    barrier_expect(o_full + 8 * stage, BYTES);
                    for (int c = 0; c < D / 64; c++) tensor_load(os + stage * BYTES + c * BOX, d_o, o_full + 8 * stage, c * 64, h, row);
                }
        }
        return;
    }

    registers_increase<240>();
    for (uint16_t *x : {dk, dv})
        if (x) clear_beyond(x, plan, kv_heads * D, blockIdx.x * 256 + threadIdx.x - 128, gridDim.x * 256);
    int group_index = threadIdx.x / 128 - 1, lane = threadIdx.x & 31, first = group_index * 64 + threadIdx.x / 32 % 4 * 16 + lane / 4;
    float log_scale = scale * LOG2E;
    for (int count = 0, step = 0;; count++) {
        int work = schedule.get(count);
        if (work < 0) break;
        Tile tile = tile_at(plan, MOST_QUERIES_FIRST, bound, work / kv_heads);
        int kv_head = work % kv_heads, rows = min(TILE_ROWS, tile.end - tile.row), queries = tile.end - tile.row;
        if (window) queries = min(queries, rows + window - 1);
        int steps = (queries + BQ - 1) / BQ;
        float k_acc[D / 2], v_acc[D / 2], s[BQ / 2], dp[BQ / 2];
        uint32_t p[BQ / 4], ds[BQ / 4];
        int open = -1; // stage whose products are under way
        bool add = false;

        barrier_wait(kv_full, count & 1);
        for (int i = 0; i < steps * group; i++, step++) {
            int stage = step % STAGES, parity = step / STAGES & 1, from = i % steps * BQ;
            barrier_wait(q_full + 8 * stage, parity);
            if (from + BQ > tile.end - tile.row) {
                barrier_wait(o_full + 8 * stage, parity);
                clear_rows<BQ, D / 64>(memory + (qs - ks) + stage * BYTES, tile.end - tile.row - from);
                clear_rows<BQ, D / 64>(memory + (os - ks) + stage * BYTES, tile.end - tile.row - from);
            }
            // The second warpgroup's keys come after the first 64 queries.
            if (from < group_index * 64 && from + BQ <= group_index * 64) {
                barrier_wait(o_full + 8 * stage, parity);
                if (open >= 0) {
                    wgmma_wait<0>();
                    hold(k_acc);
                    hold(v_acc);
                    if (lane == 0) barrier_arrive(empty + 8 * open);
                }
                if (lane == 0) barrier_arrive(empty + 8 * stage);
                open = -1;
                continue;
            }
            hold(s);
            wgmma_fence();
            wgmma_nt<D, BQ>(s, ks + group_index * BYTES, BOX, qs + stage * BYTES, BOX);
            wgmma_commit();
            wgmma_wait<1>(); // the previous step's dV and dK; dP takes their registers
            hold(k_acc);
            hold(v_acc);
            hold(p);
            hold(ds);
            if (open >= 0 && lane == 0) barrier_arrive(empty + 8 * open);
            open = stage;
            barrier_wait(o_full + 8 * stage, parity);
            hold(dp);
            wgmma_fence();
            wgmma_nt<D, BQ>(dp, vs + group_index * BYTES, BOX, os + stage * BYTES, BOX);
            wgmma_commit();
            wgmma_wait<1>(); // S
            hold(s);
            const float *column_lse = lses + stage * 2 * BQ + 2 * (lane & 3), *column_delta = column_lse + BQ;
#pragma unroll
            for (int j = 0; j < BQ / 8; j++) {
                float2 x = *(const float2 *)(column_lse + j * 8);
#pragma unroll
                for (int e = 0; e < 4; e++) s[4 * j + e] = s[4 * j + e] * log_scale - (e & 1 ? x.y : x.x);
            }
            if (from < group_index * 64 + 63 || (window && from + BQ > group_index * 64 + window)) {
#pragma unroll
                for (int e = 0; e < BQ / 2; e++) {
                    int query = from + e / 4 * 8 + 2 * (lane & 3) + (e & 1), key = first + 8 * (e >> 1 & 1);
                    if (query < key || (window && query >= key + window)) s[e] = NEGATIVE_INFINITY;
                }
            }
#pragma unroll
            for (int e = 0; e < BQ / 2; e++) s[e] = exp2_fast(s[e]);
            operand<BQ>(p, s);
            hold(p);
            wgmma_fence();
            wgmma_nn<D, BQ>(v_acc, p, os + stage * BYTES, BOX, add);
            wgmma_commit();
            wgmma_wait<1>(); // dP
            hold(dp);
#pragma unroll
            for (int j = 0; j < BQ / 8; j++) {
                float2 x = *(const float2 *)(column_delta + j * 8);
#pragma unroll
                for (int e = 0; e < 4; e++) s[4 * j + e] *= dp[4 * j + e] - (e & 1 ? x.y : x.x);
            }
            operand<BQ>(ds, s);
            hold(ds);
            wgmma_fence();
            wgmma_nn<D, BQ>(k_acc, ds, qs + stage * BYTES, BOX, add);
            wgmma_commit();
            add = true;
        }
        wgmma_wait<0>();
        hold(k_acc);
        hold(v_acc);
        if (open >= 0 && lane == 0) barrier_arrive(empty + 8 * open);
        // The products with this warpgroup's K and V are done: their room takes dK
        // and dV. A warpgroup that no query sees has none.
        named_sync(3 + group_index, 128);
        int64_t at = ((int64_t)tile.row * kv_heads + kv_head) * D, stride = (int64_t)kv_heads * D;
        float one[2] = {1.f, 1.f}, factor[2] = {scale, scale};
        if (dk) store_through<D>(memory + group_index * BYTES, k_acc, factor, dk + at, stride, group_index * 64, add ? rows : 0);
        if (dv) store_through<D>(memory + (2 + group_index) * BYTES, v_acc, one, dv + at, stride, group_index * 64, add ? rows : 0);
        if (lane == 0) barrier_arrive(kv_empty);
    }
}

#define BACKWARD(D)                                                                                                     \
    extern "C" __global__ void __launch_bounds__(384, 1)                                                                \
    attention_backward_q_hopper_##D(uint16_t *dq, const float *lse, const float *delta, const __grid_constant__ TensorMap q, \
                                    const __grid_constant__ TensorMap d_o, const __grid_constant__ TensorMap k,         \
                                    const __grid_constant__ TensorMap v, const int *plan, int *ticket, int bound,       \
                                    int heads, int kv_heads, float scale, int window, int stats) {                      \
        backward_q<D>(dq, lse, delta, &q, &d_o, &k, &v, plan, ticket, bound, heads, kv_heads, scale, window, stats);    \
    }                                                                                                                   \
    extern "C" __global__ void __launch_bounds__(384, 1)                                                                \
    attention_backward_kv_hopper_##D(uint16_t *dk, uint16_t *dv, const float *lse, const float *delta,                  \
                                     const __grid_constant__ TensorMap q, const __grid_constant__ TensorMap d_o,        \
                                     const __grid_constant__ TensorMap k, const __grid_constant__ TensorMap v,          \
                                     const int *plan, int *ticket, int bound, int heads, int kv_heads, float scale,     \
                                     int window, int stats) {                                                           \
        backward_kv<D>(dk, dv, lse, delta, &q, &d_o, &k, &v, plan, ticket, bound, heads, kv_heads, scale, window, stats); \
    }

// Boxes of the maps: 64 rows, but 128 of K and V for dQ. grid: multiprocessors;
// shared memory (2·128 + 4·128)·D·2 + 128 bytes for dQ and
// (4 + 2·3)·64·D·2 + 3·512 + 256 for dK and dV, either of which may be null.
BACKWARD(64)
BACKWARD(128)
#endif
