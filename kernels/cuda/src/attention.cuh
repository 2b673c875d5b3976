// What the attention kernels share: the list of tiles, tiles in shared memory,
// and products of them on the tensor cores of sm_80.
//
// A tile is 128 rows of one sequence. It is eight ints, so that a kernel needs
// no search in cu_seqlens:
//   row   first query row, in Q
//   pos   its position in the sequence
//   kv    row of position 0 in K and V; of a cache: where the list of the
//         sequence's pages begins
//   end   query row after the sequence's last
//   stat  row of the statistics that backward keeps per sequence, padded
// A plan holds the number of tiles, the rows in use and the rows there are; from
// int 8 on, three lists of `bound` tiles: as they come, those with the most keys
// first, and those with the most queries after them first.
#pragma once
#include "ptx.cuh"

#define TILE_ROWS 128
// A masked score. Finite, so that differences are; a power of two, so that it times
// a scale is exact, and a masked score less a masked maximum is 0 whether the
// compiler fuses the multiplication or not.
#define NEGATIVE_INFINITY (-0x1p100f)
#define LOG2E 1.4426950408889634f

struct Tile {
    int row, pos, kv, end, stat;
};

enum PlanOrder { AS_THEY_COME, MOST_KEYS_FIRST, MOST_QUERIES_FIRST };

static __device__ __forceinline__ Tile tile_at(const int *plan, PlanOrder order, int bound, int i) {
    const int4 *t = (const int4 *)(plan + 8 + 8 * ((int64_t)order * bound + i));
    int4 a = t[0], b = t[1];
    return {a.x, a.y, a.z, a.w, b.x};
}

// Zeroes the rows beyond those in use, which products over all rows read; worker
// number `worker` of `workers` does its share. width is in elements.
static __device__ __forceinline__ void clear_beyond(uint16_t *x, const int *plan, int width, int worker, int workers) {
    int64_t from = (int64_t)plan[1] * width / 8, to = (int64_t)plan[2] * width / 8;
    for (int64_t i = from + worker; i < to; i += workers) ((uint4 *)x)[i] = make_uint4(0, 0, 0, 0);
}

// The row in K and V of the key at a position; pages is null but for a cache.
static __device__ __forceinline__ int key_row(const int *pages, int length, int kv, int pos) {
    return pages ? pages[kv + pos / length] * length + pos % length : kv + pos;
}

// The sequence of a row: cu[s] <= row < cu[s + 1].
static __device__ __forceinline__ int sequence_of(const int *cu, int n, int row) {
    int low = 0, high = n;
    while (high - low > 1) {
        int middle = (low + high) / 2;
        if (cu[middle] <= row)
            low = middle;
        else
            high = middle;
    }
    return low;
}

// Keys that the query at position pos sees are first_key(pos, window)…pos.
static __device__ __forceinline__ int first_key(int pos, int window) { return window ? max(0, pos - window + 1) : 0; }

// A row-major tile [rows, D] of bf16 in shared memory, its 16-byte chunks
// permuted within 128 bytes so that ldmatrix meets every bank once.
template <int D> static __device__ __forceinline__ uint32_t chunk_at(uint32_t base, int row, int chunk) {
    int x = D >= 64 ? row & 7 : row >> 1 & 3;
    return base + row * (D * 2) + ((chunk ^ x) << 4);
}

// Copies [ROWS, d] into such a tile; rows from `valid` on and columns from d to
// D become zeros. stride is in elements.
template <int D, int ROWS, int THREADS>
static __device__ __forceinline__ void load_tile(uint32_t to, const uint16_t *from, int64_t stride, int valid, int d, int thread) {
#pragma unroll
    for (int i = thread; i < ROWS * (D / 8); i += THREADS) {
        int row = i / (D / 8), chunk = i % (D / 8);
        bool inside = row < valid && chunk * 8 < d;
        cp_async16(chunk_at<D>(to, row, chunk), from + (inside ? row * stride + chunk * 8 : 0), inside);
    }
}

// acc[m][n] += A·Bᵀ: A is MT·16 rows from `row` on of a tile, B the N rows from
// `first` on of another, both of width D.
template <int D, int MT, int N>
static __device__ __forceinline__ void product_nt(float (&acc)[MT][N / 8][4], uint32_t a, int row, uint32_t b, int first, int lane) {
#pragma unroll
    for (int k = 0; k < D / 16; k++) {
        uint32_t x[MT][4];
#pragma unroll
        for (int m = 0; m < MT; m++) ldmatrix(x[m], chunk_at<D>(a, row + m * 16 + (lane & 15), 2 * k + (lane >> 4)));
#pragma unroll
        for (int n = 0; n < N / 16; n++) {
            uint32_t y[4];
            ldmatrix(y, chunk_at<D>(b, first + n * 16 + (lane >> 4) * 8 + (lane & 7), 2 * k + (lane >> 3 & 1)));
#pragma unroll
            for (int m = 0; m < MT; m++) {
                mma(acc[m][2 * n], x[m], y[0], y[1]);
                mma(acc[m][2 * n + 1], x[m], y[2], y[3]);
            }
        }
    }
}

// acc[m][d] += A·B: A is MT·16×K in registers, B the K rows from `first` on of a
// tile of width D.
template <int D, int MT, int K>
static __device__ __forceinline__ void product_nn(float (&acc)[MT][D / 8][4], const uint32_t (&a)[MT][K / 16][4], uint32_t b, int first, int lane) {
#pragma unroll
    for (int k = 0; k < K / 16; k++)
#pragma unroll
        for (int n = 0; n < D / 16; n++) {
            uint32_t y[4];
            ldmatrix_transposed(y, chunk_at<D>(b, first + k * 16 + (lane & 15), 2 * n + (lane >> 4)));
#pragma unroll
            for (int m = 0; m < MT; m++) {
                mma(acc[m][2 * n], a[m][k], y[0], y[1]);
                mma(acc[m][2 * n + 1], a[m][k], y[2], y[3]);
            }
        }
}

// Accumulators [16, N] as the left operand of the next product, rounded to bf16.
template <int N> static __device__ __forceinline__ void as_operand(uint32_t (&a)[N / 16][4], const float (&s)[N / 8][4]) {
#pragma unroll
    for (int k = 0; k < N / 16; k++)
#pragma unroll
        for (int i = 0; i < 4; i++) a[k][i] = pack_bf16(s[2 * k + (i >> 1)][2 * (i & 1)], s[2 * k + (i >> 1)][2 * (i & 1) + 1]);
}

template <int A, int B> static __device__ __forceinline__ void clear(float (&x)[A][B][4]) {
#pragma unroll
    for (int a = 0; a < A; a++)
#pragma unroll
        for (int b = 0; b < B; b++)
#pragma unroll
            for (int i = 0; i < 4; i++) x[a][b][i] = 0.f;
}

// Maximum and sum over the four lanes that share an accumulator row.
static __device__ __forceinline__ float quad_max(float x) {
    x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, 1));
    return fmaxf(x, __shfl_xor_sync(0xffffffffu, x, 2));
}

static __device__ __forceinline__ float quad_sum(float x) {
    x += __shfl_xor_sync(0xffffffffu, x, 1);
    return x + __shfl_xor_sync(0xffffffffu, x, 2);
}

// Writes accumulators [16, D] times a factor per half, as bf16, to rows of which
// `valid` exist.
template <int D>
static __device__ __forceinline__ void store_rows(uint16_t *to, int64_t stride, const float (&acc)[D / 8][4], const float (&factor)[2], int valid, int d, int lane) {
#pragma unroll
    for (int half = 0; half < 2; half++) {
        int row = lane / 4 + 8 * half;
        if (row >= valid) continue;
#pragma unroll
        for (int n = 0; n < D / 8; n++)
            if (n * 8 < d)
                *(uint32_t *)(to + row * stride + n * 8 + 2 * (lane & 3)) = pack_bf16(acc[n][2 * half] * factor[half], acc[n][2 * half + 1] * factor[half]);
    }
}
