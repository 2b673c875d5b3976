// Shapes, random inputs, poisoned outputs and the formulas for attention.cc and
// attention_hopper.cc.
#pragma once
#include "emulate_ptx.h"

#include "../src/attention.cuh"

struct Case {
    std::vector<int> lengths;
    int heads, kv_heads, d, window;
    int spare = 3; // rows that belong to no sequence

    int rows() const {
        int n = spare;
        for (int l : lengths) n += l;
        return n;
    }
    std::vector<int> cu() const {
        std::vector<int> cu{0};
        for (int l : lengths) cu.push_back(cu.back() + l);
        return cu;
    }
    float scale() const { return 1.f / std::sqrt((float)d); }
};

// Lengths around the tiles' edges, empty and one-token sequences, groups of
// 1, 2, 3, 4 and 8 heads, windows below and above a tile.
inline std::vector<Case> cases() {
    return {
        {{1, 130, 0, 64, 5}, 4, 2, 128, 0}, {{257}, 2, 1, 128, 0},       {{129, 127}, 4, 1, 64, 0}, {{300, 2}, 2, 2, 64, 100},
        {{200, 150}, 2, 1, 128, 70},        {{3, 33, 190}, 3, 1, 24, 0}, {{140, 7}, 2, 1, 80, 0},   {{66}, 8, 1, 32, 9},
        {{140}, 2, 1, 96, 1},               {{17, 30}, 2, 2, 8, 0},
    };
}

struct Plan {
    std::vector<int> data, tickets;
    int bound;
};

inline int failures;

inline double normal() {
    double s = -6;
    for (int i = 0; i < 12; i++) s += emulate::random32() / 2147483648.0;
    return s;
}

inline std::vector<uint16_t> random_bf16(size_t n) {
    std::vector<uint16_t> x(n);
    for (auto &e : x) e = emulate::to_bf16((float)normal());
    return x;
}

const uint16_t poison = 0x7fc1; // a NaN that no kernel makes

inline std::vector<uint16_t> poisoned(size_t n) { return std::vector<uint16_t>(n, poison); }

// Relative distance; what is beyond the rows in use (NaN here) must be zero.
inline void compare(const char *what, const std::vector<uint16_t> &got, const std::vector<double> &want, double limit) {
    double diff = 0, norm = 0;
    for (size_t i = 0; i < want.size(); i++) {
        if (std::isnan(want[i])) {
            if (got[i] != 0) {
                printf("  %s: element %zu is beyond the rows in use and not zero\n", what, i);
                failures++;
                return;
            }
            continue;
        }
        double d = emulate::from_bf16(got[i]) - want[i];
        diff += d * d;
        norm += want[i] * want[i];
    }
    double r = norm > 0 ? std::sqrt(diff / norm) : std::sqrt(diff);
    if (!(r < limit)) failures++;
    printf("  %s %.2e%s", what, r, r < limit ? "" : " FAILED");
}

inline void title(const Case &c, const char *version) {
    printf("%s d %d heads %d/%d window %d lengths", version, c.d, c.heads, c.kv_heads, c.window);
    for (int l : c.lengths) printf(" %d", l);
    printf("\n");
}

// attend is one query over n keys: probabilities and log Σ exp.
inline double attend(std::vector<double> &p, const uint16_t *q, const uint16_t *k, int64_t stride, int from, int n, int d, double scale) {
    p.assign(n, 0);
    double top = -1e300, sum = 0;
    for (int j = from; j < n; j++) {
        for (int c = 0; c < d; c++) p[j] += (double)emulate::from_bf16(q[c]) * emulate::from_bf16(k[j * stride + c]);
        top = std::max(top, p[j] *= scale);
    }
    for (int j = from; j < n; j++) sum += p[j] = std::exp(p[j] - top);
    for (int j = from; j < n; j++) p[j] /= sum;
    return top + std::log(sum);
}

struct Training {
    std::vector<uint16_t> q, k, v, d_o, o, dq, dk, dv;
    std::vector<float> lse, lse2, delta;
    int padded;

    explicit Training(const Case &c) {
        int64_t n = (int64_t)c.rows() * c.heads * c.d, kv = (int64_t)c.rows() * c.kv_heads * c.d;
        q = random_bf16(n), k = random_bf16(kv), v = random_bf16(kv), d_o = random_bf16(n);
        o = poisoned(n), dq = poisoned(n), dk = poisoned(kv), dv = poisoned(kv);
        padded = (c.rows() + TILE_ROWS * (int)c.lengths.size()) / TILE_ROWS * TILE_ROWS + TILE_ROWS;
        lse.assign((size_t)c.rows() * c.heads, NAN);
        lse2.assign((size_t)padded * c.heads, NAN);
        delta = lse2;
    }
    int stats() const { return padded; }

    // Rows that belong to no sequence hold NaN: no result may depend on them.
    void spoil(const Case &c) {
        for (auto x : {&q, &k, &v, &d_o, &o}) {
            size_t width = x->size() / c.rows();
            std::fill(x->begin() + c.cu().back() * width, x->end(), poison);
        }
    }

    void compare(const Case &c, const char *version) {
        title(c, version);
        int group = c.heads / c.kv_heads, d = c.d;
        int64_t width = (int64_t)c.heads * d, kv = (int64_t)c.kv_heads * d;
        std::vector<double> wo(q.size(), NAN), wdq(q.size(), NAN), wdk(k.size(), NAN), wdv(k.size(), NAN), p;
        std::vector<int> cu = c.cu();
        double worst = 0;
        std::fill(wo.begin(), wo.begin() + cu.back() * width, 0.0);
        std::fill(wdq.begin(), wdq.begin() + cu.back() * width, 0.0);
        std::fill(wdk.begin(), wdk.begin() + cu.back() * kv, 0.0);
        std::fill(wdv.begin(), wdv.begin() + cu.back() * kv, 0.0);
        auto f = emulate::from_bf16;
        for (size_t s = 0; s < c.lengths.size(); s++)
            for (int i = 0; i < c.lengths[s]; i++)
                for (int h = 0; h < c.heads; h++) {
                    int64_t at = (cu[s] + i) * width + h * d, kat = cu[s] * kv + h / group * d;
                    int from = first_key(i, c.window);
                    double e = attend(p, &q[at], &k[kat], kv, from, i + 1, d, c.scale());
                    worst = std::max(worst, std::abs(e - (double)lse[(cu[s] + i) * c.heads + h]));
                    double sum = 0;
                    for (int x = 0; x < d; x++) {
                        for (int j = from; j <= i; j++) wo[at + x] += p[j] * f(v[kat + j * kv + x]);
                        sum += wo[at + x] * f(d_o[at + x]);
                    }
                    for (int j = from; j <= i; j++) {
                        double dp = 0;
                        for (int x = 0; x < d; x++) dp += (double)f(d_o[at + x]) * f(v[kat + j * kv + x]);
                        double ds = p[j] * (dp - sum) * c.scale();
                        for (int x = 0; x < d; x++) {
                            wdv[kat + j * kv + x] += p[j] * f(d_o[at + x]);
                            wdq[at + x] += ds * f(k[kat + j * kv + x]);
                            wdk[kat + j * kv + x] += ds * f(q[at + x]);
                        }
                    }
                }
        ::compare("o", o, wo, 4e-3);
        ::compare("dq", dq, wdq, 8e-3);
        ::compare("dk", dk, wdk, 8e-3);
        ::compare("dv", dv, wdv, 5e-3);
        printf("  lse %.1e%s\n", worst, worst < 1e-3 ? "" : " FAILED");
        failures += !(worst < 1e-3);
    }
};

struct Cached {
    std::vector<uint16_t> q, k, v, o, k_cache, v_cache, k_before, v_before;
    std::vector<int> pages, starts;
    int length, most, count; // tokens of a page, pages of a sequence, pages

    Cached(const Case &c, bool paged) {
        int64_t n = (int64_t)c.rows() * c.heads * c.d, kv = (int64_t)c.rows() * c.kv_heads * c.d;
        q = random_bf16(n), k = random_bf16(kv), v = random_bf16(kv), o = poisoned(n);
        length = 0;
        for (size_t s = 0; s < c.lengths.size(); s++) {
            starts.push_back((int)(emulate::random32() % 3 ? emulate::random32() % 200 : 0));
            length = std::max(length, starts.back() + c.lengths[s]);
        }
        most = 1;
        if (paged) most = length / 128 + 1, length = 128;
        count = (int)c.lengths.size() * most;
        for (int i = 0; i < count; i++) pages.insert(pages.begin() + emulate::random32() % (i + 1), i);
        k_cache = random_bf16((size_t)count * length * c.kv_heads * c.d);
        v_cache = random_bf16(k_cache.size());
        k_before = k_cache, v_before = v_cache;
    }

    // Where a token's keys begin, in elements.
    int64_t at(const Case &c, size_t s, int token) const {
        return ((int64_t)pages[s * most + token / length] * length + token % length) * c.kv_heads * c.d;
    }

    // What attention_append does.
    void append(const Case &c) {
        int64_t kv = (int64_t)c.kv_heads * c.d;
        for (size_t s = 0; s < c.lengths.size(); s++) {
            for (int i = 0; i < c.lengths[s]; i++) {
                int64_t to = at(c, s, starts[s] + i), from = (c.cu()[s] + i) * kv;
                std::copy_n(k.begin() + from, kv, k_cache.begin() + to);
                std::copy_n(v.begin() + from, kv, v_cache.begin() + to);
            }
        }
        std::fill(o.begin() + c.cu().back() * c.heads * c.d, o.end(), 0);
    }

    void compare(const Case &c, const char *version) {
        printf("cached in %d pages, ", most);
        title(c, version);
        int group = c.heads / c.kv_heads, d = c.d;
        int64_t width = (int64_t)c.heads * d, kv = (int64_t)c.kv_heads * d;
        std::vector<double> want(q.size(), NAN), p;
        std::vector<int> cu = c.cu();
        for (size_t s = 0; s < c.lengths.size(); s++) {
            for (int i = 0; i < c.lengths[s]; i++)
                for (int64_t x = 0; x < kv; x++) {
                    k_before[at(c, s, starts[s] + i) + x] = k[(cu[s] + i) * kv + x];
                    v_before[at(c, s, starts[s] + i) + x] = v[(cu[s] + i) * kv + x];
                }
            std::vector<uint16_t> keys, values; // the sequence in a row
            for (int t = 0; t < starts[s] + c.lengths[s]; t++) {
                keys.insert(keys.end(), k_before.begin() + at(c, s, t), k_before.begin() + at(c, s, t) + kv);
                values.insert(values.end(), v_before.begin() + at(c, s, t), v_before.begin() + at(c, s, t) + kv);
            }
            for (int i = 0; i < c.lengths[s]; i++)
                for (int h = 0; h < c.heads; h++) {
                    int64_t at = (cu[s] + i) * width + h * d, kat = h / group * d;
                    int pos = starts[s] + i, from = first_key(pos, c.window);
                    attend(p, &q[at], &keys[kat], kv, from, pos + 1, d, c.scale());
                    for (int x = 0; x < d; x++) {
                        want[at + x] = 0;
                        for (int j = from; j <= pos; j++) want[at + x] += p[j] * emulate::from_bf16(values[kat + j * kv + x]);
                    }
                }
        }
        ::compare("o", o, want, 4e-3);
        bool same = k_cache == k_before && v_cache == v_before;
        printf("  cache %s\n", same ? "as it must be" : "FAILED");
        failures += !same;
    }
};
