// The Hopper kernels of attention, as attention.cc does the others.
#include "attention_case.h"

#include "../src/attention_plan.cu"
#include "../src/attention_hopper.cu"
#include "../src/attention_hopper_backward.cu"

using namespace emulate;

static CUtensorMap map_of(const std::vector<uint16_t> &x, int heads, int d, int rows, int box) { return {x.data(), d, heads, rows, box}; }

static Plan make_plan(const Case &c, const int *starts, int pages, int skip) {
    Plan p;
    p.bound = c.rows() / TILE_ROWS + (int)c.lengths.size();
    p.data.assign(8 + 3 * 8 * p.bound, -1);
    p.tickets.assign(5, -1);
    int seqs = (int)c.lengths.size();
    std::vector<int> cu = c.cu();
    launch({1, 1, 1}, 1024, [&] {
        attention_plan(p.data.data(), p.tickets.data(), 5, &seqs, cu.data(), starts, pages, c.window, skip, p.bound, c.rows());
    });
    return p;
}

template <int D> static void train(const Case &c, decltype(&attention_forward_hopper_64) forward, decltype(&attention_backward_q_hopper_64) backward_q, decltype(&attention_backward_kv_hopper_64) backward_kv) {
    Training x(c);
    x.spoil(c);
    Plan p = make_plan(c, nullptr, 0, 0);
    int rows = c.rows();
    CUtensorMap q64 = map_of(x.q, c.heads, D, rows, 64), k128 = map_of(x.k, c.kv_heads, D, rows, 128), v128 = map_of(x.v, c.kv_heads, D, rows, 128);
    launch({2, 1, 1}, 384, [&] { forward(x.o.data(), x.lse.data(), q64, k128, v128, p.data.data(), &p.tickets[0], nullptr, 0, p.bound, c.heads, c.kv_heads, c.scale(), c.window); });
    launch({p.bound, c.heads, 1}, 128, [&] {
        attention_prepare(x.lse2.data(), x.delta.data(), x.o.data(), x.d_o.data(), x.lse.data(), p.data.data(), p.bound, c.heads, D, x.stats());
    });
    CUtensorMap o64 = map_of(x.d_o, c.heads, D, rows, 64), k64 = map_of(x.k, c.kv_heads, D, rows, 64), v64 = map_of(x.v, c.kv_heads, D, rows, 64);
    launch({3, 1, 1}, 384, [&] {
        backward_q(x.dq.data(), x.lse2.data(), x.delta.data(), q64, o64, k128, v128, p.data.data(), &p.tickets[1], p.bound, c.heads, c.kv_heads, c.scale(), c.window, x.stats());
    });
    launch({2, 1, 1}, 384, [&] {
        backward_kv(x.dk.data(), x.dv.data(), x.lse2.data(), x.delta.data(), q64, o64, k64, v64, p.data.data(), &p.tickets[2], p.bound, c.heads, c.kv_heads, c.scale(), c.window, x.stats());
    });
    x.compare(c, "wgmma");
}

template <int D> static void cached(const Case &c, decltype(&attention_forward_hopper_64) forward, bool paged) {
    Cached x(c, paged);
    x.append(c);
    Plan p = make_plan(c, x.starts.data(), x.most, 0);
    int rows = x.count * x.length;
    CUtensorMap q64 = map_of(x.q, c.heads, D, c.rows(), 64), k128 = map_of(x.k_cache, c.kv_heads, D, rows, 128), v128 = map_of(x.v_cache, c.kv_heads, D, rows, 128);
    launch({3, 1, 1}, 384, [&] { forward(x.o.data(), nullptr, q64, k128, v128, p.data.data(), &p.tickets[0], x.pages.data(), x.length, p.bound, c.heads, c.kv_heads, c.scale(), c.window); });
    x.compare(c, "wgmma");
}

int main(int argc, char **argv) {
    state = argc > 1 ? atoll(argv[1]) : 1;
    for (const Case &c : cases())
        if (c.d == 64) {
            train<64>(c, attention_forward_hopper_64, attention_backward_q_hopper_64, attention_backward_kv_hopper_64);
            for (bool paged : {false, true}) cached<64>(c, attention_forward_hopper_64, paged);
        } else if (c.d == 128) {
            train<128>(c, attention_forward_hopper_128, attention_backward_q_hopper_128, attention_backward_kv_hopper_128);
            for (bool paged : {false, true}) cached<128>(c, attention_forward_hopper_128, paged);
        }
    return failures != 0;
}
