/* Proved here: buckets cover an arena once, from its end to its begin and states apart, in whole parameters and at least the
 * configured size; and the blocks of an update are the same, whatever size of buckets they are in, which is what makes the
 * norm of a gradient the same (optim/slice.c adds their squares in this order). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../src/systems/buckets.h"
#include "nn_test.h"

static bool begins_parameter(const gan_network *net, int64_t at)
{
    for (int i = 0; i < net->n_params; i++)
        if (net->params[i].offset == at) return true;
    return false;
}

static void check_buckets(const gan_network *net, const struct gan_buckets *b, int64_t floats)
{
    int64_t end = net->trained_floats;
    for (int i = 0; i < b->n; i++) {
        const gan__bucket *k = &b->list[i];
        assert_int_equal(k->offset, k->blocks.at[0]);
        assert_int_equal(k->offset + k->n, k->blocks.at[k->blocks.n]);
        if (k->state) {
            assert_int_equal(i, b->n - 1);
            assert_int_equal(k->offset, net->trained_floats);
            assert_int_equal(k->offset + k->n, net->arena_floats);
            continue;
        }
        assert_int_equal(k->offset + k->n, end);
        assert_true(begins_parameter(net, k->offset));
        assert_true(k->n >= floats || k->offset == 0);
        end = k->offset;
    }
    assert_int_equal(end, 0);
}

static void check_blocks(const gan_network *net, const struct gan_buckets *b, const struct gan_buckets *finest)
{
    const int64_t *at = finest->list[finest->n - 2].blocks.at; /* of the bucket at the begin of the arena */
    for (int i = b->n - 2; i >= 0; i--) {
        const gan_blocks k = b->list[i].blocks;
        for (int64_t j = 0; j < k.n; j++, at++) {
            assert_int_equal(k.at[j], *at);
            assert_true(k.at[j + 1] - k.at[j] > 0 && k.at[j + 1] - k.at[j] <= GAN_UPDATE_BLOCK);
        }
    }
    assert_int_equal(*at, net->trained_floats);
}

static void all_sizes(void **state)
{
    (void)state;
    static const int64_t sizes[] = {1, 256, 5000, 20000, 90000, 100000, INT64_MAX};
    struct gan_buckets *finest, *b;
    int most = 0;
    small_net rig = net_open("dense 90, batch_norm, relu, dense 1000, relu, dense 7, dense 90, dense 2", "",
                             (gan_sample_shape){.n_dims = 1, .dims = {70}});
    const gan_network *net = rig.net;
    EXPECT_OK(gan__buckets_new(&finest, net, 1));
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        EXPECT_OK(gan__buckets_new(&b, net, sizes[i]));
        check_buckets(net, b, sizes[i]);
        check_blocks(net, b, finest);
        if (most < b->n) most = b->n;
        if (sizes[i] == INT64_MAX) assert_int_equal(b->n, 2);
        gan__buckets_free(b);
    }
    assert_true(most >= 4);
    gan__buckets_free(finest);
    net_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_sizes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
