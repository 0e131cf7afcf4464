/* np: 1 2 4 8 16 */
/* Proved here: an ordered reduction gives, bit for bit and on every rank, the perfect binary tree over ranks
 * of each element. Every rank computes that tree itself, in plain loops, from inputs that are a function of
 * (rank, element, use) and of mixed magnitude, so that any other order of additions gives other bits
 * (checked, too). Both ways of moving the data (whole and halved) for lengths around every border, also
 * shorter than the number of ranks; used again; several in flight, started late by some ranks and finished in
 * another order by each; the traffic against its formula; fast mode within rounding; refusals and failing
 * allocations. */
#include "../src/comm/reduction.h"
#include "mpi_sums.h"
#include "mpi_test.h"

#include <math.h>
#include <string.h>
#include <time.h>

enum { FLIGHTS = 5 };

static const int64_t lengths[] = {0, 1, 2, 3, 7, 15, 16, 17, 1000, 2048, 2049, 100003};
enum { N_LENGTHS = sizeof lengths / sizeof *lengths };

static void fill(const gan_comm *c, int64_t n, int use, float *x)
{
    for (int64_t i = 0; i < n; i++) x[i] = input(c->rank, i, use);
}

static void check_tree(mpi_test *t, int64_t n, int use, const float *x)
{
    for (int64_t i = 0; i < n; i++) {
        float want = tree(t->c->size, i, use);
        CHECK(t, memcmp(&x[i], &want, sizeof want) == 0,
              "n %lld, use %d, element %lld: got %a, tree gives %a", (long long)n, use, (long long)i, x[i],
              want);
    }
}

static void check_near(mpi_test *t, int64_t n, int use, const float *x)
{
    for (int64_t i = 0; i < n; i++) {
        double sum = 0, size = 0;
        for (int r = 0; r < t->c->size; r++) sum += input(r, i, use), size += fabs(input(r, i, use));
        CHECK(t, fabs(x[i] - sum) <= 1e-6 * size, "fast, n %lld, element %lld: got %.9g, want %.9g",
              (long long)n, (long long)i, x[i], sum);
    }
}

static void doze(int milliseconds)
{
    nanosleep(&(struct timespec){milliseconds / 1000, milliseconds % 1000 * 1000000L}, NULL);
}

/* A busy rank: looks after its reduction only now and then. */
static void finish_by_testing(mpi_test *t, gan_reduction *r)
{
    for (bool done = false; !done;) {
        gan_status s = gan_reduction_test(r, &done);
        CHECK_OK(t, s);
        if (s != GAN_OK) return;
        if (!done) doze(1);
    }
}

static void one_length(mpi_test *t, gan_reduce_mode mode, int64_t n, int64_t whole_max)
{
    float *x = gan_calloc(n, sizeof *x);
    gan_reduction *r = NULL;
    CHECK_OK(t, gan__reduction_new(&r, t->c, 7, mode, x, n, whole_max));
    for (int use = 0; r && use < 3; use++) {
        fill(t->c, n, use, x);
        CHECK_OK(t, gan_reduction_start(r));
        if (use == 1)
            finish_by_testing(t, r);
        else
            CHECK_OK(t, gan_reduction_wait(r));
        if (mode == GAN_REDUCE_ORDERED)
            check_tree(t, n, use, x);
        else
            check_near(t, n, use, x);
    }
    gan_reduction_free(r);
    gan_free(x);
}

static void all_lengths(mpi_test *t)
{
    for (int l = 0; l < N_LENGTHS; l++) {
        one_length(t, GAN_REDUCE_ORDERED, lengths[l], 0);
        one_length(t, GAN_REDUCE_ORDERED, lengths[l], INT64_MAX);
        one_length(t, GAN_REDUCE_ORDERED, lengths[l], GAN__WHOLE_MAX);
        one_length(t, GAN_REDUCE_FAST, lengths[l], GAN__WHOLE_MAX);
    }
}

/* The test would prove nothing if sums in rank order had the same bits. */
static void order_matters(mpi_test *t)
{
    int differ = 0;
    for (int64_t i = 0; i < 1000; i++) {
        float sum = 0;
        for (int r = 0; r < t->c->size; r++) sum += input(r, i, 0);
        differ += sum != tree(t->c->size, i, 0);
    }
    CHECK(t, t->c->size < 4 || differ > 100, "only %d of 1000 sums depend on the order", differ);
}

static void finish_in_own_order(mpi_test *t, gan_reduction *const r[FLIGHTS], int use)
{
    for (int k = 0; k < FLIGHTS; k++) {
        int i = use % 2 ? FLIGHTS - 1 - k : (k + t->c->rank) % FLIGHTS;
        CHECK_OK(t, gan_reduction_wait(r[i]));
    }
}

static void several_in_flight(mpi_test *t)
{
    static const int64_t n[FLIGHTS] = {3, 5000, 100003, 2048, 70001};
    float *x[FLIGHTS];
    gan_reduction *r[FLIGHTS] = {0};
    for (int k = 0; k < FLIGHTS; k++) {
        x[k] = gan_calloc(n[k], sizeof **x);
        CHECK_OK(t, gan_reduction_new(&r[k], t->c, k, GAN_REDUCE_ORDERED, x[k], n[k]));
    }
    for (int use = 0; use < 6; use++) {
        for (int k = 0; k < FLIGHTS; k++) fill(t->c, n[k], 10 * use + k, x[k]);
        for (int k = 0; k < FLIGHTS; k++) {
            if ((t->c->rank + k + use) % 4 == 0) doze(3);
            CHECK_OK(t, gan_reduction_start(r[(k + use) % FLIGHTS]));
            CHECK_OK(t, gan_reductions_move_on(t->c));
        }
        finish_in_own_order(t, r, use);
        for (int k = 0; k < FLIGHTS; k++) check_tree(t, n[k], 10 * use + k, x[k]);
    }
    for (int k = 0; k < FLIGHTS; k++) gan_reduction_free(r[k]), gan_free(x[k]);
}

static void traffic(mpi_test *t)
{
    float x[1] = {0};
    int64_t P = t->c->size, rounds = (int64_t)log2((double)P), n = 1 << 20;
    const struct {
        int64_t n, want;
        gan_reduce_mode mode;
    } rows[] = {{n, 8 * (P - 1) * n / P, GAN_REDUCE_ORDERED},
                {1000, 4 * 1000 * rounds, GAN_REDUCE_ORDERED},
                {n, 8 * (P - 1) * n / P, GAN_REDUCE_FAST},
                {0, 0, GAN_REDUCE_ORDERED}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        gan_reduction *r = NULL;
        CHECK_OK(t, gan_reduction_new(&r, t->c, 0, rows[i].mode, x, rows[i].n));
        int64_t got = r ? gan_reduction_bytes_sent(r) : -1;
        CHECK(t, got == rows[i].want, "row %zu: %lld bytes, formula gives %lld", i, (long long)got,
              (long long)rows[i].want);
        gan_reduction_free(r);
    }
}

static void refuses(mpi_test *t, const gan_comm *c, int number, gan_reduce_mode mode, int64_t n,
                    gan_status want, const char *word)
{
    float x[1] = {0};
    gan_reduction *r = NULL;
    gan_fail_clear();
    gan_status got = gan_reduction_new(&r, c, number, mode, x, n);
    CHECK(t, got == want && !r, "got \"%s\", want \"%s\"", gan_status_text(got), gan_status_text(want));
    CHECK(t, strstr(gan_fail_text(), word), "\"%s\" does not say \"%s\"", gan_fail_text(), word);
    gan_fail_clear();
}

static void refusals(mpi_test *t)
{
    gan_comm six = *t->c, three = *t->c;
    six.size = 6, three.size = 3;
    refuses(t, &six, 0, GAN_REDUCE_ORDERED, 1, GAN_ECONFIG, "start 4 or 8");
    refuses(t, &three, 0, GAN_REDUCE_ORDERED, 1, GAN_ECONFIG, "start 2 or 4");
    refuses(t, t->c, 0, GAN_REDUCE_FAST, INT64_C(1) << 31, GAN_ESHAPE, "2147483648 floats");
    refuses(t, t->c, 0, GAN_REDUCE_ORDERED, INT64_C(1) << 31, GAN_ESHAPE, "2147483648 floats");
    refuses(t, t->c, GAN_TAG_MAX_REDUCTIONS, GAN_REDUCE_FAST, 1, GAN_ESHAPE, "4096 reductions");
}

static void failing_allocations(mpi_test *t)
{
    float x[100];
    int64_t live = gan_mem_live();
    for (int64_t k = 1;; k++) {
        gan_reduction *r = NULL;
        gan_mem_fail_at(k);
        gan_status s = gan_reduction_new(&r, t->c, 0, GAN_REDUCE_ORDERED, x, 100);
        bool fired = gan_mem_fail_at(0) == 0;
        CHECK(t, s == (fired ? GAN_ENOMEM : GAN_OK), "allocation %lld: \"%s\"", (long long)k,
              gan_status_text(s));
        gan_reduction_free(r);
        CHECK(t, gan_mem_live() == live, "allocation %lld leaves %lld blocks", (long long)k,
              (long long)(gan_mem_live() - live));
        gan_fail_clear();
        if (!fired) return;
    }
}

int main(int argc, char **argv)
{
    mpi_test t = mpi_test_start(&argc, &argv);
    order_matters(&t);
    all_lengths(&t);
    several_in_flight(&t);
    traffic(&t);
    refusals(&t);
    failing_allocations(&t);
    return mpi_test_end(&t);
}
