/* np: 1 2 3 4 8 */
/* Proved here of reductions whose messages are bfloat16: all ranks get the same bits, near the true sums; over many uses the
 * mean error goes to nothing, because what rounding leaves over is added to the next use (a summand far below the rounding step
 * of its neighbours comes through; without the feedback it is lost, which is checked, too); bytes; short vectors are as they
 * were; a value that is not finite does no harm to later uses; refusals and failing allocations. */
#include "../src/comm/reduction.h"
#include "mpi_sums.h"
#include "mpi_test.h"

#include <math.h>
#include <string.h>

enum { N = 5003, USES = 200 };

static const gan_kernels *kernels(void)
{
    return gan_kernels_get(gan_kernels_count() - 1);
}

static gan_reduction *rounded(mpi_test *t, gan_reduce_mode mode, float *x, int64_t n)
{
    gan_reduction *r = NULL;
    CHECK_OK(t, gan_reduction_new(&r, t->c, 3, mode, x, n));
    if (r) CHECK_OK(t, gan_reduction_round(r, kernels()));
    return r;
}

static void sum(mpi_test *t, gan_reduction *r)
{
    CHECK_OK(t, gan_reduction_start(r));
    CHECK_OK(t, gan_reduction_wait(r));
}

static bool power_of_two(int n)
{
    return (n & (n - 1)) == 0;
}

/* One: its neighbour is 2^-7 above; what each rank adds to it is less than half of that. */
static float summand(int rank, int64_t i)
{
    return 1 + 0x1p-9f * (float)(1 + (rank + i) % 2);
}

static void same_on_all(mpi_test *t, const float *x, int64_t n)
{
    static float first[N];
    memcpy(first, x, (size_t)n * sizeof *x);
    CHECK_OK(t, gan_comm_bcast(t->c, first, n * (int64_t)sizeof *x));
    CHECK(t, memcmp(first, x, (size_t)n * sizeof *x) == 0, "sums differ from rank 0's");
}

/* Largest error of an element's mean over the uses; with feedback, or with a new reduction for each use: without. */
static double mean_error(mpi_test *t, gan_reduce_mode mode, bool feedback)
{
    static float x[N];
    static double total[N];
    double worst = 0;
    memset(total, 0, sizeof total);
    gan_reduction *r = rounded(t, mode, x, N);
    for (int use = 0; r && use < USES; use++) {
        for (int64_t i = 0; i < N; i++) x[i] = summand(t->c->rank, i);
        sum(t, r);
        for (int64_t i = 0; i < N; i++) total[i] += (double)x[i];
        if (use % 50 == 0) same_on_all(t, x, N);
        if (feedback) continue;
        gan_reduction_free(r);
        r = rounded(t, mode, x, N);
    }
    gan_reduction_free(r);
    for (int64_t i = 0; i < N; i++) {
        double want = 0;
        for (int k = 0; k < t->c->size; k++) want += (double)summand(k, i);
        worst = fmax(worst, fabs(total[i] / USES - want));
    }
    return worst;
}

static void feedback(mpi_test *t, gan_reduce_mode mode)
{
    const int P = t->c->size;
    const double with = mean_error(t, mode, true), without = mean_error(t, mode, false), step = P * 0x1p-7;
    CHECK(t, with <= 4 * step / USES, "mean error %g of steps of %g in %d uses", with, step, USES);
    CHECK(t, P == 1 ? without == 0 : without > 10 * with, "mean error %g without, %g with feedback", without, with);
}

/* One use, against the tree: each of the log2 P + 1 roundings errs by at most 2^-8 of what it rounds. */
static void near(mpi_test *t)
{
    static float x[N];
    gan_reduction *r = rounded(t, GAN_REDUCE_ORDERED, x, N);
    for (int64_t i = 0; i < N; i++) x[i] = input(t->c->rank, i, 0);
    if (r) sum(t, r);
    for (int64_t i = 0; i < N; i++) {
        double size = 0, want = 0;
        for (int k = 0; k < t->c->size; k++) size += fabs((double)input(k, i, 0)), want += (double)input(k, i, 0);
        double allowed = size * 0x1p-8 * (log2(t->c->size) + 1);
        CHECK(t, fabs((double)x[i] - want) <= allowed, "element %lld: %g, wanted %g", (long long)i, (double)x[i], want);
    }
    same_on_all(t, x, N);
    gan_reduction_free(r);
}

static void short_ones_are_as_before(mpi_test *t)
{
    float x[GAN__WHOLE_MAX];
    gan_reduction *r = rounded(t, GAN_REDUCE_ORDERED, x, GAN__WHOLE_MAX);
    for (int64_t i = 0; i < GAN__WHOLE_MAX; i++) x[i] = input(t->c->rank, i, 1);
    if (r) sum(t, r);
    for (int64_t i = 0; i < GAN__WHOLE_MAX; i++) {
        float want = tree(t->c->size, i, 1);
        CHECK(t, memcmp(&x[i], &want, sizeof want) == 0, "element %lld: %a, tree %a", (long long)i, x[i], want);
    }
    gan_reduction_free(r);
}

static void not_finite(mpi_test *t)
{
    static float x[N];
    gan_reduction *r = rounded(t, GAN_REDUCE_ORDERED, x, N);
    for (int use = 0; r && use < 3; use++) {
        for (int64_t i = 0; i < N; i++) x[i] = 1;
        if (use == 1 && t->c->rank == t->c->size - 1)
            x[0] = NAN, x[N - 1] = INFINITY, x[7] = 3.4e38f; /* which is infinite when rounded */
        sum(t, r);
        for (int64_t i = 0; i < N; i += N - 1)
            CHECK(t, isfinite(x[i]) == (use != 1), "use %d, element %lld: %g", use, (long long)i, (double)x[i]);
        if (use == 2) CHECK(t, x[0] == (float)t->c->size && x[7] == x[0], "later sums: %g, %g", (double)x[0], (double)x[7]);
    }
    gan_reduction_free(r);
}

static void traffic(mpi_test *t)
{
    static float x[1 << 14];
    const int64_t P = t->c->size, n = 1 << 14;
    gan_reduction *r = rounded(t, GAN_REDUCE_ORDERED, x, n);
    const int64_t got = r ? gan_reduction_bytes_sent(r) : -1;
    CHECK(t, got == 4 * (P - 1) * n / P, "%lld bytes", (long long)got);
    gan_reduction_free(r);
}

static void refusal(mpi_test *t)
{
    static float x[N];
    gan_reduction *r;
    CHECK_OK(t, gan_reduction_new(&r, t->c, 3, GAN_REDUCE_FAST, x, N));
    gan_status got = gan_reduction_round(r, kernels());
    CHECK(t, got == GAN_ECONFIG && strstr(gan_fail_text(), "parallel.messages = bfloat16"), "\"%s\"", gan_fail_text());
    gan_fail_clear();
    gan_reduction_free(r);
}

static void failing_allocations(mpi_test *t)
{
    static float x[N];
    const int64_t live = gan_mem_live();
    for (int64_t k = 1;; k++) {
        gan_reduction *r;
        CHECK_OK(t, gan_reduction_new(&r, t->c, 3, GAN_REDUCE_FAST, x, N));
        gan_mem_fail_at(k);
        gan_status s = gan_reduction_round(r, kernels());
        bool fired = gan_mem_fail_at(0) == 0;
        CHECK(t, s == (fired ? GAN_ENOMEM : GAN_OK), "allocation %lld: \"%s\"", (long long)k, gan_status_text(s));
        gan_reduction_free(r);
        CHECK(t, gan_mem_live() == live, "allocation %lld leaves %lld blocks", (long long)k, (long long)(gan_mem_live() - live));
        gan_fail_clear();
        if (!fired) return;
    }
}

int main(int argc, char **argv)
{
    mpi_test t = mpi_test_start(&argc, &argv);
    if (power_of_two(t.c->size)) {
        feedback(&t, GAN_REDUCE_ORDERED);
        feedback(&t, GAN_REDUCE_FAST);
        near(&t);
        short_ones_are_as_before(&t);
        not_finite(&t);
        traffic(&t);
        failing_allocations(&t);
    } else {
        refusal(&t);
    }
    return mpi_test_end(&t);
}
