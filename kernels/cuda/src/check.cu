// Counts of values that are infinite or no numbers.
//
//   nvcc -ptx -arch=compute_90a src/check.cu     (make kernels)
//
// The count is of integers: the order of the additions does not matter. It is
// added to; clear it first.
#include "common.cuh"

template <typename T>
static __device__ __forceinline__ void count(int *total, const T *x, long long n, int cols, int ld) {
    int bad = 0;
    for (long long i = (long long)blockIdx.x * 256 + threadIdx.x; i < n; i += (long long)gridDim.x * 256)
        bad += !isfinite(to_float(x[i / cols * ld + i % cols]));
    bad = __reduce_add_sync(0xffffffffu, bad);
    if ((threadIdx.x & 31) == 0 && bad) atomicAdd(total, bad);
}

// n values in rows of cols that are ld apart.
extern "C" __global__ void __launch_bounds__(256)
    check_nonfinite(int *total, const bf16 *x, long long n, int cols, int ld) {
    count(total, x, n, cols, ld);
}

extern "C" __global__ void __launch_bounds__(256)
    check_nonfinite_f32(int *total, const float *x, long long n, int cols, int ld) {
    count(total, x, n, cols, ld);
}
