// SPDX-License-Identifier: MPL-2.0
// Latencies in nanoseconds, kept to within 1/64 of their value in a table of fixed size.
#pragma once

#include <stdint.h>
#include <stdio.h>

enum { sub_bits = 6, sub_count = 1 << sub_bits, histogram_slots = (64 - sub_bits + 1) * sub_count };

struct histogram {
    uint64_t total;
    uint64_t max;
    uint64_t counts[histogram_slots];
};

// Values below 64 have a slot each; above, each power of two is cut into 64.
static inline unsigned histogram_slot(uint64_t value) {
    if (value < sub_count) return (unsigned)value;
    const unsigned shift = 63U - (unsigned)__builtin_clzll(value) - sub_bits;
    return (shift + 1) * sub_count + (unsigned)(value >> shift) - sub_count;
}

// The middle of what falls into a slot.
static inline double histogram_value(unsigned slot) {
    if (slot < sub_count) return slot;
    const unsigned shift = slot / sub_count - 1;
    const uint64_t lowest = (uint64_t)(slot % sub_count + sub_count) << shift;
    return (double)lowest + (double)((uint64_t)1 << shift) / 2;
}

static inline void histogram_add(struct histogram* h, uint64_t value) {
    ++h->counts[histogram_slot(value)];
    ++h->total;
    if (value > h->max) h->max = value;
}

static inline double histogram_quantile(const struct histogram* h, double quantile) {
    const double wanted = quantile * (double)h->total;
    uint64_t seen = 0;
    for (unsigned slot = 0; slot < histogram_slots; ++slot) {
        seen += h->counts[slot];
        if (seen > 0 && (double)seen >= wanted) {
            const double value = histogram_value(slot);
            return value < (double)h->max ? value : (double)h->max;
        }
    }
    return 0;
}

// The part of a client's line of JSON that tells them; they are in nanoseconds.
static inline void print_latencies(const struct histogram* h) {
    printf("\"p50_us\": %.2f, \"p99_us\": %.2f, \"p99_9_us\": %.2f, \"max_us\": %.2f, ",
           histogram_quantile(h, 0.5) / 1e3, histogram_quantile(h, 0.99) / 1e3,
           histogram_quantile(h, 0.999) / 1e3, (double)h->max / 1e3);
}
