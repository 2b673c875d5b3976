// rope_append on the emulated block, beside rope of q, rope of k and
// attention_append: the same bits everywhere, and nothing else is written.
#include "cuda_bf16.h"

#include "attention_case.h"

#include "../src/rope.cu"

#include "../src/attention_decode.cu"

struct Turned : Cached {
    std::vector<float> cosine, sine;
    std::vector<int> positions;

    Turned(const Case &c, bool paged) : Cached(c, paged) {
        for (size_t s = 0; s < c.lengths.size(); s++)
            for (int i = 0; i < c.lengths[s]; i++) positions.push_back(starts[s] + i);
        positions.resize(c.rows(), 1 << 28); // of rows that are not in use: nobody may look there
        for (int i = 0; i < 600 * c.d / 2; i++) cosine.push_back((float)normal()), sine.push_back((float)normal());
    }

    bf16x8 *vectors(std::vector<uint16_t> &x) { return (bf16x8 *)x.data(); }

    void apart(const Case &c) {
        int rows = c.rows(), used = c.cu().back(), half = c.d / 2, seqs = (int)c.lengths.size();
        std::vector<int> cu = c.cu();
        for (auto x : {&q, &k}) {
            int heads = x == &q ? c.heads : c.kv_heads, blocks = (rows * ((heads + HEADS - 1) / HEADS) * half / 8 + 255) / 256;
            emulate::launch({blocks, 1, 1}, 256, [&] {
                rope(vectors(*x), positions.data(), cosine.data(), sine.data(), &used, rows, heads, half, 0);
            });
        }
        emulate::launch({rows, 1, 1}, 128, [&] {
            attention_append(k_cache.data(), v_cache.data(), o.data(), k.data(), v.data(), &seqs, cu.data(), pages.data(), starts.data(), most, length, c.heads * c.d, c.kv_heads * c.d);
        });
    }

    void together(const Case &c) {
        int rows = c.rows(), used = c.cu().back(), seqs = (int)c.lengths.size(), items = (c.heads + 3 * c.kv_heads) * c.d / 16;
        std::vector<int> cu = c.cu();
        emulate::launch({rows, (items + 127) / 128, 1}, 128, [&] {
            rope_append(vectors(q), vectors(k), vectors(v), vectors(k_cache), vectors(v_cache), vectors(o), positions.data(), cosine.data(), sine.data(),
                        &used, &seqs, cu.data(), pages.data(), starts.data(), most, length, c.heads, c.kv_heads, c.d / 2);
        });
    }
};

static void expect(const char *what, const std::vector<uint16_t> &got, const std::vector<uint16_t> &want) {
    if (got == want) return;
    printf("  %s differs\n", what);
    failures++;
}

int main(int argc, char **argv) {
    emulate::state = argc > 1 ? atoll(argv[1]) : 1;
    for (const Case &c : cases())
        for (bool paged : {false, true}) {
            if (c.d % 16) continue; // rope_any's
            title(c, paged ? "paged" : "whole");
            Turned a(c, paged), b = a, before = a;
            a.apart(c);
            b.together(c);
            expect("q", b.q, a.q);
            expect("k", b.k, a.k);
            expect("k cache", b.k_cache, a.k_cache);
            expect("v cache", b.v_cache, a.v_cache);
            expect("o", b.o, a.o);
            if (a.k_cache == a.k_before || a.q == before.q || a.k == before.k) failures++; // nothing was done
        }
    return failures != 0;
}
