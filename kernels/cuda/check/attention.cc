// Attention kernels on the emulated block, beside their formulas in double
// precision, on odd shapes: g++ -O2 -std=c++17 attention.cc && ./a.out [seed].
#include "attention_case.h"

#include "../src/attention_plan.cu"
#include "../src/attention.cu"
#include "../src/attention_backward.cu"
#undef WARPS
#include "../src/attention_decode.cu"

using namespace emulate;

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
    for (int t : p.tickets)
        if (t) fail("tickets are not zeroed");
    return p;
}

template <int D> static void train(const Case &c, void (*forward)(uint16_t *, float *, const uint16_t *, const uint16_t *, const uint16_t *, const int *, const int *, int, int, int, int, int, float, int), int threads,
                                   decltype(&attention_backward_q_64) backward_q, decltype(&attention_backward_kv_64) backward_kv) {
    Training x(c);
    x.spoil(c);
    Plan p = make_plan(c, nullptr, 0, 0);
    int stats = x.stats();
    launch({c.heads, p.bound, 1}, threads, [&] {
        forward(x.o.data(), x.lse.data(), x.q.data(), x.k.data(), x.v.data(), p.data.data(), nullptr, 0, p.bound, c.heads, c.kv_heads, c.d, c.scale(), c.window);
    });
    launch({p.bound, c.heads, 1}, 128, [&] {
        attention_prepare(x.lse2.data(), x.delta.data(), x.o.data(), x.d_o.data(), x.lse.data(), p.data.data(), p.bound, c.heads, c.d, stats);
    });
    launch({c.heads, p.bound, 1}, 256, [&] {
        backward_q(x.dq.data(), x.d_o.data(), x.lse2.data(), x.delta.data(), x.q.data(), x.k.data(), x.v.data(), p.data.data(), p.bound, c.heads, c.kv_heads, c.d, c.scale(), c.window, stats);
    });
    launch({c.kv_heads, p.bound, 1}, 256, [&] {
        backward_kv(x.dk.data(), x.dv.data(), x.d_o.data(), x.lse2.data(), x.delta.data(), x.q.data(), x.k.data(), x.v.data(), p.data.data(), p.bound, c.heads, c.kv_heads, c.d, c.scale(), c.window, stats);
    });
    x.compare(c, "mma.sync");
}

template <int D> static void cached(const Case &c, decltype(&attention_forward_64) forward, int threads, decltype(&attention_decode_64) decode, int splits, bool paged) {
    Cached x(c, paged);
    int most = std::max(1, 16 / (c.heads / c.kv_heads)), seqs = (int)c.lengths.size();
    std::vector<int> cu = c.cu();
    Plan p = make_plan(c, x.starts.data(), x.most, most);
    launch({c.rows(), 1, 1}, 128, [&] {
        attention_append(x.k_cache.data(), x.v_cache.data(), x.o.data(), x.k.data(), x.v.data(), &seqs, cu.data(), x.pages.data(), x.starts.data(), x.most, x.length, c.heads * c.d, c.kv_heads * c.d);
    });
    launch({c.heads, p.bound, 1}, threads, [&] {
        forward(x.o.data(), nullptr, x.q.data(), x.k_cache.data(), x.v_cache.data(), p.data.data(), x.pages.data(), x.length, p.bound, c.heads, c.kv_heads, c.d, c.scale(), c.window);
    });
    size_t parts = (size_t)seqs * most * splits * c.heads;
    std::vector<float> partial(parts * c.d, NAN), partial_lse(parts, NAN);
    launch({splits, c.kv_heads, seqs}, 128, [&] {
        decode(x.o.data(), partial.data(), partial_lse.data(), x.q.data(), x.k_cache.data(), x.v_cache.data(), &seqs, cu.data(), x.pages.data(), x.starts.data(), x.most, x.length, c.heads, c.kv_heads, c.d, c.scale(), c.window, most);
    });
    if (splits > 1)
        launch({most, seqs, c.heads}, 128, [&] {
            attention_combine(x.o.data(), partial.data(), partial_lse.data(), &seqs, cu.data(), c.heads, c.d, splits, most);
        });
    x.compare(c, splits > 1 ? "mma.sync, three parts" : "mma.sync");
}

int main(int argc, char **argv) {
    state = argc > 1 ? atoll(argv[1]) : 1;
    for (const Case &c : cases()) {
        if (c.d <= 32)
            train<32>(c, attention_forward_32, 256, attention_backward_q_32, attention_backward_kv_32);
        else if (c.d <= 64)
            train<64>(c, attention_forward_64, 128, attention_backward_q_64, attention_backward_kv_64);
        else
            train<128>(c, attention_forward_128, 128, attention_backward_q_128, attention_backward_kv_128);
        for (int splits : {1, 3})
            for (bool paged : {false, true})
                if (c.d <= 32)
                    cached<32>(c, attention_forward_32, 256, attention_decode_32, splits, paged);
                else if (c.d <= 64)
                    cached<64>(c, attention_forward_64, 128, attention_decode_64, splits, paged);
                else
                    cached<128>(c, attention_forward_128, 128, attention_decode_128, splits, paged);
    }
    return failures != 0;
}
