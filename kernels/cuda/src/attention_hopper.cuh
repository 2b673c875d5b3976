// What the Hopper kernels of attention share.
#pragma once
#include "attention.cuh"
#include "hopper.cuh"

#ifdef HOPPER
#define CONSUMER_WARPS 8

// Schedule hands work from the fetching thread to the computing warpgroups, two
// pieces deep. barriers are four, slots two ints of shared memory.
struct Schedule {
    uint32_t barriers;
    volatile int *slots;

    __device__ __forceinline__ void init() {
        for (int i = 0; i < 2; i++) {
            barrier_init(barriers + 8 * i, 1);
            barrier_init(barriers + 16 + 8 * i, CONSUMER_WARPS * 32);
        }
    }
    // Draws the next piece; −1 after the last.
    __device__ __forceinline__ int next(int *ticket, int total, int count) {
        int work = atomicAdd(ticket, 1), slot = count & 1;
        if (work >= total) work = -1;
        barrier_wait(barriers + 16 + 8 * slot, (count >> 1 & 1) ^ 1);
        slots[slot] = work;
        barrier_arrive(barriers + 8 * slot);
        return work;
    }
    __device__ __forceinline__ int get(int count) {
        int slot = count & 1;
        barrier_wait(barriers + 8 * slot, count >> 1 & 1);
        int work = slots[slot];
        barrier_arrive(barriers + 16 + 8 * slot);
        return work;
    }
};

// A score is of the key `at` + its column and the query `pos` + 8 in the second
// half.
template <int N> static __device__ __forceinline__ void mask(float (&s)[N / 2], int at, int pos, int window) {
#pragma unroll
    for (int i = 0; i < N / 2; i++) {
        int key = at + i / 4 * 8 + (i & 1), row = pos + 8 * (i >> 1 & 1);
        if (key > row || key < first_key(row, window)) s[i] = NEGATIVE_INFINITY;
    }
}

// Accumulators [64, N] as the left operand of the next product.
template <int N> static __device__ __forceinline__ void operand(uint32_t (&a)[N / 4], const float (&s)[N / 2]) {
#pragma unroll
    for (int i = 0; i < N / 4; i++) a[i] = pack_bf16(s[2 * i], s[2 * i + 1]);
}

// Zeroes the rows from `valid` on of a swizzled tile, by all computing threads:
// 0·NaN of rows that nobody wrote would be NaN.
template <int ROWS, int BOXES> static __device__ __forceinline__ void clear_rows(unsigned char *tile, int valid) {
    for (int box = 0; box < BOXES; box++)
        for (int i = max(valid, 0) * 8 + (int)threadIdx.x - 128; i < ROWS * 8; i += CONSUMER_WARPS * 32)
            *(uint4 *)(tile + box * ROWS * 128 + i * 16) = make_uint4(0, 0, 0, 0);
    proxy_fence();
    named_sync(5, CONSUMER_WARPS * 32);
}

// Writes a warpgroup's accumulators [64, D] times a factor per half, as bf16, to
// rows from `first` on, of which those below `rows` exist: through `room` of
// 64·D·2 bytes, so that whole lines are written.
template <int D>
static __device__ __forceinline__ void
store_through(unsigned char *room, const float (&acc)[D / 2], const float (&factor)[2], uint16_t *to, int64_t stride, int first, int rows) {
    int lane = threadIdx.x & 31, base = threadIdx.x / 32 % 4 * 16;
#pragma unroll
    for (int i = 0; i < D / 2; i += 2) {
        int half = i >> 1 & 1, row = base + lane / 4 + 8 * half, chunk = i / 4;
        *(uint32_t *)(room + chunk / 8 * 8192 + row * 128 + ((chunk % 8 ^ (row & 7)) << 4) + 4 * (lane & 3)) =
            pack_bf16(acc[i] * factor[half], acc[i + 1] * factor[half]);
    }
    __syncwarp();
#pragma unroll
    for (int i = lane; i < 16 * (D / 8); i += 32) {
        int row = base + i / (D / 8), chunk = i % (D / 8);
        if (first + row < rows)
            *(uint4 *)(to + (first + row) * stride + chunk * 8) = *(const uint4 *)(room + chunk / 8 * 8192 + row * 128 + ((chunk % 8 ^ (row & 7)) << 4));
    }
    proxy_fence();
    __syncwarp();
}
#endif
