/* Setup and teardown of a cmocka test that must give back all memory, and begins without a failure text. After cmocka.h. */
#ifndef GAN_LIVE_TEST_H
#define GAN_LIVE_TEST_H

#include "gan/mem.h"
#include "gan/status.h"

static int64_t live_before;

static int setup(void **state)
{
    (void)state;
    gan_fail_clear();
    live_before = gan_mem_live();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    if (gan_mem_live() == live_before) return 0;
    print_error("%lld blocks live, %lld before\n", (long long)gan_mem_live(), (long long)live_before);
    return 1;
}

#endif
