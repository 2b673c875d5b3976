// A block of GPU threads on the CPU, for checks of kernels without a GPU: every
// thread is a fiber, warps and blocks meet where the instructions say so, and
// what is asynchronous on the GPU (cp.async, the bulk copy engine, wgmma) is done
// at a random permitted moment, with the bytes in between poisoned. The order of
// the warps is random as well. So a missing wait or barrier shows as a wrong
// result under some seed; a result that is right under many seeds is evidence,
// not proof: memory ordering and speed only the GPU shows.
//
// Sources are compiled by g++ with COGUMI_EMULATED; emulate_ptx.h stands in for
// the instructions.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <vector>

#define COGUMI_EMULATED 1
#define __global__
#define __device__
#define __host__
#define __constant__
#define __forceinline__ inline
#define __restrict__
#define __grid_constant__
#define __launch_bounds__(...)
#define __align__(n) alignas(n)

struct dim3 { int x = 1, y = 1, z = 1; };
struct float2 { float x, y; };
struct alignas(16) float4 { float x, y, z, w; };
struct int2 { int x, y; };
struct alignas(16) int4 { int x, y, z, w; };
struct alignas(16) uint4 { uint32_t x, y, z, w; };
inline float2 make_float2(float x, float y) { return {x, y}; }
inline int4 make_int4(int x, int y, int z, int w) { return {x, y, z, w}; }
inline uint4 make_uint4(uint32_t x, uint32_t y, uint32_t z, uint32_t w) { return {x, y, z, w}; }
using std::max;
using std::min;

extern "C" void emulate_switch(void **from, void *to);
asm(R"(
.text
.globl emulate_switch
emulate_switch:
    pushq %rbx; pushq %rbp; pushq %r12; pushq %r13; pushq %r14; pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15; popq %r14; popq %r13; popq %r12; popq %rbp; popq %rbx
    ret
)");

namespace emulate {

constexpr int stack_bytes = 128 << 10, shared_bytes = 227 << 10, max_threads = 1024;

struct Fiber {
    void *sp = nullptr;
    bool done = true;
    const int *wait = nullptr; // runnable when *wait != value
    int value = 0;
};

// Meeting is where n threads come together; the last one does the work of all.
struct Meeting { int arrived = 0, generation = 0; };

struct Barrier { // mbarrier
    int generation = 0, count = 0, pending = 0, bytes = 0;
    bool alive = false;
};

struct Wgmma {
    float *d[128];
    const uint32_t *a[128]; // null: A from shared memory
    uint64_t da, db;
    int n, transpose, scale;
};

struct Warpgroup {
    Meeting meeting;
    Wgmma next;
    std::vector<Wgmma> open;
    std::vector<std::vector<Wgmma>> committed;
};

struct Copy { uint32_t to; const void *from; int bytes, size; };

alignas(1024) inline unsigned char shared[shared_bytes];
inline std::vector<char> stacks;
inline Fiber fibers[max_threads];
inline Meeting warps[32];
inline void *slots[32][32][4];
inline Meeting named[16];
inline Warpgroup warpgroups[8];
inline Barrier barriers[shared_bytes / 8];
inline std::vector<std::vector<Copy>> copies[max_threads];
inline std::vector<std::function<void()>> flying;
inline void *scheduler;
inline int current, threads;
inline std::function<void()> body;
inline dim3 block_index, block_dim, grid_dim;
inline uint64_t state = 1;

inline uint32_t random32() {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(state >> 33);
}

inline void fail(const char *what) {
    printf("emulated block (%d,%d,%d) thread %d: %s\n", block_index.x, block_index.y, block_index.z, current, what);
    fflush(stdout);
    abort();
}

inline void yield() { emulate_switch(&fibers[current].sp, scheduler); }

inline void wait_for(const int &counter, int old) {
    while (counter == old) {
        fibers[current].wait = &counter;
        fibers[current].value = old;
        yield();
    }
}

template <class F> void meet(Meeting &m, int n, F last) {
    int old = m.generation;
    if (++m.arrived == n) {
        m.arrived = 0;
        last();
        m.generation++;
    } else {
        wait_for(m.generation, old);
    }
}

inline void arrive(Meeting &m, int n) {
    if (++m.arrived == n) {
        m.arrived = 0;
        m.generation++;
    }
}

inline void fly_one() {
    size_t i = random32() % flying.size();
    auto f = flying[i];
    flying.erase(flying.begin() + i);
    f();
}

inline void entry() {
    body();
    if (!copies[current].empty()) copies[current].clear();
    fibers[current].done = true;
    yield();
}

inline void run_block() {
    stacks.resize((size_t)threads * stack_bytes);
    memset(shared, 0xff, sizeof shared);
    for (auto &b : barriers) b = Barrier();
    for (auto &m : named) m = Meeting();
    for (auto &m : warps) m = Meeting();
    for (auto &w : warpgroups) w = Warpgroup();
    for (int t = 0; t < threads; t++) {
        char *top = stacks.data() + (size_t)(t + 1) * stack_bytes;
        void **sp = (void **)((uintptr_t)top & ~15ull);
        *--sp = nullptr;
        *--sp = (void *)entry;
        for (int i = 0; i < 6; i++) *--sp = nullptr;
        fibers[t] = Fiber();
        fibers[t].sp = sp;
        fibers[t].done = false;
        copies[t].assign(1, {});
    }
    int left = threads, nwarps = (threads + 31) / 32;
    const int patience[] = {4, 64, 1 << 30}; // of copies: the last arrive when nobody can go on
    int late = patience[random32() % 3];
    while (left > 0) {
        if (!flying.empty() && random32() % late == 0) fly_one();
        bool ran = false;
        int first = random32() % nwarps;
        for (int w = 0; w < nwarps && !ran; w++) {
            int warp = (first + w) % nwarps;
            for (int t = warp * 32; t < std::min(threads, warp * 32 + 32); t++) {
                Fiber &f = fibers[t];
                if (f.done || (f.wait && *f.wait == f.value)) continue;
                f.wait = nullptr;
                current = t;
                emulate_switch(&scheduler, f.sp);
                ran = true;
                left -= f.done;
            }
        }
        if (!ran && flying.empty()) {
            for (int t = 0; t < threads; t++)
                if (!fibers[t].done) {
                    current = t;
                    break;
                }
            fail("all threads wait for each other");
        }
        if (!ran) fly_one();
    }
    while (!flying.empty()) fly_one();
}

// launch runs a kernel, block after block.
inline void launch(dim3 grid, int block, std::function<void()> kernel) {
    body = std::move(kernel);
    threads = block;
    block_dim = {block, 1, 1};
    grid_dim = grid;
    for (int z = 0; z < grid.z; z++)
        for (int y = 0; y < grid.y; y++)
            for (int x = 0; x < grid.x; x++) {
                block_index = {x, y, z};
                run_block();
            }
}

inline int lane() { return current & 31; }
inline Meeting &warp() { return warps[current >> 5]; }
inline int warp_size() { return std::min(32, threads - (current & ~31)); }

template <class T> T exchange(T x, int from) {
    T result;
    auto &slot = slots[current >> 5];
    slot[lane()][0] = &x;
    slot[lane()][1] = &result;
    slot[lane()][2] = (void *)(intptr_t)from;
    int n = warp_size();
    meet(warp(), n, [&] {
        for (int i = 0; i < n; i++) *(T *)slot[i][1] = *(T *)slot[(intptr_t)slot[i][2] & 31][0];
    });
    return result;
}

struct ThreadIndex {
    struct X { operator int() const { return current; } } x;
};

} // namespace emulate

#define threadIdx emulate::ThreadIndex()
#define blockIdx emulate::block_index
#define blockDim emulate::block_dim
#define gridDim emulate::grid_dim

inline void __syncthreads() { emulate::meet(emulate::named[0], emulate::threads, [] {}); }
inline void __syncwarp(unsigned = ~0u) { emulate::meet(emulate::warp(), emulate::warp_size(), [] {}); }
template <class T> T __shfl_xor_sync(unsigned, T x, int m) { return emulate::exchange(x, emulate::lane() ^ m); }
template <class T> T __shfl_sync(unsigned, T x, int from) { return emulate::exchange(x, from); }
inline int atomicAdd(int *p, int x) { int old = *p; *p += x; return old; }
