// Attention of a few new tokens over a cache: appending, and decoding split over
// the cache's length.
//
// nvcc -ptx -O3 -std=c++17 -arch=compute_80 attention_decode.cu
//
// attention_append overwrites the new tokens' rows of the caches, zeroes O beyond
// the rows in use, and must run first. attention_decode serves the sequences with 1 … `most` new tokens (the
// tiles of attention.cu serve the others): a block takes one sequence, one KV
// head and one of `splits` equal parts of the cache, reads each key and value
// once for all query heads of the KV head, and writes O, or, with several parts,
// f32 partial results that attention_combine puts together from the first part
// to the last. A sequence's keys are in up to `most_pages` pages of `length`
// tokens, a multiple of 16 where that is more than one.
#include "attention.cuh"

#define WARPS 4
#define KEYS 16 // a warp's keys a step

// grid (rows of the budget); 8 elements a thread.
extern "C" __global__ void __launch_bounds__(128)
attention_append(uint16_t *k_cache, uint16_t *v_cache, uint16_t *o, const uint16_t *k, const uint16_t *v, const int *seqs,
                 const int *cu, const int *pages, const int *starts, int most_pages, int length, int width, int kv_width) {
    int row = blockIdx.x, n = seqs[0];
    if (row >= cu[n]) {
        for (int i = threadIdx.x * 8; i < width; i += blockDim.x * 8) *(uint4 *)(o + (int64_t)row * width + i) = make_uint4(0, 0, 0, 0);
        return;
    }
    int s = sequence_of(cu, n, row);
    int64_t to = (int64_t)key_row(pages, length, s * most_pages, starts[s] + row - cu[s]) * kv_width, from = (int64_t)row * kv_width;
    for (int i = threadIdx.x * 8; i < kv_width; i += blockDim.x * 8) {
        *(uint4 *)(k_cache + to + i) = *(const uint4 *)(k + from + i);
        *(uint4 *)(v_cache + to + i) = *(const uint4 *)(v + from + i);
    }
}

// The keys of part `split`: whole steps of all warps.
static __device__ __forceinline__ void part(int low, int high, int splits, int split, int &from, int &to) {
    int size = ((high - low + splits - 1) / splits + WARPS * KEYS - 1) / (WARPS * KEYS) * (WARPS * KEYS);
    from = min(high, low + split * size);
    to = min(high, from + size);
}

template <int D>
static __device__ __forceinline__ void
decode(uint16_t *o, float *partial, float *partial_lse, const uint16_t *q, const uint16_t *k_cache, const uint16_t *v_cache,
       const int *seqs, const int *cu, const int *pages, const int *starts, int most_pages, int length, int heads, int kv_heads, int d,
       float scale, int window, int most) {
    constexpr int STAGES = 2, BYTES = KEYS * D * 2;
    DYNAMIC_SHARED(memory);
    int s = blockIdx.z, kv_head = blockIdx.y, split = blockIdx.x, splits = gridDim.x;
    if (s >= seqs[0]) return;
    int first = cu[s], n = cu[s + 1] - first, start = starts[s];
    if (n < 1 || n > most) return;
    int lane = threadIdx.x & 31, warp = threadIdx.x / 32, group = heads / kv_heads, rows = n * group;
    int64_t kv_width = (int64_t)kv_heads * d;
    int from, to;
    part(first_key(start, window) / KEYS * KEYS, start + n, splits, split, from, to);
    uint32_t qs = shared_address(memory), base = qs + 16 * D * 2 + warp * STAGES * 2 * BYTES;
    scale *= LOG2E;

    for (int block = 0; block < rows; block += 16) {
        __syncthreads();
        for (int i = threadIdx.x; i < 16 * (D / 8); i += WARPS * 32) {
            int r = block + i / (D / 8), chunk = i % (D / 8);
            bool inside = r < rows && chunk * 8 < d;
            int64_t row = inside ? (int64_t)(first + r / group) * heads + kv_head * group + r % group : 0;
            cp_async16(chunk_at<D>(qs, i / (D / 8), chunk), q + row * d + (inside ? chunk * 8 : 0), inside);
        }
        auto load = [&](int key, int stage) {
            uint32_t ks = base + stage * 2 * BYTES;
            int64_t at = key_row(pages, length, s * most_pages, key) * kv_width + kv_head * d;
            load_tile<D, KEYS, 32>(ks, k_cache + at, kv_width, to - key, d, lane);
            load_tile<D, KEYS, 32>(ks + BYTES, v_cache + at, kv_width, to - key, d, lane);
        };
        int key = from + warp * KEYS;
        if (key < to) load(key, 0);
        cp_async_commit();
        cp_async_wait<0>();
        __syncthreads();

        float acc[1][D / 8][4], top[2] = {NEGATIVE_INFINITY, NEGATIVE_INFINITY}, sum[2] = {0.f, 0.f};
        clear(acc);
        for (int stage = 0; key < to; key += WARPS * KEYS, stage ^= 1) {
            int next = key + WARPS * KEYS;
            if (next < to) load(next, stage ^ 1);
            cp_async_commit();
            cp_async_wait<1>();
            __syncwarp();
            uint32_t ks = base + stage * 2 * BYTES;
            float x[1][KEYS / 8][4];
            clear(x);
            product_nt<D, 1, KEYS>(x, qs, 0, ks, 0, lane);
#pragma unroll
            for (int half = 0; half < 2; half++) {
                int pos = start + (block + lane / 4 + 8 * half) / group;
                float best = top[half], added = 0.f;
#pragma unroll
                for (int j = 0; j < KEYS / 8; j++)
#pragma unroll
                    for (int i = 2 * half; i < 2 * half + 2; i++) {
                        int column = key + j * 8 + 2 * (lane & 3) + (i & 1);
                        if (column > pos || column >= to || column < first_key(pos, window)) x[0][j][i] = NEGATIVE_INFINITY;
                        best = fmaxf(best, x[0][j][i]);
                    }
                best = quad_max(best);
                float shrink = exp2_fast((top[half] - best) * scale);
                top[half] = best;
#pragma unroll
                for (int j = 0; j < KEYS / 8; j++)
#pragma unroll
                    for (int i = 2 * half; i < 2 * half + 2; i++) {
                        x[0][j][i] = x[0][j][i] == NEGATIVE_INFINITY ? 0.f : exp2_fast((x[0][j][i] - best) * scale);
                        added += x[0][j][i];
                    }
                sum[half] = sum[half] * shrink + added;
#pragma unroll
                for (int j = 0; j < D / 8; j++) acc[0][j][2 * half] *= shrink, acc[0][j][2 * half + 1] *= shrink;
            }
            uint32_t p[1][1][4];
            as_operand<KEYS>(p[0], x[0]);
            product_nn<D, 1, KEYS>(acc, p, ks + BYTES, 0, lane);
            __syncwarp();
        }
        sum[0] = quad_sum(sum[0]);
        sum[1] = quad_sum(sum[1]);

        // The four warps' results, warp 0 first.
        __syncthreads();
        float *results = (float *)memory; // [warps][16][D + 2]: O, maximum, sum
#pragma unroll
        for (int half = 0; half < 2; half++) {
            float *r = results + (warp * 16 + lane / 4 + 8 * half) * (D + 2);
#pragma unroll
            for (int j = 0; j < D / 8; j++) {
                r[j * 8 + 2 * (lane & 3)] = acc[0][j][2 * half];
                r[j * 8 + 2 * (lane & 3) + 1] = acc[0][j][2 * half + 1];
            }
            if ((lane & 3) == 0) r[D] = top[half], r[D + 1] = sum[half];
        }
        __syncthreads();
        for (int i = threadIdx.x; i < 16 * d; i += WARPS * 32) {
            int r = i / d, c = i % d;
            if (block + r >= rows) continue;
            float best = NEGATIVE_INFINITY, total = 0.f, value = 0.f;
            for (int w = 0; w < WARPS; w++) best = fmaxf(best, results[(w * 16 + r) * (D + 2) + D]);
            for (int w = 0; w < WARPS; w++) {
                const float *x = results + (w * 16 + r) * (D + 2);
                float weight = exp2_fast((x[D] - best) * scale);
                total += weight * x[D + 1];
                value += weight * x[c];
            }
            int token = (block + r) / group, h = kv_head * group + (block + r) % group;
            float y = total > 0.f ? value / total : 0.f;
            if (splits == 1) {
                o[((int64_t)(first + token) * heads + h) * d + c] = (uint16_t)pack_bf16(y, 0.f);
                continue;
            }
            int64_t at = (((int64_t)s * most + token) * splits + split) * heads + h;
            partial[at * d + c] = y;
            if (c == 0) partial_lse[at] = total > 0.f ? best * scale + log2f(total) : NEGATIVE_INFINITY;
        }
    }
}

#define DECODE(D)                                                                                                       \
    extern "C" __global__ void __launch_bounds__(WARPS * 32)                                                            \
    attention_decode_##D(uint16_t *o, float *partial, float *partial_lse, const uint16_t *q, const uint16_t *k_cache,   \
                         const uint16_t *v_cache, const int *seqs, const int *cu, const int *pages, const int *starts,  \
                         int most_pages, int length, int heads, int kv_heads, int d, float scale, int window,           \
                         int most) {                                                                                    \
        decode<D>(o, partial, partial_lse, q, k_cache, v_cache, seqs, cu, pages, starts, most_pages, length, heads,     \
                  kv_heads, d, scale, window, most);                                                                    \
    }

// grid (splits, kv_heads, sequences); shared memory 16·D·2 + 4·4·16·D·2 bytes,
// which is more than the results need. partial is
// [sequences, most, splits, heads, d] and partial_lse the same without d; both
// may be null with one split.
DECODE(32)
DECODE(64)
DECODE(128)

// grid (most, sequences, heads), d threads or more.
extern "C" __global__ void __launch_bounds__(128)
attention_combine(uint16_t *o, const float *partial, const float *partial_lse, const int *seqs, const int *cu, int heads, int d,
                  int splits, int most) {
    int token = blockIdx.x, s = blockIdx.y, h = blockIdx.z, c = threadIdx.x;
    if (s >= seqs[0] || c >= d) return;
    int n = cu[s + 1] - cu[s];
    if (n > most || token >= n) return;
    int64_t at = ((int64_t)s * most + token) * splits * heads + h;
    float best = NEGATIVE_INFINITY, total = 0.f, value = 0.f;
    for (int i = 0; i < splits; i++) best = fmaxf(best, partial_lse[at + (int64_t)i * heads]);
    for (int i = 0; i < splits; i++) {
        float weight = exp2_fast(partial_lse[at + (int64_t)i * heads] - best);
        total += weight;
        value += weight * partial[(at + (int64_t)i * heads) * d + c];
    }
    o[((int64_t)(cu[s] + token) * heads + h) * d + c] = (uint16_t)pack_bf16(value / total, 0.f);
}
