// attention_plan: cu_seqlens to tiles, once a step for all layers.
// attention_prepare: the statistics of the backward passes.
//
// nvcc -ptx -O3 -std=c++17 -arch=compute_80 attention_plan.cu
//
// Both overwrite. The plan is a pure function of cu_seqlens: same lengths, same
// order of work.
#include "attention.cuh"

#define SORTED 4096 // tiles; a plan with more is left as it comes

// Tiles of a sequence of n new rows. Sequences of at most `skip` rows have none:
// the decode kernel has them.
static __device__ __forceinline__ int tiles_of(int n, int skip) { return n <= skip ? 0 : (n + TILE_ROWS - 1) / TILE_ROWS; }

// One block. starts may be null: then a sequence's keys are rows of K and V from
// cu[s] on; else they are in `pages` pages of a cache at most, starts[s] of them
// from before. rows is that of Q. Zeroes the tickets.
extern "C" __global__ void __launch_bounds__(1024)
attention_plan(int *plan, int *tickets, int ticket_count, const int *seqs, const int *cu, const int *starts, int pages,
               int window, int skip, int bound, int rows) {
    __shared__ int counts[1024];
    __shared__ int keys[SORTED], queries[SORTED];
    __shared__ int total;
    int t = threadIdx.x, n = seqs[0];
    for (int i = t; i < ticket_count; i += blockDim.x) tickets[i] = 0;
    int4 *list = (int4 *)(plan + 8);
    int base = 0;
    for (int block = 0; block < n; block += 1024) {
        int s = block + t;
        __syncthreads();
        counts[t] = s < n ? tiles_of(cu[s + 1] - cu[s], skip) : 0;
        __syncthreads();
        int at = base, sum = base;
        for (int i = 0; i < min(1024, n - block); i++) {
            if (i < t) at += counts[i];
            sum += counts[i];
        }
        base = sum;
        if (s >= n) continue;
        int first = starts ? starts[s] : 0;
        int stat = (cu[s] + s * TILE_ROWS) / TILE_ROWS * TILE_ROWS;
        for (int i = 0; i < counts[t] && at + i < bound; i++) {
            list[2 * (at + i)] = make_int4(cu[s] + i * TILE_ROWS, first + i * TILE_ROWS, starts ? s * pages : cu[s], cu[s + 1]);
            list[2 * (at + i) + 1] = make_int4(stat + i * TILE_ROWS, 0, 0, 0);
        }
    }
    if (t == 0) {
        plan[0] = total = min(base, bound);
        plan[1] = cu[n];
        plan[2] = rows;
    }
    __syncthreads();
    int count = total;
    for (int i = t; i < min(count, SORTED); i += blockDim.x) {
        int4 a = list[2 * i];
        keys[i] = a.y - first_key(a.y, window);
        queries[i] = window ? min(a.w - a.x, window) : a.w - a.x;
    }
    __syncthreads();
    for (int i = t; i < count; i += blockDim.x) {
        int rank_keys = 0, rank_queries = 0;
        if (count <= SORTED)
            for (int j = 0; j < count; j++) {
                rank_keys += keys[j] > keys[i] || (keys[j] == keys[i] && j < i);
                rank_queries += queries[j] > queries[i] || (queries[j] == queries[i] && j < i);
            }
        else
            rank_keys = rank_queries = i;
        for (int half = 0; half < 2; half++) {
            list[2 * (bound * MOST_KEYS_FIRST + rank_keys) + half] = list[2 * i + half];
            list[2 * (bound * MOST_QUERIES_FIRST + rank_queries) + half] = list[2 * i + half];
        }
    }
}

// For each tile and head: lse in units of log 2 and delta = Σ dO·O, in
// [heads, stats] with every sequence padded to whole tiles. Padding gets
// lse = +∞, delta = 0: its probabilities are zero.
// grid (bound, heads), 128 threads; d is a multiple of 8, at most 128.
extern "C" __global__ void __launch_bounds__(128)
attention_prepare(float *lse_out, float *delta_out, const uint16_t *o, const uint16_t *d_o, const float *lse, const int *plan,
                  int bound, int heads, int d, int stats) {
    if ((int)blockIdx.x >= plan[0]) return;
    Tile tile = tile_at(plan, AS_THEY_COME, bound, blockIdx.x);
    int h = blockIdx.y, chunk = threadIdx.x % 16;
    for (int r = threadIdx.x / 16; r < TILE_ROWS; r += 8) {
        int row = tile.row + r;
        float sum = 0.f;
        if (row < tile.end && chunk * 8 < d) {
            int64_t at = ((int64_t)row * heads + h) * d + chunk * 8;
            uint4 x = *(const uint4 *)(o + at), y = *(const uint4 *)(d_o + at);
            const uint32_t xs[4] = {x.x, x.y, x.z, x.w}, ys[4] = {y.x, y.y, y.z, y.w};
#pragma unroll
            for (int i = 0; i < 4; i++) sum += bf16_lo(xs[i]) * bf16_lo(ys[i]) + bf16_hi(xs[i]) * bf16_hi(ys[i]);
        }
#pragma unroll
        for (int i = 8; i; i >>= 1) sum += __shfl_xor_sync(0xffffffffu, sum, i);
        if (chunk == 0) {
            int64_t at = (int64_t)h * stats + tile.stat + r;
            lse_out[at] = row < tile.end ? lse[(int64_t)row * heads + h] * LOG2E : INFINITY;
            delta_out[at] = sum;
        }
    }
}
