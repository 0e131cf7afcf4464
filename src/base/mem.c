/* Counted, aligned allocation. Each block carries its size in the 64 bytes before it. */
#include "gan/mem.h"
#include "gan/status.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER = 64 };

static atomic_llong live_blocks, live_bytes, peak_bytes, fail_countdown;

static void count(int64_t blocks, int64_t bytes)
{
    atomic_fetch_add(&live_blocks, blocks);
    long long now = atomic_fetch_add(&live_bytes, bytes) + bytes, peak = atomic_load(&peak_bytes);
    while (now > peak && !atomic_compare_exchange_weak(&peak_bytes, &peak, now)) {
    }
}

static bool must_fail(void)
{
    if (atomic_load(&fail_countdown) == 0) return false;
    return atomic_fetch_sub(&fail_countdown, 1) == 1;
}

void *gan_calloc(int64_t n, size_t size)
{
    size_t bytes;
    if (n < 0 || __builtin_mul_overflow((size_t)n, size, &bytes) || bytes > SIZE_MAX / 2 || must_fail()) {
        GAN_FAIL(GAN_ENOMEM, "no memory for %lld items of %zu bytes", (long long)n, size);
        return NULL;
    }
    size_t total = HEADER + (bytes + 63) / 64 * 64;
    char *p = aligned_alloc(64, total);
    if (!p) {
        GAN_FAIL(GAN_ENOMEM, "no memory for %.1f MiB; a smaller batch or smaller networks need less, and nodes with more "
                 "memory have it",
                 (double)bytes / 1048576);
        return NULL;
    }
    memset(p, 0, total);
    memcpy(p, &bytes, sizeof bytes);
    count(1, (int64_t)bytes);
    return p + HEADER;
}

static size_t block_bytes(const void *p)
{
    size_t bytes;
    memcpy(&bytes, (const char *)p - HEADER, sizeof bytes);
    return bytes;
}

void *gan_realloc(void *p, int64_t n, size_t size)
{
    void *q = gan_calloc(n, size);
    if (!q || !p) return q;
    size_t old_bytes = block_bytes(p), new_bytes = block_bytes(q);
    memcpy(q, p, old_bytes < new_bytes ? old_bytes : new_bytes);
    gan_free(p);
    return q;
}

void gan_free(void *p)
{
    if (!p) return;
    count(-1, -(int64_t)block_bytes(p));
    free((char *)p - HEADER);
}

char *gan_strndup(const char *s, size_t n)
{
    char *copy = gan_calloc((int64_t)n + 1, 1);
    if (copy) memcpy(copy, s, n);
    return copy;
}

char *gan_strdup(const char *s)
{
    return gan_strndup(s, strlen(s));
}

char *gan_sprintf(const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    char *text = n < 0 ? NULL : gan_calloc((int64_t)n + 1, 1);
    if (text) vsnprintf(text, (size_t)n + 1, fmt, again);
    va_end(again);
    va_end(ap);
    return text;
}

int64_t gan_mem_live(void)
{
    return atomic_load(&live_blocks);
}

int64_t gan_mem_peak_bytes(void)
{
    return atomic_load(&peak_bytes);
}

int64_t gan_mem_fail_at(int64_t k)
{
    return atomic_exchange(&fail_countdown, k);
}
