// Version 2 of attention.cu: Hopper's warpgroup products and copy engine, after
// FlashAttention-3, arXiv:2407.08608. Heads of 64 and 128.
//
// nvcc -ptx -O3 -std=c++17 -arch=compute_90a attention_hopper.cu
//
// As many blocks as there are multiprocessors take (tile, head) by a ticket, most
// keys first. One warp of a block fetches: Q of 128 rows, K and V of 128 keys two
// steps ahead. Two warpgroups of 64 query rows each compute; S of the next step
// is under way while P·V of this one is, and one warpgroup's softmax runs beside
// the other's products. Same contract as version 1, with pages of a multiple of 128 tokens; what lies in Q, K and V
// beyond the rows in use may be anything.
#include "attention_hopper.cuh"

#ifdef HOPPER

template <int D>
static __device__ __forceinline__ void
forward_hopper(uint16_t *o, float *lse, const TensorMap *q, const TensorMap *k, const TensorMap *v, const int *plan, int *ticket,
               const int *pages, int length, int bound, int heads, int kv_heads, float scale, int window) {
    constexpr int BN = 128, Q_BOX = 64 * 128, Q_BYTES = 64 * D * 2, BOX = BN * 128, BYTES = BN * D * 2;
    DYNAMIC_SHARED(memory);
    uint32_t qs = shared_address(memory), ks = qs + 2 * Q_BYTES, vs = ks + 2 * BYTES, barriers = vs + 2 * BYTES;
    const uint32_t q_full = barriers, q_empty = barriers + 8, k_full = barriers + 16, k_empty = barriers + 32,
                   v_full = barriers + 48, v_empty = barriers + 64;
    Schedule schedule{barriers + 80, (int *)(memory + 2 * Q_BYTES + 4 * BYTES + 112)};
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
            barrier_expect(q_full, 2 * Q_BYTES);
            for (int half = 0; half < 2; half++)
                for (int c = 0; c < D / 64; c++)
                    tensor_load(qs + half * Q_BYTES + c * Q_BOX, q, q_full, c * 64, h, tile.row + half * 64);
            for (; n >= low; n--, step++) {
                int stage = step & 1, parity = (step >> 1 & 1) ^ 1, row = key_row(pages, length, tile.kv, n * BN);
                barrier_wait(k_empty + 8 * stage, parity);
                barrier_expect(k_full + 8 * stage, BYTES);
                for (int c = 0; c < D / 64; c++)
                    tensor_load(ks + stage * BYTES + c * BOX, k, k_full + 8 * stage, c * 64, kv_head, row);
                barrier_wait(v_empty + 8 * stage, parity);
                barrier_expect(v_full + 8 * stage, BYTES);
                for (int c = 0; c < D / 64; c++)
                    tensor_load(vs + stage * BYTES + c * BOX, v, v_full + 8 * stage, c * 64, kv_head, row);
            }
        }
        return;
    }

    registers_increase<240>();
    if (lse) clear_beyond(o, plan, heads * D, blockIdx.x * 256 + threadIdx.x - 128, gridDim.x * 256);
    int group_index = threadIdx.x / 128 - 1, lane = threadIdx.x & 31, first = group_index * 64 + threadIdx.x / 32 % 4 * 16;
    uint32_t my_q = qs + group_index * Q_BYTES;
    if (group_index == 1) named_arrive(1, 256);
    scale *= LOG2E;
    for (int count = 0, step = 0;; count++) {
        int work = schedule.get(count);
        if (work < 0) break;
        Tile tile = tile_at(plan, MOST_KEYS_FIRST, bound, work / heads);
        int h = work % heads, rows = min(TILE_ROWS, tile.end - tile.row), keys = tile.pos + rows;
        int low = first_key(tile.pos, window) / BN, n = (keys - 1) / BN;
        float acc[D / 2], s[BN / 2], top[2] = {NEGATIVE_INFINITY, NEGATIVE_INFINITY}, sum[2] = {0.f, 0.f}, shrink[2];
        uint32_t p[BN / 4];

        // Masks, takes maxima, and makes probabilities of s.
        auto softmax = [&](int n) {
            int pos = tile.pos + first + lane / 4, at = n * BN + 2 * (lane & 3);
            if (n * BN + BN - 1 > tile.pos + group_index * 64 || (window && n * BN < first_key(tile.pos + group_index * 64 + 63, window)))
                mask<BN>(s, at, pos, window);
#pragma unroll
            for (int half = 0; half < 2; half++) {
                float best = top[half];
#pragma unroll
                for (int j = 0; j < BN / 8; j++) best = fmaxf(best, fmaxf(s[4 * j + 2 * half], s[4 * j + 2 * half + 1]));
                best = quad_max(best);
                shrink[half] = exp2_fast((top[half] - best) * scale);
                top[half] = best;
                float part = 0.f, offset = best * scale;
#pragma unroll
                for (int j = 0; j < BN / 8; j++)
#pragma unroll
                    for (int i = 4 * j + 2 * half; i < 4 * j + 2 * half + 2; i++) part += s[i] = exp2_fast(fmaf(s[i], scale, -offset));
                sum[half] = sum[half] * shrink[half] + part;
            }
        };

        barrier_wait(q_full, count & 1);
        barrier_wait(k_full + 8 * (step & 1), step >> 1 & 1);
        hold(s);
        wgmma_fence();
        wgmma_nt<D, BN>(s, my_q, Q_BOX, ks + (step & 1) * BYTES, BOX);
        wgmma_commit();
        wgmma_wait<0>();
        hold(s);
        if (lane == 0) barrier_arrive(k_empty + 8 * (step & 1));
        softmax(n);
        operand<BN>(p, s);
        if (n * BN + BN > keys) {
            barrier_wait(v_full + 8 * (step & 1), step >> 1 & 1);
            clear_rows<BN, D / 64>(memory + (vs - qs) + (step & 1) * BYTES, keys - n * BN);
        }
        bool add = false;
        for (n--; n >= low; n--, step++) {
            int stage = step & 1, next = stage ^ 1;
            barrier_wait(k_full + 8 * next, (step + 1) >> 1 & 1);
            named_sync(1 + group_index, 256);
            hold(s);
            hold(p);
            hold(acc);
            wgmma_fence();
            wgmma_nt<D, BN>(s, my_q, Q_BOX, ks + next * BYTES, BOX);
            wgmma_commit();
            barrier_wait(v_full + 8 * stage, step >> 1 & 1);
            wgmma_fence();
            wgmma_nn<D, BN>(acc, p, vs + stage * BYTES, BOX, add);
            wgmma_commit();
            named_arrive(2 - group_index, 256);
            wgmma_wait<1>();
            hold(s);
            if (lane == 0) barrier_arrive(k_empty + 8 * next);
            softmax(n);
            wgmma_wait<0>();
            hold(acc);
            hold(p);
            if (lane == 0) barrier_arrive(v_empty + 8 * stage);
#pragma unroll
            for (int i = 0; i < D / 2; i++) acc[i] *= shrink[i >> 1 & 1];
            operand<BN>(p, s);
            add = true;
        }
        barrier_wait(v_full + 8 * (step & 1), step >> 1 & 1);
        hold(p);
        hold(acc);
        wgmma_fence();
        wgmma_nn<D, BN>(acc, p, vs + (step & 1) * BYTES, BOX, add);
        wgmma_commit();
        float factor[2];
#pragma unroll
        for (int half = 0; half < 2; half++) {
            float all = quad_sum(sum[half]);
            factor[half] = 1.f / all;
            int row = tile.row + first + lane / 4 + 8 * half;
            if (lse && (lane & 3) == 0 && row < tile.end) lse[(int64_t)row * heads + h] = (top[half] * scale + log2f(all)) * (1.f / LOG2E);
        }
        wgmma_wait<0>();
        hold(acc);
        if (lane == 0) barrier_arrive(v_empty + 8 * (step & 1));
        step++;
        // The products with this warpgroup's Q are done: its room takes O.
        named_sync(3 + group_index, 128);
        store_through<D>(memory + group_index * Q_BYTES, acc, factor, o + ((int64_t)tile.row * heads + h) * D, (int64_t)heads * D, group_index * 64, rows);
        if (lane == 0) barrier_arrive(q_empty);
    }
}

#define FORWARD(D)                                                                                                      \
    extern "C" __global__ void __launch_bounds__(384, 1)                                                                \
    attention_forward_hopper_##D(uint16_t *o, float *lse, const __grid_constant__ TensorMap q,                          \
                                 const __grid_constant__ TensorMap k, const __grid_constant__ TensorMap v,              \
                                 const int *plan, int *ticket, const int *pages, int length, int bound, int heads,      \
                                 int kv_heads, float scale, int window) {                                               \
        forward_hopper<D>(o, lse, &q, &k, &v, plan, ticket, pages, length, bound, heads, kv_heads, scale, window);                     \
    }

// Boxes of the maps: Q 64 rows, K and V 128. grid: multiprocessors; shared memory
// (128 + 4·128)·D·2 + 128 bytes.
FORWARD(64)
FORWARD(128)
#endif
