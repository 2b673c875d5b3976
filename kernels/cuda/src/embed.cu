// Rows picked, and put back.
//
//   nvcc -ptx -arch=compute_90a src/embed.cu     (make kernels)
//
// Everything overwrites. Rows from *rows on become zero. An index outside
// 0…limit−1 stops the program (trap) instead of reading what is not there.
#include "common.cuh"

struct __align__(16) Bytes16 { unsigned v[4]; };

static __device__ __forceinline__ int checked(int i, int limit) {
    if ((unsigned)i >= (unsigned)limit) __trap();
    return i;
}

// One row, four vectors of a thread on their way together; zeros where from is
// null.
static __device__ __forceinline__ void copy_row(Bytes16 *to, const Bytes16 *from, int vectors) {
    for (int c = threadIdx.x; c < vectors; c += 4 * blockDim.x) {
        Bytes16 v[4];
#pragma unroll
        for (int k = 0; k < 4; k++) {
            v[k] = Bytes16{};
            if (from && c + k * (int)blockDim.x < vectors) v[k] = from[c + k * blockDim.x];
        }
#pragma unroll
        for (int k = 0; k < 4; k++)
            if (c + k * (int)blockDim.x < vectors) to[c + k * blockDim.x] = v[k];
    }
}

// y[i] = x[index[i]], rows of 16-byte vectors. A block a row.
extern "C" __global__ void __launch_bounds__(256)
    embed_rows(Bytes16 *y, const Bytes16 *__restrict__ x, const int *__restrict__ index, const int *__restrict__ rows,
               int limit, int vectors) {
    bool used = (int)blockIdx.x < *rows;
    copy_row(y + (size_t)blockIdx.x * vectors, used ? x + (size_t)checked(index[blockIdx.x], limit) * vectors : nullptr,
             vectors);
}

template <typename T>
static __device__ __forceinline__ void any_rows(bf16 *y, const T *x, const int *index, const int *rows, int limit,
                                                int cols) {
    bf16 *to = y + (size_t)blockIdx.x * cols;
    bool used = (int)blockIdx.x < *rows;
    const T *from = x + (used ? (size_t)checked(index[blockIdx.x], limit) * cols : 0);
    for (int c = threadIdx.x; c < cols; c += blockDim.x) to[c] = to_bf16(used ? to_float(from[c]) : 0.f);
}

// The same for rows of any length, bf16 or f32 (rounded).
extern "C" __global__ void __launch_bounds__(256)
    embed_any(bf16 *y, const bf16 *x, const int *index, const int *rows, int limit, int cols) {
    any_rows(y, x, index, rows, limit, cols);
}

extern "C" __global__ void __launch_bounds__(256)
    embed_any_f32(bf16 *y, const float *x, const int *index, const int *rows, int limit, int cols) {
    any_rows(y, x, index, rows, limit, cols);
}

// inverse[index[i]] = i for i < *count, −1 elsewhere; total entries. One block.
extern "C" __global__ void __launch_bounds__(1024)
    embed_invert(int *inverse, const int *index, const int *count, int total) {
    for (int i = threadIdx.x; i < total; i += 1024) inverse[i] = -1;
    __syncthreads();
    for (int i = threadIdx.x; i < *count; i += 1024) inverse[checked(index[i], total)] = i;
}

// dx[t] = inverse[t] < 0 ? 0 : dy[inverse[t]]. A block a row.
extern "C" __global__ void __launch_bounds__(256)
    embed_scatter(Bytes16 *dx, const Bytes16 *__restrict__ dy, const int *__restrict__ inverse, int vectors) {
    int from = inverse[blockIdx.x];
    copy_row(dx + (size_t)blockIdx.x * vectors, from < 0 ? nullptr : dy + (size_t)from * vectors, vectors);
}

extern "C" __global__ void __launch_bounds__(256)
    embed_scatter_any(bf16 *dx, const bf16 *dy, const int *inverse, int cols) {
    int from = inverse[blockIdx.x];
    for (int c = threadIdx.x; c < cols; c += blockDim.x)
        dx[(size_t)blockIdx.x * cols + c] = from < 0 ? to_bf16(0.f) : dy[(size_t)from * cols + c];
}
